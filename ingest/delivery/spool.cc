#include "ingest/delivery/spool.h"

#include <utility>

#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

// AUTOINCREMENT, so that a sequence is never used twice: RemoveThrough must not
// hit an entry that took the place of a removed one.
constexpr char kSchema[] = R"sql(
  CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event BLOB,       -- NULL in a cursor
    source BLOB, shard INTEGER, value BLOB  -- NULL in an event
  );
  CREATE TABLE cursor (
    source BLOB NOT NULL,
    shard INTEGER NOT NULL,
    accepted BLOB,    -- where the worker goes on
    stored BLOB,      -- what incidentd stores; NULL when we do not know
    PRIMARY KEY (source, shard)
  ) WITHOUT ROWID;
)sql";

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const std::string& dir) {
  SS_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteDatabase> database,
      SqliteDatabase::Open({dir + "/spool.db", kSpoolFormatVersion, kSchema}));
  auto spool = std::unique_ptr<Spool>(new Spool(std::move(database)));
  SS_ASSIGN_OR_RETURN(SpoolSize size, spool->Measure());
  // A file never shrinks by itself; once it is empty that costs nothing.
  if (size.entry_count == 0) {
    SS_RETURN_IF_ERROR(spool->database_->Execute("VACUUM"));
  }
  return spool;
}

absl::Status Spool::Append(absl::Span<const SpoolBatch* const> batches) {
  return database_->Transact([&]() -> absl::Status {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement add_event,
        database_->Prepare("INSERT INTO entry(event) VALUES(?)"));
    for (const SpoolBatch* batch : batches) {
      SS_RETURN_IF_ERROR(AppendOne(*batch, &add_event));
    }
    return absl::OkStatus();
  });
}

absl::Status Spool::AppendOne(const SpoolBatch& batch,
                              SqliteStatement* add_event) {
  for (const std::string& event : batch.events) {
    SS_RETURN_IF_ERROR(add_event->Bind(0, event).Run());
  }
  return batch.cursor ? AppendCursor(*batch.cursor) : absl::OkStatus();
}

absl::Status Spool::AppendCursor(const WorkerCursor& cursor) {
  SS_RETURN_IF_ERROR(
      Execute("INSERT INTO entry(source, shard, value) VALUES(?, ?, ?)",
              cursor.source, cursor.shard, cursor.value));
  return Execute(
      "INSERT INTO cursor(source, shard, accepted) VALUES(?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET accepted = ?3",
      cursor.source, cursor.shard, cursor.value);
}

absl::StatusOr<std::vector<SpoolEntry>> Spool::ReadFirst(int entry_count_max,
                                                         size_t bytes_max) {
  SS_ASSIGN_OR_RETURN(
      SqliteStatement read,
      database_->Prepare("SELECT sequence, event, source, shard, value "
                         "FROM entry ORDER BY sequence LIMIT ?"));
  std::vector<SpoolEntry> entries;
  size_t bytes = 0;
  SS_RETURN_IF_ERROR(read.Bind(0, entry_count_max).Run([&] {
    SpoolEntry entry;
    entry.sequence = read.Int64(0);
    if (read.IsNull(1)) {
      entry.cursor = WorkerCursor{
          read.Bytes(2), static_cast<uint32_t>(read.Int64(3)), read.Bytes(4)};
    } else {
      entry.event = read.Bytes(1);
    }
    bytes += entry.event.size();
    if (!entries.empty() && bytes > bytes_max) return false;
    entries.push_back(std::move(entry));
    return true;
  }));
  return entries;
}

absl::Status Spool::RemoveThrough(int64_t sequence,
                                  const std::optional<WorkerCursor>& stored) {
  return database_->Transact([&]() -> absl::Status {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement remove,
        database_->Prepare("DELETE FROM entry WHERE sequence <= ?"));
    SS_RETURN_IF_ERROR(remove.Bind(0, sequence).Run());
    return stored ? SetStoredCursor(*stored) : absl::OkStatus();
  });
}

absl::Status Spool::DropCursors(int64_t sequence, const std::string& source,
                                uint32_t shard) {
  return database_->Transact([&]() -> absl::Status {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement drop,
        database_->Prepare("DELETE FROM entry WHERE sequence <= ? AND "
                           "event IS NULL AND source = ? AND shard = ?"));
    SS_RETURN_IF_ERROR(
        drop.Bind(0, sequence).Bind(1, source).Bind(2, shard).Run());
    SS_ASSIGN_OR_RETURN(SqliteStatement forget,
                        database_->Prepare("UPDATE cursor SET stored = NULL "
                                           "WHERE source = ? AND shard = ?"));
    return forget.Bind(0, source).Bind(1, shard).Run();
  });
}

absl::StatusOr<std::optional<std::string>> Spool::AcceptedCursor(
    const std::string& source, uint32_t shard) {
  return ReadCursorColumn(
      "SELECT accepted FROM cursor WHERE source = ? AND shard = ?", source,
      shard);
}

absl::StatusOr<std::optional<std::string>> Spool::StoredCursor(
    const std::string& source, uint32_t shard) {
  return ReadCursorColumn(
      "SELECT stored FROM cursor WHERE source = ? AND shard = ?", source,
      shard);
}

absl::StatusOr<std::optional<std::string>> Spool::ReadCursorColumn(
    const char* sql, const std::string& source, uint32_t shard) {
  SS_ASSIGN_OR_RETURN(SqliteStatement read, database_->Prepare(sql));
  std::optional<std::string> value;
  SS_RETURN_IF_ERROR(read.Bind(0, source).Bind(1, shard).Run([&] {
    if (!read.IsNull(0)) value = read.Bytes(0);
    return false;
  }));
  return value;
}

absl::Status Spool::SetStoredCursor(const WorkerCursor& stored) {
  return Execute(
      "INSERT INTO cursor(source, shard, accepted, stored) "
      "VALUES(?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET stored = ?3",
      stored.source, stored.shard, stored.value);
}

absl::Status Spool::Execute(const char* sql, const std::string& source,
                            uint32_t shard, const std::string& value) {
  SS_ASSIGN_OR_RETURN(SqliteStatement statement, database_->Prepare(sql));
  return statement.Bind(0, source).Bind(1, shard).Bind(2, value).Run();
}

absl::StatusOr<bool> Spool::HasCursor(const WorkerCursor& cursor) {
  SS_ASSIGN_OR_RETURN(
      SqliteStatement read,
      database_->Prepare("SELECT 1 FROM entry WHERE event IS NULL AND "
                         "source = ? AND shard = ? AND value = ? LIMIT 1"));
  bool found = false;
  SS_RETURN_IF_ERROR(read.Bind(0, cursor.source)
                         .Bind(1, cursor.shard)
                         .Bind(2, cursor.value)
                         .Run([&] {
                           found = true;
                           return false;
                         }));
  return found;
}

absl::StatusOr<SpoolSize> Spool::Measure() {
  SS_ASSIGN_OR_RETURN(
      SqliteStatement read,
      database_->Prepare("SELECT count(*), count(event), "
                         "coalesce(sum(length(event)), 0) FROM entry"));
  SpoolSize size;
  SS_RETURN_IF_ERROR(read.Run([&] {
    size = SpoolSize{read.Int64(0), read.Int64(1), read.Int64(2)};
    return false;
  }));
  return size;
}

}  // namespace secondstory::ingest
