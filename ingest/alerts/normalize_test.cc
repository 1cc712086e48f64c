#include "ingest/alerts/normalize.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/alerts/event_problem.h"
#include "tests/support/seed.h"

namespace secondstory::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// As Alertmanager 0.25 sends it.
constexpr char kWebhook[] = R"json({
  "receiver": "second-story", "status": "firing",
  "alerts": [{
    "status": "firing",
    "labels": {"alertname": "HighErrorRate", "service": "checkout",
               "env": "prod-eu", "severity": "critical", "pod": "checkout-7"},
    "annotations": {"summary": "5% of checkouts fail",
                    "description": "Since the last hour.",
                    "runbook_url": "https://runbooks.example/checkout",
                    "impact": "customers cannot pay"},
    "startsAt": "2026-03-01T13:00:00.123456789+01:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    "fingerprint": "c4a1b2c3d4e5f607"
  }],
  "groupLabels": {"alertname": "HighErrorRate"}, "commonLabels": {},
  "commonAnnotations": {}, "externalURL": "http://alertmanager:9093",
  "version": "4", "groupKey": "{}:{alertname=\"HighErrorRate\"}",
  "truncatedAlerts": 0
})json";

NormalizeOptions Options() {
  NormalizeOptions options;
  options.source = "alertmanager/prod";
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-03-01T12:00:30Z",
                              &options.observe_time, nullptr));
  return options;
}

std::string With(absl::string_view from, absl::string_view to) {
  EXPECT_THAT(kWebhook, HasSubstr(std::string(from)));
  return absl::StrReplaceAll(kWebhook, {{from, to}});
}

std::string Resolved() {
  return absl::StrReplaceAll(
      With("\"status\": \"firing\",\n    \"labels\"",
           "\"status\": \"resolved\",\n    \"labels\""),
      {{"0001-01-01T00:00:00Z", "2026-03-01T12:00:20Z"}});
}

std::vector<v1::Event> EventsOf(absl::string_view body) {
  auto normalized = NormalizeWebhook(body, Options());
  SS_EXPECT_OK(normalized);
  std::vector<v1::Event> events;
  if (!normalized.ok()) return events;
  for (const RefusedAlert& refused : normalized->refused) {
    ADD_FAILURE() << refused.field << " " << refused.reason;
  }
  for (const Alert& alert : normalized->alerts) AppendEventsOf(alert, &events);
  for (const v1::Event& event : events) EXPECT_EQ(EventProblem(event), "");
  return events;
}

v1::Event EventOf(absl::string_view body) {
  const std::vector<v1::Event> events = EventsOf(body);
  EXPECT_THAT(events, SizeIs(1));
  return events.empty() ? v1::Event() : events[0];
}

RefusedAlert RefusedOf(absl::string_view body) {
  auto normalized = NormalizeWebhook(body, Options());
  SS_EXPECT_OK(normalized);
  if (!normalized.ok() || normalized->refused.size() != 1) {
    ADD_FAILURE() << "expected one refused alert";
    return {};
  }
  return normalized->refused[0];
}

TEST(AlertNormalizeTest, MakesOneEventOfAFiringAlert) {
  const v1::Event event = EventOf(kWebhook);
  EXPECT_EQ(event.source(), "alertmanager/prod");
  EXPECT_EQ(event.source_event_id(),
            "c4a1b2c3d4e5f607/2026-03-01T12:00:00.123000Z/fired");
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_ALERT_FIRED);
  EXPECT_EQ(event.event_time().seconds(), 1772366400);
  EXPECT_EQ(event.event_time().nanos(), 123456000);
  EXPECT_EQ(event.observe_time().seconds(), 1772366430);
  EXPECT_EQ(event.service(), "checkout");
  EXPECT_EQ(event.environment(), "prod-eu");
  EXPECT_EQ(event.severity(), v1::SEVERITY_CRITICAL);
  EXPECT_EQ(event.title(), "5% of checkouts fail");
  EXPECT_EQ(event.description(),
            "Since the last hour.\nimpact: customers cannot pay\n"
            "runbook_url: https://runbooks.example/checkout");
  EXPECT_THAT(event.labels(),
              UnorderedElementsAre(
                  Pair("alertname", "HighErrorRate"),
                  Pair("service", "checkout"), Pair("env", "prod-eu"),
                  Pair("severity", "critical"), Pair("pod", "checkout-7")));
  std::vector<std::string> links;
  for (const v1::Link& link : event.links()) {
    links.push_back(link.title() + " " + link.url());
  }
  EXPECT_THAT(links,
              ElementsAre("query http://prometheus:9090/graph?g0.expr=up",
                          "runbook https://runbooks.example/checkout",
                          "alert source http://alertmanager:9093"));
}

