// Goal: whatever is wrong with a request, the answer names the field or the
// thing, the value and what to do, and everything is as it was before.
// Method: one incident with a line, an account and an action; every writing
// method gets every kind of wrong request; the bytes of what can be read are
// compared before and after.
#include "tests/integration/review/client.h"

namespace secondstory {
namespace {

using testing::HasSubstr;

class BadInputTest : public ReviewTest {
 protected:
  BadInputTest()
      : incident_(NewIncident()),
        line_(AddLine(incident_.incident_id(), "restarted")),
        account_(
            Tell(incident_.incident_id(), "it looked idle", line_.entry_id())) {
    v1::CreateActionRequest create;
    create.set_incident_id(incident_.incident_id());
    create.set_author("sam");
    create.mutable_action()->set_title("look at the dashboard");
    action_ = CreateAction(create).second.action();
  }

  // All that can be read.
  std::string State() {
    std::string state;
    v1::ListIncidentsRequest incidents;
    incidents.set_with_deleted(true);
    state += ListIncidents(incidents).second.DebugString();
    for (const auto& entry : Lines(incident_.incident_id(), 0, true)) {
      state += entry.DebugString();
    }
    v1::ListActionsRequest actions;
    state += ListActions(actions).second.DebugString();
    for (const std::string& change : History(incident_.incident_id())) {
      state += change;
    }
    return state;
  }

  // `request` is refused with `code`, names `field`, and changes nothing.
  template <typename Request, typename Method>
  void Refuse(Method method, const Request& request, const std::string& field) {
    const std::string before = State();
    const grpc::Status status = (this->*method)(request).first;
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT)
        << status.error_message();
    EXPECT_THAT(FieldsOf(status), testing::Contains(field))
        << status.error_message();
    EXPECT_EQ(State(), before);
  }
  template <typename Request, typename Method>
  void Refuse(Method method, const Request& request, grpc::StatusCode code,
              const std::string& text) {
    const std::string before = State();
    const grpc::Status status = (this->*method)(request).first;
    EXPECT_THAT(status, Fails(code, HasSubstr(text)));
    EXPECT_EQ(State(), before);
  }

  // A request that says which incident, and who.
  template <typename Request>
  Request For() {
    Request request;
    request.set_incident_id(incident_.incident_id());
    request.set_author("sam");
    return request;
  }
  template <typename Request>
  Request ForChange() {
    Request request = For<Request>();
    request.set_etag(Read(incident_.incident_id()).etag());
    return request;
  }

  // What every method on an incident refuses.
  template <typename Request, typename Method>
  void RefuseCommon(Method method, Request request) {
    Request bad = request;
    bad.set_incident_id("nope");
    Refuse(method, bad, "incident_id");
    bad.set_incident_id(nobody_);
    Refuse(method, bad, grpc::NOT_FOUND, nobody_);
    bad = request;
    bad.set_author("");
    Refuse(method, bad, "author");
    bad.set_author(std::string(257, 'x'));
    Refuse(method, bad, "author");
  }
  template <typename Request, typename Method>
  void RefuseChange(Method method, Request request) {
    RefuseCommon(method, request);
    Request bad = request;
    bad.set_etag("");
    Refuse(method, bad, "etag");
    bad.set_etag("stale");
    Refuse(method, bad, grpc::ABORTED, "\"stale\"");
  }

