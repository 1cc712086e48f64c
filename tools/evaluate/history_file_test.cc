#include "tools/evaluate/history_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kEvents[] =
    R"({"source":"deploylog/shop","sourceEventId":"d1",)"
    R"("kind":"EVENT_KIND_CHANGE_FINISHED","eventTime":"2026-03-01T11:56:00Z"})"
    "\n"
    R"({"source":"alertmanager/prod","sourceEventId":"a1",)"
    R"("kind":"EVENT_KIND_ALERT_FIRED","eventTime":"2026-03-01T12:00:00Z"})"
    "\n"
    R"({"source":"alertmanager/lab","sourceEventId":"a2",)"
    R"("kind":"EVENT_KIND_ALERT_FIRED","eventTime":"2026-03-01T12:00:00Z"})"
    "\n"
    R"({"source":"alertmanager/prod","sourceEventId":"a2",)"
    R"("kind":"EVENT_KIND_ALERT_FIRED","eventTime":"2026-03-01T12:00:00Z"})";

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

absl::StatusOr<History> Read(const std::string& incidents) {
  replay::ReplayOptions files;
  files.events_file = WriteFile("events.jsonl", kEvents);
  std::vector<std::string> skipped;
  return ReadHistory(files, WriteFile("incidents.jsonl", incidents), &skipped);
}

std::string ErrorOf(const std::string& incidents) {
  const absl::StatusOr<History> history = Read(incidents);
  EXPECT_EQ(history.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(history.status().message());
}

TEST(ReadHistoryTest, ReadsIncidentsByEitherIdOfTheirEvents) {
  const auto history = Read(R"({"symptoms": ["a1"], "contributing": ["d1"]})"
                            "\n\n"
                            R"({"symptoms": ["a1"]})");
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_THAT(history->incidents, SizeIs(2));
  EXPECT_EQ(history->incidents[0].contributing[0], history->events[0].id);
  EXPECT_EQ(history->incidents[0].symptoms[0], history->events[1].id);
  EXPECT_THAT(history->incidents[1].contributing, SizeIs(0));
  EXPECT_TRUE(
      Read(absl::StrCat(R"({"symptoms": [")", history->events[2].id, R"("]})"))
          .ok());
}

TEST(ReadHistoryTest, TellsNoneContributedFromNobodySaid) {
  const auto history = Read(R"({"symptoms": ["a1"], "contributing": []})"
                            "\n"
                            R"({"symptoms": ["a1"], "confirmed": false})"
                            "\n"
                            R"({"symptoms": ["a1"], "confirmed": true})");
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_TRUE(history->incidents[0].is_confirmed);
  EXPECT_FALSE(history->incidents[1].is_confirmed);
  EXPECT_TRUE(history->incidents[2].is_confirmed);
  EXPECT_THAT(ErrorOf(R"({"symptoms": ["a1"], "confirmed": "no"})"),
              HasSubstr("confirmed must be true or false"));
  EXPECT_THAT(
      ErrorOf(
          R"({"symptoms": ["a1"], "contributing": ["d1"], "confirmed": false})"),
      HasSubstr("leave one out"));
}

TEST(ReadHistoryTest, NamesLineAndIdOfAnUnknownEvent) {
  EXPECT_THAT(ErrorOf("\n"
                      R"({"symptoms": ["a9"]})"),
              HasSubstr("incidents.jsonl:2: no event has the id \"a9\""));
}

TEST(ReadHistoryTest, RefusesAnIdOfTwoSources) {
  EXPECT_THAT(ErrorOf(R"({"symptoms": ["a2"]})"),
              HasSubstr("several events have the source_event_id \"a2\""));
}

TEST(ReadHistoryTest, RefusesWhatIsNoIncident) {
  EXPECT_THAT(ErrorOf("nonsense"), HasSubstr("no object in JSON"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("symptoms is missing"));
  EXPECT_THAT(ErrorOf(R"({"symptoms": "a1"})"),
              HasSubstr("symptoms must be a list"));
  EXPECT_THAT(ErrorOf(R"({"symptoms": [1]})"),
              HasSubstr("symptoms must be a list"));
  EXPECT_THAT(ErrorOf(R"({"symptoms": ["a1"], "changes": []})"),
              HasSubstr("\"changes\" is none of"));
  EXPECT_THAT(ErrorOf("\n"), HasSubstr("no incident in it"));
}

TEST(ReadHistoryTest, SaysWhichFileCannotBeRead) {
  replay::ReplayOptions files;
  files.events_file = WriteFile("events.jsonl", kEvents);
  std::vector<std::string> skipped;
  const auto history = ReadHistory(files, "/nowhere", &skipped);
  EXPECT_EQ(history.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(history.status().message()), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace secondstory::evaluate
