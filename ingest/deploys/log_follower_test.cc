// Goal: whatever happens to a log file, every complete line becomes exactly one
// event, in the order in which the lines were written.
// Method: real files, a writer that does to them what writers and logrotate do,
// and a follower that is stepped, refused and restarted in between; also with
// the writer on a thread of its own.
// Seed: printed on failure; set SECONDSTORY_SEED to replay.
#include "ingest/deploys/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/limits.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/deploys/fake_delivery.h"
#include "tests/support/seed.h"

namespace secondstory::ingest {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Titles are what tests compare.
std::string Line(absl::string_view title) {
  return absl::StrCat(R"({"time":1772366400,"service":"s","title":")", title,
                      "\"}\n");
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Writes a log as a service does: with one open file, in whole writes.
class Writer {
 public:
  explicit Writer(const std::string& path) : path_(path) { Reopen(); }
  ~Writer() { close(fd_); }

  void Write(const std::string& text) {
    ASSERT_EQ(write(fd_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  // What a service does when it is told that its log was rotated.
  void Reopen() {
    if (fd_ >= 0) close(fd_);
    fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ASSERT_GE(fd_, 0);
  }

  // What logrotate does with `create`, until the service reopens its log.
  void Rename() {
    ShiftNumbers();
    fs::rename(path_, path_ + ".1");
  }

  // What logrotate does with `copytruncate`.
  void CopyAndTruncate() {
    ShiftNumbers();
    fs::copy_file(path_, path_ + ".1");
    Truncate();
  }

  void Truncate() { ASSERT_EQ(truncate(path_.c_str(), 0), 0); }

 private:
  void ShiftNumbers() {
    int last = 0;
    while (fs::exists(absl::StrCat(path_, ".", last + 1))) ++last;
    for (int i = last; i > 0; --i) {
      fs::rename(absl::StrCat(path_, ".", i), absl::StrCat(path_, ".", i + 1));
    }
  }

  const std::string path_;
  int fd_ = -1;
};

class LogFollowerTest : public testing::Test {
 protected:
  LogFollowerTest()
      : folder_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        path_(folder_ + "/d.jsonl"),
        dead_letters_path_(folder_ + "/dead_letters.jsonl"),
        dead_letters_(dead_letters_path_) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    Restart();
  }

  void Restart() {
    follower_ = std::make_unique<LogFollower>("prod", path_, &clock_,
                                              &delivery_, &dead_letters_,
                                              SourceMetrics("x", &metrics_));
  }

  // Until there is nothing more to read.
  void ReadOn() {
    for (;;) {
      const absl::StatusOr<bool> more = follower_->Step();
      SS_ASSERT_OK(more);
      if (!*more) return;
    }
  }

  // The reasons and line numbers of the dead letters, "3 service is missing".
  std::vector<std::string> DeadLetters() {
    std::vector<std::string> letters;
    const std::string text = ReadAll(dead_letters_path_);
    for (absl::string_view line :
         absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      letters.emplace_back(line);
    }
    return letters;
  }

  const std::string folder_;
  const std::string path_;
  const std::string dead_letters_path_;
  ManualClock clock_{absl::FromUnixSeconds(1772366400)};
  Metrics metrics_{"test"};
  RefusedFile dead_letters_;
  FakeDelivery delivery_;
  std::unique_ptr<LogFollower> follower_;
};

TEST_F(LogFollowerTest, ReadsLinesInOrderAsTheyCome) {
  Writer writer(path_);
  writer.Write(Line("a") + Line("b"));
  ReadOn();
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(delivery_.events[0].source(), "deploylog/prod");
  EXPECT_EQ(delivery_.accepted_count, 3);
}

TEST_F(LogFollowerTest, WaitsForAFileThatIsNotThereYet) {
  ReadOn();
  fs::remove_all(folder_);
  ReadOn();
  fs::create_directories(folder_);
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(LogFollowerTest, WaitsForTheEndOfAHalfWrittenLine) {
  Writer writer(path_);
  const std::string line = Line("a");
  writer.Write(line.substr(0, 20));
  ReadOn();
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), IsEmpty());
  writer.Write(line.substr(20));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(LogFollowerTest, TakesALineWithoutNewlineOnceItsFileWasRotated) {
  Writer writer(path_);
  const std::string line = Line("b");
  writer.Write(Line("a") + line.substr(0, line.size() - 1));
  ReadOn();
  writer.Rename();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
  writer.Reopen();
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(LogFollowerTest, SkipsWhatAroundALineIsNoneOfIt) {
  Writer writer(path_);
  const std::string line = Line("b");
  writer.Write(absl::StrCat("\xEF\xBB\xBF", Line("a"), "\n \r\n",
                            line.substr(0, line.size() - 1), "\r\n",
                            std::string(100, '\0'), Line("c")));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(LogFollowerTest, KeepsWrongLinesApartWithFileNumberAndReason) {
  Writer writer(path_);
  writer.Write(absl::StrCat(Line("a"), "\n", "nonsense\n", Line("b"),
                            "{\"time\":1,\"title\":\"x\"}\n", "\xFF\xFE\n",
                            Line("c")));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(
      DeadLetters(),
      ElementsAre(
          testing::AllOf(HasSubstr("\"line\":3,"), HasSubstr("not JSON"),
                         HasSubstr(path_), HasSubstr("\"text\":\"nonsense\"")),
          testing::AllOf(HasSubstr("\"line\":5,"),
                         HasSubstr("service is missing")),
          testing::AllOf(HasSubstr("\"line\":6,"), HasSubstr("not UTF-8"),
                         HasSubstr("\"base64\":"))));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_deploys_dead_letters_total{source=\"x\"} "
                        "3"));
}

TEST_F(LogFollowerTest, NumbersLinesOnAcrossBatchesAndRestarts) {
  Writer writer(path_);
  for (int i = 0; i < 1200; ++i) writer.Write(Line(absl::StrCat(i)));
  writer.Write("wrong\n");
  ReadOn();
  Restart();
  writer.Write("wrong\n");
  ReadOn();
  EXPECT_EQ(delivery_.events.size(), 1200u);
  EXPECT_THAT(DeadLetters(), ElementsAre(HasSubstr("\"line\":1201,"),
                                         HasSubstr("\"line\":1202,")));
}

TEST_F(LogFollowerTest, KeepsTheBeginningOfALineThatIsTooLongAndGoesOn) {
  Writer writer(path_);
  writer.Write(Line("a"));
  const std::string part(700 << 10, 'x');
  writer.Write(part + part);
  ReadOn();
  EXPECT_THAT(DeadLetters(),
              ElementsAre(testing::AllOf(HasSubstr("\"line\":2,"),
                                         HasSubstr("longer than 1048576"))));
  EXPECT_LT(DeadLetters()[0].size(), 5000u);
  Restart();
  writer.Write(part + part + part);
  ReadOn();
  writer.Write("\n" + Line("b") + "wrong\n");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
  EXPECT_THAT(DeadLetters(),
              ElementsAre(HasSubstr("\"line\":2,"), HasSubstr("\"line\":4,")));
}

TEST_F(LogFollowerTest, TakesTheLongestLineThatIsAllowed) {
  Writer writer(path_);
  const std::string head =
      R"({"time":1,"service":"s","title":"a","description":")";
  const size_t fill = limits::kDeployLogLineBytesMax - head.size() - 2;
  writer.Write(head + std::string(fill, 'd') + "\"}\n" + Line("b"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
}

TEST_F(LogFollowerTest, FinishesARenamedFileBeforeTheNewOne) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  writer.Rename();
  writer.Write(Line("b"));
  ReadOn();
  writer.Reopen();
  ReadOn();
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(delivery_.accepted_count, 3);
}

TEST_F(LogFollowerTest, FinishesARenamedFileAfterARestart) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  follower_.reset();
  writer.Write(Line("b"));
  for (const char* title : {"c", "d", "e"}) {
    writer.Rename();
    writer.Reopen();
    writer.Write(Line(title));
  }
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(delivery_.accepted_count, 5);
}

TEST_F(LogFollowerTest, FinishesAFileThatWasRotatedBeforeItsFirstLine) {
  Writer writer(path_);
  ReadOn();
  follower_.reset();
  writer.Write(Line("a"));
  writer.Rename();
  writer.Reopen();
  writer.Write(Line("b"));
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
}

TEST_F(LogFollowerTest, FinishesAFileThatWasRenamedToADate) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  follower_.reset();
  writer.Write(Line("b"));
  fs::rename(path_, path_ + "-20260301");
  writer.Reopen();
  writer.Write(Line("c"));
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
}

TEST_F(LogFollowerTest, FinishesAFileThatWasRemovedWhileOpen) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  writer.Write(Line("b"));
  writer.Rename();
  fs::rename(path_ + ".1", path_ + ".1.gz");
  writer.Reopen();
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
}

TEST_F(LogFollowerTest, GoesOnWithWhatIsNewerWhenItsFileIsGone) {
  Writer writer(path_);
  writer.Write(Line("a"));
  writer.Rename();
  writer.Reopen();
  writer.Write(Line("b"));
  ReadOn();
  follower_.reset();
  fs::remove(path_);
  writer.Reopen();
  writer.Write(Line("c"));
  Restart();
  testing::internal::CaptureStderr();
  ReadOn();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("log was truncated, replaced or removed"));
  EXPECT_EQ(delivery_.Titles().back(), "c");
}

