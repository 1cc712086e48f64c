#include "review/picture.h"

#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/sample.h"
#include "review/svg.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string Keep(absl::string_view text) { return std::string(text); }

Picture Draw(const Story& story) {
  return MakePicture(story.incident, story.entries, {}, Keep);
}

TEST(PictureTest, HasALaneForEachServiceThoseOfTheIncidentFirst) {
  const Picture picture = Draw(CheckoutStory());
  ASSERT_THAT(picture.lanes, SizeIs(4));
  EXPECT_EQ(picture.lanes[0].name, "checkout");
  EXPECT_EQ(picture.lanes[1].name, "orders-db");
  EXPECT_EQ(picture.lanes[2].name, "payments");
  EXPECT_EQ(picture.lanes[3].name, "no service");
}

TEST(PictureTest, EndsAnAlertWithTheResolveThatIsALineOfItsOwn) {
  Story story = MakeStory();
  story.entries = {
      MakeEvent("1", "10:01", EventKind::kAlertFired, "cart", "Slow"),
      MakeEvent("2", "10:31", EventKind::kAlertResolved, "cart", "Slow"),
      MakeEvent("3", "10:40", EventKind::kAlertFired, "cart", "Slow"),
  };
  const Picture picture = Draw(story);
  ASSERT_THAT(picture.lanes, SizeIs(1));
  ASSERT_THAT(picture.lanes[0].marks, SizeIs(2));
  EXPECT_EQ(picture.lanes[0].marks[0].end, At("2026-03-01T10:31:00Z"));
  EXPECT_FALSE(picture.lanes[0].marks[0].is_open);
  EXPECT_TRUE(picture.lanes[0].marks[1].is_open);
}

TEST(PictureTest, LetsNoDeployOfTheDayBeforePressTheRestTogether) {
  Story story = MakeStory();
  story.entries = {
      MakeEvent("1", "10:01", EventKind::kAlertFired, "cart", "Slow"),
      MakeEvent("2", "11:00", EventKind::kNote, "cart", "looked")};
  Entry before =
      MakeEvent("0", "10:00", EventKind::kChangeFinished, "cart", "2");
  before.event_time -= absl::Hours(20);
  story.entries.insert(story.entries.begin(), before);
  const Picture picture = Draw(story);
  EXPECT_EQ(picture.from, At("2026-03-01T09:20:00Z"));
  EXPECT_EQ(picture.to, At("2026-03-01T12:00:00Z"));
  EXPECT_THAT(RenderSvg(picture), HasSubstr(">earlier<"));
}

TEST(PictureTest, SaysInWordsWhatItShows) {
  const Picture picture = Draw(CheckoutStory());
  EXPECT_THAT(picture.description, HasSubstr("13 marks in 4 lanes"));
  EXPECT_THAT(picture.description,
              HasSubstr("mitigated: 2026-03-01 11:24:00 UTC"));
  const std::string svg = RenderSvg(picture);
  EXPECT_THAT(svg, HasSubstr("<title id=\"picture-title\">Timeline of Checkout "
                             "slow, then refusing orders</title>"));
  EXPECT_THAT(svg, HasSubstr("role=\"img\""));
  EXPECT_THAT(svg, HasSubstr("not known to have resolved"));
}

TEST(PictureTest, DrawsAnythingFromNothingToThousands) {
  for (int count : {0, 1, 2, 10, 500, 5000}) {
    const Story story = LongStory(count, support::Seed());
    const std::string svg = RenderSvg(Draw(story));
    EXPECT_TRUE(absl::EndsWith(svg, "</svg>\n"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_EQ(svg, RenderSvg(Draw(story)));
    EXPECT_LT(svg.size(), 1 << 20) << count;
  }
}

TEST(PictureTest, DrawsTimesThatAreAllTheSame) {
  Story story = MakeStory();
  story.incident.start_time.reset();
  story.incident.resolve_time.reset();
  story.entries = {MakeEvent("1", "10:01", EventKind::kNote, "", "one")};
  EXPECT_THAT(RenderSvg(Draw(story)), HasSubstr(">10:01:00<"));
}

TEST(PictureTest, EscapesNamesOfServicesAndTitles) {
  Story story = MakeStory();
  story.entries = {MakeEvent("1", "10:01", EventKind::kAlertFired,
                             "<b>cart</b>", "\"><script>x</script>")};
  const std::string svg = RenderSvg(Draw(story));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
  EXPECT_THAT(svg, HasSubstr("&lt;b&gt;cart"));
}

}  // namespace
}  // namespace secondstory::review
