// The storages that keep the promises of storage/tables.h, for suites that run
// on each of them.
#ifndef SECONDSTORY_TESTS_CONFORMANCE_STORAGE_UNDER_TEST_H_
#define SECONDSTORY_TESTS_CONFORMANCE_STORAGE_UNDER_TEST_H_

#include <filesystem>
#include <memory>
#include <string>

#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "storage/memory/memory_tables.h"
#include "storage/rocksdb/rocks_tables.h"

namespace secondstory::storage {

// Makes new, empty tables, and opens them again.
class StorageUnderTest {
 public:
  explicit StorageUnderTest(const std::string& kind) : kind_(kind) {
    static int count = 0;
    dir_ = testing::TempDir() + "/storage" + std::to_string(count++);
    std::filesystem::remove_all(dir_);
    Reopen();
  }
  ~StorageUnderTest() {
    tables_.reset();
    std::filesystem::remove_all(dir_);
  }

  Tables* tables() { return tables_.get(); }

  // As a new process would find them. In memory nothing is lost either.
  void Reopen() {
    if (kind_ == "memory") {
      if (!tables_) tables_ = std::make_unique<MemoryTables>();
      return;
    }
    tables_.reset();
    RocksOptions options;
    options.dir = dir_;
    options.disk_free_bytes_min = 0;
    auto opened = RocksTables::Open(options);
    ASSERT_THAT(opened, IsOk());
    tables_ = *std::move(opened);
  }

 private:
  const std::string kind_;
  std::string dir_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_TESTS_CONFORMANCE_STORAGE_UNDER_TEST_H_
