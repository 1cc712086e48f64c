// Goal: kill -9 of either process at any moment ends in the same candidates as
// an undisturbed run, byte for byte.
// Method: real incidentd and assemblerd; a seeded world is appended in pieces,
// with kills in between. The undisturbed run reads the whole world at once.
// Seed: printed; set SECONDSTORY_SEED to replay.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/http_client.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "tests/support/subprocess.h"
#include "tests/support/wait_until.h"
#include "timeline/scenario.h"

namespace secondstory {
namespace {

using support::Subprocess;
using support::WaitUntil;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::pair<timeline::EventKind, v1::EventKind> kKinds[] = {
    {timeline::EventKind::kAlertFired, v1::EVENT_KIND_ALERT_FIRED},
    {timeline::EventKind::kAlertResolved, v1::EVENT_KIND_ALERT_RESOLVED},
    {timeline::EventKind::kChangeFinished, v1::EVENT_KIND_CHANGE_FINISHED},
    {timeline::EventKind::kChangeRolledBack, v1::EVENT_KIND_CHANGE_ROLLED_BACK},
    {timeline::EventKind::kUserReport, v1::EVENT_KIND_USER_REPORT},
    {timeline::EventKind::kHumanAction, v1::EVENT_KIND_HUMAN_ACTION},
};

v1::Event ToProtoEvent(const timeline::Event& event) {
  v1::Event proto;
  proto.set_source(event.source);
  proto.set_source_event_id(event.source_event_id);
  for (const auto& [own, kind] : kKinds) {
    if (own == event.kind) proto.set_kind(kind);
  }
  *proto.mutable_event_time() = FromTime(event.event_time);
  proto.set_service(event.service);
  proto.set_title(event.title);
  for (const auto& [key, value] : event.labels) {
    (*proto.mutable_labels())[key] = value;
  }
  if (!event.change.revision.empty()) {
    proto.mutable_change()->set_revision(event.change.revision);
  }
  return proto;
}

std::string IdOf(const timeline::Event& event) {
  return IdToHex(StableId({event.source, event.source_event_id}));
}

// incidentd, assemblerd and a client of the first.
class Installation {
 public:
  explicit Installation(const std::string& name)
      : dir_(absl::StrCat(testing::TempDir(), "/", name)) {
    StartIncidentd();
  }

  void StartIncidentd() {
    SS_ASSERT_OK_AND_ASSIGN(
        incidentd_,
        Subprocess::Start(
            "services/incidentd/incidentd",
            {absl::StrCat("--grpc_address=127.0.0.1:", port_),
             "--metrics_address=127.0.0.1:0", "--data_dir=" + dir_}));
    SS_ASSERT_OK_AND_ASSIGN(port_, incidentd_->WaitForPort("grpc"));
    SS_ASSERT_OK(incidentd_->WaitForLog("ready"));
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_),
                                   grpc::InsecureChannelCredentials());
  }

  void StartAssemblerd() {
    SS_ASSERT_OK_AND_ASSIGN(
        assemblerd_, Subprocess::Start(
                         "ingest/assembler/assemblerd",
                         {absl::StrCat("--incidentd_address=127.0.0.1:", port_),
                          "--metrics_address=127.0.0.1:0"}));
  }

  void KillIncidentd() {
    incidentd_->Kill(SIGKILL);
    SS_ASSERT_OK(incidentd_->Wait());
  }

  void KillAssemblerd() {
    assemblerd_->Kill(SIGKILL);
    SS_ASSERT_OK(assemblerd_->Wait());
  }

  Subprocess* assemblerd() { return assemblerd_.get(); }

  void Append(const std::vector<timeline::Event>& events, size_t first,
              size_t last) {
    v1::AppendEventsRequest request;
    for (size_t i = first; i < last; ++i) {
      *request.add_events() = ToProtoEvent(events[i]);
    }
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::AppendEventsResponse response;
    const grpc::Status status =
        v1::EventService::NewStub(channel_)->AppendEvents(&context, request,
                                                          &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::EventOutcome& outcome : response.outcomes()) {
      ASSERT_EQ(outcome.outcome(), v1::APPEND_OUTCOME_STORED)
          << outcome.ShortDebugString();
    }
  }

