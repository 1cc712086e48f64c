#include "base/json_text.h"

#include <string>

#include "gtest/gtest.h"

namespace secondstory {
namespace {

std::string Json(absl::string_view text) {
  std::string json;
  AppendJsonText(text, &json);
  return json;
}

TEST(JsonTextTest, KeepsWhatIsUtf8) {
  EXPECT_EQ(Json("caf\u00e9 \u20ac \U0001F600"),
            "\"caf\u00e9 \u20ac \U0001F600\"");
}

TEST(JsonTextTest, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(Json("a\"b\\c\nd\te\x01"), R"("a\"b\\c\nd\te\u0001")");
  EXPECT_EQ(Json(absl::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonTextTest, ReplacesEachByteThatIsNotUtf8) {
  const std::string replaced = "\uFFFD";
  EXPECT_EQ(Json("a\xFFz"), "\"a" + replaced + "z\"");
  EXPECT_EQ(Json("\xE2\x82"), "\"" + replaced + replaced + "\"");  // cut short
  EXPECT_EQ(Json("\xC0\xAF"), "\"" + replaced + replaced + "\"");  // overlong
  EXPECT_EQ(Utf8CharacterBytes("\xED\xA0\x80"), 0);                // surrogate
  EXPECT_EQ(Utf8CharacterBytes("\xF4\x90\x80\x80"), 0);  // beyond U+10FFFF
  EXPECT_EQ(Utf8CharacterBytes("\xF4\x8F\xBF\xBF"), 4);
}

// Texts are looked at eight bytes at a time.
TEST(JsonTextTest, SeesAWrongByteWhereverItIs) {
  for (size_t size = 1; size <= 40; ++size) {
    EXPECT_TRUE(IsUtf8(std::string(size, '\x7F'))) << size;
    for (size_t i = 0; i < size; ++i) {
      std::string text(size, 'a');
      text[i] = '\x80';
      EXPECT_FALSE(IsUtf8(text)) << i << " of " << size;
      if (i + 1 < size) {
        text.replace(i, 2, "\u00e9");
        EXPECT_TRUE(IsUtf8(text)) << i << " of " << size;
      }
    }
  }
}

TEST(JsonTextTest, TellsWhatIsUtf8) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\u20ac"));
  EXPECT_FALSE(IsUtf8("a\xE2\x82"));
}

}  // namespace
}  // namespace secondstory
