#include "ingest/deploys/rotation.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using testing::ElementsAre;

constexpr char kLive[] = "d.log";

LogFile File(const std::string& name, uint64_t inode, int64_t mtime) {
  LogFile file;
  file.name = name;
  file.inode = inode;
  file.mtime_nanos = mtime;
  file.size = 100;
  return file;
}

LogCursor Cursor(uint64_t inode, int64_t mtime, int64_t offset) {
  LogCursor cursor;
  cursor.inode = inode;
  cursor.mtime_nanos = mtime;
  cursor.offset = offset;
  return cursor;
}

TEST(RotationTest, KnowsWhatRotationCallsAFile) {
  for (const char* name :
       {"d.log.1", "d.log.12", "d.log-20260301", "d.log.2026-03-01",
        "d.log-20260301-1200", "d.log.2026-03-01T12:00:00Z"}) {
    EXPECT_TRUE(IsRotatedName(kLive, name)) << name;
  }
  for (const char* name : {"d.log", "d.log.1.gz", "d.log.old", "d.log.",
                           "d.log1", "e.log.1", "d.log-eu", "d.log.T"}) {
    EXPECT_FALSE(IsRotatedName(kLive, name)) << name;
  }
}

TEST(RotationTest, SortsOldestFirst) {
  std::vector<LogFile> files;
  for (const char* name : {"d.log", "d.log.1", "d.log.10", "d.log.2",
                           "d.log-20260302", "d.log-20260301"}) {
    files.push_back(File(name, 1, 1));
  }
  SortOldestFirst(kLive, &files);
  std::vector<std::string> names;
  for (const LogFile& file : files) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("d.log-20260301", "d.log-20260302", "d.log.10",
                                 "d.log.2", "d.log.1", "d.log"));
}

// What FindStart says: index, resumes, is lost.
std::string Start(const std::optional<LogCursor>& cursor,
                  const std::vector<LogFile>& files,
                  const std::vector<bool>& holds_cursor) {
  const auto start = FindStart(cursor, files, holds_cursor, kLive);
  if (!start.has_value()) return "none";
  return files[start->file_index].name + (start->resumes ? " resumes" : "") +
         (start->is_lost ? " lost" : "");
}

TEST(RotationTest, ReadsOnlyTheLiveFileAtFirstSight) {
  EXPECT_EQ(
      Start({}, {File("d.log.1", 1, 1), File("d.log", 2, 2)}, {false, false}),
      "d.log");
  EXPECT_EQ(Start({}, {File("d.log.1", 1, 1)}, {false}), "none");
  EXPECT_EQ(Start({}, {}, {}), "none");
}

TEST(RotationTest, FindsTheFileOfTheCursorUnderItsNewName) {
  const std::vector<LogFile> files = {
      File("d.log.2", 1, 1), File("d.log.1", 2, 2), File("d.log", 3, 3)};
  EXPECT_EQ(Start(Cursor(3, 3, 9), files, {false, false, true}),
            "d.log resumes");
  EXPECT_EQ(Start(Cursor(1, 1, 9), files, {true, false, false}),
            "d.log.2 resumes");
}

TEST(RotationTest, PrefersTheInodeAndThenTheOldestThatHoldsTheCursor) {
  const std::vector<LogFile> files = {
      File("d.log.2", 1, 1), File("d.log.1", 2, 2), File("d.log", 3, 3)};
  EXPECT_EQ(Start(Cursor(2, 2, 9), files, {true, true, true}),
            "d.log.1 resumes");
  // Copied, then truncated: the copy holds what the live file had.
  EXPECT_EQ(Start(Cursor(3, 1, 9), files, {true, true, false}),
            "d.log.2 resumes");
}

TEST(RotationTest, StartsWithWhatIsNotOlderThanAFileThatIsGone) {
  const std::vector<LogFile> files = {
      File("d.log.2", 1, 10), File("d.log.1", 2, 20), File("d.log", 3, 30)};
  const std::vector<bool> none(3, false);
  EXPECT_EQ(Start(Cursor(9, 15, 9), files, none), "d.log.1 lost");
  EXPECT_EQ(Start(Cursor(3, 25, 9), files, none), "d.log lost");
  EXPECT_EQ(Start(Cursor(9, 99, 9), files, none), "d.log lost");
  EXPECT_EQ(Start(Cursor(9, 99, 9), {File("d.log.1", 2, 20)}, {false}), "none");
}

TEST(RotationTest, LooksForCopiesWhenNothingWasReadYet) {
  const std::vector<LogFile> files = {File("d.log.1", 2, 20),
                                      File("d.log", 3, 30)};
  EXPECT_EQ(Start(Cursor(3, 25, 0), files, {false, false}), "d.log");
  EXPECT_EQ(Start(Cursor(3, 15, 0), files, {false, false}), "d.log.1");
}

TEST(RotationTest, StartsBehindTheFileThatWasReadToItsEndBefore) {
  const std::vector<LogFile> files = {
      File("d.log.2", 1, 10), File("d.log.1", 2, 10), File("d.log", 3, 10)};
  const std::vector<bool> none(3, false);
  LogCursor cursor = Cursor(3, 10, 0);
  cursor.previous_inode = 2;
  cursor.previous_mtime_nanos = 10;
  EXPECT_EQ(Start(cursor, files, none), "d.log");
  cursor.previous_inode = 1;
  EXPECT_EQ(Start(cursor, files, none), "d.log.1");
  cursor.offset = 9;
  EXPECT_EQ(Start(cursor, files, none), "d.log.1 lost");
  // Not the same file any more.
  cursor.previous_inode = 2;
  cursor.previous_mtime_nanos = 9;
  EXPECT_EQ(Start(cursor, files, none), "d.log.2 lost");
  cursor = Cursor(1, 10, 0);
  cursor.previous_inode = 2;
  cursor.previous_mtime_nanos = 10;
  EXPECT_EQ(Start(cursor, files, none), "d.log.2");
}

TEST(RotationTest, GoesOnWithTheNextNewerFile) {
  const std::vector<LogFile> files = {
      File("d.log.2", 1, 10), File("d.log.1", 2, 20), File("d.log", 3, 30)};
  EXPECT_EQ(FindNext(files[0], files, kLive), 1u);
  EXPECT_EQ(FindNext(files[1], files, kLive), 2u);
  EXPECT_EQ(FindNext(files[2], files, kLive), std::nullopt);
  // The open one was removed, or compressed.
  EXPECT_EQ(FindNext(File("d.log", 9, 15), files, kLive), 1u);
  EXPECT_EQ(FindNext(File("d.log", 9, 99), files, kLive), 2u);
  EXPECT_EQ(FindNext(File("d.log", 9, 99), {}, kLive), std::nullopt);
}

}  // namespace
}  // namespace secondstory::ingest
