// Goal: docs/deploy-logs.md, sentence by sentence; and whatever a line holds,
// an event is within the limits or there is none.
#include "ingest/deploys/deploy_line.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "ingest/deploys/text.h"
#include "tests/support/seed.h"

namespace secondstory::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

const absl::Time kNow = absl::FromUnixSeconds(1772366400);  // 2026-03-01T12:00Z

absl::StatusOr<v1::Event> Normalize(absl::string_view line) {
  return NormalizeDeployLine(line, "deploylog/prod", kNow);
}

// A line with the needed members and `more`.
std::string Line(absl::string_view more) {
  return absl::StrCat(
      R"({"time":"2026-03-01T11:00:00Z","service":"checkout","title":"4.2.0")",
      more.empty() ? "" : ",", more, "}");
}

v1::Event Event(absl::string_view line) {
  absl::StatusOr<v1::Event> event = Normalize(line);
  EXPECT_THAT(event, IsOk()) << line;
  return event.ok() ? *event : v1::Event();
}

TEST(DeployLineTest, NeedsOnlyTimeServiceAndTitle) {
  const v1::Event event = Event(Line(""));
  EXPECT_EQ(event.source(), "deploylog/prod");
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE_FINISHED);
  EXPECT_EQ(event.service(), "checkout");
  EXPECT_EQ(event.title(), "4.2.0");
  EXPECT_EQ(ToTime(event.event_time()), kNow - absl::Hours(1));
  EXPECT_EQ(ToTime(event.observe_time()), kNow);
  EXPECT_EQ(event.change().outcome(), v1::CHANGE_OUTCOME_SUCCEEDED);
  EXPECT_EQ(event.event_id(), "");
}

TEST(DeployLineTest, ReadsEveryMemberOfTheDocumentedExample) {
  const v1::Event event = Event(
      R"({"time":"2026-03-01T12:04:31.250+01:00","id":"1842","kind":"finished",)"
      R"("service":"checkout","environment":"prod-eu","title":"checkout 4.2.0",)"
      R"("description":"Switches the tax table to the new schema.",)"
      R"("revision":"9f3c2d1","previous_revision":"77ab210",)"
      R"("paths":["apps/checkout/values.yaml"],"services":["tax"],)"
      R"("url":"https://ci.example/runs/1842","actor":"deploy-bot",)"
      R"("labels":{"strategy":"canary"}})");
  EXPECT_EQ(event.source_event_id(), "1842/finished");
  EXPECT_EQ(absl::FormatTime(ToTime(event.event_time()), absl::UTCTimeZone()),
            "2026-03-01T11:04:31.25+00:00");
  EXPECT_EQ(event.environment(), "prod-eu");
  EXPECT_EQ(event.description(), "Switches the tax table to the new schema.");
  EXPECT_EQ(event.actor(), "deploy-bot");
  EXPECT_THAT(event.labels(), ElementsAre(Pair("strategy", "canary")));
  EXPECT_EQ(event.change().revision(), "9f3c2d1");
  EXPECT_EQ(event.change().previous_revision(), "77ab210");
  EXPECT_THAT(event.change().paths(), ElementsAre("apps/checkout/values.yaml"));
  EXPECT_THAT(event.change().services(), ElementsAre("tax"));
  EXPECT_EQ(event.change().url(), "https://ci.example/runs/1842");
}

TEST(DeployLineTest, ReadsTimesInEveryDocumentedForm) {
  const struct {
    const char* text;
    absl::Duration before_now;
  } kCases[] = {
      {R"("2026-03-01T12:00:00Z")", absl::ZeroDuration()},
      {R"("2026-03-01t11:59:59.5Z")", absl::Milliseconds(500)},
      {R"("2026-03-01T17:30:00+05:30")", absl::ZeroDuration()},
      {R"("2026-03-01T12:00:00+0000")", absl::ZeroDuration()},
      {"1772366400", absl::ZeroDuration()},
      {"1772366399.25", absl::Milliseconds(750)},
      {"1772366399250", absl::Milliseconds(750)},
      {"1.7723664e9", absl::ZeroDuration()},
      {"0", kNow - absl::UnixEpoch()},
      {R"("2026-03-02T12:00:00Z")", -absl::Hours(24)},
  };
  for (const auto& c : kCases) {
    const v1::Event event = Event(
        absl::StrCat(R"({"service":"s","title":"t","time":)", c.text, "}"));
    EXPECT_EQ(ToTime(event.event_time()), kNow - c.before_now) << c.text;
  }
}

