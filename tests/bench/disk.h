// What a database does to the disk.
#ifndef SECONDSTORY_TESTS_BENCH_DISK_H_
#define SECONDSTORY_TESTS_BENCH_DISK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace secondstory::bench {

// Of all files below `dir`, in bytes; what a hole leaves out does not count.
int64_t DirectoryBytes(const std::string& dir);

// Bytes that a process has written to disks so far.
int64_t WrittenBytes(int pid);

// Brings the RocksDB database in `dir` into the state that it comes to by
// itself when it is left alone for long enough, with its own options. No other
// process may have it open.
absl::Status CompactDatabase(const std::string& dir);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_DISK_H_
