// Goal: an incident moves as incident_service.proto promises, keeps its whole
// history, and can be told without hindsight.
// Method: the real incidentd, over gRPC, by several people.
#include "base/stable_id.h"
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

class IncidentTest : public ReviewTest {
 protected:
  // A candidate with an alert (observed a minute late, repeated, resolved) and
  // a change, stored as events too. Returns the ids of its two lines.
  std::vector<std::string> SubmitOutage() {
    const std::vector<std::string> ids = Append({
        MakeEvent("deploy", v1::EVENT_KIND_CHANGE_FINISHED, kStart - kMinute,
                  kStart + 30 * kMinute),
        MakeEvent("alert", v1::EVENT_KIND_ALERT_FIRED, kStart,
                  kStart + kMinute),
        MakeEvent("again", v1::EVENT_KIND_ALERT_FIRED, kStart + 5 * kMinute,
                  kStart + 6 * kMinute),
        MakeEvent("over", v1::EVENT_KIND_ALERT_RESOLVED, kStart + 20 * kMinute,
                  kStart + 21 * kMinute),
    });
    v1::SubmitCandidateRequest request;
    v1::Candidate* candidate = request.mutable_candidate();
    candidate->set_candidate_id(candidate_id_);
    candidate->set_state(v1::CANDIDATE_STATE_OPEN);
    candidate->set_title("checkout: alert");
    candidate->add_services("checkout");
    *candidate->mutable_onset_time() = FromMicros(kStart);
    v1::CandidateEvent* change = candidate->add_events();
    change->set_event_id(ids[0]);
    change->set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
    change->set_title("deploy");
    *change->mutable_event_time() = FromMicros(kStart - kMinute);
    v1::CandidateEvent* alert = candidate->add_events();
    alert->set_event_id(ids[1]);
    alert->set_kind(v1::EVENT_KIND_ALERT_FIRED);
    alert->set_source("test");
    alert->set_service("checkout");
    alert->set_title("alert");
    *alert->mutable_event_time() = FromMicros(kStart);
    alert->set_repeat_count(1);
    alert->add_repeat_event_ids(ids[2]);
    *alert->mutable_last_event_time() = FromMicros(kStart + 5 * kMinute);
    *alert->mutable_resolve_time() = FromMicros(kStart + 20 * kMinute);
    const auto [status, response] = SubmitCandidate(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    submitted_ = *candidate;
    return {ids[0], ids[1]};
  }

  v1::Incident Promote() {
    v1::PromoteCandidateRequest request;
    request.set_candidate_id(candidate_id_);
    request.set_author("sam");
    const auto [status, response] = PromoteCandidate(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.incident();
  }

  static std::string Origin(const v1::Incident& incident,
                            const std::string& field) {
    for (const v1::TimeOrigin& origin : incident.time_origins()) {
      if (origin.field() == field) return origin.set_by() + origin.event_id();
    }
    return "";
  }

  const std::string candidate_id_ = std::string(32, 'c');
  v1::Candidate submitted_;
};

TEST_F(IncidentTest, MovesAlongItsStatesAndSaysWhichAreAllowed) {
  v1::Incident incident = NewIncident();
  EXPECT_EQ(incident.severity_name(), "SEV2");
  v1::Incident published;
  published.set_state(v1::INCIDENT_STATE_PUBLISHED);
  EXPECT_THAT(Change(incident, published).first,
              Fails(grpc::FAILED_PRECONDITION,
                    HasSubstr("MITIGATED by UpdateIncident")));
  EXPECT_EQ(Read(incident.incident_id()).etag(), incident.etag());
  incident = MoveTo(incident, v1::INCIDENT_STATE_MITIGATED);
  incident = MoveTo(incident, v1::INCIDENT_STATE_RESOLVED);
  EXPECT_TRUE(incident.has_review_due_time());
  incident = MoveTo(incident, v1::INCIDENT_STATE_OPEN);
  EXPECT_FALSE(incident.has_review_due_time());
}

TEST_F(IncidentTest, DerivesTimesAtPromotionAndLeavesThoseOfPeople) {
  const auto ids = SubmitOutage();
  v1::Incident incident = Promote();
  EXPECT_EQ(ToMicros(incident.start_time()), kStart);
  EXPECT_EQ(Origin(incident, "start_time"), ids[1]);
  EXPECT_EQ(ToMicros(incident.detect_time()), kStart + kMinute);
  EXPECT_EQ(ToMicros(incident.resolve_time()), kStart + 20 * kMinute);
  v1::Incident fields;
  *fields.mutable_start_time() = FromMicros(kStart - 10 * kMinute);
  incident = Change(incident, fields, "kim").second;
  EXPECT_EQ(Origin(incident, "start_time"), "kim");
  // The assembler learns of an alert that fires on: it is not resolved.
  v1::CandidateEvent* more = submitted_.add_events();
  more->set_event_id(std::string(32, 'f'));
  more->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  more->set_title("more");
  *more->mutable_event_time() = FromMicros(kStart + 30 * kMinute);
  v1::SubmitCandidateRequest submit;
  *submit.mutable_candidate() = submitted_;
  ASSERT_TRUE(SubmitCandidate(submit).first.ok());
  EXPECT_TRUE(support::WaitUntil("the resolve is taken back", [&] {
    return !Read(incident.incident_id()).has_resolve_time();
  }));
  EXPECT_EQ(ToMicros(Read(incident.incident_id()).start_time()),
            kStart - 10 * kMinute);
}

TEST_F(IncidentTest, HidesADeletedIncidentAndTakesItBack) {
  v1::Incident incident = NewIncident();
  v1::DeleteIncidentRequest request;
  request.set_incident_id(incident.incident_id());
  request.set_author("sam");
  request.set_reason("a drill");
  request.set_etag("stale");
  EXPECT_THAT(DeleteIncident(request).first,
              Fails(grpc::ABORTED, HasSubstr("\"stale\"")));
  request.set_etag(incident.etag());
  ASSERT_TRUE(DeleteIncident(request).first.ok());
  EXPECT_TRUE(DeleteIncident(request).first.ok()) << "again";
  EXPECT_THAT(ListIncidents({}).second.incidents(), IsEmpty());
  v1::ListIncidentsRequest with_deleted;
  with_deleted.set_with_deleted(true);
  EXPECT_THAT(ListIncidents(with_deleted).second.incidents(), SizeIs(1));
  incident = Read(incident.incident_id());
  EXPECT_TRUE(incident.has_delete_time());
  v1::Incident title;
  title.set_title("x");
  EXPECT_THAT(Change(incident, title).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("RestoreIncident")));
  v1::RestoreIncidentRequest restore;
  restore.set_incident_id(incident.incident_id());
  restore.set_etag(incident.etag());
  restore.set_author("sam");
  ASSERT_TRUE(RestoreIncident(restore).first.ok());
  EXPECT_TRUE(RestoreIncident(restore).first.ok()) << "again";
  EXPECT_THAT(ListIncidents({}).second.incidents(), SizeIs(1));
  EXPECT_THAT(History(incident.incident_id()),
              ElementsAre(HasSubstr("title: set to \"checkout down\""),
                          AllOf(HasSubstr("delete_time: set to"),
                                HasSubstr("why: a drill")),
                          HasSubstr(" cleared")));
}

TEST_F(IncidentTest, ShowsWhatWasMergedAndKeepsTheSourceAsItWas) {
  SubmitOutage();
  const v1::Incident goes_on = NewIncident("checkout down");
  const v1::Incident source = Promote();
  const auto own = AddLine(goes_on.incident_id(), "called the vendor");
  const auto line =
      AddLine(source.incident_id(), "restarted", kStart + kMinute);
  const v1::Account account =
      Tell(source.incident_id(), "it looked idle", line.entry_id());
  v1::MergeIncidentsRequest request;
  request.set_incident_id(goes_on.incident_id());
  request.set_etag(goes_on.etag());
  request.set_source_incident_id(source.incident_id());
  request.set_author("sam");
  request.set_reason("the same outage");
  const auto [status, response] = MergeIncidents(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(MergeIncidents(request).first.ok()) << "again";
  EXPECT_THAT(response.incident().merged_incident_ids(),
              ElementsAre(source.incident_id()));
  EXPECT_THAT(Titles(goes_on.incident_id()),
              testing::UnorderedElementsAre("deploy", "called the vendor",
                                            "alert", "restarted"));
  EXPECT_THAT(Titles(source.incident_id()),
              ElementsAre("deploy", "alert", "restarted"));
  // The account is changed by the one that goes on, by its author.
  v1::UpdateAccountRequest update;
  *update.mutable_account() = account;
  update.mutable_account()->set_words("it looked idle to me");
  update.mutable_update_mask()->add_paths("words");
  update.set_etag(account.etag());
  update.set_author("alex the author");
  EXPECT_THAT(UpdateAccount(update).first,
              Fails(grpc::FAILED_PRECONDITION,
                    HasSubstr("merged into " + goes_on.incident_id())));
  update.mutable_account()->set_incident_id(goes_on.incident_id());
  const auto [changed, updated] = UpdateAccount(update);
  ASSERT_TRUE(changed.ok()) << changed.error_message();
  EXPECT_EQ(updated.account().incident_id(), goes_on.incident_id());
  EXPECT_THAT(History(goes_on.incident_id()),
              testing::Contains(HasSubstr("why: the same outage")));
  // A line of the source can be changed there, too.
  v1::UpdateTimelineEntryRequest rename;
  rename.set_incident_id(goes_on.incident_id());
  rename.mutable_entry()->set_entry_id(line.entry_id());
  rename.mutable_entry()->set_title("restarted the proxy");
  rename.mutable_update_mask()->add_paths("title");
  rename.set_etag(line.etag());
  rename.set_author("kim");
  EXPECT_TRUE(UpdateTimelineEntry(rename).first.ok());
  EXPECT_THAT(Titles(goes_on.incident_id()),
              testing::Contains("restarted the proxy"));
  // Promoting what was promoted to the source leads to the one that goes on.
  EXPECT_EQ(Promote().incident_id(), goes_on.incident_id());
}

TEST_F(IncidentTest, SplitsLinesWithTheirAccountsAndActions) {
  const auto ids = SubmitOutage();
  const v1::Incident whole = Promote();
  const auto line = AddLine(whole.incident_id(), "restarted", kStart);
  AddLine(whole.incident_id(), "stays", kStart);
  const v1::Account account =
      Tell(whole.incident_id(), "nothing happened", line.entry_id());
  v1::CreateActionRequest action;
  action.set_incident_id(whole.incident_id());
  action.set_author("sam");
  action.mutable_action()->set_title("show restarts on the dashboard");
  action.mutable_action()->set_account_id(account.account_id());
  ASSERT_TRUE(CreateAction(action).first.ok());
  v1::SplitIncidentRequest request;
  request.set_incident_id(whole.incident_id());
  request.set_etag(Read(whole.incident_id()).etag());
  request.set_title("the restart");
  request.set_author("sam");
  request.set_request_id("split-1");
  request.add_entry_ids(std::string(32, '9'));
  EXPECT_THAT(SplitIncident(request).first,
              Fails(grpc::NOT_FOUND, HasSubstr(std::string(32, '9'))));
  request.clear_entry_ids();
  request.add_entry_ids(ids[1]);
  request.add_entry_ids(line.entry_id());
  const auto [status, response] = SplitIncident(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const std::string part = response.new_incident().incident_id();
  EXPECT_EQ(SplitIncident(request).second.new_incident().incident_id(), part);
  EXPECT_THAT(Titles(whole.incident_id()), ElementsAre("deploy", "stays"));
  EXPECT_THAT(Titles(part),
              testing::UnorderedElementsAre("alert", "restarted"));
  // The line still stands for its repeats.
  for (const auto& entry : Lines(part)) {
    if (entry.title() == "alert") {
      EXPECT_EQ(entry.event().repeat_count(), 1u);
    }
  }
  v1::ListAccountsRequest list;
  list.set_incident_id(whole.incident_id());
  EXPECT_THAT(ListAccounts(list).second.accounts(), IsEmpty());
  list.set_incident_id(part);
  EXPECT_THAT(ListAccounts(list).second.accounts(), SizeIs(1));
  v1::ListActionsRequest actions;
  actions.set_incident_id(part);
  EXPECT_THAT(ListActions(actions).second.actions(), SizeIs(1));
  actions.clear_incident_id();
  EXPECT_THAT(ListActions(actions).second.actions(), SizeIs(1));
  // Who gave it can still take it back.
  v1::WithdrawAccountRequest withdraw;
  withdraw.set_incident_id(part);
  withdraw.set_account_id(account.account_id());
  withdraw.set_author("alex the author");
  EXPECT_TRUE(WithdrawAccount(withdraw).first.ok());
  for (const std::string& id : {whole.incident_id(), part}) {
    for (const std::string& change : History(id)) {
      EXPECT_THAT(change, Not(HasSubstr("nothing happened")));
    }
  }
}

TEST_F(IncidentTest, ShowsAgainWhatWasSplitOffOnceItIsMergedBack) {
  const auto ids = SubmitOutage();
  const v1::Incident whole = Promote();
  const auto line = AddLine(whole.incident_id(), "restarted", kStart);
  const v1::Account account =
      Tell(whole.incident_id(), "nothing happened", line.entry_id());
  const std::vector<std::string> before = Titles(whole.incident_id());
  v1::SplitIncidentRequest split;
  split.set_incident_id(whole.incident_id());
  split.set_etag(Read(whole.incident_id()).etag());
  split.add_entry_ids(line.entry_id());
  split.set_title("the alert");
  split.set_author("sam");
  split.set_request_id("split-1");
  split.add_entry_ids(ids[1]);
  const auto [status, response] = SplitIncident(split);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_NE(Titles(whole.incident_id()), before);
  v1::MergeIncidentsRequest merge;
  merge.set_incident_id(whole.incident_id());
  merge.set_etag(Read(whole.incident_id()).etag());
  merge.set_source_incident_id(response.new_incident().incident_id());
  merge.set_author("sam");
  const grpc::Status merged = MergeIncidents(merge).first;
  ASSERT_TRUE(merged.ok()) << merged.error_message();
  EXPECT_EQ(Titles(whole.incident_id()), before);
  // Whoever gave an account of it can take it back.
  v1::WithdrawAccountRequest withdraw;
  withdraw.set_incident_id(whole.incident_id());
  withdraw.set_account_id(account.account_id());
  withdraw.set_author("alex the author");
  const grpc::Status withdrawn = WithdrawAccount(withdraw).first;
  EXPECT_TRUE(withdrawn.ok()) << withdrawn.error_message();
}

TEST_F(IncidentTest, PromotesIntoTheIncidentThatAnImportBroughtUnderItsId) {
  SubmitOutage();
  v1::ImportIncidentRequest import;
  import.set_author("sam");
  import.mutable_export_()->set_format_version(1);
  v1::Incident* const brought = import.mutable_export_()->mutable_incident();
  brought->set_incident_id(IdToHex(StableId({"promoted", candidate_id_})));
  brought->set_title("the outage, as we told it");
  *brought->mutable_start_time() = FromMicros(kStart);
  const auto imported = ImportIncident(import).first;
  ASSERT_TRUE(imported.ok()) << imported.error_message();
  const v1::Incident incident = Promote();
  EXPECT_EQ(incident.incident_id(), brought->incident_id());
  EXPECT_EQ(incident.title(), "the outage, as we told it");
  EXPECT_THAT(Titles(incident.incident_id()), ElementsAre("deploy", "alert"));
}

TEST_F(IncidentTest, AttachesAndDetachesEvents) {
  const auto ids = SubmitOutage();
  const auto other = Append({MakeEvent("dns", v1::EVENT_KIND_USER_REPORT,
                                       kStart + 2 * kMinute, kStart)});
  v1::Incident incident = Promote();
  v1::AttachEventsRequest attach;
  attach.set_incident_id(incident.incident_id());
  attach.set_etag(incident.etag());
  attach.set_author("sam");
  attach.add_event_ids(std::string(32, '9'));
  EXPECT_THAT(AttachEvents(attach).first,
              Fails(grpc::NOT_FOUND, HasSubstr("nothing was changed")));
  attach.set_event_ids(0, other[0]);
  ASSERT_TRUE(AttachEvents(attach).first.ok());
  EXPECT_TRUE(AttachEvents(attach).first.ok()) << "again";
  EXPECT_THAT(Titles(incident.incident_id()),
              ElementsAre("deploy", "alert", "dns"));
  v1::DetachEventsRequest detach;
  detach.set_incident_id(incident.incident_id());
  detach.set_etag(Read(incident.incident_id()).etag());
  detach.set_author("sam");
  detach.add_event_ids(ids[0]);
  detach.add_event_ids(other[0]);
  ASSERT_TRUE(DetachEvents(detach).first.ok());
  EXPECT_TRUE(DetachEvents(detach).first.ok()) << "again";
  EXPECT_THAT(Titles(incident.incident_id()), ElementsAre("alert"));
  attach.set_event_ids(0, ids[0]);
  attach.set_etag(Read(incident.incident_id()).etag());
  ASSERT_TRUE(AttachEvents(attach).first.ok());
  EXPECT_THAT(Titles(incident.incident_id()), ElementsAre("deploy", "alert"));
}

TEST_F(IncidentTest, ShowsNothingThatWasNotKnownYet) {
  SubmitOutage();
  const v1::Incident incident = Promote();
  const std::string& id = incident.incident_id();
  EXPECT_THAT(Titles(id, kStart), IsEmpty());
  EXPECT_THAT(Titles(id, kStart + 2 * kMinute), ElementsAre("alert"));
  const auto early = Lines(id, kStart + 2 * kMinute);
  EXPECT_EQ(early[0].event().repeat_count(), 0u);
  EXPECT_FALSE(early[0].event().has_resolve_time());
  EXPECT_EQ(ToMicros(early[0].known_time()), kStart + kMinute);
  const auto repeated = Lines(id, kStart + 10 * kMinute);
  EXPECT_EQ(repeated[0].event().repeat_count(), 1u);
  EXPECT_FALSE(repeated[0].event().has_resolve_time());
  // The resolve happened, and nobody knew for another minute.
  EXPECT_FALSE(Lines(id, kStart + 20 * kMinute)[0].event().has_resolve_time());
  EXPECT_TRUE(Lines(id, kStart + 21 * kMinute)[0].event().has_resolve_time());
  // The deploy came to be known last.
  EXPECT_THAT(Titles(id, kStart + 29 * kMinute), ElementsAre("alert"));
  EXPECT_THAT(Titles(id, kStart + 30 * kMinute),
              ElementsAre("deploy", "alert"));
}

TEST_F(IncidentTest, TellsOfTheChangesThatPeopleFoundToHaveContributed) {
  SubmitOutage();
  const auto flag = Append({MakeEvent("flag", v1::EVENT_KIND_CHANGE_FINISHED,
                                      kStart - 2 * kMinute, kStart)});
  const std::string id = Promote().incident_id();
  EXPECT_THAT(Titles(id), ElementsAre("deploy", "alert"));
  v1::ConfirmChangesRequest confirm;
  confirm.set_candidate_id(candidate_id_);
  confirm.set_author("sam");
  confirm.add_contributing_event_ids(flag[0]);
  const auto [status, response] = ConfirmChanges(confirm);
  ASSERT_TRUE(status.ok()) << status.error_message();
  // Also when the assembler knows more, and over a kill.
  v1::SubmitCandidateRequest again;
  *again.mutable_candidate() = submitted_;
  again.mutable_candidate()->set_title("checkout: alert, then more");
  ASSERT_TRUE(SubmitCandidate(again).first.ok());
  KillAndStart();
  EXPECT_THAT(Titles(id), ElementsAre("flag", "deploy", "alert"));
  EXPECT_TRUE(Lines(id)[0].event().contributed());
  v1::GetReportRequest get;
  get.set_incident_id(id);
  get.set_format(v1::REPORT_FORMAT_MARKDOWN);
  EXPECT_THAT(GetReport(get).second.content(),
              HasSubstr("*change:* flag; found to have contributed"));
  // Nobody knew that at the time, though they may have known of the change.
  const int64_t confirmed =
      ToMicros(response.candidate().confirmation().confirm_time());
  EXPECT_THAT(Titles(id, confirmed - 1), ElementsAre("deploy", "alert"));
  EXPECT_THAT(Titles(id, confirmed), ElementsAre("flag", "deploy", "alert"));
  v1::DetachEventsRequest detach;
  detach.set_incident_id(id);
  detach.set_etag(Read(id).etag());
  detach.set_author("sam");
  detach.add_event_ids(flag[0]);
  ASSERT_TRUE(DetachEvents(detach).first.ok());
  EXPECT_THAT(Titles(id), ElementsAre("deploy", "alert"));
  confirm.clear_contributing_event_ids();
  confirm.set_none_contributed(true);
  ASSERT_TRUE(ConfirmChanges(confirm).first.ok());
  EXPECT_THAT(Titles(id), ElementsAre("deploy", "alert"));
}

TEST_F(IncidentTest, ShowsAPersonsLineAsItReadThen) {
  const v1::Incident incident = NewIncident();
  const std::string& id = incident.incident_id();
  const auto line = AddLine(id, "no effect");
  const int64_t added_micros = ToMicros(line.append_time());
  v1::UpdateTimelineEntryRequest update;
  update.set_incident_id(id);
  update.mutable_entry()->set_entry_id(line.entry_id());
  update.mutable_entry()->set_title("it helped for a minute");
  update.mutable_update_mask()->add_paths("title");
  update.set_author("kim");
  update.set_etag("stale");
  EXPECT_THAT(UpdateTimelineEntry(update).first, Fails(grpc::ABORTED, _));
  update.set_etag(line.etag());
  ASSERT_TRUE(UpdateTimelineEntry(update).first.ok());
  EXPECT_THAT(Titles(id), ElementsAre("it helped for a minute"));
  EXPECT_THAT(Titles(id, added_micros), ElementsAre("no effect"));
  EXPECT_THAT(Titles(id, added_micros - 1), IsEmpty());
  // Told in hindsight, of what was known then.
  v1::AddTimelineEntryRequest add;
  add.set_incident_id(id);
  add.set_author("kim");
  add.mutable_entry()->set_title("saw the dashboard");
  *add.mutable_entry()->mutable_event_time() = FromMicros(kStart);
  *add.mutable_entry()->mutable_known_time() = FromMicros(kStart + kMinute);
  ASSERT_TRUE(AddTimelineEntry(add).first.ok());
  EXPECT_THAT(Titles(id, kStart + kMinute), ElementsAre("saw the dashboard"));
  // A line that was deleted since is there when looked at from before.
  const v1::TimelineEntry now =
      Lines(id)[0].title() == "saw the dashboard" ? Lines(id)[1] : Lines(id)[0];
  update.set_etag(now.etag());
  update.mutable_update_mask()->Clear();
  update.set_remove(true);
  ASSERT_TRUE(UpdateTimelineEntry(update).first.ok());
  EXPECT_THAT(Titles(id), ElementsAre("saw the dashboard"));
  EXPECT_THAT(Titles(id, added_micros),
              testing::UnorderedElementsAre("no effect", "saw the dashboard"));
}

TEST_F(IncidentTest, RefusesToRewriteAnEventAndSaysWhatToDo) {
  const auto ids = SubmitOutage();
  const v1::Incident incident = Promote();
  v1::UpdateTimelineEntryRequest update;
  update.set_incident_id(incident.incident_id());
  update.mutable_entry()->set_entry_id(ids[1]);
  update.mutable_entry()->set_title("x");
  update.mutable_update_mask()->add_paths("title");
  update.set_author("kim");
  update.set_etag("e");
  EXPECT_THAT(UpdateTimelineEntry(update).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("DetachEvents")));
}

TEST_F(IncidentTest, TellsItsWholeHistoryWithReadableDifferences) {
  v1::Incident incident = NewIncident();
  v1::Incident fields;
  fields.set_title("checkout and cart down");
  fields.add_tags("dns");
  (*fields.mutable_annotations())["morgue_id"] = "217";
  ASSERT_TRUE(Change(incident, fields, "kim").first.ok());
  AddLine(incident.incident_id(), "restarted");
  Tell(incident.incident_id(), "it looked idle");
  KillAndStart();
  EXPECT_THAT(
      History(incident.incident_id()),
      ElementsAre(
          AllOf(HasSubstr("sam incident"), HasSubstr("state: set to open")),
          "kim incident | title: \"checkout down\" -> \"checkout and cart "
          "down\" | tags: added \"dns\" | annotations: added (key: "
          "\"morgue_id\", value: \"217\")",
          AllOf(HasSubstr("kim entry"), HasSubstr("\"restarted\"")),
          AllOf(HasSubstr("on-call, payments account"),
                HasSubstr("words: set to \"it looked idle\""),
                Not(HasSubstr("alex")))));
}

}  // namespace
}  // namespace secondstory
