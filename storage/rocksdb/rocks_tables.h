// Tables in RocksDB: one column family for each family of keys.
#ifndef SECONDSTORY_STORAGE_ROCKSDB_ROCKS_TABLES_H_
#define SECONDSTORY_STORAGE_ROCKSDB_ROCKS_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"
#include "storage/tables.h"

namespace secondstory::storage {

struct RocksOptions {
  // Made when it does not exist, its parent too.
  std::string dir;
  size_t block_cache_bytes = size_t{64} << 20;
  // Memory for writes that are in the write-ahead log only. Bounds the log
  // that a start has to replay, too.
  size_t write_buffer_bytes = size_t{64} << 20;
  // Writes are refused while the disk has less free space.
  uint64_t disk_free_bytes_min = uint64_t{256} << 20;
  // Tests put a failing disk here. Must outlive the tables.
  rocksdb::Env* env = rocksdb::Env::Default();
};

class RocksTables : public Tables {
 public:
  // Opens or makes the database.
  //   FAILED_PRECONDITION  of a newer format, or another process has it open
  //   DATA_LOSS            bytes on disk are wrong
  //   UNAVAILABLE          the disk says no; the message says what
  static absl::StatusOr<std::unique_ptr<RocksTables>> Open(
      const RocksOptions& options);

  // Figures for metrics, by RocksDB's own names: properties that are counts or
  // bytes (summed over families), and tickers that only grow.
  virtual std::map<std::string, uint64_t> Properties() const = 0;
  virtual std::map<std::string, uint64_t> Tickers() const = 0;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_ROCKSDB_ROCKS_TABLES_H_
