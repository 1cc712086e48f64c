#include "tools/story/morgue_html.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::IsEmpty;

std::string Message(const std::string& who, const std::string& time,
                    const std::string& text) {
  return absl::StrCat(
      "<div><img src=\"https://example.com/", who,
      ".png\" /><div class=\"message\"><div class=\"username\">", who,
      "</div><div class=\"time\">", time, "</div><div class=\"msg\">", text,
      "</div></div></div><br/>\n");
}

TEST(ParseSlackConversationTest, GivesEachMessageWithItsTime) {
  const std::string html = absl::StrCat(
      "<h4>Conversation from #ops</h4><div class=\"messages\" id=\"C1\">",
      Message("ana", "2018-04-18 11:35AM",
              "is <a href=\"https://example.com/\">https://example.com/</a> "
              "down? 5 < 6 & \U0001F4A5"),
      Message("bo", "2018-04-18 01:05PM", "<pre>line one\nline two</pre>"),
      "<div>");
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("America/New_York", &zone));
  const std::vector<SlackMessage> messages = ParseSlackConversation(html, zone);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].who, "ana");
  EXPECT_EQ(messages[0].text,
            "is https://example.com/ down? 5 < 6 & \U0001F4A5");
  EXPECT_EQ(absl::FormatTime(messages[0].time, absl::UTCTimeZone()),
            "2018-04-18T15:35:00+00:00");
  EXPECT_EQ(messages[1].text, "line one\nline two");
  EXPECT_EQ(absl::FormatTime(messages[1].time, absl::UTCTimeZone()),
            "2018-04-18T17:05:00+00:00");
}

TEST(ParseSlackConversationTest, FindsNoneInOtherText) {
  for (const char* text :
       {"", "11:35 ana: is it down?", "<div class=\"message\">", "<<<>",
        "<div class=\"message\"><div class=\"time\">noon</div>"
        "<div class=\"msg\">x</div></div>"}) {
    EXPECT_THAT(ParseSlackConversation(text, absl::UTCTimeZone()), IsEmpty())
        << text;
  }
}

TEST(TextOfHtmlTest, LeavesTheTagsOut) {
  EXPECT_EQ(TextOfHtml("<p>see <a href=\"x\">the notes</a> &amp; more</p>"),
            "see the notes & more");
  EXPECT_EQ(TextOfHtml(""), "");
  EXPECT_EQ(TextOfHtml("11:35 ana: 5 &lt; 6\n11:36 bo: ok"),
            "11:35 ana: 5 < 6\n11:36 bo: ok");
}

TEST(TextOfHtmlTest, MarksWhatWasInsertedAndDeleted) {
  EXPECT_EQ(TextOfHtml("we <del>guess</del><ins>know <b>now</b></ins> that"),
            "we [-guess-]{+know now+} that");
}

}  // namespace
}  // namespace secondstory::story