TEST_F(LogFollowerTest, ReadsTheRestFromTheCopyWhenTheLogWasTruncated) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  writer.Write(Line("b"));
  writer.CopyAndTruncate();
  ReadOn();
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(delivery_.accepted_count, 3);
}

TEST_F(LogFollowerTest, NoticesATruncatedLogThatHasGrownBeyondItsOldSize) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  writer.Truncate();
  for (const char* title : {"b", "c", "d"}) writer.Write(Line(title));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(LogFollowerTest, NoticesATruncatedLogAfterARestart) {
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  follower_.reset();
  writer.Truncate();
  for (const char* title : {"b", "c", "d"}) writer.Write(Line(title));
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(LogFollowerTest, ReadsBehindTheHoleThatAWriterWithItsOwnOffsetLeaves) {
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const std::string a = Line("a");
  const std::string b = Line("b");
  ASSERT_GT(pwrite(fd, a.data(), a.size(), 0), 0);
  ReadOn();
  ASSERT_EQ(ftruncate(fd, 0), 0);
  ASSERT_GT(pwrite(fd, b.data(), b.size(), 3 << 20), 0);
  ReadOn();
  close(fd);
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(LogFollowerTest, ReadsAFileThatWasReplacedInPlace) {
  Writer writer(path_);
  writer.Write(Line("a") + Line("b"));
  ReadOn();
  // As editors do that keep the inode.
  std::ofstream(path_, std::ios::trunc) << Line("x") << Line("b") << Line("y");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "x", "y"));
}

