// Goal: a published post-mortem goes the whole way through the public API, from
// what machines and people saw to a report that comes back in by import.
// Method: the incident of mybinder.org on 18 April 2018, whose published facts
// `story demo` plays, against real incidentd and assemblerd, with incidentd
// killed in between. What people tell here is made up, after what the report
// says that was tried and seen. The reports are left among the outputs of the
// test, to be looked at.
#include <cstdlib>
#include <fstream>
#include <map>

#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "tests/integration/review/client.h"
#include "tests/support/subprocess.h"
#include "tests/support/wait_until.h"
#include "tools/story/demo_script.h"
#include "tools/story/script.h"

namespace secondstory {
namespace {

using support::WaitUntil;
using testing::_;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Times of the day of the incident.
google::protobuf::Timestamp At(const std::string& clock) {
  google::protobuf::Timestamp time;
  EXPECT_TRUE(google::protobuf::util::TimeUtil::FromString(
      "2018-04-18T" + clock + ":00Z", &time));
  return time;
}

class MybinderTest : public ReviewTest {
 public:
  // What the script's step is as an event, seen a minute later.
  v1::Event EventOf(const story::Step& step) {
    v1::Event event;
    event.set_source(step.via == story::Via::kAlert    ? "alertmanager/mybinder"
                     : step.via == story::Via::kChange ? "deploylog/mybinder"
                                                       : "people/mybinder");
    event.set_source_event_id(step.id);
    event.set_kind(step.via == story::Via::kAlert ? v1::EVENT_KIND_ALERT_FIRED
                                                  : step.kind);
    *event.mutable_event_time() = step.event_time;
    *event.mutable_observe_time() =
        FromMicros(ToMicros(step.event_time) + kMinute);
    event.set_service(step.service);
    event.set_title(step.title);
    if (step.via == story::Via::kChange) {
      event.mutable_change()->set_revision(step.revision);
      if (!step.touches.empty()) {
        event.mutable_change()->add_services(step.touches);
      }
    }
    return event;
  }

  void AppendScript() {
    const auto script = story::ParseScript(DemoScript());
    ASSERT_THAT(script, IsOk());
    std::vector<v1::Event> events;
    for (const story::Step& step : script->steps) {
      events.push_back(EventOf(step));
    }
    const std::vector<std::string> ids = Append(events);
    for (size_t i = 0; i < ids.size(); ++i) ids_[script->steps[i].id] = ids[i];
  }

  // The candidate that assemblerd makes of it.
  std::string WaitForCandidate() {
    auto assemblerd =
        support::Subprocess::Start("ingest/assembler/assemblerd",
                                   {"--incidentd_address=" + service_->address,
                                    "--metrics_address=127.0.0.1:0"});
    EXPECT_THAT(assemblerd, IsOk());
    std::string id;
    EXPECT_TRUE(WaitUntil("the candidate has the last report", [&] {
      support::Context context;
      v1::ListCandidatesResponse response;
      EXPECT_TRUE(
          service_->candidates->ListCandidates(&context, {}, &response).ok());
      for (const v1::Candidate& candidate : response.candidates()) {
        if (ToMicros(candidate.last_activity_time()) >= ToMicros(At("15:23"))) {
          id = candidate.candidate_id();
        }
      }
      return !id.empty();
    }));
    return id;
  }

