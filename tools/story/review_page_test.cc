#include "tools/story/review_page.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

v1::Review Example() {
  v1::Review review;
  review.set_state(v1::INCIDENT_STATE_IN_REVIEW);
  *review.mutable_due_time() = FromTime(absl::FromUnixSeconds(1524051000));
  v1::ChecklistItem* const accounts = review.add_checklist();
  accounts->set_item("accounts");
  accounts->set_done(true);
  accounts->set_text("3 of 3 people told or declined");
  v1::ChecklistItem* const gaps = review.add_checklist();
  gaps->set_item("gaps");
  gaps->set_text("1 of 2 questions is open");
  v1::Gap* const open = review.add_gaps();
  open->set_gap_id("9c0111112222333344445555");
  open->set_rule("never_resolved");
  open->set_text("\"launch success\" never resolved");
  open->set_question("What told people that it was over?");
  v1::Gap* const answered = review.add_gaps();
  answered->set_gap_id("9c0211112222333344445555");
  answered->set_rule("silence");
  answered->set_text("nothing is known between 10:05 and 10:52 UTC");
  answered->set_question("What were people looking at in those 47 minutes?");
  answered->mutable_answer()->set_text("the proxy");
  answered->mutable_answer()->set_author("ana");
  v1::LanguageFinding* const finding = review.add_language();
  finding->set_field("summary");
  finding->set_phrase("should have");
  finding->set_rule("counterfactual");
  finding->set_reason("It tells of what did not happen.");
  finding->set_question("What made this seem right at the time?");
  return review;
}

TEST(ReviewPageTest, ShowsWhatIsLeft) {
  v1::Incident incident;
  incident.set_title("Launches fail");
  incident.set_incident_id("ffeeddccbbaa99887766554433221100");
  PageOptions options;
  options.width = 80;
  options.now = absl::FromUnixSeconds(1524051000) - absl::Hours(50);
  EXPECT_EQ(ReviewPage(incident, Example(), options), R"(Launches fail

  State       in review
  Review due  2018-04-18, in 2 d 2 h
  Incident    ffeeddccbbaa99887766554433221100

Checklist
  [x] accounts  3 of 3 people told or declined
  [ ] gaps      1 of 2 questions is open

Questions (1 answered; --all shows them)
  9c0111112222  never resolved
    "launch success" never resolved
    What told people that it was over?

Phrases to look at
  "should have" in summary (counterfactual)
    why  It tells of what did not happen.
    ask  What made this seem right at the time?
)");
  options.all = true;
  EXPECT_THAT(ReviewPage(incident, Example(), options),
              testing::HasSubstr("Answered by ana: the proxy"));
}

TEST(HistoryPageTest, ShowsEachDifference) {
  v1::HistoryEntry change;
  *change.mutable_change_time() = FromTime(absl::FromUnixSeconds(1524051000));
  change.set_author("on-call, hub");
  change.set_what("account");
  change.set_id("aaaa11112222333344445555");
  change.add_differences("action: \"\" -> \"restarted the proxy\"");
  EXPECT_EQ(HistoryPage({change}, {}),
            "2018-04-18 11:30:00 on-call, hub, account aaaa11112222\n"
            "    action: \"\" -> \"restarted the proxy\"\n");
  EXPECT_EQ(HistoryPage({}, {}), "Nothing has changed yet.\n");
}

}  // namespace
}  // namespace secondstory::story