TEST_F(LogFollowerTest, LosesNothingAndRepeatsNoDeadLetterWhileRefused) {
  Writer writer(path_);
  writer.Write(Line("a") + "wrong\n" + Line("b"));
  int refusal_count = 3;
  delivery_.script = [&] {
    return refusal_count-- > 0 ? absl::ResourceExhaustedError("spool is full")
                               : absl::OkStatus();
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(follower_->Step(),
                StatusIs(absl::StatusCode::kResourceExhausted));
  }
  writer.Write(Line("c"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(DeadLetters().size(), 1u);
}

TEST_F(LogFollowerTest, KeepsDeadLettersBeforeTheCursorMovesPastThem) {
  Writer writer(path_);
  ReadOn();
  writer.Write("wrong\n");
  bool was_kept = false;
  delivery_.script = [&] {
    was_kept = !DeadLetters().empty();
    return absl::OkStatus();
  };
  ReadOn();
  EXPECT_TRUE(was_kept);
}

TEST_F(LogFollowerTest, HoldsTheCursorWhileDeadLettersCannotBeKept) {
  Writer writer(path_);
  ReadOn();
  fs::create_directory(dead_letters_path_);
  writer.Write("wrong\n" + Line("a"));
  EXPECT_THAT(follower_->Step(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(delivery_.Titles(), IsEmpty());
  fs::remove(dead_letters_path_);
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
  EXPECT_EQ(DeadLetters().size(), 1u);
}

TEST_F(LogFollowerTest, ReadsFromTheBeginningWhenTheCursorIsNotUnderstood) {
  delivery_.cursors["deploylog/prod"] = "of a newer version";
  Writer writer(path_);
  writer.Write(Line("a"));
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(LogFollowerTest, SaysWhatKeepsItFromReading) {
  fs::create_directory(path_);
  ReadOn();
  fs::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0644), 0);
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), IsEmpty());
}

TEST_F(LogFollowerTest, WakesUpWhenALineIsWritten) {
  Writer writer(path_);
  ReadOn();
  StopEvent stop;
  std::thread waiter([&] {
    // Far longer than a test may take.
    follower_->Wait(stop, absl::Hours(24));
  });
  writer.Write(Line("a"));
  waiter.join();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

// Empty when both are the same; else the first line that is not, short enough
// to be read.
std::string Difference(const std::vector<std::string>& found,
                       const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
    const std::string is = i < found.size() ? found[i] : "nothing";
    const std::string should = i < expected.size() ? expected[i] : "nothing";
    if (is != should) {
      return absl::StrCat("line ", i, " is ", is, " and should be ", should,
                          "; ", found.size(), " of ", expected.size());
    }
  }
  return "";
}

// --- Anything in any order --------------------------------------------------

// Takes one of the steps that a writer and logrotate take. Lines are numbered
// from 0; a line that is begun is ended before the log is rotated or reopened,
// as whole writes are.
class RandomWriter {
 public:
  RandomWriter(const std::string& path, uint64_t seed)
      : writer_(path), random_(seed) {}

  void Step() {
    switch (random_() % 10) {
      case 0:
        return Rotate();
      case 1:
        EndLine();
        writer_.Reopen();
        is_renamed_ = false;
        return;
      case 2:
        EndLine();
        rest_ = NextLine();
        writer_.Write(rest_.substr(0, 10));
        rest_.erase(0, 10);
        return;
      default:
        EndLine();
        for (size_t i = random_() % 4; i > 0; --i) writer_.Write(NextLine());
    }
  }

  void Finish() {
    EndLine();
    writer_.Reopen();
    writer_.Write(NextLine());
  }

  std::vector<std::string> titles() const {
    std::vector<std::string> titles;
    for (int i = 0; i < line_count_; ++i) titles.push_back(absl::StrCat(i));
    return titles;
  }

 private:
  void Rotate() {
    EndLine();
    if (is_renamed_) return;
    if (random_() % 2 == 0) {
      writer_.Rename();
      is_renamed_ = true;
    } else {
      writer_.CopyAndTruncate();
    }
  }

  void EndLine() {
    if (!rest_.empty()) writer_.Write(rest_);
    rest_.clear();
  }

  std::string NextLine() { return Line(absl::StrCat(line_count_++)); }

  Writer writer_;
  std::mt19937_64 random_;
  std::string rest_;
  bool is_renamed_ = false;
  int line_count_ = 0;
};

TEST_F(LogFollowerTest, LosesNothingInAnyOrderOfEvents) {
  const uint64_t seed = support::Seed();
  for (uint64_t round = 0; round < 150 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    delivery_ = FakeDelivery();
    Restart();
    std::mt19937_64 random(seed + round);
    RandomWriter writer(path_, seed + round);
    // What was rotated before a log is first seen is not read, so its first
    // sight is made durable.
    SS_ASSERT_OK(follower_->Step());
    delivery_.script = [&random] {
      return random() % 10 == 0 ? absl::UnavailableError("disk")
                                : absl::OkStatus();
    };
    for (int i = 0; i < 120; ++i) {
      writer.Step();
      for (size_t n = random() % 4; n > 0; --n) {
        follower_->Step().IgnoreError();
      }
      if (random() % 8 == 0) Restart();
    }
    writer.Finish();
    delivery_.script = nullptr;
    ReadOn();
    EXPECT_EQ(Difference(delivery_.Titles(), writer.titles()), "");
    EXPECT_THAT(DeadLetters(), IsEmpty());
  }
}

TEST_F(LogFollowerTest, LosesNothingWhileAnotherThreadWritesAndRotates) {
  const uint64_t seed = support::Seed();
  for (uint64_t round = 0; round < 10 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    delivery_ = FakeDelivery();
    Restart();
    RandomWriter writer(path_, seed + round);
    SS_ASSERT_OK(follower_->Step());
    std::atomic<bool> is_done{false};
    std::thread thread([&] {
      for (int i = 0; i < 1500; ++i) writer.Step();
      writer.Finish();
      is_done = true;
    });
    std::mt19937_64 random(seed + round);
    while (!is_done) {
      follower_->Step().IgnoreError();
      if (random() % 50 == 0) Restart();
    }
    thread.join();
    ReadOn();
    EXPECT_EQ(Difference(delivery_.Titles(), writer.titles()), "");
  }
}

}  // namespace
}  // namespace secondstory::ingest
