#include "storage/rocksdb/rocks_tables.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/batch_thread.h"
#include "base/status_macros.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/statistics.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"
#include "storage/rocksdb/log_file_system.h"
#include "storage/upgrade.h"

namespace secondstory::storage {
namespace {

rocksdb::Slice ToSlice(absl::string_view text) {
  return rocksdb::Slice(text.data(), text.size());
}

absl::string_view ToView(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// The one place where RocksDB's status becomes ours.
absl::Status ToStatus(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

// What an entry of a write takes besides its key and value, at most.
constexpr size_t kEntryBytes = 16;

// As many as RocksDB looks up together, however many it is asked for.
constexpr size_t kKeysTogether = 32;

// In the order of Family.
constexpr std::array<const char*, kFamilyCount> kFamilyNames = {
    "default", "log", "ids", "index"};

rocksdb::ColumnFamilyOptions FamilyOptions(
    Family family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.block_size = 16 << 10;
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kLZ4Compression;
  // What is written last is written again once, when it comes to rest below.
  // There zstd at its fastest is a third smaller than lz4, and costs half of
  // what its usual level does, which saves another twentieth.
  options.bottommost_compression = rocksdb::kZSTD;
  options.bottommost_compression_opts.enabled = true;
  options.bottommost_compression_opts.level = 1;
  if (family == Family::kIds) {
    // Ids are hashes: they do not compress, and most look-ups find nothing.
    // Files come sorted, overlap all others, and are merged as seldom as look-
    // ups through all their filters bear. The filters are outside the cache,
    // two bytes an event, because every look-up needs every one of them; of
    // 2,000 files that lack an id one is read for it.
    options.compression = rocksdb::kNoCompression;
    options.bottommost_compression = rocksdb::kNoCompression;
    options.compaction_style = rocksdb::kCompactionStyleUniversal;
    options.level0_file_num_compaction_trigger = 8;
    table.block_size = 4 << 10;
    table.cache_index_and_filter_blocks = false;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(16));
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.max_write_buffer_number = 3;
  return options;
}

rocksdb::DBOptions DatabaseOptions(const RocksOptions& options,
                                   rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.env = env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // A torn end is what a crash leaves. What lies before the last acknowledged
  // record and is gone, AckedWatermark finds.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.db_write_buffer_size = options.write_buffer_bytes;
  db.max_total_wal_size = options.write_buffer_bytes;
  db.max_background_jobs = 2;
  db.max_open_files = 512;
  // Debian's library is built with assertions, whose default level is debug.
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.keep_log_file_num = 5;
  db.max_log_file_size = 16 << 20;
  db.statistics = rocksdb::CreateDBStatistics();
  db.statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  return db;
}

class RocksIterator final : public Tables::Iterator {
 public:
  RocksIterator(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                KeyRange range)
      : range_(std::move(range)), first_(range_.first), last_(range_.last) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &first_;
    options.iterate_upper_bound = &last_;
    it_.reset(db->NewIterator(options, family));
  }

  void SeekToFirst() override { it_->SeekToFirst(); }
  void SeekToLast() override { it_->SeekToLast(); }
  void Seek(absl::string_view key) override { it_->Seek(ToSlice(key)); }
  bool Valid() const override { return it_->Valid(); }
  void Next() override { it_->Next(); }
  void Previous() override { it_->Prev(); }
  absl::string_view key() const override { return ToView(it_->key()); }
  absl::string_view value() const override { return ToView(it_->value()); }
  absl::Status status() const override {
    return ToStatus(it_->status(), "reading a range");
  }

 private:
  const KeyRange range_;
  const rocksdb::Slice first_;
  const rocksdb::Slice last_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

class OpenRocksTables final : public RocksTables {
 public:
  OpenRocksTables(RocksOptions options, std::unique_ptr<rocksdb::Env> env,
                  rocksdb::DBOptions db_options,
                  std::unique_ptr<rocksdb::DB> db,
                  std::vector<rocksdb::ColumnFamilyHandle*> families)
      : options_(std::move(options)),
        env_(std::move(env)),
        db_options_(std::move(db_options)),
        db_(std::move(db)),
        families_(std::move(families)) {}

  ~OpenRocksTables() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      db_->DestroyColumnFamilyHandle(family);
    }
    db_->Close();
  }

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override {
    std::string value;
    const rocksdb::Status status =
        db_->Get(rocksdb::ReadOptions(), HandleOf(key), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    SS_RETURN_IF_ERROR(ToStatus(status, "reading a key"));
    return std::optional<std::string>(std::move(value));
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      absl::Span<const absl::string_view> keys) const override {
    std::vector<std::optional<std::string>> values(keys.size());
    if (keys.empty()) return values;
    const bool is_sorted = std::is_sorted(keys.begin(), keys.end());
    std::array<rocksdb::Slice, kKeysTogether> slices;
    std::array<rocksdb::PinnableSlice, kKeysTogether> found;
    std::array<rocksdb::Status, kKeysTogether> statuses;
    for (size_t begin = 0; begin < keys.size(); begin += kKeysTogether) {
      const size_t count = std::min(kKeysTogether, keys.size() - begin);
      for (size_t i = 0; i < count; ++i) slices[i] = ToSlice(keys[begin + i]);
      db_->MultiGet(rocksdb::ReadOptions(), HandleOf(keys[0]), count,
                    slices.data(), found.data(), statuses.data(), is_sorted);
      for (size_t i = 0; i < count; ++i) {
        if (statuses[i].IsNotFound()) continue;
        SS_RETURN_IF_ERROR(ToStatus(statuses[i], "reading keys"));
        values[begin + i] = found[i].ToString();
        found[i].Reset();
      }
    }
    return values;
  }

  std::unique_ptr<Iterator> NewIterator(const KeyRange& range) const override {
    return std::make_unique<RocksIterator>(db_.get(), HandleOf(range.first),
                                           range);
  }

  absl::Status Write(const Mutations& mutations) override {
    {
      absl::MutexLock lock(&mutex_);
      if (!failure_.ok()) return failure_;
    }
    SS_RETURN_IF_ERROR(CheckFreeSpace());
    rocksdb::WriteBatch batch(mutations.bytes() +
                              mutations.size() * kEntryBytes);
    for (size_t i = 0; i < mutations.size(); ++i) {
      const Mutation mutation = mutations[i];
      rocksdb::ColumnFamilyHandle* family = HandleOf(mutation.key);
      const rocksdb::Status added =
          mutation.value.has_value()
              ? batch.Put(family, ToSlice(mutation.key),
                          ToSlice(*mutation.value))
              : batch.Delete(family, ToSlice(mutation.key));
      SS_RETURN_IF_ERROR(ToStatus(added, "collecting a write"));
    }
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const absl::Status written =
        ToStatus(db_->Write(synced, &batch),
                 "the database does not take writes until it is opened again");
    if (!written.ok()) {
      // What a failed sync left on disk nobody knows, and a second sync may
      // say OK about pages that the kernel has dropped.
      absl::MutexLock lock(&mutex_);
      failure_ = absl::UnavailableError(written.message());
    }
    return written.ok() ? written : absl::UnavailableError(written.message());
  }

  absl::Status Import(const Mutations& sorted) override {
    if (sorted.empty()) return absl::OkStatus();
    SS_RETURN_IF_ERROR(CheckSorted(sorted));
    SS_RETURN_IF_ERROR(CheckFreeSpace());
    rocksdb::ColumnFamilyHandle* const family = HandleOf(sorted[0].key);
    // Inside the database's folder, so that it is moved and not copied.
    const std::string path = options_.dir + "/import";
    rocksdb::SstFileWriter file(rocksdb::EnvOptions(), db_->GetOptions(family),
                                family);
    SS_RETURN_IF_ERROR(ToStatus(file.Open(path), "making a file to import"));
    for (size_t i = 0; i < sorted.size(); ++i) {
      const Mutation mutation = sorted[i];
      const rocksdb::Status added =
          mutation.value.has_value()
              ? file.Put(ToSlice(mutation.key), ToSlice(*mutation.value))
              : file.Delete(ToSlice(mutation.key));
      SS_RETURN_IF_ERROR(ToStatus(added, "writing a file to import"));
    }
    SS_RETURN_IF_ERROR(ToStatus(file.Finish(), "syncing a file to import"));
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.snapshot_consistency = false;
    return ToStatus(db_->IngestExternalFile(family, {path}, options),
                    "importing a file");
  }

  std::map<std::string, uint64_t> Properties() const override {
    static constexpr std::array<const char*, 9> kNames = {
        "rocksdb.cur-size-all-mem-tables",
        "rocksdb.estimate-num-keys",
        "rocksdb.total-sst-files-size",
        "rocksdb.live-sst-files-size",
        "rocksdb.estimate-live-data-size",
        "rocksdb.num-running-compactions",
        "rocksdb.num-running-flushes",
        "rocksdb.background-errors",
        "rocksdb.estimate-pending-compaction-bytes"};
    std::map<std::string, uint64_t> values;
    for (const char* name : kNames) {
      for (rocksdb::ColumnFamilyHandle* family : families_) {
        uint64_t value = 0;
        if (db_->GetIntProperty(family, name, &value)) values[name] += value;
      }
    }
    return values;
  }

  std::map<std::string, uint64_t> Tickers() const override {
    static constexpr std::array<rocksdb::Tickers, 10> kTickers = {
        rocksdb::BLOCK_CACHE_HIT,     rocksdb::BLOCK_CACHE_MISS,
        rocksdb::BLOOM_FILTER_USEFUL, rocksdb::BYTES_READ,
        rocksdb::BYTES_WRITTEN,       rocksdb::COMPACT_READ_BYTES,
        rocksdb::COMPACT_WRITE_BYTES, rocksdb::STALL_MICROS,
        rocksdb::WAL_FILE_BYTES,      rocksdb::WAL_FILE_SYNCED};
    std::map<std::string, uint64_t> values;
    for (const auto& [ticker, name] : rocksdb::TickersNameMap) {
      for (const rocksdb::Tickers wanted : kTickers) {
        if (ticker == wanted) {
          values[name] = db_options_.statistics->getTickerCount(ticker);
        }
      }
    }
    return values;
  }

 private:
  rocksdb::ColumnFamilyHandle* HandleOf(absl::string_view key) const {
    return families_[static_cast<size_t>(FamilyOf(key))];
  }

  absl::Status CheckFreeSpace() const {
    uint64_t free_bytes = 0;
    if (!options_.env->GetFreeSpace(options_.dir, &free_bytes).ok() ||
        free_bytes >= options_.disk_free_bytes_min) {
      return absl::OkStatus();
    }
    return absl::ResourceExhaustedError(
        absl::StrCat("the disk of ", options_.dir, " has ", free_bytes >> 20,
                     " MiB free, and writes stop below ",
                     options_.disk_free_bytes_min >> 20, " MiB; make room"));
  }

  const RocksOptions options_;
  const std::unique_ptr<rocksdb::Env> env_;
  const rocksdb::DBOptions db_options_;
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;
  mutable absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<RocksTables>> RocksTables::Open(
    const RocksOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.dir, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "cannot make the folder ", options.dir, ": ", error.message()));
  }
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (int i = 0; i < kFamilyCount; ++i) {
    descriptors.emplace_back(kFamilyNames[i],
                             FamilyOptions(static_cast<Family>(i), cache));
  }
  std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(NewLogFileSystem(options.env->GetFileSystem()));
  const rocksdb::DBOptions db_options = DatabaseOptions(options, env.get());
  // Callers do not wait for compactions, so compactions take what is left.
  // Flushes must keep up, and get a third of what a caller gets.
  db_options.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW,
                                             rocksdb::CpuPriority::kIdle);
  db_options.env->Schedule([](void*) { BecomeBatchThread(Share::kThird); },
                           nullptr, rocksdb::Env::HIGH);
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status opened =
      rocksdb::DB::Open(db_options, options.dir, descriptors, &families, &db);
  if (opened.IsIOError() && absl::StrContains(opened.ToString(), "lock")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database in ", options.dir,
                     " is open in another process; stop that one first (",
                     opened.ToString(), ")"));
  }
  SS_RETURN_IF_ERROR(
      ToStatus(opened, absl::StrCat("opening the database in ", options.dir)));
  auto tables = std::make_unique<OpenRocksTables>(
      options, std::move(env), db_options, std::unique_ptr<rocksdb::DB>(db),
      std::move(families));
  SS_RETURN_IF_ERROR(Upgrade(tables.get()));
  return tables;
}

}  // namespace secondstory::storage
