#include "review/checklist.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/gaps.h"
#include "review/sample.h"

namespace secondstory::review {
namespace {

using ::testing::IsEmpty;

std::vector<ChecklistItem> Check(const Story& story, int findings = 0) {
  const Roles roles(story);
  return ComputeChecklist(story, roles, FindGaps(story, roles), findings);
}

const ChecklistItem& Item(const std::vector<ChecklistItem>& checklist,
                          absl::string_view item) {
  for (const ChecklistItem& each : checklist) {
    if (each.item == item) return each;
  }
  static const ChecklistItem none{"no such item", false, ""};
  return none;
}

void Answer(Story* story, absl::string_view rule) {
  for (Gap& gap : FindGaps(*story, Roles(*story))) {
    if (gap.rule != rule) continue;
    gap.answer.emplace();
    gap.answer->text = "because";
    story->answered_gaps.push_back(gap);
  }
}

TEST(ChecklistTest, SaysHowEveryPointStands) {
  const std::vector<ChecklistItem> checklist = Check(CheckoutStory(), 2);
  ASSERT_EQ(checklist.size(), 6);
  EXPECT_EQ(checklist[0].text, "4 of 4 people told or declined");
  EXPECT_TRUE(checklist[0].done);
  EXPECT_FALSE(checklist[1].done);
  EXPECT_EQ(checklist[2].text, "2 phrases to look at");
  EXPECT_EQ(checklist[3].text, "1 of 3 actions has no owner");
  EXPECT_TRUE(checklist[4].done);
  EXPECT_TRUE(checklist[5].done);
  EXPECT_EQ(DescribeOpenItems(checklist),
            "gaps: " + checklist[1].text +
                "; language: 2 phrases to look at; actions: 1 of 3 actions has "
                "no owner");
}

TEST(ChecklistTest, CountsAccountsUntilEverybodyToldOrWasSetAside) {
  Story story = CheckoutStory();
  story.accounts.pop_back();
  EXPECT_EQ(Item(Check(story), "accounts").text,
            "3 of 4 people told or declined");
  EXPECT_FALSE(Item(Check(story), "accounts").done);
  Answer(&story, "no_account");
  EXPECT_TRUE(Item(Check(story), "accounts").done);
  EXPECT_EQ(Item(Check(story), "accounts").text,
            "3 of 4 people told or declined, 1 answered for or set aside");
}

TEST(ChecklistTest, IsDoneWithGapsOnceAllAreAnswered) {
  Story story = CheckoutStory();
  for (const char* rule :
       {"silence", "never_resolved", "never_finished", "no_effect"}) {
    Answer(&story, rule);
    EXPECT_FALSE(Item(Check(story), "gaps").done) << rule;
  }
  Answer(&story, "surprise");
  EXPECT_TRUE(Item(Check(story), "gaps").done);
}

TEST(ChecklistTest, AsksForNoActionsButForOwnersOfThoseThereAre) {
  Story story = CheckoutStory();
  story.actions[2].state = ActionState::kDropped;
  EXPECT_TRUE(Item(Check(story), "actions").done);
  story.actions.clear();
  EXPECT_TRUE(Item(Check(story), "actions").done);
}

TEST(ChecklistTest, HasNothingDoneInAnEmptyStoryThatNeedsPeople) {
  Story story = MakeStory();
  const std::vector<ChecklistItem> checklist = Check(story);
  EXPECT_FALSE(Item(checklist, "accounts").done);
  EXPECT_FALSE(Item(checklist, "facilitator").done);
  EXPECT_FALSE(Item(checklist, "summary").done);
  EXPECT_TRUE(Item(checklist, "gaps").done);
}

TEST(ChecklistTest, LeavesNothingToSayWhenAllIsDone) {
  EXPECT_THAT(DescribeOpenItems({}), IsEmpty());
}

}  // namespace
}  // namespace secondstory::review
