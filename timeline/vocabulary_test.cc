#include "timeline/vocabulary.h"

#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

TEST(StemOfTest, GivesFormsOfOneWordOneStem) {
  EXPECT_EQ(StemOf("caches"), StemOf("caching"));
  EXPECT_EQ(StemOf("migrated"), StemOf("migrating"));
  EXPECT_EQ(StemOf("retries"), StemOf("retry"));
  EXPECT_EQ(StemOf("stopped"), StemOf("stop"));
}

TEST(StemOfTest, LeavesShortWordsAndDoubledEndingsAlone) {
  EXPECT_EQ(StemOf("red"), "red");
  EXPECT_EQ(StemOf("access"), "access");
  EXPECT_EQ(StemOf("install"), "install");
}

TEST(WorksOfTest, TellsKindsOfWorkApart) {
  EXPECT_EQ(WorksOf("Migrate the cart"), kReworks);
  EXPECT_EQ(WorksOf("Timeouts of the cart"), kTunes);
  EXPECT_EQ(WorksOf("cart on every site, globally"), kBroad);
  EXPECT_EQ(WorksOf("Depool db1056"), kRoutine);
  EXPECT_EQ(WorksOf("cart: typo"), kFixes);
  EXPECT_EQ(WorksOf("cart 1.2.3"), 0u);
}

TEST(WorksOfTest, HoldsTheNameOfOneMachineForRoutine) {
  EXPECT_EQ(WorksOf("something about cp4026"), kRoutine);
  EXPECT_EQ(WorksOf("something about T1234"), 0u);
}

TEST(SubjectsOfTest, PutsWordsOfOneSubjectTogether) {
  EXPECT_NE(SubjectsOf(StemOf("mysql")) & SubjectsOf(StemOf("database")), 0u);
  EXPECT_EQ(SubjectsOf(StemOf("mysql")) & SubjectsOf(StemOf("email")), 0u);
  EXPECT_EQ(SubjectName(SubjectsOf(StemOf("mysql"))), "databases");
}

TEST(FindOutsideTest, FindsWhatTheReaderDidNotChange) {
  EXPECT_EQ(FindOutside("Vendor confirms its own outage"), "vendor");
  EXPECT_EQ(FindOutside("rate limited after a spike of traffic"), "spike");
  EXPECT_EQ(FindOutside("Certificate expired"), "expired");
  EXPECT_EQ(FindOutside("Traffic drops to zero"), "");
  EXPECT_EQ(FindOutside(""), "");
}

TEST(SaysInVainTest, KnowsWhatDidNotHelp) {
  EXPECT_TRUE(SaysInVain("Rolled back, still down"));
  EXPECT_TRUE(SaysInVain("restarted, No Effect"));
  EXPECT_FALSE(SaysInVain("rolled back"));
}

}  // namespace
}  // namespace secondstory::timeline
