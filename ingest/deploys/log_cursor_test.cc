#include "ingest/deploys/log_cursor.h"

#include <string>

#include "base/limits.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

std::string Text(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 23);
  return text;
}

TEST(FingerprintTest, IsTheSameForAnySplitOfTheText) {
  for (const size_t size : {1u, 1023u, 1024u, 1025u, 2047u, 2048u, 5000u}) {
    const std::string text = Text(size);
    Fingerprint whole;
    whole.Extend(text);
    for (const size_t at : {size_t{0}, size / 3, size - 1, size}) {
      Fingerprint parts;
      parts.Extend(text.substr(0, at));
      parts.Extend(text.substr(at));
      EXPECT_EQ(parts.Hash(), whole.Hash()) << size << " split at " << at;
    }
    const size_t end = std::min(size, Fingerprint::kEndBytes);
    EXPECT_EQ(Fingerprint(text.substr(0, end), text.substr(size - end)).Hash(),
              whole.Hash());
  }
}

TEST(FingerprintTest, DiffersWhenAnEndDiffers) {
  const std::string text = Text(5000);
  Fingerprint whole;
  whole.Extend(text);
  for (const size_t at : {size_t{0}, size_t{1023}, text.size() - 1}) {
    std::string other = text;
    other[at] = '!';
    Fingerprint changed;
    changed.Extend(other);
    EXPECT_NE(changed.Hash(), whole.Hash()) << at;
  }
  EXPECT_EQ(Fingerprint().Hash(), "");
}

TEST(LogCursorTest, SurvivesBeingWrittenAndRead) {
  LogCursor cursor;
  cursor.inode = 18446744073709551615u;
  cursor.mtime_nanos = 1772366400123456789;
  cursor.previous_inode = 5;
  cursor.previous_mtime_nanos = 6;
  cursor.offset = 4096;
  cursor.line_count = 17;
  cursor.is_skipping = true;
  cursor.fingerprint = std::string(32, 'a');
  const std::string text = EncodeLogCursor(cursor);
  EXPECT_LE(text.size(), limits::kCursorValueBytesMax);
  SS_ASSERT_OK_AND_ASSIGN(const LogCursor read, DecodeLogCursor(text));
  EXPECT_EQ(EncodeLogCursor(read), text);
  EXPECT_EQ(read.inode, cursor.inode);
  EXPECT_EQ(read.previous_inode, 5u);
  EXPECT_EQ(read.previous_mtime_nanos, 6);
  EXPECT_EQ(read.line_count, 17);
  EXPECT_TRUE(read.is_skipping);
}

TEST(LogCursorTest, SurvivesWithoutAnythingRead) {
  LogCursor cursor;
  cursor.inode = 3;
  SS_ASSERT_OK_AND_ASSIGN(const LogCursor read,
                          DecodeLogCursor(EncodeLogCursor(cursor)));
  EXPECT_EQ(read.inode, 3u);
  EXPECT_EQ(read.fingerprint, "");
}

TEST(LogCursorTest, RefusesWhatItDidNotWrite) {
  for (const char* text :
       {"", "log1", "log2 1 2 0 0 3 4 0 ab", "log1 1 2 0 0 3 4 2 ab",
        "log1 1 2 0 0 -3 4 0 ab", "log1 1 2 0 0 3 4 0 ",
        "log1 x 2 0 0 3 4 0 ab", "log1 1 2 0 0 3 4 0 ab more"}) {
    EXPECT_THAT(DecodeLogCursor(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         testing::HasSubstr("is not a cursor")))
        << text;
  }
}

}  // namespace
}  // namespace secondstory::ingest
