// Where RocksDB keeps its write-ahead log: a file system in which the log's
// files are laid out ahead.
//
// A file that grows has a new length, and a newly allocated block has to be
// marked as written: each is a change of the file system's own journal, which
// every sync of an appended log waits for. Zeros that are written ahead, some
// hundred KiB at a time, make the sync of a small append one of bytes in place:
// two thirds of the time, half of the CPU (ext4). Appends that are large are
// left alone: what they would save is little, and what they would write twice
// is much.
//
// RocksDB takes zeros behind the last record for the end of the log.
#ifndef SECONDSTORY_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_
#define SECONDSTORY_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_

#include <memory>

#include "rocksdb/file_system.h"

namespace secondstory::storage {

// `target`, but for files that end in ".log" and are written.
std::shared_ptr<rocksdb::FileSystem> NewLogFileSystem(
    const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_