TEST(DeployLineTest, RefusesTimesThatAreNoneAndSaysWhatWasExpected) {
  for (const char* text :
       {R"("yesterday")", R"("")", R"("2026-03-01")",
        R"("2026-03-01T12:00:00")", R"(" 2026-03-01T12:00:00Z")",
        R"("infinite-past")", "-1", "1e300", "true", "[]",
        R"("1969-12-31T23:59:59Z")", R"("12026-03-01T12:00:00Z")"}) {
    EXPECT_THAT(
        Normalize(
            absl::StrCat(R"({"service":"s","title":"t","time":)", text, "}")),
        StatusIs(kInvalid, HasSubstr("expected RFC 3339 with an offset")))
        << text;
  }
  EXPECT_THAT(Normalize(R"({"service":"s","title":"t","time":"yesterday"})"),
              StatusIs(kInvalid, HasSubstr("time is \"yesterday\"")));
}

TEST(DeployLineTest, RefusesTimesMoreThanADayAhead) {
  EXPECT_THAT(
      Normalize(R"({"service":"s","title":"t","time":"2126-03-01T12:00:00Z"})"),
      StatusIs(kInvalid,
               "time is 2126-03-01T12:00:00+00:00, more than 24 hours ahead; "
               "correct the clock that wrote it"));
}

TEST(DeployLineTest, NamesTheMemberThatIsMissing) {
  EXPECT_THAT(Normalize(R"({"service":"s","title":"t"})"),
              StatusIs(kInvalid, "time is missing; say when it happened"));
  EXPECT_THAT(
      Normalize(R"({"time":1,"title":"t"})"),
      StatusIs(kInvalid, "service is missing; say which service was changed"));
  EXPECT_THAT(Normalize(R"({"time":1,"title":"t","service":null})"),
              StatusIs(kInvalid, HasSubstr("service is missing")));
  EXPECT_THAT(Normalize(R"({"time":1,"title":"t","service":""})"),
              StatusIs(kInvalid, HasSubstr("service is empty")));
  EXPECT_THAT(Normalize(R"({"time":1,"service":"s"})"),
              StatusIs(kInvalid, HasSubstr("title is missing")));
  EXPECT_THAT(Normalize(R"({"time":1,"service":"s","title":" \n"})"),
              StatusIs(kInvalid, HasSubstr("title is blank")));
}

TEST(DeployLineTest, NamesTheMemberTheValueAndTheTypeThatWasExpected) {
  const struct {
    const char* more;
    const char* error;
  } kCases[] = {
      {R"("revision":42)",
       R"(revision is the number 42; expected a string: write "42")"},
      {R"("actor":true)", R"(actor is true; expected a string: write "true")"},
      {R"("id":["a"])", "id is a list; expected a string"},
      {R"("environment":{})", "environment is an object; expected a string"},
      {R"("paths":"a")", R"(paths is "a"; expected a list of strings)"},
      {R"("paths":["a",7])",
       R"(paths[1] is the number 7; expected a string: write "7")"},
      {R"("paths":[""])", "paths[0] is empty; leave it out"},
      {R"("services":[null])", "services[0] is null; expected a string"},
      {R"("labels":[])", "labels is a list; expected an object of strings"},
      {R"("labels":{"a":1})",
       R"(labels["a"] is the number 1; expected a string: write "1")"},
      {R"("labels":{"":"x"})",
       R"(labels[""] has a key of 0 bytes; expected 1 to 128)"},
      {R"("kind":"deployed")",
       "kind is \"deployed\"; expected started, finished, failed, "
       "rolled_back, action or note"},
      {R"("outcome":"maybe")",
       "outcome is \"maybe\"; expected succeeded or failed"},
      {R"("url":"ftp://x")",
       "url is \"ftp://x\"; expected http:// or https:// without white space"},
      {R"("service":"twice")", "service is given twice; write it once"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Normalize(Line(c.more)), StatusIs(kInvalid, c.error));
  }
}