  v1::Incident Promote(const std::string& candidate_id) {
    v1::PromoteCandidateRequest request;
    request.set_candidate_id(candidate_id);
    request.set_author("kai");
    request.set_title("Nothing launches on mybinder.org");
    const auto [status, response] = PromoteCandidate(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.incident();
  }

  v1::Incident Describe(const v1::Incident& incident) {
    v1::Incident fields;
    fields.set_severity(1);
    fields.set_summary(
        "After an upgrade of the JupyterHub and BinderHub charts, the culler "
        "of idle servers sent so many requests to the hub that it answered "
        "nothing else: no launch succeeded for five hours.");
    fields.set_narrative(
        "The charts were upgraded in the morning, which brought a new "
        "**culler** and a new kubespawner.\n\nAn hour later the share of "
        "successful launches fell to zero. Restarting the proxy and the "
        "ingress changed nothing. A newer BinderHub with fixes of the culler "
        "was deployed; memory and CPU of the hub grew on. Reverting BinderHub "
        "ended it.");
    fields.set_surprise(
        "Deleting idle servers is maintenance that nobody waits for; it was "
        "not among the things that people thought could take the hub down.");
    *fields.mutable_acknowledge_time() = At("12:29");
    *fields.mutable_mitigate_time() = At("16:30");
    *fields.mutable_resolve_time() = At("16:40");
    fields.add_tags("culler");
    fields.add_tags("upgrade");
    v1::Link* link = fields.add_links();
    link->set_title("incident report");
    link->set_url(
        "https://github.com/jupyterhub/mybinder.org-deploy/blob/main/docs/"
        "source/incident-reports/2018-04-18-cull-flood.md");
    for (const auto& [name, role] :
         std::vector<std::pair<std::string, std::string>>{
             {"kai", "on-call, mybinder"}, {"noa", "maintainer, binderhub"}}) {
      v1::Participant* participant = fields.add_participants();
      participant->set_name(name);
      participant->set_role(role);
    }
    const auto [status, next] = Change(incident, fields, "kai");
    EXPECT_TRUE(status.ok()) << status.error_message();
    return next;
  }

  v1::Account TellAll(const std::string& incident_id, v1::Account account,
                      const std::string& author) {
    v1::GiveAccountRequest request;
    request.set_incident_id(incident_id);
    request.set_author(author);
    *request.mutable_account() = std::move(account);
    const auto [status, response] = GiveAccount(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.account();
  }

  // Two people on the restart that changed nothing, one on the upgrade.
  std::string TellAccounts(const std::string& incident_id) {
    v1::Account restart;
    restart.set_entry_id(ids_["action-1"]);
    restart.set_role("on-call, mybinder");
    restart.set_action("Restarted the proxy pods and the ingress pods.");
    restart.set_expectation(
        "Launches come back within minutes, as they did the last two times.");
    restart.set_observed_effect("No effect: launches stayed at zero.");
    restart.set_assumption("The proxy had lost its routes again.");
    restart.set_also_known("The hub answered its health check all the time.");
    restart.set_surprised(true);
    const v1::Account surprise = TellAll(incident_id, restart, "kai");
    v1::Account other;
    other.set_entry_id(ids_["action-1"]);
    other.set_role("maintainer, binderhub");
    other.set_words(
        "From where I sat the proxy looked fine. I was reading the hub's log, "
        "which scrolled too fast to see a pattern.");
    TellAll(incident_id, other, "noa");
    v1::Account upgrade;
    upgrade.set_entry_id(ids_["pr-562"]);
    upgrade.set_role("maintainer, binderhub");
    upgrade.set_action("Deployed a BinderHub with the fixes of the culler.");
    upgrade.set_expectation("The hub gets time to answer launches again.");
    upgrade.set_observed_effect("Memory and CPU grew on.");
    upgrade.set_surprised(true);
    TellAll(incident_id, upgrade, "noa");
    return surprise.account_id();
  }

  v1::ActionItem AddAction(const std::string& incident_id,
                           const std::string& title, const std::string& owner,
                           const std::string& account_id) {
    v1::CreateActionRequest request;
    request.set_incident_id(incident_id);
    request.set_author("robin");
    request.mutable_action()->set_title(title);
    request.mutable_action()->set_owner(owner);
    request.mutable_action()->set_account_id(account_id);
    request.mutable_action()->mutable_due_time()->set_seconds(4'000'000'000);
    const auto [status, response] = CreateAction(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.action();
  }

  v1::Review ReviewOf(const std::string& incident_id) {
    v1::GetReviewRequest request;
    request.set_incident_id(incident_id);
    const auto [status, response] = GetReview(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.review();
  }

  void AnswerGaps(const std::string& incident_id) {
    const v1::Review review = ReviewOf(incident_id);
    for (const v1::Gap& gap : review.gaps()) {
      if (gap.has_answer()) continue;
      v1::AnswerGapRequest request;
      request.set_incident_id(incident_id);
      request.set_gap_id(gap.gap_id());
      request.set_author("robin");
      request.mutable_answer()->set_text(
          gap.rule() == "silence"
              ? "People compared the charts of both versions in those hours."
              : "Talked about in the meeting; see the accounts.");
      const auto [status, response] = AnswerGap(request);
      EXPECT_TRUE(status.ok()) << gap.DebugString() << status.error_message();
      EXPECT_EQ(response.gap().answer().author(), "robin");
    }
  }

  std::string ReportOf(const std::string& incident_id, v1::ReportFormat format,
                       bool with_names = false) {
    v1::GetReportRequest request;
    request.set_incident_id(incident_id);
    request.set_format(format);
    request.set_with_names(with_names);
    const auto [status, response] = GetReport(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(GetReport(request).second.content(), response.content())
        << "the same bytes every time";
    return response.content();
  }

  static void Leave(const std::string& name, const std::string& content) {
    const char* dir = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
    std::ofstream(std::string(dir != nullptr ? dir : "/tmp") + "/" + name)
        << content;
  }

  std::map<std::string, std::string> ids_;  // of events, by the step's id
};

TEST_F(MybinderTest, BecomesAPublishedReportFromWhatMachinesSaw) {
  AppendScript();
  v1::Incident incident = Promote(WaitForCandidate());
  const std::string id = incident.incident_id();
  EXPECT_EQ(ToMicros(incident.start_time()), ToMicros(At("11:30")));
  incident = Describe(incident);
  KillAndStart();

  // The story.
  const std::string surprise = TellAccounts(id);
  AddLine(id, "the culler's requests are seen to fill the hub's log",
          ToMicros(At("14:10")));
  KillAndStart();
  AddAction(id, "Alert on the rate of API requests to the hub", "team-mybinder",
            surprise);
  const v1::ActionItem second = AddAction(
      id, "Limit how many servers the culler deletes at once", "noa", "");
  EXPECT_THAT(Titles(id, ToMicros(At("12:30"))),
              AllOf(Contains("outage reported"),
                    Not(Contains(HasSubstr("pods restarted")))));

  // The review.
  incident = MoveTo(Read(id), v1::INCIDENT_STATE_RESOLVED);
  EXPECT_TRUE(incident.has_review_due_time());
  v1::StartReviewRequest start;
  start.set_incident_id(id);
  start.set_etag(incident.etag());
  start.set_author("kai");
  start.set_facilitator("kai");
  EXPECT_THAT(StartReview(start).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("participant")));
  start.set_facilitator("robin");
  const auto started = StartReview(start);
  ASSERT_TRUE(started.first.ok()) << started.first.error_message();
  v1::Incident draft;
  draft.set_summary(incident.summary() +
                    " The on-call should have reverted at once.");
  incident = Change(started.second.incident(), draft, "kai").second;
  const v1::Review before = ReviewOf(id);
  ASSERT_THAT(before.language(), SizeIs(1));
  EXPECT_EQ(before.language(0).field(), "summary");
  EXPECT_THAT(before.language(0).phrase(), HasSubstr("should have"));
  EXPECT_THAT(before.gaps(), Not(IsEmpty()));
  AnswerGaps(id);
  v1::PublishReviewRequest publish;
  publish.set_incident_id(id);
  publish.set_etag(Read(id).etag());
  publish.set_author("kai");
  EXPECT_THAT(PublishReview(publish).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("\"robin\"")));
  publish.set_author("robin");
  EXPECT_THAT(PublishReview(publish).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("language")));
  EXPECT_EQ(Read(id).state(), v1::INCIDENT_STATE_IN_REVIEW);
  draft.set_summary(incident.summary().substr(
      0, incident.summary().find(" The on-call should")));
  ASSERT_TRUE(Change(Read(id), draft, "kai").first.ok());
  KillAndStart();
  const v1::Review after = ReviewOf(id);
  for (const v1::ChecklistItem& item : after.checklist()) {
    EXPECT_TRUE(item.done()) << item.DebugString();
  }
  publish.set_etag(Read(id).etag());
  const auto published = PublishReview(publish);
  ASSERT_TRUE(published.first.ok()) << published.first.error_message();
  EXPECT_TRUE(published.second.incident().has_publish_time());

  // The report.
  const std::string html = ReportOf(id, v1::REPORT_FORMAT_HTML);
  const std::string markdown = ReportOf(id, v1::REPORT_FORMAT_MARKDOWN);
  const std::string json = ReportOf(id, v1::REPORT_FORMAT_JSON);
  Leave("mybinder.html", html);
  Leave("mybinder.md", markdown);
  Leave("mybinder.json", json);
  for (const std::string& report : {html, markdown, json}) {
    EXPECT_THAT(report, HasSubstr("launch success drops to zero"));
    EXPECT_THAT(report, HasSubstr("on-call, mybinder"));
    for (const char* name : {"kai", "noa", "robin"}) {
      EXPECT_THAT(report, Not(testing::ContainsRegex(std::string("(^|[^a-z])") +
                                                     name + "[^a-z]")));
    }
  }
  EXPECT_THAT(ReportOf(id, v1::REPORT_FORMAT_MARKDOWN, true),
              HasSubstr("robin"));

  // The end.
  v1::CloseReviewRequest close;
  close.set_incident_id(id);
  close.set_etag(Read(id).etag());
  close.set_author("robin");
  EXPECT_THAT(CloseReview(close).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr(second.title())));
  v1::ListActionsRequest list;
  list.set_incident_id(id);
  const v1::ListActionsResponse actions = ListActions(list).second;
  for (const v1::ActionItem& action : actions.actions()) {
    v1::UpdateActionRequest update;
    *update.mutable_action() = action;
    update.mutable_action()->set_state(v1::ACTION_STATE_DONE);
    update.mutable_update_mask()->add_paths("state");
    update.set_etag(action.etag());
    update.set_author("noa");
    ASSERT_TRUE(UpdateAction(update).first.ok());
  }
  ASSERT_TRUE(CloseReview(close).first.ok());
  v1::CreateActionRequest late;
  late.set_incident_id(id);
  late.set_author("noa");
  late.mutable_action()->set_title("one more");
  EXPECT_THAT(CreateAction(late).first,
              Fails(grpc::FAILED_PRECONDITION, HasSubstr("ReopenReview")));
  v1::ReopenReviewRequest reopen;
  reopen.set_incident_id(id);
  reopen.set_etag(Read(id).etag());
  reopen.set_author("robin");
  reopen.set_reason("more was learnt");
  ASSERT_TRUE(ReopenReview(reopen).first.ok());
  EXPECT_THAT(History(id), Contains(HasSubstr("why: more was learnt")));

  // And back in, somewhere else.
  const std::string whole = ReportOf(id, v1::REPORT_FORMAT_JSON, true);
  v1::ImportIncidentRequest import;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                  whole, import.mutable_export_())
                  .ok());
  import.set_author("sam");
  EXPECT_FALSE(ImportIncident(import).second.stored()) << "it is here";
  service_.reset();
  std::filesystem::remove_all(dir_);
  Start();
  const auto imported = ImportIncident(import);
  ASSERT_TRUE(imported.first.ok()) << imported.first.error_message();
  EXPECT_TRUE(imported.second.stored());
  EXPECT_FALSE(ImportIncident(import).second.stored()) << "again";
  KillAndStart();
  EXPECT_EQ(ReportOf(id, v1::REPORT_FORMAT_JSON, true), whole);
  import.mutable_export_()->mutable_incident()->set_title("another");
  EXPECT_THAT(ImportIncident(import).first, Fails(grpc::ALREADY_EXISTS, _));
}

TEST_F(MybinderTest, ChecksTheLanguageOfAnyText) {
  v1::CheckLanguageRequest request;
  request.set_text("failed to connect to db-3; kai should have noticed");
  const auto [status, response] = CheckLanguage(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_THAT(response.findings(), SizeIs(1));
  const v1::LanguageFinding& finding = response.findings(0);
  EXPECT_EQ(request.text().substr(finding.start_byte(),
                                  finding.end_byte() - finding.start_byte()),
            finding.phrase());
  EXPECT_FALSE(finding.question().empty());
  request.set_language("xx");
  EXPECT_THAT(FieldsOf(CheckLanguage(request).first),
              testing::ElementsAre("language"));
}

}  // namespace
}  // namespace secondstory
