#include "tools/story/action_page.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

v1::ActionItem Example() {
  v1::ActionItem action;
  action.set_action_id("aaaa1111222233334444");
  action.set_incident_id("bbbb1111222233334444");
  action.set_title("Alert on the time that a launch takes");
  *action.mutable_due_time() = FromTime(absl::FromUnixSeconds(1524051000));
  return action;
}

PageOptions DaysLater(int days) {
  PageOptions options;
  options.width = 80;
  options.now = absl::FromUnixSeconds(1524051000) + absl::Hours(24) * days;
  return options;
}

TEST(ActionListTest, ShowsWhatIsOverdue) {
  EXPECT_EQ(
      ActionList({Example()}, DaysLater(3)),
      "DUE         STATE    OWNER       WHAT                               "
      "ID\n"
      "2018-04-18  overdue  nobody yet  Alert on the time that a launch    "
      "aaaa11112222\n"
      "                                 takes\n");
  v1::ActionItem done = Example();
  done.set_state(v1::ACTION_STATE_DONE);
  EXPECT_THAT(ActionList({done}, DaysLater(3)),
              testing::HasSubstr("2018-04-18  done"));
  EXPECT_EQ(ActionList({}, {}), "No actions.\n");
}

TEST(ActionPageTest, LeavesOutWhatNobodyHasSaidYet) {
  EXPECT_EQ(ActionPage(Example(), DaysLater(3)),
            R"(Alert on the time that a launch takes

  State     open
  Owner     nobody yet
  Due       2018-04-18, overdue for 3 d
  Incident  bbbb1111222233334444
  Action    aaaa1111222233334444
)");
}

}  // namespace
}  // namespace secondstory::story
