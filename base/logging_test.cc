#include "base/logging.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;

template <typename Write>
std::string Logged(Write write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesOneJsonObjectALine) {
  SS_ASSERT_OK(log::Init("alertd", "info"));
  const std::string line = Logged([] {
    log::Info("alertmanager polled", {{"alertmanager", "prod"},
                                      {"alerts", 12},
                                      {"fresh", true},
                                      {"took", absl::Milliseconds(1500)}});
  });
  EXPECT_THAT(
      line, MatchesRegex("\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\."
                         "[0-9]{6}Z\",\"level\":\"info\",.*\n"));
  EXPECT_THAT(line,
              EndsWith(R"("process":"alertd","message":"alertmanager polled",)"
                       R"("alertmanager":"prod","alerts":12,"fresh":true,)"
                       R"("took":1.5})"
                       "\n"));
}

TEST(LogTest, EscapesWhatOthersWrote) {
  const std::string line = Logged([] {
    log::Error("request refused", {{"path", "/a\"\n\xFF{}"},
                                   {"status", absl::NotFoundError("gone")}});
  });
  EXPECT_THAT(line, HasSubstr("\"path\":\"/a\\\"\\n\uFFFD{}\""));
  EXPECT_THAT(line, HasSubstr(R"("status":"NOT_FOUND: gone")"));
}

TEST(LogTest, LeavesOutWhatIsBelowTheLevel) {
  SS_ASSERT_OK(log::Init("alertd", "warning"));
  EXPECT_EQ(Logged([] { log::Info("not now"); }), "");
  EXPECT_THAT(Logged([] { log::Warning("now"); }), HasSubstr("now"));
  SS_ASSERT_OK(log::Init("alertd", "debug"));
  EXPECT_THAT(Logged([] { log::Debug("now"); }), HasSubstr("debug"));
}

TEST(LogTest, RefusesAnUnknownLevelAndNamesTheKnownOnes) {
  const absl::Status status = log::Init("alertd", "loud");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("\"loud\" is not one of debug, info, warning, error"));
}

TEST(LogTest, NeverMixesLinesOfThreads) {
  SS_ASSERT_OK(log::Init("alertd", "info"));
  const std::string text = Logged([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int line = 0; line < 100; ++line) {
          log::Info("line", {{"text", std::string(500, 'x')}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, SizeIs(400));
  for (const std::string& line : lines) {
    ASSERT_THAT(line, EndsWith(std::string(500, 'x') + "\"}"));
  }
}

}  // namespace
}  // namespace secondstory
