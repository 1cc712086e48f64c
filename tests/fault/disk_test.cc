// Goal: a disk that fails stops acknowledgements and never loses one.
// Method: RocksDB on a file system that fails the n-th write or sync of the
// write-ahead log, for each n of a run; then the same folder on a sound disk.
// Every acknowledged event must be there, and none acknowledged after the
// failure.
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_matchers.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "storage/group_log.h"
#include "storage/rocksdb/rocks_tables.h"
#include "tests/support/event_append.h"

namespace secondstory::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

enum class Fault { kSyncFails, kDiskIsFull, kWriteIsTorn };

// When to fail, and how. Shared by all files of one file system.
struct FaultPlan {
  Fault fault = Fault::kSyncFails;
  std::atomic<int> operations_left{1 << 30};

  bool IsNow() { return operations_left.fetch_sub(1) == 1; }
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, FaultPlan* plan)
      : FSWritableFileOwnerWrapper(std::move(file)), plan_(plan) {}

  using rocksdb::FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    if (plan_->fault == Fault::kDiskIsFull && plan_->IsNow()) {
      return IOStatus::NoSpace("no space left (as planned)");
    }
    if (plan_->fault == Fault::kWriteIsTorn && plan_->IsNow()) {
      const rocksdb::Slice half(data.data(), data.size() / 2);
      IOStatus written = target()->Append(half, options, debug);
      return written.ok() ? IOStatus::IOError("torn (as planned)") : written;
    }
    return target()->Append(data, options, debug);
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (plan_->fault == Fault::kSyncFails && plan_->IsNow()) {
      return IOStatus::IOError("sync failed (as planned)");
    }
    return target()->Sync(options, debug);
  }

 private:
  FaultPlan* const plan_;
};

// Only the write-ahead log is faulty: it is what an acknowledgement rests on.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(FaultPlan* plan)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), plan_(plan) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name,
                           const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    IOStatus opened = target()->NewWritableFile(name, options, result, debug);
    if (opened.ok() && absl::EndsWith(name, ".log")) {
      *result = std::make_unique<FaultyFile>(std::move(*result), plan_);
    }
    return opened;
  }

 private:
  FaultPlan* const plan_;
};

absl::Status Append(GroupLog* log, int number) {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id(absl::StrCat(number));
  event.set_kind(v1::EVENT_KIND_NOTE);
  event.set_title("x");
  *event.mutable_event_time() = FromMicros(1000);
  std::promise<absl::Status> done;
  log->AppendEvents(support::AppendOf({event}), [&](const auto& outcome) {
    done.set_value(outcome.status());
  });
  return done.get_future().get();
}

class DiskTest : public testing::TestWithParam<Fault> {};

TEST_P(DiskTest, LosesNoAcknowledgedEventAndTakesNoneAfterTheFailure) {
  constexpr int kEvents = 12;
  for (int fails_at = 1; fails_at <= kEvents; ++fails_at) {
    SCOPED_TRACE(absl::StrCat("operation ", fails_at, " fails"));
    const std::string dir = testing::TempDir() + "/disk";
    std::filesystem::remove_all(dir);
    FaultPlan plan;
    plan.fault = GetParam();
    const std::unique_ptr<rocksdb::Env> env =
        rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(&plan));
    RocksOptions options;
    options.dir = dir;
    options.disk_free_bytes_min = 0;
    int acknowledged = 0;
    {
      options.env = env.get();
      SS_ASSERT_OK_AND_ASSIGN(const auto tables, RocksTables::Open(options));
      SS_ASSERT_OK_AND_ASSIGN(const auto log,
                              GroupLog::Open(tables.get(), SystemClock()));
      plan.operations_left = fails_at;
      bool failed = false;
      for (int i = 0; i < kEvents; ++i) {
        const absl::Status status = Append(log.get(), i);
        if (status.ok()) {
          EXPECT_FALSE(failed) << "acknowledged after a failure";
          acknowledged = i + 1;
        } else {
          failed = true;
          EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
          EXPECT_THAT(log->health(), StatusIs(absl::StatusCode::kUnavailable));
        }
      }
      EXPECT_TRUE(failed);
    }
    options.env = rocksdb::Env::Default();
    SS_ASSERT_OK_AND_ASSIGN(const auto tables, RocksTables::Open(options));
    SS_ASSERT_OK_AND_ASSIGN(const auto log,
                            GroupLog::Open(tables.get(), SystemClock()));
    for (int i = 0; i < acknowledged; ++i) {
      EXPECT_THAT(log->FindEvent(StableId({"test", absl::StrCat(i)})),
                  IsOkAndHolds(testing::Ne(std::nullopt)));
    }
    // What was not acknowledged may be there or not; it can be sent again.
    SS_EXPECT_OK(Append(log.get(), acknowledged));
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, DiskTest,
                         testing::Values(Fault::kSyncFails, Fault::kDiskIsFull,
                                         Fault::kWriteIsTorn),
                         [](const auto& p) -> std::string {
                           return p.param == Fault::kSyncFails ? "SyncFails"
                                  : p.param == Fault::kDiskIsFull
                                      ? "DiskIsFull"
                                      : "WriteIsTorn";
                         });

TEST(FreeSpaceTest, RefusesWritesWhileTheDiskIsNearlyFullAndTakesThemAgain) {
  const std::string dir = testing::TempDir() + "/nearly_full";
  std::filesystem::remove_all(dir);
  RocksOptions options;
  options.dir = dir;
  options.disk_free_bytes_min = 0;
  { SS_ASSERT_OK(RocksTables::Open(options).status()); }
  options.disk_free_bytes_min = uint64_t{1} << 60;
  SS_ASSERT_OK_AND_ASSIGN(const auto tables, RocksTables::Open(options));
  SS_ASSERT_OK_AND_ASSIGN(const auto log,
                          GroupLog::Open(tables.get(), SystemClock()));
  EXPECT_THAT(Append(log.get(), 1),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       testing::HasSubstr("make room")));
  SS_EXPECT_OK(log->health());
}

}  // namespace
}  // namespace secondstory::storage
