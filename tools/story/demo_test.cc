// Goal: the demo plays through every door, waits for what it promises, and says
// who does not answer.
// Method: incidentd in memory; alertd and deployd are a few lines each that do
// what the real ones would, and can be told to do nothing. The real processes
// play it in //tests/fault:demo_kill_test.
#include "tools/story/demo.h"

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/http_server.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/story/command_line.h"
#include "tools/story/demo_script.h"
#include "tools/story/fake_incidentd.h"
#include "tools/story/script.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;
using testing::Not;

class DemoTest : public testing::Test {
 protected:
  DemoTest()
      : script_(*ParseScript(DemoScript())),
        deploy_log_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name(),
            ".jsonl")) {
    std::remove(deploy_log_.c_str());
    auto alertd = HttpServer::Start(
        "127.0.0.1:0",
        [this](const HttpRequest& request, const HttpRespond& respond) {
          alert_paths_.push_back(request.path);
          Deliver(Via::kAlert);
          respond({alertd_status_, "text/plain", "so it is", {}});
        });
    EXPECT_THAT(alertd, IsOk());
    alertd_ = *std::move(alertd);
  }

  // What the workers would make of all steps that came through this door.
  void Deliver(Via via) {
    for (const Step& step : script_.steps) {
      if (step.via == via) fake_.AddEvent(PeopleEvent(script_, step));
    }
  }

  // The candidate that the assembler would make of what is stored then.
  void AssembleAll() {
    v1::Candidate candidate;
    candidate.set_candidate_id("00112233445566778899aabbccddeeff");
    candidate.set_state(v1::CANDIDATE_STATE_QUIET);
    candidate.set_title("launch success drops to zero (hub)");
    *candidate.mutable_onset_time() = script_.onset;
    for (const v1::Event& event : fake_.events()) {
      if (event.kind() == v1::EVENT_KIND_CHANGE_FINISHED ||
          event.kind() == v1::EVENT_KIND_CHANGE_ROLLED_BACK) {
        candidate.add_ranked_changes()->set_event_id(event.event_id());
      } else {
        candidate.add_events()->set_event_id(event.event_id());
      }
    }
    fake_.AddCandidate(candidate);
  }

  int Play(std::vector<std::string> args = {}) {
    args.insert(args.begin(),
                {"demo", "--pace=0s", "--address=" + fake_.address(),
                 absl::StrCat("--alertd=127.0.0.1:", alertd_->port()),
                 "--deploy_log", deploy_log_});
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const int code =
        RunStory(args, {DemoCommand(DemoScript())},
                 {&in, &out, &err, ToTime(script_.onset), 100, "ana"});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  const Script script_;
  const std::string deploy_log_;
  FakeIncidentd fake_;
  int alertd_status_ = 200;
  std::vector<std::string> alert_paths_;
  std::unique_ptr<HttpServer> alertd_;
  std::string out_;
  std::string err_;
};

TEST_F(DemoTest, PlaysThroughEveryDoorAndShowsTheCandidate) {
  Deliver(Via::kChange);
  Deliver(Via::kAlert);
  Deliver(Via::kPeople);
  AssembleAll();
  EXPECT_EQ(Play(), 0) << err_;
  EXPECT_THAT(alert_paths_, testing::ElementsAre("/v1/alertmanager/mybinder"));
  std::ifstream log(deploy_log_);
  std::string line;
  int lines = 0;
  while (std::getline(log, line)) ++lines;
  EXPECT_EQ(lines, 10);
  EXPECT_THAT(out_, HasSubstr("BSD-3-Clause"));
  EXPECT_THAT(out_, HasSubstr("[14/14] 2018-04-18 16:22:19  deploy log  "
                              "binderhub: revert binderhub bump"));
  EXPECT_THAT(out_, HasSubstr("launch success drops to zero (hub)\n\n  State"));
}

TEST_F(DemoTest, PlaysNothingWhereItCouldNotBeAssembledAndSaysWhatToDo) {
  v1::Event event;
  event.set_source("elsewhere");
  event.set_source_event_id("1");
  event.set_kind(v1::EVENT_KIND_NOTE);
  event.set_title("years later");
  *event.mutable_event_time() =
      FromTime(ToTime(script_.onset) + absl::Hours(24 * 365));
  fake_.AddEvent(event);
  EXPECT_EQ(Play(), 1);
  EXPECT_THAT(err_, HasSubstr("./run.sh --demo --data data/demo"));
  EXPECT_EQ(fake_.events().size(), 1u);
}

TEST_F(DemoTest, SaysThatASecondPlayStoresNothingTwice) {
  Deliver(Via::kChange);
  AssembleAll();
  Play({"--patience=0s"});
  EXPECT_THAT(out_, HasSubstr("10 of the 14 events were stored before; playing "
                              "them again stored nothing twice.\n"));
  EXPECT_EQ(fake_.events().size(), 14u);
  Play({"--patience=0s"});
  EXPECT_THAT(out_, HasSubstr("14 of the 14 events were stored before"));
  EXPECT_EQ(fake_.events().size(), 14u);
}

TEST_F(DemoTest, SaysWhatTheCandidateDoesNotShow) {
  Deliver(Via::kChange);
  fake_.AddEvent(PeopleEvent(script_, script_.steps[9]));
  AssembleAll();  // without the alert and what else people say
  EXPECT_EQ(Play({"--patience=100ms"}), 3);
  EXPECT_THAT(out_, HasSubstr("launch success drops to zero (hub)\n\n  State"));
  EXPECT_THAT(err_, HasSubstr("Missing: launch success drops to zero; "));
}

TEST_F(DemoTest, SaysWhoDoesNotAnswer) {
  EXPECT_EQ(Play({"--patience=50ms"}), 3);
  EXPECT_THAT(err_, HasSubstr("does deployd follow " + deploy_log_));
  Deliver(Via::kChange);
  EXPECT_EQ(Play({"--patience=50ms"}), 3);
  EXPECT_THAT(err_, HasSubstr("Is assemblerd running?"));
  alertd_status_ = 503;
  EXPECT_EQ(Play(), 1);
  EXPECT_THAT(err_, HasSubstr("alertd answers 503: so it is"));
  EXPECT_EQ(Play({"--alertd=127.0.0.1:1"}), 3);
  EXPECT_THAT(err_, HasSubstr("no answer from alertd"));
  EXPECT_EQ(Play({"--deploy_log=/nowhere/log"}), 1);
  EXPECT_THAT(err_, HasSubstr("/nowhere/log: No such file"));
  EXPECT_EQ(Play({"--pace=slowly"}), 2);
}

}  // namespace
}  // namespace secondstory::story
