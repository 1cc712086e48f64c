// Goal: accounts are told under a role, kept side by side, and never say who
// gave them but to somebody who may know; actions are found when they are due.
// Method: the real incidentd, over gRPC, killed in between.
#include <fstream>

#include "absl/strings/match.h"
#include "base/http_client.h"
#include "tests/integration/review/client.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using testing::_;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr char kKey[] = "a key of more than sixteen bytes";

std::vector<std::string> KeyFlags() {
  const std::string path = testing::TempDir() + "/reveal_key";
  std::ofstream(path) << kKey << "\n";
  return {"--reveal_key_file=" + path, "--reminder_interval=0.1s"};
}

class AccountTest : public ReviewTest {
 protected:
  AccountTest() : ReviewTest(KeyFlags()) {}

  std::vector<std::string> Words(const std::string& incident_id) {
    v1::ListAccountsRequest request;
    request.set_incident_id(incident_id);
    request.set_page_size(1);  // so that pages are turned
    std::vector<std::string> words;
    do {
      const auto [status, response] = ListAccounts(request);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::Account& account : response.accounts()) {
        EXPECT_THAT(account.DebugString(), Not(HasSubstr("author")));
        words.push_back(account.words());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return words;
  }

  std::string Metrics() {
    HttpCall call;
    call.url = "http://" + service_->metrics_address + "/metrics";
    const auto response = CallHttp(call);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->body : "";
  }
};

TEST_F(AccountTest, KeepsAccountsSideBySideOverAKill) {
  const v1::Incident incident = NewIncident();
  const std::string& id = incident.incident_id();
  const auto line = AddLine(id, "restarted");
  Tell(id, "it helped", line.entry_id());
  KillAndStart();
  Tell(id, "it changed nothing", line.entry_id());
  KillAndStart();
  EXPECT_THAT(Words(id), ElementsAre("it helped", "it changed nothing"));
  const auto lines = Lines(id, 0, true);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0].accounts(), SizeIs(2));
  EXPECT_THAT(Lines(id)[0].accounts(), IsEmpty());
}

TEST_F(AccountTest, StoresARepeatedRequestOnceAndNobodyElsesUnderIt) {
  const v1::Incident incident = NewIncident();
  v1::GiveAccountRequest request;
  request.set_incident_id(incident.incident_id());
  request.set_author("alex");
  request.set_request_id("r1");
  request.mutable_account()->set_role("on-call");
  request.mutable_account()->set_words("it looked idle");
  const auto first = GiveAccount(request);
  ASSERT_TRUE(first.first.ok()) << first.first.error_message();
  EXPECT_EQ(GiveAccount(request).second.account().account_id(),
            first.second.account().account_id());
  request.set_author("kim");
  EXPECT_THAT(GiveAccount(request).first,
              Fails(grpc::ALREADY_EXISTS, Not(HasSubstr("alex"))));
  EXPECT_THAT(Words(incident.incident_id()), SizeIs(1));
}

TEST_F(AccountTest, LetsOnlyItsAuthorChangeAnAccountOrTakeItBack) {
  const v1::Incident incident = NewIncident();
  const std::string& id = incident.incident_id();
  const v1::Account account = Tell(id, "it looked idle");
  v1::UpdateAccountRequest update;
  *update.mutable_account() = account;
  update.mutable_account()->set_expectation("the queue drains");
  update.mutable_update_mask()->add_paths("expectation");
  update.set_etag(account.etag());
  update.set_author("kim");
  EXPECT_THAT(UpdateAccount(update).first,
              Fails(grpc::PERMISSION_DENIED, Not(HasSubstr("alex"))));
  update.set_author("alex the author");
  update.set_etag("stale");
  EXPECT_THAT(UpdateAccount(update).first, Fails(grpc::ABORTED, _));
  update.set_etag(account.etag());
  const auto [status, updated] = UpdateAccount(update);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(updated.account().words(), "it looked idle");
  EXPECT_EQ(updated.account().expectation(), "the queue drains");
  // To clear all of it is to decline.
  update.mutable_account()->Clear();
  update.mutable_account()->set_incident_id(id);
  update.mutable_account()->set_account_id(account.account_id());
  update.mutable_update_mask()->add_paths("words");
  update.set_etag(updated.account().etag());
  EXPECT_THAT(FieldsOf(UpdateAccount(update).first),
              ElementsAre("account.words"));
  v1::WithdrawAccountRequest withdraw;
  withdraw.set_incident_id(id);
  withdraw.set_account_id(account.account_id());
  withdraw.set_author("kim");
  EXPECT_THAT(WithdrawAccount(withdraw).first,
              Fails(grpc::PERMISSION_DENIED, _));
  withdraw.set_author("alex the author");
  EXPECT_TRUE(WithdrawAccount(withdraw).first.ok());
  EXPECT_TRUE(WithdrawAccount(withdraw).first.ok()) << "again";
  EXPECT_THAT(Words(id), IsEmpty());
  KillAndStart();
  for (const std::string& change : History(id)) {
    EXPECT_THAT(change, Not(HasSubstr("idle")));
    EXPECT_THAT(change, Not(HasSubstr("drains")));
  }
}

