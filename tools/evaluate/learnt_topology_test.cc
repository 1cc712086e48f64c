// Goal: what is learnt is there, and what chance brings together is not.
// Method: histories made by code, of services of which is known who depends on
// whom. Seed: printed; SECONDSTORY_SEED replays.
#include "tools/evaluate/learnt_topology.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/assembler/topology_file.h"
#include "timeline/scenario.h"

namespace secondstory::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

void AddIncident(const std::vector<std::string>& services, History* history) {
  Incident incident;
  for (const std::string& service : services) {
    history->events.push_back(timeline::MakeAlert(
        absl::Minutes(static_cast<int64_t>(history->events.size())), service,
        "Slow"));
    incident.symptoms.push_back(history->events.back().id);
  }
  history->incidents.push_back(incident);
}

// `together` incidents of cart and checkout, `alone` of each, and `others`,
// each of a service of its own.
History MakeHistory(int together, int alone, int others) {
  History history;
  for (int i = 0; i < together; ++i) {
    AddIncident({"checkout", "cart", "cart"}, &history);
  }
  for (int i = 0; i < alone; ++i) {
    AddIncident({"cart"}, &history);
    AddIncident({"checkout"}, &history);
  }
  for (int i = 0; i < others; ++i) {
    AddIncident({absl::StrCat("other", i)}, &history);
  }
  return history;
}

TEST(LearnTopologyTest, FindsServicesThatKeepComingTogether) {
  // 6 of 10 and 10 in 18 are chance, 6 of 8 and 8 in 30 are not.
  const LearntTopology learnt = LearnTopology(MakeHistory(6, 4, 4), 3);
  EXPECT_EQ(learnt.incident_count, 18);
  EXPECT_EQ(learnt.tried_count, 1);
  EXPECT_THAT(learnt.pairs, IsEmpty());
  const LearntTopology more = LearnTopology(MakeHistory(6, 2, 20), 3);
  ASSERT_THAT(more.pairs, SizeIs(1));
  EXPECT_EQ(more.pairs[0].one, "cart");
  EXPECT_EQ(more.pairs[0].other, "checkout");
  EXPECT_EQ(more.pairs[0].one_count, 8);
  EXPECT_EQ(more.pairs[0].together_count, 6);
}

TEST(LearnTopologyTest, CountsWaysToShareAsManyIncidentsForTheChance) {
  // 3 of 3 and 3 in 8 incidents: one of the 56 ways to choose three of eight.
  const LearntTopology learnt = LearnTopology(MakeHistory(3, 0, 5), 3);
  ASSERT_THAT(learnt.pairs, SizeIs(1));
  EXPECT_NEAR(learnt.pairs[0].chance, 1.0 / 56, 1e-9);
}

TEST(LearnTopologyTest, WantsAsManyIncidentsTogetherAsAsked) {
  EXPECT_THAT(LearnTopology(MakeHistory(6, 2, 20), 6).pairs, SizeIs(1));
  EXPECT_THAT(LearnTopology(MakeHistory(6, 2, 20), 7).pairs, IsEmpty());
}

TEST(LearnTopologyTest, LeavesOutIncidentsOfVeryManyServices) {
  History history = MakeHistory(0, 4, 4);
  std::vector<std::string> all;
  for (size_t i = 0; i <= kToldApartMax; ++i) {
    all.push_back(absl::StrCat("service", i));
  }
  for (int i = 0; i < 8; ++i) AddIncident(all, &history);
  const LearntTopology learnt = LearnTopology(history, 3);
  EXPECT_EQ(learnt.large_count, 8);
  EXPECT_THAT(learnt.pairs, IsEmpty());
}

TEST(LearnTopologyTest, SeldomConnectsWhatComesTogetherByChance) {
  std::mt19937_64 random(timeline::TestSeed(4));
  int histories_with_a_pair = 0;
  for (int run = 0; run < 100; ++run) {
    History history;
    for (int i = 0; i < 80; ++i) {
      std::vector<std::string> services;
      const uint64_t count = 1 + random() % 4;
      for (uint64_t j = 0; j < count; ++j) {
        services.push_back(absl::StrCat("service", random() % 12));
      }
      AddIncident(services, &history);
    }
    if (!LearnTopology(history, 3).pairs.empty()) ++histories_with_a_pair;
  }
  // Five at most are expected; more than 15 in a hundred have p < 0.0001.
  EXPECT_LE(histories_with_a_pair, 15);
}

TEST(FormatTopologyYamlTest, PrintsWhatAssemblerdReads) {
  const std::string yaml =
      FormatTopologyYaml(LearnTopology(MakeHistory(6, 2, 20), 3));
  EXPECT_THAT(yaml, HasSubstr("learnt from 30 incidents.\n"));
  EXPECT_THAT(yaml, HasSubstr("cart:\n- checkout  # together in 6 of 8 and 8; "
                              "by chance 2.1, p = "));
  EXPECT_THAT(yaml, Not(HasSubstr("Left out")));
  SS_ASSERT_OK_AND_ASSIGN(const timeline::Topology topology,
                          ingest::ParseTopologyYaml(yaml, "learnt.yaml"));
  EXPECT_TRUE(topology.Calls("cart", "checkout"));
  EXPECT_TRUE(topology.Calls("checkout", "cart"));
}

TEST(FormatTopologyYamlTest, QuotesNamesThatYamlTakesForSomethingElse) {
  LearntTopology learnt;
  learnt.incident_count = 9;
  learnt.pairs = {{"a: b", "null", 3, 3, 3, 0.001},
                  {"7", "tab\t\"quoted\"", 3, 3, 3, 0.001}};
  SS_ASSERT_OK_AND_ASSIGN(
      const timeline::Topology topology,
      ingest::ParseTopologyYaml(FormatTopologyYaml(learnt), "learnt.yaml"));
  EXPECT_TRUE(topology.Calls("null", "a: b"));
  EXPECT_TRUE(topology.Calls("7", "tab\t\"quoted\""));
}

TEST(FormatTopologyYamlTest, SaysThatNoneWasFoundInAFileThatCanBeRead) {
  History history = MakeHistory(0, 1, 1);
  std::vector<std::string> all;
  for (size_t i = 0; i <= kToldApartMax; ++i) {
    all.push_back(absl::StrCat("service", i));
  }
  AddIncident(all, &history);
  const std::string yaml = FormatTopologyYaml(LearnTopology(history, 3));
  EXPECT_THAT(yaml, HasSubstr("Left out: 1 incident of more than 10 services"));
  EXPECT_THAT(yaml, HasSubstr("None did; more incidents may show some."));
  EXPECT_THAT(ingest::ParseTopologyYaml(yaml, "learnt.yaml"), IsOk());
}

}  // namespace
}  // namespace secondstory::evaluate
