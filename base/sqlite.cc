#include "base/sqlite.h"

#include <sqlite3.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace secondstory {
namespace {

// "SSsp", so that `file` and we know our own.
constexpr int kApplicationId = 0x53537370;

constexpr int kBusyTimeoutMillis = 5000;

absl::StatusCode CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status ErrorOf(sqlite3* database, int code) {
  const char* file = sqlite3_db_filename(database, "main");
  std::string message = absl::StrCat(file == nullptr ? "SQLite" : file, ": ",
                                     sqlite3_errmsg(database), " (SQLite code ",
                                     sqlite3_extended_errcode(database), ")");
  if (CodeOf(code) == absl::StatusCode::kFailedPrecondition) {
    absl::StrAppend(&message,
                    "; another process owns it: stop that one, or use another "
                    "folder");
  }
  return absl::Status(CodeOf(code), message);
}

absl::Status MakeParentFolder(const std::string& path) {
  const std::filesystem::path folder =
      std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot make folder ", folder.string(), ": ", error.message()));
}

absl::Status CheckFormat(const std::string& path, int64_t application_id,
                         int64_t found, int64_t known) {
  if (application_id != kApplicationId) {
    return absl::DataLossError(absl::StrCat(
        path, ": a database of another program; use another folder"));
  }
  if (found == known) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": format version ", found, ", but this program knows ", known,
      "; run the program that wrote it"));
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

SqliteStatement& SqliteStatement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_.get(), index + 1, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int index, absl::string_view bytes) {
  // A null pointer would bind NULL, which an empty value is not.
  const char* start = bytes.empty() ? "" : bytes.data();
  sqlite3_bind_blob64(statement_.get(), index + 1, start, bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int index, absl::string_view text) {
  const char* start = text.empty() ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), index + 1, start, text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::BindNull(int index) {
  sqlite3_bind_null(statement_.get(), index + 1);
  return *this;
}

absl::Status SqliteStatement::Run(const std::function<bool()>& row) {
  int code = sqlite3_step(statement_.get());
  while (code == SQLITE_ROW && (row == nullptr || row())) {
    code = sqlite3_step(statement_.get());
  }
  absl::Status status;
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    status = ErrorOf(sqlite3_db_handle(statement_.get()), code);
  }
  sqlite3_reset(statement_.get());
  return status;
}

int64_t SqliteStatement::Int64(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqliteStatement::Double(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string SqliteStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes),
                                        static_cast<size_t>(size));
}

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Connect(
    const SqliteOptions& options, int flags) {
  auto result = std::unique_ptr<SqliteDatabase>(new SqliteDatabase);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &database,
                                   flags | SQLITE_OPEN_NOMUTEX, nullptr);
  result->database_.reset(database);
  if (code != SQLITE_OK) return ErrorOf(database, code);
  sqlite3_extended_result_codes(database, 1);
  // Between our own connections nothing takes longer than a checkpoint.
  if (options.derived) sqlite3_busy_timeout(database, kBusyTimeoutMillis);
  if (options.extend != nullptr) {
    SS_RETURN_IF_ERROR(options.extend(database));
  }
  return result;
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(
    const SqliteOptions& options) {
  SS_RETURN_IF_ERROR(MakeParentFolder(options.path));
  SS_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteDatabase> result,
      Connect(options, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  SS_RETURN_IF_ERROR(result->Initialize(options));
  return result;
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::OpenReader(
    const SqliteOptions& options) {
  return Connect(options, SQLITE_OPEN_READONLY);
}

absl::Status SqliteDatabase::Initialize(const SqliteOptions& options) {
  // The order matters: exclusive locking before the first access makes this
  // connection the owner, and keeps the WAL's index out of shared memory.
  if (!options.derived) {
    SS_RETURN_IF_ERROR(Execute("PRAGMA locking_mode=EXCLUSIVE"));
  }
  SS_RETURN_IF_ERROR(Execute("PRAGMA journal_mode=WAL"));
  SS_RETURN_IF_ERROR(Execute(options.derived ? "PRAGMA synchronous=NORMAL"
                                             : "PRAGMA synchronous=FULL"));
  return Transact([&]() -> absl::Status {
    int64_t values[3] = {};
    int index = 0;
    for (const char* sql : {"SELECT count(*) FROM sqlite_master",
                            "PRAGMA application_id", "PRAGMA user_version"}) {
      SS_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
      SS_RETURN_IF_ERROR(statement.Run([&] {
        values[index] = statement.Int64(0);
        return false;
      }));
      ++index;
    }
    if (values[0] > 0 || values[1] != 0) {
      return CheckFormat(sqlite3_db_filename(database_.get(), "main"),
                         values[1], values[2], options.format_version);
    }
    SS_RETURN_IF_ERROR(Execute(options.schema));
    return Execute(absl::StrCat("PRAGMA application_id=", kApplicationId,
                                ";PRAGMA user_version=", options.format_version)
                       .c_str());
  });
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(database_.get(), code);
  return SqliteStatement(statement);
}

absl::Status SqliteDatabase::Execute(const char* sql) {
  const int code =
      sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(database_.get(), code);
}

absl::Status SqliteDatabase::Transact(
    const std::function<absl::Status()>& body) {
  SS_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  absl::Status status = body();
  if (status.ok()) status = Execute("COMMIT");
  // Some errors have rolled back already; then this one fails, harmlessly.
  if (!status.ok()) Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace secondstory