TEST_F(AccountTest, RevealsAnAuthorWithTheKeyAloneAndRecordsIt) {
  const v1::Incident incident = NewIncident();
  const std::string& id = incident.incident_id();
  const v1::Account account = Tell(id, "it looked idle");
  v1::RevealAuthorRequest request;
  request.set_incident_id(id);
  request.set_account_id(account.account_id());
  request.set_reader("robin");
  request.set_reason("to ask back");
  EXPECT_THAT(RevealAuthor(request).first,
              Fails(grpc::PERMISSION_DENIED, HasSubstr("reveal_key")));
  request.set_reveal_key("a key of more than sixteen bytez");
  EXPECT_THAT(RevealAuthor(request).first,
              Fails(grpc::PERMISSION_DENIED, Not(HasSubstr(kKey))));
  EXPECT_THAT(History(id), Not(testing::Contains(HasSubstr("reveal"))));
  request.set_reveal_key(kKey);
  const auto [status, response] = RevealAuthor(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.author(), "alex the author");
  KillAndStart();
  EXPECT_THAT(History(id),
              testing::Contains(AllOf(HasSubstr("robin reveal"),
                                      HasSubstr("why: to ask back"),
                                      Not(HasSubstr("alex")))));
}

TEST_F(AccountTest, ListsActionsByWhenTheyAreDueAndRemindsOfThem) {
  const v1::Incident incident = NewIncident();
  v1::CreateActionRequest create;
  create.set_incident_id(incident.incident_id());
  create.set_author("sam");
  create.mutable_action()->set_title("later");
  create.mutable_action()->mutable_due_time()->set_seconds(4'000'000'000);
  ASSERT_TRUE(CreateAction(create).first.ok());
  create.mutable_action()->set_title("whenever");
  create.mutable_action()->clear_due_time();
  const v1::ActionItem whenever = CreateAction(create).second.action();
  create.mutable_action()->set_title("overdue");
  create.mutable_action()->set_owner("team-web");
  *create.mutable_action()->mutable_due_time() = FromMicros(kStart);
  const v1::ActionItem overdue = CreateAction(create).second.action();
  KillAndStart();
  const auto titles = [this](v1::ListActionsRequest request) {
    std::vector<std::string> found;
    request.set_page_size(1);
    do {
      const auto [status, response] = ListActions(request);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const auto& action : response.actions()) {
        found.push_back(action.title());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return found;
  };
  EXPECT_THAT(titles({}), ElementsAre("overdue", "later", "whenever"));
  v1::ListActionsRequest filtered;
  filtered.set_incident_id(incident.incident_id());
  filtered.set_overdue_only(true);
  EXPECT_THAT(titles(filtered), ElementsAre("overdue"));
  EXPECT_TRUE(support::WaitUntil("the reminder and the gauge are there", [&] {
    v1::QueryEventsRequest query;
    query.add_sources("secondstory/review");
    const auto events = QueryEvents(query).second.events();
    return events.size() == 1 && events[0].labels().at("owner") == "team-web" &&
           absl::StrContains(Metrics(),
                             "secondstory_review_overdue_actions 1\n");
  }));
  v1::UpdateActionRequest update;
  *update.mutable_action() = overdue;
  update.mutable_action()->set_state(v1::ACTION_STATE_DONE);
  update.mutable_update_mask()->add_paths("state");
  update.set_etag(overdue.etag());
  update.set_author("sam");
  ASSERT_TRUE(UpdateAction(update).first.ok());
  *update.mutable_action() = whenever;
  *update.mutable_action()->mutable_due_time() = FromMicros(kStart + 1);
  update.mutable_update_mask()->set_paths(0, "due_time");
  update.set_etag(whenever.etag());
  ASSERT_TRUE(UpdateAction(update).first.ok());
  EXPECT_THAT(titles({}), ElementsAre("whenever", "later"));
  v1::ListActionsRequest done;
  done.add_states(v1::ACTION_STATE_DONE);
  EXPECT_THAT(titles(done), ElementsAre("overdue"));
}

}  // namespace
}  // namespace secondstory
