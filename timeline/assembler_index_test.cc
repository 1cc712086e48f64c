// Goal: what is found by index is what a look at everything finds.
// Method: a seeded stream of alerts, resolves, notes and changes of all kinds,
// some of them a day late, with decisions of people and forgetting in between;
// whatever an assembler that follows took last of every candidate is, byte for
// byte, what one makes that is given all events so far at once.
// Seed: printed; set SECONDSTORY_SEED to replay.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "timeline/assembler.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

constexpr absl::string_view kServices[] = {"shop-web", "shop-api", "cart",
                                           "stock-db", "mail",     "report"};
constexpr absl::string_view kNames[] = {"HighErrorRate", "HighLatency",
                                        "QueueGrows", "DiskNearlyFull"};

using Random = std::mt19937_64;

int Pick(Random* random, int bound) {
  return static_cast<int>((*random)() % static_cast<uint64_t>(bound));
}

// One of so few that they meet.
std::string PickRevision(Random* random) {
  return absl::StrCat("rev", 1000 + Pick(random, 30));
}

Event MakeUndo(Random* random, absl::Duration after,
               absl::string_view service) {
  Event undo =
      MakeEvent(EventKind::kChangeRolledBack, after, service, "rolled back");
  switch (Pick(random, 6)) {
    case 0:
      undo.change.previous_revision = PickRevision(random);
      break;
    case 1:
      undo.labels = {{"reverts", PickRevision(random)}};
      break;
    case 2:
      undo.title = absl::StrCat("rolled back ", PickRevision(random));
      break;
    case 3:
      undo.title = "rolled back, did not help";
      break;
    case 4:
      undo.kind = EventKind::kChangeFinished;
      undo.title =
          absl::StrCat("Revert \"Raise limit of ", service, " again\"");
      undo.change.revision = PickRevision(random);
      break;
    default:  // does not say of what
      break;
  }
  return undo;
}

Event MakeAnyChange(Random* random, absl::Duration after,
                    absl::string_view service) {
  if (Pick(random, 5) == 0) return MakeUndo(random, after, service);
  Event change = MakeChange(after, Pick(random, 12) == 0 ? "" : service,
                            absl::StrCat("Raise limit of ", service, " again"),
                            PickRevision(random));
  constexpr EventKind kKinds[] = {EventKind::kChangeStarted,
                                  EventKind::kChangeFinished,
                                  EventKind::kChangeFailed};
  change.kind = kKinds[Pick(random, 3)];
  if (Pick(random, 4) == 0) change.change.services = {"stock-db"};
  if (Pick(random, 6) == 0) change.title = "HighLatency of the queue grows";
  return change;
}

Event MakeAny(Random* random, absl::Duration after) {
  const absl::string_view service = kServices[Pick(random, 6)];
  const int kind = Pick(random, 20);
  if (kind < 7) return MakeAlert(after, service, kNames[Pick(random, 4)]);
  if (kind < 10) {
    Event event = MakeAlert(after, service, kNames[Pick(random, 4)]);
    event.kind = EventKind::kAlertResolved;
    if (Pick(random, 5) == 0) event.labels.clear();  // names no alert
    return event;
  }
  if (kind < 17) return MakeAnyChange(random, after, service);
  constexpr EventKind kKinds[] = {EventKind::kUserReport,
                                  EventKind::kHumanAction, EventKind::kNote};
  return MakeEvent(kKinds[kind - 17], after,
                   Pick(random, 3) == 0 ? absl::string_view() : service,
                   absl::StrCat("about the ", service, " provider"));
}

// How far events are apart, at most, but for lulls.
constexpr absl::Duration kUsual = absl::Minutes(15);
constexpr absl::Duration kDense = absl::Milliseconds(900);

