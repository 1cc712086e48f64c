#include "services/incidentd/history.h"

#include <string>
#include <vector>

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using stored::v1::Record;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Record IncidentNamed(const std::string& title, const std::string& author) {
  Record record;
  record.mutable_incident()->mutable_incident()->set_incident_id("i");
  record.mutable_incident()->mutable_incident()->set_title(title);
  record.mutable_incident()->set_author(author);
  return record;
}

Record AccountSaying(const std::string& words, bool withdrawn = false) {
  Record record;
  v1::Account* account = record.mutable_account()->mutable_account();
  account->set_account_id("a");
  account->set_role("on-call, payments");
  account->set_words(words);
  if (withdrawn) {
    account->clear_words();
    *account->mutable_withdraw_time() = FromMicros(9);
  }
  record.mutable_account()->set_author("sam the secret");
  return record;
}

std::string AllText(const std::vector<v1::HistoryEntry>& history) {
  std::string text;
  for (const v1::HistoryEntry& entry : history) text += entry.DebugString();
  return text;
}

TEST(HistoryTest, TellsEachChangeAgainstTheOneBefore) {
  const auto history = HistoryOf({{7, IncidentNamed("checkout down", "sam")},
                                  {3, IncidentNamed("checkout", "kim")}});
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].position(), 3u);
  EXPECT_EQ(history[0].author(), "kim");
  EXPECT_THAT(history[0].differences(),
              ElementsAre("title: set to \"checkout\""));
  EXPECT_EQ(history[1].what(), "incident");
  EXPECT_THAT(history[1].differences(),
              ElementsAre("title: \"checkout\" -> \"checkout down\""));
}

TEST(HistoryTest, ShowsAccountsByRoleAndNeverWhoGaveThem) {
  const auto history =
      HistoryOf({{1, AccountSaying("it looked fine")},
                 {2, AccountSaying("it looked fine, at first")}});
  EXPECT_EQ(history[1].author(), "on-call, payments");
  EXPECT_THAT(history[1].differences(), ElementsAre(HasSubstr("at first")));
  EXPECT_THAT(AllText(history), Not(HasSubstr("secret")));
}

TEST(HistoryTest, ForgetsWhatAWithdrawnAccountSaid) {
  const auto history =
      HistoryOf({{1, AccountSaying("it looked fine")},
                 {2, AccountSaying("it looked fine, at first")},
                 {3, AccountSaying("", true)}});
  ASSERT_EQ(history.size(), 3u);
  EXPECT_THAT(AllText(history), Not(HasSubstr("looked fine")));
  EXPECT_THAT(history[2].differences(),
              ElementsAre(HasSubstr("withdraw_time: set to")));
}

TEST(HistoryTest, ForgetsWhatAQuestionQuotedOfAWithdrawnAccount) {
  Record answer;
  v1::Gap* const gap = answer.mutable_gap_answer()->mutable_gap();
  gap->set_gap_id("g");
  gap->set_text("on-call was surprised: saw \"it looked fine\"");
  gap->add_account_ids(AccountSaying("").account().account().account_id());
  gap->mutable_answer()->set_author("kim");
  gap->mutable_answer()->set_text("the graph lags");
  const auto history = HistoryOf({{1, AccountSaying("it looked fine")},
                                  {2, answer},
                                  {3, AccountSaying("", true)}});
  EXPECT_THAT(AllText(history), Not(HasSubstr("looked fine")));
  EXPECT_THAT(AllText(history), HasSubstr("the graph lags"));
}

TEST(HistoryTest, SaysWhoDecidedAboutACandidate) {
  Record confirmed;
  auto* const record = confirmed.mutable_candidate();
  record->set_decision(v1::DECISION_KIND_CONFIRMED);
  record->mutable_candidate()->mutable_confirmation()->set_author("fay");
  record->mutable_candidate()->add_differences("confirmed: 1 change");
  Record assembled;
  assembled.mutable_candidate()->mutable_candidate()->add_differences("quiet");
  const auto history = HistoryOf({{1, confirmed}, {2, assembled}});
  EXPECT_EQ(history[0].author(), "fay");
  EXPECT_EQ(history[1].author(), "");
}

TEST(HistoryTest, NamesWhoWasToldTheAuthorOfAnAccountAndWhy) {
  Record reveal;
  reveal.mutable_reveal()->set_account_id("a");
  reveal.mutable_reveal()->set_reader("kim");
  reveal.mutable_reveal()->set_reason("to ask back");
  const auto history = HistoryOf({{1, reveal}});
  EXPECT_EQ(history[0].what(), "reveal");
  EXPECT_EQ(history[0].author(), "kim");
  EXPECT_EQ(history[0].reason(), "to ask back");
}

}  // namespace
}  // namespace secondstory::incidentd
