// Goal: kill -9 of any process at any moment of the demo, followed by a
// restart, ends with the candidates of an undisturbed run, byte for byte.
// Method: the real four processes and `story demo`, once undisturbed; then, for
// each process and several steps of the demo, again with a kill at that step.
// A demo that a kill has cut off is played again, as its user would. Revision
// numbers, submit times and what a revision changed tell of the way and not of
// the end; they are left out.
// Seed: the steps; printed on failure, set SECONDSTORY_SEED to replay.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/seed.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::Context;
using support::RunningIncidentd;
using support::Subprocess;
using support::WaitUntil;

constexpr int kDemoStepCount = 14;

// The four processes on one data folder, each with its own ports over all of
// its lives.
class House {
 public:
  explicit House(const std::string& dir) : dir_(dir) {
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
    std::ofstream(dir_ + "/deploys.jsonl");
    for (const char* name : {"incidentd", "alertd", "deployd", "assemblerd"}) {
      Start(name);
    }
  }
  ~House() {
    workers_.clear();
    incidentd_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Start(const std::string& name) {
    if (name == "incidentd") {
      const int port = incidentd_ ? incidentd_->port : 0;
      incidentd_.reset();
      incidentd_ = std::make_unique<RunningIncidentd>(dir_, port);
    } else if (name == "alertd") {
      StartWorker(name, "ingest/alerts/alertd",
                  {absl::StrCat("--http_address=127.0.0.1:", alertd_port_),
                   "--spool_dir=" + dir_ + "/alertd"});
      alertd_port_ = workers_[name]->WaitForPort("http").value_or(0);
    } else if (name == "deployd") {
      StartWorker(name, "ingest/deploys/deployd",
                  {"--spool_dir=" + dir_ + "/deployd", "--poll_interval=50ms",
                   absl::StrCat("--logs=[{name: demo, path: ", dir_,
                                "/deploys.jsonl}]")});
    } else {
      StartWorker(name, "ingest/assembler/assemblerd", {});
    }
  }

  void KillAndRestart(const std::string& name) {
    Subprocess* process =
        name == "incidentd" ? incidentd_->process.get() : workers_[name].get();
    process->Kill(SIGKILL);
    EXPECT_THAT(process->Wait(), IsOkAndHolds(128 + SIGKILL));
    Start(name);
  }

  std::unique_ptr<Subprocess> PlayDemo() {
    auto demo = Subprocess::Start(
        "tools/story/story",
        {"demo", "--address=" + incidentd_->address, "--pace=30ms",
         absl::StrCat("--alertd=127.0.0.1:", alertd_port_),
         "--deploy-log=" + dir_ + "/deploys.jsonl"});
    EXPECT_THAT(demo, IsOk());
    return *std::move(demo);
  }

  // All candidates with all that tells of the end, one after the other; empty
  // when they cannot be read now.
  std::string Candidates() const {
    v1::ListCandidatesResponse list;
    Context context;
    if (!incidentd_->candidates->ListCandidates(&context, {}, &list).ok()) {
      return "";
    }
    std::string text;
    for (const v1::Candidate& each : list.candidates()) {
      v1::GetCandidateRequest request;
      request.set_candidate_id(each.candidate_id());
      v1::GetCandidateResponse response;
      Context get_context;
      if (!incidentd_->candidates
               ->GetCandidate(&get_context, request, &response)
               .ok()) {
        return "";
      }
      response.mutable_candidate()->clear_revision();
      response.mutable_candidate()->clear_submit_time();
      response.mutable_candidate()->clear_differences();
      absl::StrAppend(&text, response.candidate().DebugString());
    }
    return text;
  }

 private:
  void StartWorker(const std::string& name, const std::string& program,
                   std::vector<std::string> flags) {
    flags.push_back("--incidentd_address=" + incidentd_->address);
    flags.push_back("--metrics_address=127.0.0.1:0");
    workers_.erase(name);
    auto started = Subprocess::Start(program, flags);
    ASSERT_THAT(started, IsOk());
    workers_[name] = *std::move(started);
    EXPECT_THAT(workers_[name]->WaitForLog("ready"), IsOk());
  }

  const std::string dir_;
  std::unique_ptr<RunningIncidentd> incidentd_;
  std::map<std::string, std::unique_ptr<Subprocess>> workers_;
  int alertd_port_ = 0;
};

class DemoKillTest : public testing::TestWithParam<std::string> {
 protected:
  // What the undisturbed demo ends with; played once for all tests.
  static const std::string& Undisturbed() {
    static const std::string* const candidates = [] {
      House house(testing::TempDir() + "/undisturbed");
      const auto demo = house.PlayDemo();
      EXPECT_THAT(demo->Wait(), IsOkAndHolds(0));
      return new std::string(house.Candidates());
    }();
    return *candidates;
  }
};

TEST_P(DemoKillTest, EndsWithTheSameCandidatesWhenKilledAtAnyStep) {
  ASSERT_NE(Undisturbed(), "");
  std::mt19937_64 random(support::Seed());
  for (int round = 0; round < 3; ++round) {
    // One early, one in the middle, one late.
    const int step = 1 + round * 5 + static_cast<int>(random() % 4);
    SCOPED_TRACE(absl::StrCat("killed at step ", step));
    House house(testing::TempDir() + "/killed");
    const auto demo = house.PlayDemo();
    ASSERT_TRUE(WaitUntil("the demo reaches the step", [&] {
      return absl::StrContains(
          demo->stdout_text(),
          absl::StrCat(step < 10 ? "[ " : "[", step, "/", kDemoStepCount, "]"));
    }));
    house.KillAndRestart(GetParam());
    SS_ASSERT_OK_AND_ASSIGN(const int exit_code, demo->Wait());
    if (exit_code != 0) {
      const auto again = house.PlayDemo();
      EXPECT_THAT(again->Wait(), IsOkAndHolds(0));
    }
    const bool same = static_cast<bool>(
        WaitUntil("the candidates are those of the undisturbed run",
                  [&] { return house.Candidates() == Undisturbed(); }));
    EXPECT_TRUE(same) << house.Candidates() << "\n---- undisturbed:\n"
                      << Undisturbed();
  }
}

INSTANTIATE_TEST_SUITE_P(Processes, DemoKillTest,
                         testing::Values("incidentd", "alertd", "deployd",
                                         "assemblerd"),
                         [](const auto& p) { return p.param; });

}  // namespace
}  // namespace secondstory