// In the order of appending.
std::vector<Event> MakeStream(Random* random, int count, absl::Duration apart) {
  std::vector<Event> events;
  absl::Duration after;
  for (int i = 0; i < count; ++i) {
    if (Pick(random, 3) > 0) after += apart * Pick(random, 900) / 900;
    if (Pick(random, 12) == 0) after += absl::Minutes(Pick(random, 400));
    Event event = MakeAny(random, after);
    event.id = absl::StrCat("e", (*random)() % 1000000, "-", i);
    event.source_event_id = event.id;
    const absl::Duration late = Pick(random, 8) == 0
                                    ? absl::Minutes(Pick(random, 1400))
                                    : apart * Pick(random, 90) / 900;
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

// What was taken last of each candidate.
class Follower {
 public:
  Follower()
      : assembler_(AssemblerOptions(), *Topology::ParseCsv(WorldTopology())) {}

  Assembler& assembler() { return assembler_; }

  void Take() {
    for (Candidate& candidate : assembler_.TakeChanged()) {
      taken_[candidate.id] = std::move(candidate);
    }
  }

  // Two symptoms of the latest candidates, to decide about.
  std::vector<std::string> LatestIds() const {
    std::map<absl::Time, std::string> ids;
    for (const auto& [id, candidate] : taken_) {
      for (const TimelineLine& line : candidate.lines) {
        if (IsSymptom(line.kind)) ids[line.event_time] = line.event_id;
      }
    }
    std::vector<std::string> latest;
    for (auto at = ids.rbegin(); at != ids.rend() && latest.size() < 2; ++at) {
      latest.push_back(at->second);
    }
    std::sort(latest.begin(), latest.end());
    return latest;
  }

  // Those that are still candidates, by id.
  std::map<std::string, std::string> Print() const {
    std::map<std::string, std::string> texts;
    for (const auto& [id, candidate] : taken_) {
      if (candidate.state == CandidateState::kMerged) continue;
      texts[id] = timeline::Print(candidate);
    }
    return texts;
  }

  void ExpectCounts() {
    size_t open = 0;
    for (const auto& [id, candidate] : taken_) {
      open += candidate.state == CandidateState::kOpen ? 1 : 0;
    }
    EXPECT_EQ(assembler_.CountCandidates(CandidateState::kOpen), open);
  }

 private:
  Assembler assembler_;
  std::map<std::string, Candidate> taken_;
};

class AssemblerIndexTest : public ::testing::TestWithParam<int> {
 protected:
  // Whether it forgets, and how many events there are between takings, at most.
  void Run(bool forgets, int events_between, absl::Duration apart = kUsual) {
    const uint64_t seed = TestSeed(static_cast<uint64_t>(GetParam()));
    Random random(seed);
    const std::vector<Event> events = MakeStream(&random, 320, apart);
    std::vector<Decision> decisions;
    Follower follower;
    for (size_t i = 0; i < events.size(); ++i) {
      follower.assembler().Add(events[i]);
      if (Pick(&random, events_between) != 0) continue;
      follower.Take();
      if (forgets && Pick(&random, 10) == 0) follower.assembler().Forget();
      if (Pick(&random, 40) == 0) {
        decisions.push_back(Decide(&random, events[i], follower));
        follower.assembler().Decide(decisions.back());
        follower.Take();
      }
      if (Pick(&random, 8) == 0) Compare(events, i, decisions, &follower);
    }
    follower.Take();
    Compare(events, events.size() - 1, decisions, &follower);
  }

 private:
  static Decision Decide(Random* random, const Event& event,
                         const Follower& follower) {
    std::vector<std::string> ids = follower.LatestIds();
    Decision decision;
    decision.time = event.append_time;
    decision.author = "sam";
    if (ids.size() == 2 && Pick(random, 2) == 0) {
      decision.taken = {ids.back()};
      ids.pop_back();
    }
    decision.kept = std::move(ids);
    return decision;
  }

  static void Compare(const std::vector<Event>& events, size_t last,
                      const std::vector<Decision>& decisions,
                      Follower* follower) {
    follower->ExpectCounts();
    Follower whole;
    for (size_t i = 0; i <= last; ++i) whole.assembler().Add(events[i]);
    for (const Decision& each : decisions) whole.assembler().Decide(each);
    whole.Take();
    ASSERT_EQ(follower->Print(), whole.Print()) << "after event " << last;
  }
};

TEST_P(AssemblerIndexTest, GivesWhatALookAtEverythingGivesAfterEveryEvent) {
  Run(/*forgets=*/false, /*events_between=*/1);
}

TEST_P(AssemblerIndexTest, GivesWhatALookAtEverythingGivesWithinBursts) {
  Run(/*forgets=*/true, /*events_between=*/1, kDense);
}

TEST_P(AssemblerIndexTest, GivesWhatALookAtEverythingGivesAfterSomeEvents) {
  Run(/*forgets=*/false, /*events_between=*/12);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AssemblerIndexTest, ::testing::Range(1, 7));

// Decisions may be about what is forgotten, and then come to nothing.
class AssemblerForgettingTest : public AssemblerIndexTest {};

TEST_P(AssemblerForgettingTest, GivesWhatALookAtEverythingGivesWhenForgetting) {
  Run(/*forgets=*/true, /*events_between=*/3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AssemblerForgettingTest,
                         ::testing::Range(1, 7));

}  // namespace
}  // namespace secondstory::timeline
