// Goal: the doorbell around every main() keeps its promises.
// Method: RunProcess ends a process, so each case runs in a child of its own
// (gtest's death tests), with the configuration of assemblerd.
#include "base/process.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/config/v1/assemblerd.pb.h"

namespace secondstory {
namespace {

using testing::ExitedWithCode;
using testing::HasSubstr;

[[noreturn]] void RunAndExit(std::vector<std::string> args,
                             const std::function<absl::Status()>& run) {
  args.insert(args.begin(), "assemblerd");
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  config::v1::AssemblerdConfig config;
  exit(RunProcess("assemblerd", "About.", "", static_cast<int>(argv.size()),
                  argv.data(), &config, run));
}

absl::Status Unexpected() { return absl::InternalError("must not run"); }

class RunProcessDeathTest : public testing::Test {
 protected:
  // A child that starts anew has no threads of the parent's.
  void SetUp() override {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
  }
};

TEST_F(RunProcessDeathTest, ExitsWithTwoAndNamesWhatIsWrong) {
  EXPECT_EXIT(RunAndExit({"--lookback=soon"}, Unexpected), ExitedWithCode(2),
              "--lookback: \"soon\"; expected duration");
}

TEST_F(RunProcessDeathTest, ChecksTheConfigurationWithoutRunning) {
  EXPECT_EXIT(RunAndExit({"--check-config"}, Unexpected), ExitedWithCode(0),
              "");
  EXPECT_EXIT(RunAndExit({"--help"}, Unexpected), ExitedWithCode(0), "");
  EXPECT_EXIT(RunAndExit({"--version"}, Unexpected), ExitedWithCode(0), "");
}

TEST_F(RunProcessDeathTest, ExitsWithOneAndLogsTheStatusWhenRunFails) {
  EXPECT_EXIT(RunAndExit({}, [] { return absl::UnavailableError("no disk"); }),
              ExitedWithCode(1),
              "\"message\":\"failed\".*UNAVAILABLE: no disk");
}

TEST_F(RunProcessDeathTest, StopsOnSignal) {
  for (const int signal_number : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(RunAndExit({},
                           [signal_number] {
                             kill(getpid(), signal_number);
                             WaitForStop();
                             return StopRequested() ? absl::OkStatus()
                                                    : absl::UnknownError("");
                           }),
                ExitedWithCode(0), "\"message\":\"stopped\"");
  }
}

TEST_F(RunProcessDeathTest, EndsAtOnceOnTheSecondSignal) {
  EXPECT_EXIT(RunAndExit({},
                         [] {
                           kill(getpid(), SIGTERM);
                           WaitForStop();
                           kill(getpid(), SIGTERM);
                           while (true) pause();
                           return absl::OkStatus();
                         }),
              ExitedWithCode(128 + SIGTERM), "ending at once");
}

TEST_F(RunProcessDeathTest, WakesASleeperWhenAskedToStop) {
  EXPECT_EXIT(RunAndExit({},
                         [] {
                           if (!SleepUnlessStopped(absl::Milliseconds(1))) {
                             return absl::UnknownError("woken too early");
                           }
                           RequestStop();
                           return SleepUnlessStopped(absl::Hours(1))
                                      ? absl::UnknownError("not woken")
                                      : absl::OkStatus();
                         }),
              ExitedWithCode(0), "");
}

TEST_F(RunProcessDeathTest, SurvivesAClosedPipe) {
  EXPECT_EXIT(RunAndExit({},
                         [] {
                           int ends[2];
                           if (pipe(ends) != 0) return absl::UnknownError("");
                           close(ends[0]);
                           return write(ends[1], "x", 1) == -1
                                      ? absl::OkStatus()
                                      : absl::UnknownError("");
                         }),
              ExitedWithCode(0), "");
}

HttpResponse Answer(const HttpRequest& request,
                    const absl::Status& ready = absl::OkStatus()) {
  Metrics metrics("assemblerd");
  HttpResponse answer;
  answer.status = 0;
  const bool answered = AnswerMetricsRequest(
      request, &metrics, [&] { return ready; },
      [&](HttpResponse response) { answer = std::move(response); });
  EXPECT_EQ(answered, answer.status != 0);
  return answer;
}

TEST(MetricsServerTest, ServesMetricsInPrometheusText) {
  const HttpResponse answer = Answer({"GET", "/metrics", "", "", ""});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("secondstory_build_info"));
}

TEST(MetricsServerTest, SaysWhetherItIsAliveAndReady) {
  const absl::Status away = absl::UnavailableError("incidentd is away");
  EXPECT_EQ(Answer({"GET", "/healthz", "", "", ""}, away).status, 200);
  EXPECT_EQ(Answer({"GET", "/readyz", "", "", ""}).status, 200);
  const HttpResponse answer = Answer({"GET", "/readyz", "", "", ""}, away);
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("incidentd is away"));
}

TEST(MetricsServerTest, LeavesOtherPathsToOthersAndRefusesOtherMethods) {
  EXPECT_EQ(Answer({"GET", "/v1", "", "", ""}).status, 0);
  EXPECT_EQ(Answer({"POST", "/metrics", "", "", ""}).status, 405);
}

TEST(MetricsServerTest, ListensWhereItIsTold) {
  Metrics metrics("assemblerd");
  SS_ASSERT_OK_AND_ASSIGN(auto server,
                          StartMetricsServer("127.0.0.1:0", &metrics,
                                             [] { return absl::OkStatus(); }));
  EXPECT_GT(server->port(), 0);
}

}  // namespace
}  // namespace secondstory
