#include "storage/rocksdb/log_file_system.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace secondstory::storage {
namespace {

namespace fs = std::filesystem;

class LogFileSystemTest : public testing::Test {
 protected:
  LogFileSystemTest() {
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  ~LogFileSystemTest() override { fs::remove_all(dir_); }

  std::unique_ptr<rocksdb::FSWritableFile> Create(const std::string& name) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(files_
                    ->NewWritableFile(absl::StrCat(dir_, "/", name),
                                      rocksdb::FileOptions(), &file, nullptr)
                    .ok());
    return file;
  }

  void Append(rocksdb::FSWritableFile* file, size_t bytes) {
    EXPECT_TRUE(
        file->Append(std::string(bytes, 'x'), rocksdb::IOOptions(), nullptr)
            .ok());
  }

  uint64_t SizeOf(const std::string& name) const {
    return fs::file_size(absl::StrCat(dir_, "/", name));
  }

  // Of a database that is as ours where its logs are concerned.
  static rocksdb::Options OptionsOf(rocksdb::Env* env) {
    rocksdb::Options options;
    options.env = env;
    options.create_if_missing = true;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    return options;
  }

  const std::string dir_ = testing::TempDir() + "/log_file_system";
  const std::shared_ptr<rocksdb::FileSystem> files_ =
      NewLogFileSystem(rocksdb::FileSystem::Default());
};

TEST_F(LogFileSystemTest, LaysOutALogAheadOfSmallAppends) {
  const auto file = Create("1.log");
  Append(file.get(), 100);
  const uint64_t laid_out = SizeOf("1.log");
  EXPECT_GT(laid_out, 100'000U);
  Append(file.get(), 100);
  EXPECT_EQ(SizeOf("1.log"), laid_out);
  for (int i = 0; i < 100; ++i) Append(file.get(), 10'000);
  EXPECT_GT(SizeOf("1.log"), 1'000'200U);
}

TEST_F(LogFileSystemTest, CutsTheRestOffWhenTheLogIsClosed) {
  const auto file = Create("1.log");
  Append(file.get(), 100);
  ASSERT_TRUE(file->Close(rocksdb::IOOptions(), nullptr).ok());
  EXPECT_EQ(SizeOf("1.log"), 100U);
}

TEST_F(LogFileSystemTest, WritesNothingTwiceOfLargeAppends) {
  const auto file = Create("1.log");
  Append(file.get(), 1'000'000);
  EXPECT_EQ(SizeOf("1.log"), 1'000'000U);
}

TEST_F(LogFileSystemTest, LeavesOtherFilesAlone) {
  const auto file = Create("1.sst");
  Append(file.get(), 100);
  EXPECT_EQ(SizeOf("1.sst"), 100U);
}

// What a killed process leaves: zeros behind the last record, in each place
// where a record may end.
TEST_F(LogFileSystemTest, LosesNothingThatWasSyncedWhenTheProcessDies) {
  const std::string live = dir_ + "/live", left = dir_ + "/left";
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files_);
  const rocksdb::Options options = OptionsOf(env.get());
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, live, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  int count = 0;
  // Small ones, which end anywhere in a block of 32 KiB, and some that are
  // larger than a block and than what is laid out.
  for (const size_t bytes : {1, 700, 9'000, 40'000, 100'000, 700}) {
    for (int i = 0; i < 7; ++i, ++count) {
      ASSERT_TRUE(
          db->Put(synced, absl::StrCat("key", count), std::string(bytes, 'v'))
              .ok());
      fs::remove_all(left);
      fs::copy(live, left);
      fs::remove(left + "/LOCK");
      rocksdb::DB* reopened = nullptr;
      ASSERT_TRUE(rocksdb::DB::Open(options, left, &reopened).ok());
      const std::unique_ptr<rocksdb::DB> again(reopened);
      std::string value;
      for (int key = 0; key <= count; ++key) {
        ASSERT_TRUE(
            again->Get(rocksdb::ReadOptions(), absl::StrCat("key", key), &value)
                .ok())
            << key << " of " << count;
      }
    }
  }
}

// A log that is no longer written may be left with its zeros, too, and others
// behind it.
TEST_F(LogFileSystemTest, ReadsOnInTheNextLogAfterTheZerosOfOne) {
  const std::string live = dir_ + "/live", left = dir_ + "/left";
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files_);
  rocksdb::Options options = OptionsOf(env.get());
  // Memtables, and with them logs, follow one another, and none is flushed.
  options.write_buffer_size = 64 << 10;
  options.max_write_buffer_number = 32;
  options.min_write_buffer_number_to_merge = 16;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, live, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  constexpr int kCount = 600;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(
        db->Put(synced, absl::StrCat("key", i), std::string(900, 'v')).ok());
  }
  fs::copy(live, left);
  fs::remove(left + "/LOCK");
  int logs = 0;
  for (const auto& file : fs::directory_iterator(left)) {
    if (!absl::EndsWith(file.path().string(), ".log")) continue;
    ++logs;
    // Whatever of them RocksDB has closed by now, as if it had not.
    fs::resize_file(file.path(), file.file_size() + 100'000);
  }
  EXPECT_GT(logs, 3);
  rocksdb::DB* reopened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, left, &reopened).ok());
  const std::unique_ptr<rocksdb::DB> again(reopened);
  std::string value;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(
        again->Get(rocksdb::ReadOptions(), absl::StrCat("key", i), &value).ok())
        << i;
  }
}

}  // namespace
}  // namespace secondstory::storage
