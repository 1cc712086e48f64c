#include "tests/bench/disk.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/utilities/options_util.h"

namespace secondstory::bench {

int64_t DirectoryBytes(const std::string& dir) {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(dir, error)) {
    struct stat file {};
    if (entry.is_regular_file(error) &&
        lstat(entry.path().c_str(), &file) == 0) {
      bytes += int64_t{file.st_blocks} * 512;
    }
  }
  return bytes;
}

int64_t WrittenBytes(int pid) {
  std::ifstream io(absl::StrCat("/proc/", pid, "/io"));
  std::string word;
  while (io >> word && word != "write_bytes:") {
  }
  int64_t bytes = 0;
  io >> bytes;
  return bytes;
}

absl::Status CompactDatabase(const std::string& dir) {
  const auto check = [&](const rocksdb::Status& status) {
    return status.ok() ? absl::OkStatus()
                       : absl::UnavailableError(
                             absl::StrCat(dir, ": ", status.ToString()));
  };
  rocksdb::DBOptions options;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  if (absl::Status status = check(rocksdb::LoadLatestOptions(
          rocksdb::ConfigOptions(), dir, &options, &families));
      !status.ok()) {
    return status;
  }
  options.max_background_jobs = 2;
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  absl::Status status =
      check(rocksdb::DB::Open(options, dir, families, &handles, &opened));
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (status.ok()) {
      status = check(db->CompactRange(rocksdb::CompactRangeOptions(), handle,
                                      nullptr, nullptr));
    }
    db->DestroyColumnFamilyHandle(handle);
  }
  const absl::Status closed = check(db->Close());
  return status.ok() ? closed : status;
}

}  // namespace secondstory::bench
