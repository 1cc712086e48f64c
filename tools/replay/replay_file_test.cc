#include "tools/replay/replay_file.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDeploy[] =
    R"({"source":"deploylog/shop","sourceEventId":"d1",)"
    R"("kind":"EVENT_KIND_CHANGE_FINISHED","eventTime":"2026-03-01T11:56:00Z",)"
    R"("service":"cart","title":"Deploy cart","change":{"revision":"3.2.1"}})";
constexpr char kAlert[] =
    R"({"source":"alertmanager/prod","sourceEventId":"a1",)"
    R"("kind":"EVENT_KIND_ALERT_FIRED","eventTime":"2026-03-01T12:00:00Z",)"
    R"("service":"cart","labels":{"alertname":"HighLatency"}})";

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

class ReplayFileTest : public ::testing::Test {
 protected:
  absl::Status Run(const std::string& events) {
    options_.events_file = WriteFile("events.jsonl", events);
    return Replay(options_, out_, &skipped_);
  }

  ReplayOptions options_;
  std::ostringstream out_;
  std::vector<std::string> skipped_;
};

TEST_F(ReplayFileTest, PrintsOneCandidateALine) {
  SS_ASSERT_OK(Run(absl::StrCat(kDeploy, "\n", kAlert, "\n\n")));
  EXPECT_THAT(out_.str(), HasSubstr(R"("candidateId":")"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("sourceEventId":"a1")"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("rankedChanges":[{"eventId":")"));
  EXPECT_THAT(out_.str(), HasSubstr("4 min before the first alert"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("noChangeScore":0.)"));
  EXPECT_EQ(out_.str().find('\n'), out_.str().size() - 1);
}

TEST_F(ReplayFileTest, GivesSameBytesForAnyOrderOfLines) {
  SS_ASSERT_OK(Run(absl::StrCat(kDeploy, "\n", kAlert)));
  const std::string first = out_.str();
  out_.str("");
  SS_ASSERT_OK(Run(absl::StrCat(kAlert, "\n", kDeploy, "\n", kAlert)));
  EXPECT_EQ(out_.str(), first);
}

TEST_F(ReplayFileTest, NamesFileAndLineOfWhatIsNoEvent) {
  EXPECT_THAT(Run(absl::StrCat(kAlert, "\n{\"kind\":7")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("events.jsonl:2: not an Event in JSON")));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReplayFileTest, NamesAMissingTime) {
  EXPECT_THAT(Run(R"({"source":"x","sourceEventId":"1"})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(":1: event_time is missing")));
}

TEST_F(ReplayFileTest, LeavesBadLinesOutWhenToldToKeepGoing) {
  options_.keep_going = true;
  SS_ASSERT_OK(Run(absl::StrCat("nonsense\n", kAlert)));
  EXPECT_THAT(skipped_, ElementsAre(HasSubstr("events.jsonl:1:")));
  EXPECT_THAT(out_.str(), HasSubstr("HighLatency"));
}

TEST_F(ReplayFileTest, SaysWhichFileCannotBeRead) {
  options_.events_file = "/no/such/file";
  EXPECT_THAT(Replay(options_, out_, &skipped_),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("/no/such/file: cannot be read")));
  EXPECT_THAT(skipped_, IsEmpty());
}

TEST_F(ReplayFileTest, NamesTheTopologyLineThatIsWrong) {
  options_.topology_file = WriteFile("topology.csv", "source,target\nalone\n");
  EXPECT_THAT(Run(kAlert),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("topology.csv: topology line 2")));
}

}  // namespace
}  // namespace secondstory::replay
