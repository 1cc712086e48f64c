#include "tools/story/table.h"

#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

TEST(TableTest, AlignsColumnsByTheirWidestCell) {
  Table table({{"A"}, {"NAME"}});
  table.AddRow({"\u6771\u4eac", "x"});
  table.AddRow({"1", "yz"});
  EXPECT_EQ(table.Render(80),
            "A     NAME\n"
            "\u6771\u4eac  x\n"
            "1     yz\n");
}

TEST(TableTest, WrapsWhatIsFlexibleIntoTheRoomThatIsLeft) {
  Table table({{"TIME"}, {"WHAT", 1}, {"WHY", 1}});
  table.AddRow({"11:30", "launch success drops to zero", "opened it"});
  EXPECT_EQ(table.Render(40, 2),
            "  TIME   WHAT                  WHY\n"
            "  11:30  launch success drops  opened it\n"
            "         to zero\n");
}

TEST(TableTest, CutsWhatMayNotWrap) {
  Table table({{"SERVICE", 0, 8}});
  table.AddRow({"checkout-frontend"});
  EXPECT_EQ(table.Render(80), "SERVICE\ncheck...\n");
}

TEST(TableTest, PutsLinesOfTheirOwnBetweenRows) {
  Table table({{"TIME"}});
  table.AddLine("2018-04-18");
  table.AddRow({"11:30"});
  EXPECT_EQ(table.Render(80), "TIME\n2018-04-18\n11:30\n");
}

TEST(FactsTest, LeavesOutWhatIsEmptyAndWrapsWhatIsLong) {
  EXPECT_EQ(RenderFacts({{"State", "open: events may still join"},
                         {"Severity", ""},
                         {"Id", "7"}},
                        26, 2),
            "  State  open: events may\n"
            "         still join\n"
            "  Id     7\n");
}

}  // namespace
}  // namespace secondstory::story
