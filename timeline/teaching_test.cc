// Goal: what people merge and split in one half of a history groups the other
// half better.
// Method: histories are made from a seed, in which services that no graph
// connects alert together, and an alert that has nothing to do with it fires
// beside. In the first half, a person puts right what is grouped wrongly; the
// second half measures pairs of alerts, with and without what that taught.
// Seed: printed; set SECONDSTORY_SEED to replay.
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "timeline/affinity.h"
#include "timeline/assembler.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

constexpr int kIncidents = 160;
constexpr int kKinds = 4;

// Alerts of one moment, and which of them belong together.
struct Moment {
  std::vector<Event> alerts;
  std::vector<int> incident;  // of each alert
};

// Of each kind: two services that alert together, and in half of the cases a
// certificate that happens to expire at the first of them.
Moment MakeMoment(int index, std::mt19937_64* random) {
  const auto kind = static_cast<int>((*random)() % kKinds);
  const absl::Duration at = absl::Hours(6) * index;
  const auto soon = [&] {
    return at + absl::Seconds(static_cast<int>((*random)() % 20));
  };
  const std::string front = absl::StrCat("front", kind);
  Moment moment;
  moment.alerts.push_back(MakeAlert(at, front, "HighLatency"));
  moment.alerts.push_back(
      MakeAlert(soon(), absl::StrCat("queue", kind), "Backlog"));
  moment.incident = {0, 0};
  if ((*random)() % 2 == 0) {
    moment.alerts.push_back(MakeAlert(soon(), front, "CertificateExpires"));
    moment.incident.push_back(1);
  }
  return moment;
}

// Pairs of alerts of one moment.
struct Pairs {
  double right = 0;   // together, as they belong
  double wrong = 0;   // together, but of two incidents
  double missed = 0;  // apart, but of one

  double F1() const { return 2 * right / (2 * right + wrong + missed); }
};

class History {
 public:
  History() {
    AssemblerOptions options;
    options.affinity = &affinity_;
    assembler_ = std::make_unique<Assembler>(options, Topology());
  }

  // Adds the alerts, and puts right what became of them if `teach`.
  void Add(Moment moment, bool teach) {
    for (Event& event : moment.alerts) {
      event.position = ++position_;
      assembler_->Add(event);
    }
    std::map<std::string, std::string> candidate_of;
    for (const Candidate& candidate : assembler_->TakeChanged()) {
      for (const TimelineLine& line : candidate.lines) {
        candidate_of[line.event_id] = candidate.id;
      }
    }
    for (size_t i = 0; i < moment.alerts.size(); ++i) {
      for (size_t j = i + 1; j < moment.alerts.size(); ++j) {
        const bool is_together = candidate_of[moment.alerts[i].id] ==
                                 candidate_of[moment.alerts[j].id];
        const bool belongs = moment.incident[i] == moment.incident[j];
        if (is_together && belongs) ++pairs_.right;
        if (is_together && !belongs) ++pairs_.wrong;
        if (!is_together && belongs) ++pairs_.missed;
        if (teach && is_together != belongs) {
          PutRight(moment.alerts[i], moment.alerts[j], belongs);
        }
      }
    }
  }

  Pairs TakePairs() { return std::exchange(pairs_, {}); }

 private:
  void PutRight(const Event& one, const Event& other, bool belongs) {
    const auto pattern = [](const Event& event) {
      return PatternOf(event.service, DisplayTitle(event));
    };
    const Sides sides = {{pattern(one)}, {pattern(other)}};
    affinity_.Add(++position_, [&](std::shared_ptr<const Affinity>* now) {
      Affinity next = *now == nullptr ? Affinity() : **now;
      belongs ? next.Join(sides) : next.Part(sides);
      *now = std::make_shared<Affinity>(std::move(next));
    });
  }

  AffinityHistory affinity_;
  std::unique_ptr<Assembler> assembler_;
  uint64_t position_ = 0;
  Pairs pairs_;
};

class TeachingTest : public ::testing::TestWithParam<int> {};

TEST_P(TeachingTest, WhatOneHalfTaughtGroupsTheOtherHalfBetter) {
  std::mt19937_64 random(TestSeed(static_cast<uint64_t>(GetParam())));
  History taught;
  History plain;
  for (int i = 0; i < kIncidents; ++i) {
    const Moment moment = MakeMoment(i, &random);
    if (i == kIncidents / 2) {
      taught.TakePairs();
      plain.TakePairs();
    }
    taught.Add(moment, /*teach=*/i < kIncidents / 2);
    plain.Add(moment, /*teach=*/false);
  }
  const Pairs with = taught.TakePairs();
  const Pairs without = plain.TakePairs();
  EXPECT_GT(with.right, without.right);
  EXPECT_LT(with.wrong, without.wrong);
  EXPECT_GT(with.F1(), without.F1() + 0.4);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TeachingTest, ::testing::Range(1, 5));

}  // namespace
}  // namespace secondstory::timeline