TEST(DeployLineTest, RefusesNamesThatAreTooLongBecauseACutNameIsAnother) {
  for (const char* name :
       {"environment", "revision", "previous_revision", "actor", "id", "url"}) {
    EXPECT_THAT(
        Normalize(Line(
            absl::StrCat("\"", name, "\":\"", std::string(3000, 'x'), "\""))),
        StatusIs(kInvalid, testing::AllOf(testing::StartsWith(name),
                                          HasSubstr("3000 bytes long"))));
  }
}

TEST(DeployLineTest, CutsTextsAndListsThatAreTooLong) {
  const std::vector<std::string> paths(1500, "\"p\"");
  const v1::Event event = Event(absl::StrCat(
      R"({"time":1,"service":"s","title":")", std::string(2000, 't'),
      R"(","description":")", std::string(20000, 'd'), R"(","paths":[)",
      absl::StrJoin(paths, ","), "]}"));
  EXPECT_EQ(event.title().size(), limits::kTitleBytesMax);
  EXPECT_THAT(event.title(), testing::EndsWith("t..."));
  EXPECT_EQ(event.description().size(), limits::kTextBytesMax);
  EXPECT_EQ(event.change().paths_size(), limits::kChangePathCountMax);
  EXPECT_EQ(event.labels().at("paths_total"), "1500");
}

TEST(DeployLineTest, GivesEveryKindItsEventAndOutcome) {
  const struct {
    const char* more;
    v1::EventKind kind;
    v1::ChangeOutcome outcome;
  } kCases[] = {
      {R"("kind":"started")", v1::EVENT_KIND_CHANGE_STARTED,
       v1::CHANGE_OUTCOME_UNSPECIFIED},
      {R"("kind":"finished")", v1::EVENT_KIND_CHANGE_FINISHED,
       v1::CHANGE_OUTCOME_SUCCEEDED},
      {R"("kind":"failed")", v1::EVENT_KIND_CHANGE_FAILED,
       v1::CHANGE_OUTCOME_FAILED},
      {R"("kind":"failed","outcome":"failed")", v1::EVENT_KIND_CHANGE_FAILED,
       v1::CHANGE_OUTCOME_FAILED},
      {R"("outcome":"failed")", v1::EVENT_KIND_CHANGE_FAILED,
       v1::CHANGE_OUTCOME_FAILED},
      {R"("kind":"rolled_back")", v1::EVENT_KIND_CHANGE_ROLLED_BACK,
       v1::CHANGE_OUTCOME_UNSPECIFIED},
      {R"("kind":"rolled_back","outcome":"failed")",
       v1::EVENT_KIND_CHANGE_ROLLED_BACK, v1::CHANGE_OUTCOME_FAILED},
      {R"("kind":"rolled_back","outcome":"succeeded")",
       v1::EVENT_KIND_CHANGE_ROLLED_BACK, v1::CHANGE_OUTCOME_SUCCEEDED},
  };
  for (const auto& c : kCases) {
    const v1::Event event = Event(Line(c.more));
    EXPECT_EQ(event.kind(), c.kind) << c.more;
    EXPECT_EQ(event.change().outcome(), c.outcome) << c.more;
  }
  EXPECT_THAT(Normalize(Line(R"("kind":"started","outcome":"succeeded")")),
              StatusIs(kInvalid, HasSubstr("contradicts kind \"started\"")));
  EXPECT_THAT(Normalize(Line(R"("kind":"failed","outcome":"succeeded")")),
              StatusIs(kInvalid, HasSubstr("contradicts kind \"failed\"")));
}

