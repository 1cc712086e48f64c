#include "timeline/scenario.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/strings/str_cat.h"

namespace secondstory::timeline {
namespace {

constexpr absl::string_view kServices[] = {"shop-web", "shop-api", "cart",
                                           "stock-db", "mail",     "report"};
constexpr absl::string_view kAlerts[] = {"HighErrorRate", "HighLatency",
                                         "QueueGrows", "DiskNearlyFull"};

// Uniform in [0, bound): std::uniform_int_distribution differs by library.
int Pick(std::mt19937_64* random, int bound) {
  return static_cast<int>((*random)() % static_cast<uint64_t>(bound));
}

Event MakeWorldEvent(std::mt19937_64* random, absl::Duration after) {
  const absl::string_view service = kServices[Pick(random, 6)];
  const int kind = Pick(random, 20);
  if (kind < 9) return MakeAlert(after, service, kAlerts[Pick(random, 4)]);
  if (kind < 12) {
    Event event = MakeAlert(after, service, kAlerts[Pick(random, 4)]);
    event.kind = EventKind::kAlertResolved;
    return event;
  }
  if (kind < 17) {
    return MakeChange(after, service,
                      absl::StrCat("Raise limit of ", service, " again"),
                      absl::StrCat("rev", Pick(random, 40) + 1000));
  }
  if (kind == 17) {
    Event event =
        MakeEvent(EventKind::kChangeRolledBack, after, service, "rolled back");
    event.change.previous_revision =
        absl::StrCat("rev", Pick(random, 40) + 1000);
    return event;
  }
  const bool is_report = kind == 19;
  const bool names_service = !is_report || Pick(random, 3) > 0;
  return MakeEvent(is_report ? EventKind::kUserReport : EventKind::kHumanAction,
                   after, names_service ? service : "",
                   absl::StrCat("about ", service));
}

}  // namespace

absl::Time ScenarioStart() { return absl::FromUnixSeconds(1767225600); }

Event MakeEvent(EventKind kind, absl::Duration after, absl::string_view service,
                absl::string_view title) {
  Event event;
  event.kind = kind;
  event.event_time = ScenarioStart() + after;
  event.source = "test";
  event.service = std::string(service);
  event.title = std::string(title);
  event.source_event_id =
      absl::StrCat(absl::ToInt64Milliseconds(after), "/",
                   static_cast<int>(kind), "/", service, "/", title);
  event.id = event.source_event_id;
  return event;
}

Event MakeAlert(absl::Duration after, absl::string_view service,
                absl::string_view name) {
  Event event = MakeEvent(EventKind::kAlertFired, after, service, name);
  event.labels = {{"alertname", std::string(name)}};
  return event;
}

Event MakeChange(absl::Duration after, absl::string_view service,
                 absl::string_view title, absl::string_view revision) {
  Event event = MakeEvent(EventKind::kChangeFinished, after, service, title);
  event.change.revision = std::string(revision);
  return event;
}

std::vector<Event> MakeWorld(uint64_t seed, int event_count) {
  std::mt19937_64 random(seed);
  std::vector<Event> events;
  absl::Duration after;
  for (int i = 0; i < event_count; ++i) {
    const int step = Pick(&random, 10);
    if (step > 2) after += absl::Seconds(Pick(&random, 240));
    if (step > 8) after += absl::Minutes(Pick(&random, 300));
    Event event = MakeWorldEvent(&random, after);
    event.id = absl::StrCat("e", random() % 1000000, "-", i);
    event.source_event_id = event.id;
    const absl::Duration late = Pick(&random, 20) == 0
                                    ? absl::Minutes(Pick(&random, 1200))
                                    : absl::Seconds(Pick(&random, 60));
    event.append_time = event.event_time + late;
    events.push_back(std::move(event));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) {
                     return a.append_time < b.append_time;
                   });
  for (size_t i = 0; i < events.size(); ++i) events[i].position = i + 1;
  return events;
}

std::string WorldTopology() {
  return "source,target\nshop-web,shop-api\nshop-api,cart\n"
         "cart,stock-db\nreport,stock-db\n";
}

uint64_t TestSeed(uint64_t fallback) {
  const char* given = std::getenv("SECONDSTORY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : fallback;
  std::cout << "SECONDSTORY_SEED=" << seed << "\n";
  return seed;
}

std::string Print(const Candidate& candidate) {
  std::string text = absl::StrCat(
      candidate.id, " state ", static_cast<int>(candidate.state), " \"",
      candidate.title, "\" ", absl::FormatTime(candidate.onset_time), " to ",
      absl::FormatTime(candidate.last_activity_time), " severity ",
      static_cast<int>(candidate.severity), " merged into \"",
      candidate.merged_into, "\" no change ", candidate.no_change_score, " \"",
      candidate.no_change_reason, "\"\n");
  for (const std::string& service : candidate.services) {
    absl::StrAppend(&text, "  service ", service, "\n");
  }
  for (const TimelineLine& line : candidate.lines) {
    absl::StrAppend(&text, "  line ", absl::FormatTime(line.event_time), " ",
                    static_cast<int>(line.kind), " ", line.event_id, " \"",
                    line.title, "\" ", line.service, " because ", line.reason,
                    " x", line.repeat_count, " resolved ",
                    absl::FormatTime(line.resolve_time), "\n");
  }
  for (const RankedChange& change : candidate.ranked_changes) {
    absl::StrAppend(&text, "  change ", change.event_id, " ", change.score,
                    "\n");
    for (const Evidence& evidence : change.evidence) {
      absl::StrAppend(&text, "    ", evidence.rule, " ", evidence.log_odds, " ",
                      evidence.text, "\n");
    }
  }
  return text;
}

std::string Print(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates) text += Print(candidate);
  return text;
}

}  // namespace secondstory::timeline
