#include "review/markup.h"

#include <string>

#include "base/json_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::review {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string Keep(absl::string_view text) { return std::string(text); }

std::string Joined(const Text& text) {
  std::string joined;
  for (const Span& span : text) joined += span.text;
  return joined;
}

TEST(MarkupTest, RemovesControlsAndWhatTurnsDirectionButNoLetters) {
  EXPECT_EQ(CleanText("a\x01\x1b[31mb\tc\nd\x7f"), "a[31mb\tc\nd");
  EXPECT_EQ(CleanText("safe\xE2\x80\xAE"
                      "exe.txt\xE2\x81\xA6 \xD8\x9C"),
            "safeexe.txt ");
  EXPECT_EQ(CleanText("Größe 日本"), "Größe 日本");
  EXPECT_EQ(CleanText("\xff"
                      "a\xc3"),
            "\xEF\xBF\xBD"
            "a\xEF\xBF\xBD");
}

TEST(MarkupTest, TakesOnlyWebAddressesForLinks) {
  EXPECT_TRUE(IsWebUrl("https://example.org/a?b=c#d"));
  EXPECT_TRUE(IsWebUrl("HTTP://example.org"));
  for (const char* url :
       {"javascript:alert(1)", "data:text/html,x", "//example.org", "/local",
        "mailto:a@example.org", "https://a\" onclick=\"b", "https://a b",
        "https://a<b", " https://a", "", "httpsx://a", "https:/a"}) {
    EXPECT_FALSE(IsWebUrl(url)) << url;
  }
}

TEST(MarkupTest, LinksAddressesInPlainTextWithoutTheSentencesEnd) {
  const Text text =
      TextOfPlain("see https://example.org/a, or (http://b.example).", Keep);
  ASSERT_THAT(text, SizeIs(5));
  EXPECT_EQ(text[1].url, "https://example.org/a");
  EXPECT_EQ(text[3].url, "http://b.example");
  EXPECT_EQ(Joined(text), "see https://example.org/a, or (http://b.example).");
  EXPECT_THAT(TextOfPlain("http and https:// alone", Keep), SizeIs(1));
}

TEST(MarkupTest, RewritesTextAndLeavesAddressesAlone) {
  const auto hide = [](absl::string_view) { return std::string("X"); };
  const Text text = TextOfPlain("ann https://example.org/ann", hide);
  ASSERT_THAT(text, SizeIs(2));
  EXPECT_EQ(text[0].text, "X");
  EXPECT_EQ(text[1].url, "https://example.org/ann");
}

TEST(MarkupTest, PartsPlainTextAtBlankLines) {
  const std::vector<Block> blocks =
      BlocksOfPlain("one\ntwo\n\n \n\nthree", Keep);
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_EQ(Joined(blocks[0].text), "one\ntwo");
  EXPECT_THAT(BlocksOfPlain("\n \n", Keep), IsEmpty());
}

TEST(MarkupTest, ReadsTheMarkdownThatPeopleWrite) {
  const std::vector<Block> blocks = BlocksOfMarkdown(
      "# Big\n\nA **b** *c* `d` [e](https://e.example)\n\n- x\n- y\n\n"
      "1. z\n\n> q\n\n```\ncode\n```\n\n---\n",
      Keep);
  ASSERT_THAT(blocks, SizeIs(6));
  EXPECT_EQ(blocks[0].kind, BlockKind::kHeading);
  ASSERT_THAT(blocks[1].text, SizeIs(8));
  EXPECT_EQ(blocks[1].text[1].style, TextStyle::kStrong);
  EXPECT_EQ(blocks[1].text[3].style, TextStyle::kEmphasis);
  EXPECT_EQ(blocks[1].text[5].style, TextStyle::kCode);
  EXPECT_EQ(blocks[1].text[7].url, "https://e.example");
  EXPECT_THAT(blocks[2].items, SizeIs(2));
  EXPECT_EQ(blocks[3].kind, BlockKind::kNumbers);
  EXPECT_EQ(blocks[4].kind, BlockKind::kQuote);
  EXPECT_EQ(blocks[5].text[0].text, "code\n");
}

TEST(MarkupTest, ShowsRawHtmlAsTextAndDropsAddressesThatAreNoWebOnes) {
  const std::vector<Block> blocks = BlocksOfMarkdown(
      "<script>alert(1)</script>\n\n"
      "[x](javascript:alert(1)) ![i](https://i.example/p.png) <b>no</b>\n",
      Keep);
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_EQ(Joined(blocks[0].text), "<script>alert(1)</script>\n");
  EXPECT_EQ(Joined(blocks[1].text), "x i <b>no</b>");
  for (const Span& span : blocks[1].text) {
    EXPECT_THAT(span.url, Not(HasSubstr("javascript")));
  }
}

TEST(MarkupTest, ShowsWhatIsNestedTooDeepAsText) {
  std::string deep(20000, '>');
  deep += " bottom";
  std::string shown;
  std::vector<Block> blocks = BlocksOfMarkdown(deep, Keep);
  int depth = 0;
  for (const std::vector<Block>* level = &blocks; !level->empty();
       level = &(*level)[0].blocks) {
    shown = Joined((*level)[0].text);
    ++depth;
  }
  EXPECT_LT(depth, 20);
  EXPECT_EQ(shown, "bottom");
}

TEST(MarkupTest, GivesUtf8ForAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_TRUE(IsUtf8(CleanText(bytes)));
  for (const Block& block : BlocksOfMarkdown(bytes, Keep)) {
    EXPECT_TRUE(IsUtf8(Joined(block.text)));
  }
}

}  // namespace
}  // namespace secondstory::review