TEST(AlertNormalizeTest, MakesBothEventsOfAResolvedAlert) {
  const std::vector<v1::Event> events = EventsOf(Resolved());
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].DebugString(), EventOf(kWebhook).DebugString());
  EXPECT_EQ(events[1].kind(), v1::EVENT_KIND_ALERT_RESOLVED);
  EXPECT_EQ(events[1].source_event_id(),
            "c4a1b2c3d4e5f607/2026-03-01T12:00:00.123000Z/resolved");
  EXPECT_EQ(events[1].event_time().seconds(), 1772366420);
  EXPECT_EQ(events[1].title(), "5% of checkouts fail");
  EXPECT_EQ(events[1].labels().count(kResolutionLabel), 0u);
}

TEST(AlertNormalizeTest, GivesARepeatTheSameId) {
  const std::string repeat = absl::StrReplaceAll(
      kWebhook, {{"alertmanager:9093", "alertmanager-1:9093"},
                 {"5% of", "9% of"},
                 {"2026-03-01T13:00:00.123456789+01:00",
                  "2026-03-01T12:00:00.123456789Z"}});
  EXPECT_EQ(EventOf(repeat).source_event_id(),
            EventOf(kWebhook).source_event_id());
}

TEST(AlertNormalizeTest, GivesWhatIsPolledTheIdThatItsWebhookHas) {
  // The API tells times to the millisecond.
  EXPECT_EQ(EventOf(With("00.123456789", "00.123")).source_event_id(),
            EventOf(kWebhook).source_event_id());
}

TEST(AlertNormalizeTest, TellsOccurrencesOfAFlappingAlertApart) {
  EXPECT_NE(EventOf(With("13:00:00", "13:05:00")).source_event_id(),
            EventOf(kWebhook).source_event_id());
}

TEST(AlertNormalizeTest, TakesTheFirstServiceLabelOfTheOrder) {
  EXPECT_EQ(EventOf(With("\"service\"", "\"job\"")).service(), "checkout");
  EXPECT_EQ(EventOf(With("\"pod\"", "\"namespace\"")).service(), "checkout");
  NormalizeOptions options = Options();
  options.service_labels = {"pod"};
  SS_ASSERT_OK_AND_ASSIGN(auto normalized, NormalizeWebhook(kWebhook, options));
  EXPECT_EQ(normalized.alerts[0].fired.service(), "checkout-7");
}

TEST(AlertNormalizeTest, FallsBackToTheAlertsNameForATitle) {
  EXPECT_EQ(EventOf(With("\"summary\"", "\"other\"")).title(), "HighErrorRate");
  EXPECT_EQ(EventOf(With("5% of checkouts fail", "a\\nb")).title(), "a b");
  EXPECT_EQ(EventOf(With("5% of checkouts fail", " \\n")).title(),
            "HighErrorRate");
}

TEST(AlertNormalizeTest, MapsTheUsualSeverities) {
  for (const auto& [word, severity] :
       std::vector<std::pair<std::string, v1::Severity>>{
           {"Page", v1::SEVERITY_CRITICAL},
           {"error", v1::SEVERITY_ERROR},
           {"WARNING", v1::SEVERITY_WARNING},
           {"none", v1::SEVERITY_INFO},
           {"purple", v1::SEVERITY_UNSPECIFIED}}) {
    EXPECT_EQ(EventOf(With("\"critical\"", "\"" + word + "\"")).severity(),
              severity)
        << word;
  }
}

TEST(AlertNormalizeTest, ShortensWhatIsTooLongAndSaysSo) {
  std::string labels;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&labels, "\"a", i, "\": \"x\", ");
  }
  const std::string long_text(20000, 'x');
  std::string body = With("\"pod\": \"", labels + "\"pod\": \"" + long_text);
  body = absl::StrReplaceAll(
      body, {{"Since the", long_text + "\u00e9"},
             {"5% of", absl::StrCat(std::string(1020, 'x'), "\u00e9\u00e9")},
             {"http://prometheus:9090", "javascript:alert(1)"},
             {"checkout\"", long_text + "\""}});
  const v1::Event event = EventOf(body);
  EXPECT_EQ(event.title(), std::string(1020, 'x') + "...");
  EXPECT_EQ(event.labels().at("alertname"), "HighErrorRate");
  const std::string shortened = event.labels().at(kShortenedLabel);
  for (const char* what : {"description", "title", "service", "label pod",
                           "label a99", "link query"}) {
    EXPECT_THAT(shortened, HasSubstr(what));
  }
}