  // The candidate that this alert opened, once it is there, and as it is
  // wanted.
  v1::Candidate WaitForCandidate(
      const timeline::Event& alert,
      const std::function<bool(const v1::Candidate&)>& is_wanted =
          [](const v1::Candidate&) { return true; }) {
    v1::GetCandidateRequest request;
    request.set_candidate_id(IdOf(alert));
    v1::GetCandidateResponse response;
    EXPECT_TRUE(WaitUntil("the candidate is there", [&] {
      grpc::ClientContext context;
      return v1::CandidateService::NewStub(channel_)
                 ->GetCandidate(&context, request, &response)
                 .ok() &&
             is_wanted(response.candidate());
    })) << response.candidate().DebugString();
    return response.candidate();
  }

  void Split(const timeline::Event& opener, const timeline::Event& taken) {
    v1::SplitCandidateRequest request;
    request.set_candidate_id(IdOf(opener));
    request.add_event_ids(IdOf(taken));
    request.set_author("sam");
    request.set_reason("another outage");
    grpc::ClientContext context;
    v1::SplitCandidateResponse response;
    const grpc::Status status =
        v1::CandidateService::NewStub(channel_)->SplitCandidate(
            &context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  void Merge(const timeline::Event& opener, const timeline::Event& other) {
    v1::MergeCandidatesRequest request;
    request.set_candidate_id(IdOf(opener));
    request.add_other_candidate_ids(IdOf(other));
    request.set_author("kim");
    request.set_reason("one outage");
    grpc::ClientContext context;
    v1::MergeCandidatesResponse response;
    const grpc::Status status =
        v1::CandidateService::NewStub(channel_)->MergeCandidates(
            &context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  void ConfirmThatNoneContributed(const v1::Candidate& candidate) {
    v1::ConfirmChangesRequest request;
    request.set_candidate_id(candidate.candidate_id());
    request.set_author("sam");
    request.set_none_contributed(true);
    grpc::ClientContext context;
    v1::ConfirmChangesResponse response;
    const grpc::Status status =
        v1::CandidateService::NewStub(channel_)->ConfirmChanges(
            &context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  // All candidates but merged ones, as text.
  std::string Candidates() {
    std::vector<std::string> texts;
    const auto stub = v1::CandidateService::NewStub(channel_);
    v1::ListCandidatesRequest request;
    request.set_page_size(500);
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::ListCandidatesResponse list;
    if (!stub->ListCandidates(&context, request, &list).ok()) return "";
    for (const v1::Candidate& listed : list.candidates()) {
      grpc::ClientContext get_context;
      v1::GetCandidateRequest get;
      get.set_candidate_id(listed.candidate_id());
      v1::GetCandidateResponse got;
      if (!stub->GetCandidate(&get_context, get, &got).ok()) return "";
      v1::Candidate candidate = got.candidate();
      candidate.clear_revision();
      candidate.clear_submit_time();
      candidate.clear_differences();
      texts.push_back(candidate.DebugString());
    }
    std::string all;
    for (const std::string& text : texts) all += text;
    return all;
  }

 private:
  const std::string dir_;
  int port_ = 0;
  std::unique_ptr<Subprocess> incidentd_;
  std::unique_ptr<Subprocess> assemblerd_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST(AssemblerProcessTest, EndsWithSameBytesWhicheverProcessIsKilledWhenever) {
  const uint64_t seed = timeline::TestSeed(11);
  const std::vector<timeline::Event> world = timeline::MakeWorld(seed, 400);

  Installation undisturbed("undisturbed");
  undisturbed.Append(world, 0, world.size());
  undisturbed.StartAssemblerd();
  SS_ASSERT_OK(undisturbed.assemblerd()->WaitForLog("ready"));
  const std::string expected = undisturbed.Candidates();
  EXPECT_THAT(expected, HasSubstr("CANDIDATE_STATE_QUIET"));

  Installation disturbed("disturbed");
  disturbed.StartAssemblerd();
  std::mt19937_64 random(seed);
  size_t appended = 0;
  for (int kill = 0; kill < 8; ++kill) {
    const size_t next = std::min(world.size(), appended + 20 + random() % 40);
    disturbed.Append(world, appended, next);
    appended = next;
    if (kill % 3 == 2) {
      disturbed.KillIncidentd();
      disturbed.StartIncidentd();
    } else {
      // Half of them in the midst of reading, half once it has caught up.
      if (kill % 2 == 0) {
        SS_ASSERT_OK(disturbed.assemblerd()->WaitForLog("ready"));
      }
      disturbed.KillAssemblerd();
      disturbed.StartAssemblerd();
    }
  }
  disturbed.Append(world, appended, world.size());
  std::string actual;
  EXPECT_TRUE(WaitUntil("the candidates are those of the undisturbed run", [&] {
    actual = disturbed.Candidates();
    return actual == expected;
  }));
  EXPECT_EQ(actual, expected);
}

// A deploy and, half an hour later, an alert, that far after the start.
std::vector<timeline::Event> MakeIncident(absl::Duration after) {
  const std::string revision = absl::StrCat(absl::ToInt64Hours(after));
  return {
      timeline::MakeChange(after, "cart", "Deploy " + revision, revision),
      timeline::MakeAlert(after + absl::Minutes(30), "cart", "HighLatency")};
}

TEST(AssemblerProcessTest, RanksWithWhatPeopleConfirmedAlsoAfterARestart) {
  Installation installation("learning");
  installation.StartAssemblerd();
  std::vector<v1::Candidate> seen;
  for (int i = 0; i < 4; ++i) {
    const auto incident = MakeIncident(absl::Hours(200 * i));
    installation.Append(incident, 0, incident.size());
    seen.push_back(installation.WaitForCandidate(incident[1]));
    const v1::Candidate& candidate = seen.back();
    ASSERT_GE(candidate.ranked_changes_size(), 1);
    // Whatever was confirmed before an alert was logged teaches its candidate.
    if (i == 0) {
      EXPECT_EQ(candidate.learning(), "");
    } else {
      EXPECT_THAT(candidate.learning(),
                  HasSubstr(absl::StrCat("decisions ", i, " ")));
    }
    installation.ConfirmThatNoneContributed(candidate);
  }
  // All alike, but for what was learnt.
  for (size_t i = 1; i < seen.size(); ++i) {
    EXPECT_LT(seen[i].ranked_changes(0).score(),
              seen[i - 1].ranked_changes(0).score());
  }
  installation.KillAssemblerd();
  installation.StartAssemblerd();
  const auto incident = MakeIncident(absl::Hours(800));
  installation.Append(incident, 0, incident.size());
  const v1::Candidate last = installation.WaitForCandidate(incident[1]);
  EXPECT_THAT(last.learning(), HasSubstr("decisions 4 "));
  EXPECT_LT(last.ranked_changes(0).score(), seen[3].ranked_changes(0).score());
  // Earlier ones stay as they were ranked.
  const v1::Candidate again =
      installation.WaitForCandidate(MakeIncident(absl::Hours(600))[1]);
  EXPECT_EQ(again.learning(), seen[3].learning());
  EXPECT_EQ(again.ranked_changes(0).score(), seen[3].ranked_changes(0).score());
}

TEST(AssemblerProcessTest, PutsTogetherWhatIsLikeWhatPeopleMergedBefore) {
  // No dependency graph says that the two services are connected.
  const auto make_trouble = [](absl::Duration after) {
    return std::vector<timeline::Event>{
        timeline::MakeAlert(after, "cart", "HighLatency"),
        timeline::MakeAlert(after, "mail", "QueueGrows")};
  };
  Installation installation("affinity");
  installation.StartAssemblerd();
  const auto first = make_trouble(absl::ZeroDuration());
  installation.Append(first, 0, first.size());
  const v1::Candidate cart = installation.WaitForCandidate(first[0]);
  installation.WaitForCandidate(first[1]);
  EXPECT_EQ(cart.events_size(), 1);
  installation.Merge(first[0], first[1]);
  installation.KillAssemblerd();
  installation.StartAssemblerd();
  const auto second = make_trouble(absl::Hours(200));
  installation.Append(second, 0, second.size());
  const v1::Candidate both = installation.WaitForCandidate(second[0]);
  ASSERT_EQ(both.events_size(), 2) << both.DebugString();
  EXPECT_THAT(both.events(1).reason(),
              HasSubstr("people put such together before"));
}

TEST(AssemblerProcessTest, KeepsApartWhatAPersonSplitThoughItIsKilled) {
  Installation installation("split");
  installation.StartAssemblerd();
  const std::vector<timeline::Event> alerts = {
      timeline::MakeAlert(absl::Minutes(0), "cart", "HighLatency"),
      timeline::MakeAlert(absl::Minutes(2), "cart", "ErrorRate"),
      timeline::MakeAlert(absl::Minutes(3), "cart", "QueueGrows")};
  const auto holds = [](int count) {
    return [count](const v1::Candidate& candidate) {
      return candidate.state() == v1::CANDIDATE_STATE_OPEN &&
             candidate.events_size() == count;
    };
  };
  installation.Append(alerts, 0, 2);
  installation.WaitForCandidate(alerts[0], holds(2));
  installation.Split(alerts[0], alerts[1]);
  const v1::Candidate taken =
      installation.WaitForCandidate(alerts[1], holds(1));
  EXPECT_EQ(taken.events(0).reason(), "split off by sam: another outage");
  const v1::Candidate kept = installation.WaitForCandidate(alerts[0], holds(1));
  EXPECT_THAT(kept.differences(),
              Contains("removed: alert ErrorRate (cart), split off by sam: "
                       "another outage"));
  EXPECT_THAT(kept.splits(), SizeIs(1));

  installation.KillAssemblerd();
  installation.StartAssemblerd();
  SS_ASSERT_OK(installation.assemblerd()->WaitForLog("ready"));
  EXPECT_EQ(installation.WaitForCandidate(alerts[0]).revision(),
            kept.revision());
  EXPECT_EQ(installation.WaitForCandidate(alerts[1]).revision(),
            taken.revision());
  // It fits both of them, and connects them no more.
  installation.Append(alerts, 2, 3);
  installation.WaitForCandidate(alerts[1], holds(2));
  EXPECT_EQ(installation.WaitForCandidate(alerts[0]).revision(),
            kept.revision());

  installation.KillAssemblerd();
  installation.ConfirmThatNoneContributed(taken);
  installation.Merge(alerts[1], alerts[0]);
  installation.StartAssemblerd();
  installation.WaitForCandidate(alerts[0], holds(3));
  const v1::Candidate gone = installation.WaitForCandidate(
      alerts[1], [](const v1::Candidate& candidate) {
        return candidate.state() == v1::CANDIDATE_STATE_MERGED;
      });
  EXPECT_EQ(gone.merged_into_candidate_id(), kept.candidate_id());
  EXPECT_THAT(gone.differences(),
              Contains("goes on in candidate " + kept.candidate_id() +
                       ", merged by kim: one outage"));
  EXPECT_EQ(installation.WaitForCandidate(alerts[0]).confirmation().author(),
            "sam")
      << "what people found goes where the candidate goes";
}

TEST(AssemblerProcessTest, SaysThatItIsReadyOnlyOnceItHasReadEverything) {
  SS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> alone,
                          Subprocess::Start("ingest/assembler/assemblerd",
                                            {"--incidentd_address=127.0.0.1:1",
                                             "--metrics_address=127.0.0.1:0"}));
  SS_ASSERT_OK_AND_ASSIGN(const int port, alone->WaitForPort("metrics"));
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", port, "/readyz");
  SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer answer, CallHttp(call));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("has not yet read all events"));
  SS_ASSERT_OK(alone->WaitForLog("following broke off; trying again"));
  alone->Kill(SIGTERM);
  SS_ASSERT_OK_AND_ASSIGN(const int code, alone->Wait());
  EXPECT_EQ(code, 0);
}

TEST(AssemblerProcessTest, RefusesATopologyThatCannotBeRead) {
  SS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> process,
                          Subprocess::Start("ingest/assembler/assemblerd",
                                            {"--topology_file=/no/such.csv",
                                             "--metrics_address=127.0.0.1:0"}));
  SS_ASSERT_OK_AND_ASSIGN(const int code, process->Wait());
  EXPECT_EQ(code, 1);
  EXPECT_THAT(process->stderr_text(), HasSubstr("/no/such.csv"));
}

}  // namespace
}  // namespace secondstory
