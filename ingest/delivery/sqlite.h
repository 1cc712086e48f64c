// SQLite as this house uses it: one connection that owns its file, in WAL mode
// with synchronous=FULL, so that a committed transaction is on the disk.
#ifndef SECONDSTORY_INGEST_DELIVERY_SQLITE_H_
#define SECONDSTORY_INGEST_DELIVERY_SQLITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace secondstory::ingest {

// A prepared statement. Parameters and columns count from 0. Must not outlive
// its database.
class SqliteStatement {
 public:
  SqliteStatement& Bind(int index, int64_t value);
  // Stored as a blob: any bytes come back as they were. REQUIRES: `bytes` live
  // until the statement is run.
  SqliteStatement& Bind(int index, absl::string_view bytes);
  SqliteStatement& BindNull(int index);

  // Runs it from the start, calls `row` for each row until `row` returns false,
  // and makes it ready to be bound and run again. Errors: as SqliteDatabase.
  absl::Status Run(const std::function<bool()>& row = nullptr);

  int64_t Int64(int column) const;
  std::string Bytes(int column) const;
  bool IsNull(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Errors of all methods:
//   FAILED_PRECONDITION  another process owns the file, or a newer version of
//                        this program wrote it
//   RESOURCE_EXHAUSTED   the disk is full
//   DATA_LOSS            the file is damaged, or no database of ours
//   UNAVAILABLE          any other answer of the disk
//
// Threads: one at a time.
class SqliteDatabase {
 public:
  // Opens or creates the file at `path`; its folder is made when it does not
  // exist. `schema` is run on a new file. `format_version` is written into a
  // new file and must be the one of an old file.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path, int format_version, const char* schema);

  absl::StatusOr<SqliteStatement> Prepare(const char* sql);
  absl::Status Execute(const char* sql);

  // Runs `body` inside one transaction, which is on the disk when OK is
  // returned and has left no trace otherwise.
  absl::Status Transact(const std::function<absl::Status()>& body);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  SqliteDatabase() = default;
  absl::Status Initialize(int format_version, const char* schema);

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_SQLITE_H_