TEST(AlertNormalizeTest, RejectsAlertWithoutStartTimeAndNamesTheField) {
  for (const std::string& body :
       {With("\"startsAt\"", "\"x\""),
        With("2026-03-01T13:00:00.123456789+01:00", "0001-01-01T00:00:00Z")}) {
    const RefusedAlert refused = RefusedOf(body);
    EXPECT_EQ(refused.index, 0);
    EXPECT_EQ(refused.field, "startsAt");
    EXPECT_THAT(refused.reason, HasSubstr("missing"));
    EXPECT_THAT(refused.json, HasSubstr("HighErrorRate"));
  }
}

TEST(AlertNormalizeTest, RejectsTimesThatAreNone) {
  for (const char* time :
       {"yesterday", "infinite-future", "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z", "2026-03-01", " 2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z ", "1772366400", "2026-03-03T12:00:00Z"}) {
    const RefusedAlert refused =
        RefusedOf(With("2026-03-01T13:00:00.123456789+01:00", time));
    EXPECT_EQ(refused.field, "startsAt") << time;
    EXPECT_EQ(refused.value, time);
  }
}

TEST(AlertNormalizeTest, RejectsAResolvedAlertThatDoesNotSayWhenItEnded) {
  for (const char* time : {"0001-01-01T00:00:00Z", "2026-03-01T11:00:00Z",
                           "2026-04-01T11:00:00Z", "x"}) {
    EXPECT_EQ(RefusedOf(absl::StrReplaceAll(Resolved(),
                                            {{"2026-03-01T12:00:20Z", time}}))
                  .field,
              "endsAt")
        << time;
  }
}

TEST(AlertNormalizeTest, RejectsOneBadAlertAndTakesTheOthers) {
  const std::string body =
      With("\"alerts\": [{",
           R"("alerts": [7, {"status": "firing"}, {"status": "odd"}, {"status":
         "firing", "labels": {"a": "b"}, "fingerprint": "a/b"}, {)");
  SS_ASSERT_OK_AND_ASSIGN(auto normalized, NormalizeWebhook(body, Options()));
  EXPECT_THAT(normalized.alerts, SizeIs(1));
  std::vector<std::string> refused;
  for (const RefusedAlert& alert : normalized.refused) {
    refused.push_back(absl::StrCat(alert.index, " ", alert.field));
  }
  EXPECT_THAT(refused,
              ElementsAre("0 ", "1 labels", "2 status", "3 fingerprint"));
}

TEST(AlertNormalizeTest, RejectsABodyThatIsNoWebhook) {
  for (const char* body :
       {"", "{", "null", "[]", "{}", "{\"alerts\":{}}", "\xff", "{\"alerts\"",
        "{\"alerts\":[],\"x\":\"\\ud800\"}"}) {
    EXPECT_THAT(
        NormalizeWebhook(body, Options()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the body")))
        << body;
  }
}

TEST(AlertNormalizeTest, TakesAGroupWithoutAlerts) {
  SS_ASSERT_OK_AND_ASSIGN(auto normalized,
                          NormalizeWebhook("{\"alerts\":[]}", Options()));
  EXPECT_THAT(normalized.alerts, IsEmpty());
}

TEST(AlertNormalizeTest, TellsHowManyAlertsTheSenderLeftOut) {
  SS_ASSERT_OK_AND_ASSIGN(
      auto normalized,
      NormalizeWebhook(With("\"truncatedAlerts\": 0", "\"truncatedAlerts\": 9"),
                       Options()));
  EXPECT_EQ(normalized.truncated_count, 9u);
}

// The value is the one that a real Alertmanager gave to these labels.
TEST(AlertNormalizeTest, MakesTheFingerprintThatAlertmanagerWouldMake) {
  EXPECT_EQ(AlertmanagerFingerprint({}), "cbf29ce484222325");
  const v1::Event event = EventOf(With("\"fingerprint\"", "\"x\""));
  EXPECT_THAT(event.source_event_id(),
              testing::StartsWith(AlertmanagerFingerprint(
                  {event.labels().begin(), event.labels().end()})));
}

// As Alertmanager 0.25 answers.
constexpr char kAlertList[] = R"json([{
  "annotations": {"summary": "5% of checkouts fail"},
  "endsAt": "2026-03-01T12:04:00.000Z",
  "fingerprint": "c4a1b2c3d4e5f607",
  "receivers": [{"name": "second-story"}],
  "startsAt": "2026-03-01T12:00:00.123Z",
  "status": {"inhibitedBy": [], "silencedBy": ["s-1", "s-2"],
             "state": "suppressed"},
  "updatedAt": "2026-03-01T12:00:00.123Z",
  "generatorURL": "http://prometheus:9090/graph",
  "labels": {"alertname": "HighErrorRate"}
}])json";