  const std::string nobody_ = std::string(32, '0');
  const v1::Incident incident_;
  const v1::TimelineEntry line_;
  const v1::Account account_;
  v1::ActionItem action_;
};

using T = BadInputTest;

TEST_F(BadInputTest, IsRefusedByChangesOfAnIncident) {
  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_incident_id(incident_.incident_id());
  update.set_author("sam");
  update.set_etag(incident_.etag());
  Refuse(&T::UpdateIncident, update, "update_mask");
  update.mutable_update_mask()->add_paths("merged_incident_ids");
  Refuse(&T::UpdateIncident, update, "update_mask");
  update.mutable_update_mask()->set_paths(0, "narrative");
  update.mutable_incident()->set_narrative(std::string(65'537, 'x'));
  Refuse(&T::UpdateIncident, update, "incident.narrative");
  update.mutable_update_mask()->set_paths(0, "state");
  update.mutable_incident()->set_state(v1::INCIDENT_STATE_CLOSED);
  Refuse(&T::UpdateIncident, update, grpc::FAILED_PRECONDITION, "CLOSED");
  update.mutable_update_mask()->set_paths(0, "participants");
  update.mutable_incident()->add_participants()->set_name("kim");
  update.mutable_update_mask()->add_paths("facilitator");
  update.mutable_incident()->set_facilitator("kim");
  Refuse(&T::UpdateIncident, update, grpc::FAILED_PRECONDITION,
         "facilitator \"kim\" is a participant");
  RefuseChange(&T::DeleteIncident, ForChange<v1::DeleteIncidentRequest>());
  auto remove = ForChange<v1::DeleteIncidentRequest>();
  remove.set_reason(std::string(1025, 'x'));
  Refuse(&T::DeleteIncident, remove, "reason");
}

TEST_F(BadInputTest, IsRefusedWhereIncidentsAreMergedAndSplit) {
  const v1::Incident other = NewIncident("other");
  auto merge = ForChange<v1::MergeIncidentsRequest>();
  merge.set_source_incident_id(other.incident_id());
  RefuseChange(&T::MergeIncidents, merge);
  merge.set_source_incident_id("x");
  Refuse(&T::MergeIncidents, merge, "source_incident_id");
  merge.set_source_incident_id(nobody_);
  Refuse(&T::MergeIncidents, merge, grpc::NOT_FOUND, nobody_);
  merge.set_source_incident_id(incident_.incident_id());
  Refuse(&T::MergeIncidents, merge, "source_incident_id");
  auto split = ForChange<v1::SplitIncidentRequest>();
  split.set_title("part");
  Refuse(&T::SplitIncident, split, "entry_ids");
  split.add_entry_ids(line_.entry_id());
  RefuseChange(&T::SplitIncident, split);
  split.set_title("");
  Refuse(&T::SplitIncident, split, "title");
  split.set_title("part");
  split.add_entry_ids(nobody_);
  Refuse(&T::SplitIncident, split, grpc::NOT_FOUND, nobody_);
}

TEST_F(BadInputTest, IsRefusedWhereEventsAndLinesComeAndGo) {
  auto attach = ForChange<v1::AttachEventsRequest>();
  Refuse(&T::AttachEvents, attach, "event_ids");
  attach.add_event_ids(nobody_);
  Refuse(&T::AttachEvents, attach, grpc::NOT_FOUND, nobody_);
  auto detach = ForChange<v1::DetachEventsRequest>();
  detach.add_event_ids("x");
  Refuse(&T::DetachEvents, detach, "event_ids[0]");
  detach.set_event_ids(0, nobody_);
  Refuse(&T::DetachEvents, detach, grpc::NOT_FOUND, nobody_);
  auto add = For<v1::AddTimelineEntryRequest>();
  add.mutable_entry()->set_title("x");
  *add.mutable_entry()->mutable_event_time() = FromMicros(kStart);
  RefuseCommon(&T::AddTimelineEntry, add);
  add.mutable_entry()->mutable_known_time()->set_seconds(-1);
  Refuse(&T::AddTimelineEntry, add, "entry.known_time");
  add.mutable_entry()->clear_known_time();
  add.mutable_entry()->add_links()->set_url("javascript:x");
  Refuse(&T::AddTimelineEntry, add, "entry.links[0].url");
  auto change = For<v1::UpdateTimelineEntryRequest>();
  change.set_etag(line_.etag());
  change.mutable_entry()->set_entry_id(line_.entry_id());
  Refuse(&T::UpdateTimelineEntry, change, "update_mask");
  change.mutable_update_mask()->add_paths("title");
  Refuse(&T::UpdateTimelineEntry, change, "entry.title");
  change.mutable_entry()->set_title("x");
  RefuseChange(&T::UpdateTimelineEntry, change);
  change.mutable_entry()->set_entry_id(nobody_);
  Refuse(&T::UpdateTimelineEntry, change, grpc::NOT_FOUND, nobody_);
}

TEST_F(BadInputTest, IsRefusedByReadingMethods) {
  v1::GetTimelineRequest timeline;
  timeline.set_incident_id("x");
  Refuse(&T::GetTimeline, timeline, "incident_id");
  timeline.set_incident_id(incident_.incident_id());
  timeline.mutable_as_known_at()->set_seconds(-1);
  Refuse(&T::GetTimeline, timeline, "as_known_at");
  timeline.clear_as_known_at();
  timeline.set_page_token("00");
  Refuse(&T::GetTimeline, timeline, "page_token");
  v1::GetIncidentHistoryRequest history;
  history.set_incident_id(incident_.incident_id());
  history.set_page_token("00");
  Refuse(&T::GetIncidentHistory, history, "page_token");
  v1::ListActionsRequest actions;
  actions.set_incident_id("x");
  Refuse(&T::ListActions, actions, "incident_id");
  v1::ListAccountsRequest accounts;
  accounts.set_incident_id(nobody_);
  Refuse(&T::ListAccounts, accounts, grpc::NOT_FOUND, nobody_);
}

TEST_F(BadInputTest, IsRefusedWhereAccountsAreGivenAndChanged) {
  auto give = For<v1::GiveAccountRequest>();
  give.mutable_account()->set_role("on-call");
  Refuse(&T::GiveAccount, give, "account.words");
  give.mutable_account()->set_words("it looked idle");
  RefuseCommon(&T::GiveAccount, give);
  give.mutable_account()->set_state(v1::ACCOUNT_STATE_DECLINED);
  Refuse(&T::GiveAccount, give, "account.state");
  give.mutable_account()->clear_state();
  give.mutable_account()->set_role("");
  Refuse(&T::GiveAccount, give, "account.role");
  give.mutable_account()->set_role("on-call");
  give.mutable_account()->set_assumption(std::string(4097, 'x'));
  Refuse(&T::GiveAccount, give, "account.assumption");
  give.mutable_account()->clear_assumption();
  give.mutable_account()->set_entry_id(nobody_);
  Refuse(&T::GiveAccount, give, grpc::NOT_FOUND,
         "account.entry_id is " + nobody_);
  v1::UpdateAccountRequest update;
  *update.mutable_account() = account_;
  update.set_author("alex the author");
  update.set_etag(account_.etag());
  Refuse(&T::UpdateAccount, update, "update_mask");
  update.mutable_update_mask()->add_paths("etag");
  Refuse(&T::UpdateAccount, update, "update_mask");
  update.mutable_update_mask()->set_paths(0, "role");
  update.mutable_account()->set_role("");
  Refuse(&T::UpdateAccount, update, "account.role");
  update.mutable_account()->set_account_id(nobody_);
  Refuse(&T::UpdateAccount, update, grpc::NOT_FOUND, nobody_);
  auto withdraw = For<v1::WithdrawAccountRequest>();
  withdraw.set_account_id("x");
  Refuse(&T::WithdrawAccount, withdraw, "account_id");
  withdraw.set_account_id(nobody_);
  Refuse(&T::WithdrawAccount, withdraw, grpc::NOT_FOUND, nobody_);
  v1::RevealAuthorRequest reveal;
  reveal.set_incident_id(incident_.incident_id());
  reveal.set_account_id(account_.account_id());
  reveal.set_reader("robin");
  Refuse(&T::RevealAuthor, reveal, "reason");
  reveal.set_reason("to ask back");
  Refuse(&T::RevealAuthor, reveal, grpc::PERMISSION_DENIED,
         "no reveal_key_file");
}

TEST_F(BadInputTest, IsRefusedWhereActionsAreCreatedAndChanged) {
  auto create = For<v1::CreateActionRequest>();
  Refuse(&T::CreateAction, create, "action.title");
  create.mutable_action()->set_title("x");
  RefuseCommon(&T::CreateAction, create);
  create.mutable_action()->set_tracker_url("ftp://x");
  Refuse(&T::CreateAction, create, "action.tracker_url");
  create.mutable_action()->clear_tracker_url();
  create.mutable_action()->mutable_due_time()->set_seconds(-1);
  Refuse(&T::CreateAction, create, "action.due_time");
  create.mutable_action()->clear_due_time();
  create.mutable_action()->set_account_id(nobody_);
  Refuse(&T::CreateAction, create, grpc::NOT_FOUND,
         "action.account_id is " + nobody_);
  v1::UpdateActionRequest update;
  *update.mutable_action() = action_;
  update.set_author("sam");
  update.set_etag(action_.etag());
  Refuse(&T::UpdateAction, update, "update_mask");
  update.mutable_update_mask()->add_paths("created_by");
  Refuse(&T::UpdateAction, update, "update_mask");
  update.mutable_update_mask()->set_paths(0, "title");
  update.mutable_action()->set_title("");
  Refuse(&T::UpdateAction, update, "action.title");
  update.set_remove(true);
  Refuse(&T::UpdateAction, update, "update_mask");
  update.mutable_update_mask()->Clear();
  update.set_etag("stale");
  Refuse(&T::UpdateAction, update, grpc::ABORTED, "\"stale\"");
}

TEST_F(BadInputTest, IsRefusedWhereADeletedOrMergedIncidentIsWrittenTo) {
  const v1::Incident other = NewIncident("other");
  auto merge = ForChange<v1::MergeIncidentsRequest>();
  merge.set_source_incident_id(other.incident_id());
  ASSERT_TRUE(MergeIncidents(merge).first.ok());
  auto give = For<v1::GiveAccountRequest>();
  give.mutable_account()->set_role("on-call");
  give.mutable_account()->set_words("it looked idle");
  give.set_incident_id(other.incident_id());
  Refuse(&T::GiveAccount, give, grpc::FAILED_PRECONDITION,
         "merged into " + incident_.incident_id());
  auto remove = ForChange<v1::DeleteIncidentRequest>();
  ASSERT_TRUE(DeleteIncident(remove).first.ok());
  give.set_incident_id(incident_.incident_id());
  Refuse(&T::GiveAccount, give, grpc::FAILED_PRECONDITION, "RestoreIncident");
  auto create = For<v1::CreateActionRequest>();
  create.mutable_action()->set_title("x");
  Refuse(&T::CreateAction, create, grpc::FAILED_PRECONDITION,
         "RestoreIncident");
  auto add = For<v1::AddTimelineEntryRequest>();
  add.mutable_entry()->set_title("x");
  *add.mutable_entry()->mutable_event_time() = FromMicros(kStart);
  Refuse(&T::AddTimelineEntry, add, grpc::FAILED_PRECONDITION,
         "RestoreIncident");
}

TEST_F(BadInputTest, IsRefusedWhereIncidentsAreImported) {
  v1::ImportIncidentRequest request;
  Refuse(&T::ImportIncident, request, "export.format_version");
  v1::IncidentExport* exported = request.mutable_export_();
  exported->set_format_version(1);
  request.set_author("sam");
  exported->mutable_incident()->set_title("imported");
  Refuse(&T::ImportIncident, request, "export.incident.start_time");
  *exported->mutable_incident()->mutable_start_time() = FromMicros(kStart);
  Refuse(&T::ImportIncident, request, "request_id");
  request.set_request_id("morgue/217");
  exported->add_accounts()->set_role("on-call");
  Refuse(&T::ImportIncident, request, "export.accounts[0].words");
  exported->mutable_accounts(0)->set_words("it looked idle");
  exported->add_actions();
  Refuse(&T::ImportIncident, request, "export.actions[0].title");
  exported->mutable_actions(0)->set_title("x");
  exported->add_events()->set_source("x");
  Refuse(&T::ImportIncident, request, "export.events[0].source_event_id");
  exported->clear_events();
  v1::TimelineEntry* line = exported->add_entries();
  line->set_title("x");
  *line->mutable_event_time() = FromMicros(kStart);
  line->set_entry_id(nobody_);
  line->mutable_event()->set_event_id(nobody_);
  Refuse(&T::ImportIncident, request, "export.entries[0].entry_id");
  line->clear_event();
  line->clear_entry_id();
  exported->mutable_incident()->set_incident_id(nobody_);
  exported->mutable_incident()->set_state(v1::INCIDENT_STATE_MERGED);
  exported->mutable_incident()->set_merged_into_incident_id(nobody_);
  Refuse(&T::ImportIncident, request,
         "export.incident.merged_into_incident_id");
  exported->mutable_incident()->clear_incident_id();
  exported->mutable_incident()->clear_state();
  exported->mutable_incident()->clear_merged_into_incident_id();
  ASSERT_TRUE(ImportIncident(request).first.ok());
  exported->mutable_incident()->set_title("something else");
  Refuse(&T::ImportIncident, request, grpc::ALREADY_EXISTS,
         "title: \"imported\" -> \"something else\"");
}

}  // namespace
}  // namespace secondstory
