#include "tests/support/subprocess.h"


#include <memory>
#include <string>
#include <thread>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/wait_until.h"

namespace secondstory::support {
namespace {

using testing::HasSubstr;
using testing::Pair;

constexpr char kSmallest[] = "tests/support/smallest";

TEST(SubprocessTest, WaitsForALogLineAndReturnsItsFields) {
  SS_ASSERT_OK_AND_ASSIGN(auto child, Subprocess::Start(kSmallest, {}));
  SS_ASSERT_OK_AND_ASSIGN(const LogFields line, child->WaitForLog("ready"));
  EXPECT_THAT(line, testing::Contains(Pair("process", "smallest")));
  EXPECT_THAT(child->WaitForPort("grpc"), IsOkAndHolds(4711));
  EXPECT_EQ(child->CountLogs("listening"), 1);
  EXPECT_EQ(child->CountLogs("listening", {{"protocol", "http"}}), 0);
  EXPECT_THAT(child->stderr_text(), HasSubstr("a line of another library\n"));
}

TEST(SubprocessTest, GivesItsInputAndCollectsItsOutput) {
  SS_ASSERT_OK_AND_ASSIGN(auto child,
                          Subprocess::Start(kSmallest, {}, "one\ntwo\n"));
  SS_ASSERT_OK(child->WaitForLog("ready").status());
  child->Kill(SIGTERM);
  EXPECT_THAT(child->Wait(), IsOkAndHolds(0));
  EXPECT_EQ(child->stdout_text(), "one\ntwo\n");
}

TEST(SubprocessTest, TellsHowItEnded) {
  SS_ASSERT_OK_AND_ASSIGN(auto killed, Subprocess::Start(kSmallest, {}));
  killed->Kill(SIGKILL);
  EXPECT_THAT(killed->Wait(), IsOkAndHolds(128 + SIGKILL));
  SS_ASSERT_OK_AND_ASSIGN(auto wrong,
                          Subprocess::Start(kSmallest, {"--nonsense"}));
  EXPECT_THAT(wrong->Wait(), IsOkAndHolds(2));
}

TEST(SubprocessTest, SaysWhatCameInPlaceOfTheLine) {
  SS_ASSERT_OK_AND_ASSIGN(auto wrong,
                          Subprocess::Start(kSmallest, {"--nonsense"}));
  const absl::Status status = wrong->WaitForLog("ready").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("--nonsense: unknown flag"));
  SS_ASSERT_OK_AND_ASSIGN(auto child, Subprocess::Start(kSmallest, {}));
  EXPECT_THAT(child->WaitForLog("never", {}, absl::Milliseconds(1)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(child->Wait(absl::Milliseconds(1)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(SubprocessTest, NamesTheProgramThatIsNotThere) {
  const absl::Status status = Subprocess::Start("no/such", {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no/such"));
}

TEST(SubprocessTest, EndsTheChildWithItsOwner) {
  SS_ASSERT_OK_AND_ASSIGN(auto child, Subprocess::Start(kSmallest, {}));
  const int pid = child->pid();
  child.reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(SubprocessTest, EndsTheChildWithTheThreadThatStartedIt) {
  std::unique_ptr<Subprocess> child;
  std::thread starter([&child] {
    auto started = Subprocess::Start(kSmallest, {});
    ASSERT_THAT(started, IsOk());
    child = *std::move(started);
    EXPECT_THAT(child->WaitForLog("ready"), IsOk());
  });
  starter.join();
  EXPECT_THAT(child->Wait(), IsOkAndHolds(128 + SIGKILL));
}

}  // namespace
}  // namespace secondstory::support