TEST(AlertNormalizeTest, ReadsAPolledAlertWithTheEndThatItHasForNow) {
  SS_ASSERT_OK_AND_ASSIGN(auto normalized,
                          NormalizeAlertList(kAlertList, Options()));
  ASSERT_THAT(normalized.alerts, SizeIs(1));
  const Alert& alert = normalized.alerts[0];
  EXPECT_FALSE(alert.resolved);
  EXPECT_EQ(alert.end_time - alert.start_time,
            absl::Minutes(4) - absl::Milliseconds(123));
  EXPECT_EQ(alert.fired.source_event_id(),
            "c4a1b2c3d4e5f607/2026-03-01T12:00:00.123000Z/fired");
}

TEST(AlertNormalizeTest, KeepsWhatSuppressesAPolledAlert) {
  SS_ASSERT_OK_AND_ASSIGN(auto normalized,
                          NormalizeAlertList(kAlertList, Options()));
  EXPECT_THAT(normalized.alerts[0].fired.labels(),
              UnorderedElementsAre(Pair("alertname", "HighErrorRate"),
                                   Pair(kStateLabel, "suppressed"),
                                   Pair(kSilencedByLabel, "s-1, s-2")));
}

TEST(AlertNormalizeTest, SaysHowAnInferredEndIsKnown) {
  const v1::Event event =
      ResolvedEvent(EventOf(kWebhook), Options().observe_time,
                    Options().observe_time, "it vanished");
  EXPECT_EQ(event.labels().at(kResolutionLabel), "it vanished");
  EXPECT_EQ(EventProblem(event), "");
}

// Goal: no body, however broken, crashes us or becomes an event that incidentd
// refuses. Method: valid bodies, changed at random: bytes replaced, pieces cut
// out, doubled or swapped with pieces that hurt.
// Seed: printed on failure; set SECONDSTORY_SEED to replay.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  void Mutate(std::string* body) {
    const size_t at = Below(body->size() + 1);
    const size_t size = Below(std::min<size_t>(40, body->size() - at) + 1);
    switch (Below(5)) {
      case 0:
        body->replace(at, size, "");
        return;
      case 1:
        body->insert(at, body->substr(at, size));
        return;
      case 2:
        body->replace(at, size > 0 ? 1 : 0,
                      std::string(1, static_cast<char>(random_())));
        return;
      default:
        ReplaceValue(body);
    }
  }

 private:
  size_t Below(size_t end) { return random_() % end; }

  // Puts something that hurts where a value stands.
  void ReplaceValue(std::string* body) {
    static const auto& values = *new std::vector<std::string>{
        "null",
        "-1",
        "18446744073709551616",
        "1e999",
        "[]",
        "{}",
        "\"\"",
        "\"\\ud800\"",
        "\"\\udfff\"",
        "\"\\u0000\"",
        "\"resolved\"",
        "\"9999-12-31T23:59:59.999999999Z\"",
        "\"1970-01-01T00:00:00Z\"",
        "\"2026-02-30T00:00:00Z\"",
        "\"\xf0\x9f\x92\xa9\"",
        "\"" + std::string(70000, 'y') + "\"",
        "\"https://" + std::string(3000, 'z') + "\"",
        "{\"" + std::string(200, 'k') + "\": {\"a\": [1]}}"};
    const size_t colon = body->find(": ", Below(body->size() + 1));
    if (colon == std::string::npos) return;
    size_t end = body->find_first_of(",}", colon + 2);
    if (end == std::string::npos) end = body->size();
    body->replace(colon + 2, end - colon - 2, values[Below(values.size())]);
  }

  std::mt19937_64 random_;
};

TEST(AlertNormalizeTest, MakesOnlyAcceptableEventsOfAnyBody) {
  Mutator mutator(support::Seed());
  int event_count = 0;
  for (int round = 0; round < 20000; ++round) {
    const bool webhook = round % 3 != 0;
    std::string body =
        !webhook ? kAlertList : (round % 2 == 0 ? kWebhook : Resolved());
    for (int i = 0; i <= round % 4; ++i) mutator.Mutate(&body);
    auto normalized = webhook ? NormalizeWebhook(body, Options())
                              : NormalizeAlertList(body, Options());
    if (!normalized.ok()) continue;
    for (const Alert& alert : normalized->alerts) {
      std::vector<v1::Event> events;
      AppendEventsOf(alert, &events);
      for (const v1::Event& event : events) {
        ++event_count;
        ASSERT_EQ(EventProblem(event), "") << body;
      }
    }
  }
  EXPECT_GT(event_count, 1000);
}

}  // namespace
}  // namespace secondstory::ingest
