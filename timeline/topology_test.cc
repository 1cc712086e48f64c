#include "timeline/topology.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using ::testing::HasSubstr;

TEST(TopologyTest, CountsCallsInBothDirections) {
  SS_ASSERT_OK_AND_ASSIGN(
      Topology topology,
      Topology::ParseCsv(
          "source,target\nweb,api\napi,cart\ncart,db\nmail,smtp\n"));
  EXPECT_EQ(topology.Distance("web", "web"), 0);
  EXPECT_EQ(topology.Distance("api", "web"), 1);
  EXPECT_EQ(topology.Distance("web", "cart"), 2);
  EXPECT_EQ(topology.Distance("web", "db"), Topology::kFar);
  EXPECT_EQ(topology.Distance("web", "smtp"), Topology::kApart);
  EXPECT_EQ(topology.Distance("web", "unheard"), Topology::kUnknown);
  EXPECT_EQ(topology.Distance("", ""), Topology::kUnknown);
  EXPECT_EQ(topology.Distance("unheard", "unheard"), 0);
  EXPECT_TRUE(topology.Calls("web", "api"));
  EXPECT_FALSE(topology.Calls("api", "web"));
}

TEST(TopologyTest, KnowsAServiceThatIsConnectedWithNothing) {
  const Topology topology({{"web", {"api", "api", "web"}}, {"mail", {}}});
  EXPECT_EQ(topology.Distance("web", "api"), 1);
  EXPECT_EQ(topology.Distance("web", "web"), 0);
  EXPECT_EQ(topology.Distance("mail", "api"), Topology::kApart);
  EXPECT_EQ(topology.CountConnected(topology.FindNode("mail")), 1);
}

TEST(TopologyTest, ReadsQuotedNamesAndWindowsLines) {
  SS_ASSERT_OK_AND_ASSIGN(
      Topology topology,
      Topology::ParseCsv("source,target\r\n\"a,b\",\"say \"\"c\"\"\"\r\n\r\n"));
  EXPECT_EQ(topology.Distance("a,b", "say \"c\""), 1);
}

TEST(TopologyTest, NamesTheLineThatIsNoEdge) {
  EXPECT_THAT(Topology::ParseCsv("source,target\na,b\nonly one\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 3 is \"only one\"")));
  EXPECT_THAT(
      Topology::ParseCsv("source,target\na,\"b\n"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2")));
}

TEST(TopologyTest, NamesTheMissingHeader) {
  EXPECT_THAT(
      Topology::ParseCsv("a,b\n"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the header")));
}

TEST(TopologyTest, KnowsNothingWhenEmpty) {
  EXPECT_THAT(Topology::ParseCsv(""), IsOk());
  EXPECT_EQ(Topology().Distance("a", "b"), Topology::kUnknown);
}

}  // namespace
}  // namespace secondstory::timeline
