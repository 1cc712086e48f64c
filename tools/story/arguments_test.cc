#include "tools/story/arguments.h"

#include <string>

#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::story {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Option kKnown[] = {{"json", "", ""}, {"request-id", "ID", ""}};

TEST(ParseArgumentsTest, TakesOptionsAnywhere) {
  SS_ASSERT_OK_AND_ASSIGN(const Arguments arguments,
                          ParseArguments({"events", "--json", "get",
                                          "--request_id", "7", "--", "--json"},
                                         kKnown));
  EXPECT_THAT(arguments.words, ElementsAre("events", "get", "--json"));
  EXPECT_TRUE(arguments.Has("json"));
  EXPECT_EQ(arguments.Get("request-id"), "7");
  EXPECT_EQ(arguments.Get("absent"), "");
}

TEST(ParseArgumentsTest, NamesTheOptionThatIsWrong) {
  const auto error = [](const std::vector<std::string>& args) {
    return std::string(ParseArguments(args, kKnown).status().message());
  };
  EXPECT_EQ(error({"--jason"}),
            "--jason: unknown option; known here: --json, --request-id");
  EXPECT_EQ(error({"--request-id"}), "--request-id: no value; expected ID");
  EXPECT_EQ(error({"--json=yes"}), "--json: \"yes\"; expected no value");
}

TEST(ParseArgumentsTest, KeepsEveryValueOfAnOptionThatIsRepeated) {
  SS_ASSERT_OK_AND_ASSIGN(
      const Arguments arguments,
      ParseArguments({"--request-id=1", "--request-id", "2"}, kKnown));
  EXPECT_EQ(arguments.Get("request-id"), "2");
  EXPECT_THAT(arguments.GetAll("request-id"), ElementsAre("1", "2"));
  EXPECT_THAT(arguments.GetAll("json"), IsEmpty());
}

TEST(ParseWhenTest, UnderstandsWhatPeopleWrite) {
  const absl::Time now = absl::FromUnixSeconds(1524058200);
  for (const char* text : {"2018-04-18T11:30:00Z", "2018-04-18T13:30:00+02:00",
                           "2018-04-18 11:30", "2018-04-18 11:30:00", "2h"}) {
    const auto time = ParseWhen("since", text, now);
    SS_ASSERT_OK(time.status());
    EXPECT_EQ(absl::ToUnixSeconds(ToTime(*time)), 1524051000) << text;
  }
  const absl::Status status = ParseWhen("since", "noonish", now).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("--since: \"noonish\"; expected a time such as"));
}

TEST(ParseNearTest, TakesATimeOfDayNearTheReference) {
  const absl::Time now = absl::FromUnixSeconds(1524300000);
  absl::Time late;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2018-04-18T23:30:00Z", &late,
                              nullptr));
  const auto near = [&](const std::string& text) {
    const auto time = ParseNear("at", text, late, now);
    return time.ok() ? absl::FormatTime(ToTime(*time), absl::UTCTimeZone())
                     : std::string(time.status().message());
  };
  EXPECT_EQ(near("23:45"), "2018-04-18T23:45:00+00:00");
  EXPECT_EQ(near("00:10:30"), "2018-04-19T00:10:30+00:00");
  EXPECT_EQ(near("12:00"), "2018-04-18T12:00:00+00:00");
  EXPECT_EQ(near("2018-04-17 10:00"), "2018-04-17T10:00:00+00:00");
  EXPECT_EQ(near("now"), "2018-04-21T08:40:00+00:00");
  EXPECT_THAT(near("noon"), HasSubstr("--at: \"noon\"; expected a time such "
                                      "as 11:30 (UTC, the one nearest"));
}

TEST(ParseDueTest, LooksAhead) {
  const absl::Time now = absl::FromUnixSeconds(1524051000);  // 2018-04-18 11:30
  const auto due = [&](const std::string& text) {
    const auto time = ParseDue("due", text, now);
    return time.ok() ? absl::FormatTime("%Y-%m-%d %H:%M", ToTime(*time),
                                        absl::UTCTimeZone())
                     : std::string(time.status().message());
  };
  EXPECT_EQ(due("14d"), "2018-05-02 11:30");
  EXPECT_EQ(due("2w"), "2018-05-02 11:30");
  EXPECT_EQ(due("36h"), "2018-04-19 23:30");
  EXPECT_EQ(due("2018-06-01"), "2018-06-01 00:00");
  EXPECT_THAT(due("soon"), HasSubstr("--due: \"soon\"; expected a date"));
  EXPECT_THAT(due("99999999999d"), HasSubstr("expected a date"));
}

TEST(ParseCountTest, RefusesWhatIsTooSmallOrNoNumber) {
  EXPECT_THAT(ParseCount("limit", "10", 0), IsOkAndHolds(10));
  EXPECT_THAT(ParseCount("limit", "-1", 0).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseCount("limit", "ten", 0).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseEnumsTest, TakesShortNames) {
  EXPECT_THAT(ParseEnums("kind", "alert_fired,human-action",
                         *v1::EventKind_descriptor()),
              IsOkAndHolds(ElementsAre(v1::EVENT_KIND_ALERT_FIRED,
                                       v1::EVENT_KIND_HUMAN_ACTION)));
  const absl::Status status =
      ParseEnums("kind", "alarm", *v1::EventKind_descriptor()).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("\"alarm\"; expected one of alert_fired,"));
}

}  // namespace
}  // namespace secondstory::story
