// SQLite as this house uses it, in WAL mode: one connection that owns its file
// and whose committed transactions are on the disk; or, for what can be made
// again, one that writes and several that read.
#ifndef SECONDSTORY_BASE_SQLITE_H_
#define SECONDSTORY_BASE_SQLITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace secondstory {

// A prepared statement. Parameters and columns count from 0. Must not outlive
// its database.
class SqliteStatement {
 public:
  SqliteStatement& Bind(int index, int64_t value);
  // Stored as a blob: any bytes come back as they were. REQUIRES: `bytes` live
  // until the statement is run.
  SqliteStatement& Bind(int index, absl::string_view bytes);
  // Stored as text, which the functions of SQLite read. REQUIRES: as above, and
  // valid UTF-8.
  SqliteStatement& BindText(int index, absl::string_view text);
  SqliteStatement& BindNull(int index);

  // Runs it from the start, calls `row` for each row until `row` returns false,
  // and makes it ready to be bound and run again. Errors: as SqliteDatabase.
  absl::Status Run(const std::function<bool()>& row = nullptr);

  int64_t Int64(int column) const;
  double Double(int column) const;
  // Of a blob or a text.
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

struct SqliteOptions {
  std::string path;
  // Written into a new file; must be the one of an old file.
  int format_version = 0;
  // Run on a new file.
  const char* schema = "";
  // Connections of OpenReader may read beside this one, and a power failure may
  // take back the last transactions, though never a part of one.
  bool derived = false;
  // Adds functions of the caller's to a new connection, before it is used.
  std::function<absl::Status(sqlite3*)> extend;
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
  // Opens or creates the file; its folder is made when it does not exist.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const SqliteOptions& options);

  // Another connection to a `derived` file that is open, for reading.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> OpenReader(
      const SqliteOptions& options);

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
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Connect(
      const SqliteOptions& options, int flags);
  absl::Status Initialize(const SqliteOptions& options);

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_SQLITE_H_