TEST(DeployLineTest, KeepsWhatPeopleDidAndNotedApartFromChanges) {
  const v1::Event action =
      Event(Line(R"("kind":"action","url":"https://wiki.example/x")"));
  EXPECT_EQ(action.kind(), v1::EVENT_KIND_HUMAN_ACTION);
  EXPECT_FALSE(action.has_change());
  ASSERT_EQ(action.links_size(), 1);
  EXPECT_EQ(action.links(0).url(), "https://wiki.example/x");
  EXPECT_EQ(Event(Line(R"("kind":"note")")).kind(), v1::EVENT_KIND_NOTE);
  EXPECT_THAT(Normalize(Line(R"("kind":"note","revision":"1")")),
              StatusIs(kInvalid, HasSubstr("revision does not go with kind")));
}

TEST(DeployLineTest, TellsStartedFromFinishedOfOneId) {
  EXPECT_EQ(Event(Line(R"("id":"7","kind":"started")")).source_event_id(),
            "7/started");
  EXPECT_EQ(Event(Line(R"("id":"7")")).source_event_id(), "7/finished");
  EXPECT_EQ(Event(Line(R"("id":"7","outcome":"failed")")).source_event_id(),
            "7/failed");
}

TEST(DeployLineTest, IdentifiesALineWithoutIdByItsBytes) {
  const std::string line = Line("");
  const std::string id = Event(line).source_event_id();
  EXPECT_THAT(id, testing::MatchesRegex("line/[0-9a-f]{32}"));
  for (const std::string& same :
       {absl::StrCat(line, "\r"), absl::StrCat("  ", line, " \t"),
        absl::StrCat("\xEF\xBB\xBF", line),
        absl::StrCat(std::string(3, '\0'), line)}) {
    EXPECT_EQ(Event(same).source_event_id(), id);
  }
  EXPECT_NE(Event(Line(R"("revision":"1")")).source_event_id(), id);
}

TEST(DeployLineTest, KeepsMembersItDoesNotKnowAsLabels) {
  const v1::Event event = Event(
      Line(R"("pipeline":77,"dry_run":false,"region":"eu","nothing":null,)"
           R"("tags":["a","b"],"build":{"n":1.5},"labels":{"region":"us"})"));
  EXPECT_THAT(
      event.labels(),
      UnorderedElementsAre(Pair("pipeline", "77"), Pair("dry_run", "false"),
                           Pair("region", "us"), Pair("tags", R"(["a","b"])"),
                           Pair("build", R"({"n":1.5})")));
}

TEST(DeployLineTest, NeverRefusesALineForMembersItDoesNotKnow) {
  std::string more =
      absl::StrCat(R"("":"a",")", std::string(200, 'k'), R"(":"b","long":")",
                   std::string(9000, 'v'), "\"");
  for (int i = 0; i < 100; ++i) absl::StrAppend(&more, ",\"x", i, "\":", i);
  const v1::Event event = Event(Line(more));
  EXPECT_EQ(event.labels_size(), limits::kLabelCountMax);
  EXPECT_EQ(event.labels().at("long").size(), limits::kLabelValueBytesMax);
}

TEST(DeployLineTest, RefusesWhatIsNotOneObject) {
  EXPECT_THAT(Normalize("[1]"),
              StatusIs(kInvalid, "the line is a list; expected an object"));
  EXPECT_THAT(Normalize("\"x\""), StatusIs(kInvalid, HasSubstr("an object")));
  for (const char* line :
       {"{", "not json", R"({"a":1)", R"({"a":1} {"b":2})", "{'a':1}",
        R"({"a":123456789012345678901234567890})", R"({"a":"\ud800"})"}) {
    EXPECT_THAT(Normalize(line), StatusIs(kInvalid, HasSubstr("not JSON: ")))
        << line;
  }
  const std::string nul(1, '\0');
  EXPECT_THAT(Normalize(absl::StrReplaceAll(Line(""), {{"4.2", nul}})),
              StatusIs(kInvalid, HasSubstr("not JSON: ")));
}

TEST(DeployLineTest, NamesTheByteThatIsNotUtf8) {
  EXPECT_THAT(Normalize("{\"title\":\"pl\xE9n\"}"),
              StatusIs(kInvalid, "not UTF-8 at byte 13 (0xE9)"));
}

TEST(DeployLineTest, SurvivesDeepNesting) {
  const std::string deep(100000, '[');
  EXPECT_THAT(Normalize(absl::StrCat(R"({"a":)", deep)),
              StatusIs(kInvalid, HasSubstr("not JSON")));
  const std::string nested =
      absl::StrCat(std::string(900, '['), std::string(900, ']'));
  EXPECT_EQ(Event(Line(absl::StrCat(R"("a":)", nested))).labels().at("a"),
            nested);
}

// --- Mutations --------------------------------------------------------------

void ExpectWithinLimits(const v1::Event& event) {
  EXPECT_TRUE(IsValidTime(event.event_time()));
  EXPECT_LE(ToTime(event.event_time()), kNow + limits::kEventTimeAheadMax);
  EXPECT_FALSE(event.source_event_id().empty());
  EXPECT_LE(event.source_event_id().size(), limits::kSourceEventIdBytesMax);
  EXPECT_FALSE(event.service().empty());
  EXPECT_LE(event.service().size(), limits::kNameBytesMax);
  EXPECT_LE(event.environment().size(), limits::kNameBytesMax);
  EXPECT_LE(event.actor().size(), limits::kNameBytesMax);
  EXPECT_FALSE(event.title().empty());
  EXPECT_LE(event.title().size(), limits::kTitleBytesMax);
  EXPECT_LE(event.description().size(), limits::kTextBytesMax);
  EXPECT_LE(event.labels_size(), limits::kLabelCountMax);
  for (const auto& [key, value] : event.labels()) {
    EXPECT_FALSE(key.empty());
    EXPECT_LE(key.size(), limits::kLabelKeyBytesMax);
    EXPECT_LE(value.size(), limits::kLabelValueBytesMax);
    EXPECT_TRUE(IsUtf8(key) && IsUtf8(value));
  }
  for (const auto& link : event.links()) EXPECT_TRUE(IsUrl(link.url()));
  const v1::Change& change = event.change();
  EXPECT_LE(change.revision().size(), limits::kNameBytesMax);
  EXPECT_LE(change.previous_revision().size(), limits::kNameBytesMax);
  EXPECT_LE(change.paths_size(), limits::kChangePathCountMax);
  for (const auto& path : change.paths()) {
    EXPECT_TRUE(!path.empty() && path.size() <= limits::kChangePathBytesMax);
  }
  EXPECT_LE(change.services_size(), limits::kChangeServiceCountMax);
  EXPECT_TRUE(change.url().empty() || IsUrl(change.url()));
  for (const std::string* text :
       {&event.service(), &event.title(), &event.description(), &event.actor(),
        &event.source_event_id(), &change.revision()}) {
    EXPECT_TRUE(IsUtf8(*text));
  }
}

std::string Mutate(std::string line, std::mt19937_64* random) {
  static const char* const kPieces[] = {"\"",          "{",
                                        "}",           "[",
                                        "]",           ",",
                                        ":",           "null",
                                        "1e309",       "-1",
                                        "\\ud83d",     "\\u0000",
                                        "\xC3",        "\xF0\x9F\x98\x80",
                                        "\"time\":",   "\"labels\":{",
                                        "\"paths\":[", "99999999999",
                                        "\n",          "\r",
                                        "true"};
  const int change_count = 1 + static_cast<int>((*random)() % 4);
  for (int i = 0; i < change_count && !line.empty(); ++i) {
    const size_t at = (*random)() % line.size();
    switch ((*random)() % 5) {
      case 0:
        line[at] = static_cast<char>((*random)());
        break;
      case 1:
        line.erase(at, 1 + (*random)() % 8);
        break;
      case 2:
        line.insert(at, kPieces[(*random)() % std::size(kPieces)]);
        break;
      case 3:
        line.insert(at, line.substr((*random)() % line.size(), 40));
        break;
      default:
        line.insert(at, std::string((*random)() % 6000, 'x'));
    }
  }
  return line;
}

TEST(DeployLineTest, NeverYieldsAnEventBeyondTheLimitsWhateverTheLine) {
  const uint64_t seed = support::Seed();
  SCOPED_TRACE(absl::StrCat("SECONDSTORY_SEED=", seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> lines = {
      Line(""),
      Line(R"("id":"1","kind":"rolled_back","outcome":"failed","extra":[1])"),
      Line(R"("kind":"note","url":"https://x","labels":{"a":"b","c":"d"})"),
      Line(R"("paths":["a","b"],"services":["c"],"revision":"\u00e4\n")")};
  int event_count = 0;
  for (int i = 0; i < 20000 && !testing::Test::HasFailure(); ++i) {
    const std::string line = Mutate(lines[random() % lines.size()], &random);
    const absl::StatusOr<v1::Event> event = Normalize(line);
    if (event.ok()) {
      ++event_count;
      ExpectWithinLimits(*event);
    } else {
      EXPECT_EQ(event.status().code(), kInvalid);
      EXPECT_LT(event.status().message().size(), 1000u);
      EXPECT_TRUE(IsUtf8(event.status().message()));
    }
  }
  EXPECT_GT(event_count, 500);
}

}  // namespace
}  // namespace secondstory::ingest
