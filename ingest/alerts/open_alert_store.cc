#include "ingest/alerts/open_alert_store.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

constexpr int kFormatVersion = 1;
constexpr char kSchema[] = R"sql(
  CREATE TABLE open_alert (
    source BLOB NOT NULL,
    id BLOB NOT NULL,        -- source_event_id of the event that it fired
    fired BLOB NOT NULL,     -- that event
    end_micros INTEGER,      -- NULL: none was given
    missing_micros INTEGER,  -- NULL: not missing
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
)sql";

void BindTime(int index, absl::Time time, SqliteStatement* statement) {
  if (time == absl::InfiniteFuture()) {
    statement->BindNull(index);
  } else {
    statement->Bind(index, absl::ToUnixMicros(time));
  }
}

absl::Time ReadTime(int column, const SqliteStatement& statement) {
  return statement.IsNull(column)
             ? absl::InfiniteFuture()
             : absl::FromUnixMicros(statement.Int64(column));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OpenAlertStore>> OpenAlertStore::Open(
    const std::string& dir) {
  SS_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteDatabase> database,
      SqliteDatabase::Open({dir + "/open_alerts.db", kFormatVersion, kSchema}));
  return std::unique_ptr<OpenAlertStore>(
      new OpenAlertStore(std::move(database)));
}

absl::StatusOr<std::vector<OpenAlert>> OpenAlertStore::Read(
    const std::string& source) {
  SS_ASSIGN_OR_RETURN(
      SqliteStatement read,
      database_->Prepare("SELECT fired, end_micros, missing_micros FROM "
                         "open_alert WHERE source = ? ORDER BY id"));
  std::vector<OpenAlert> alerts;
  bool damaged = false;
  SS_RETURN_IF_ERROR(read.Bind(0, source).Run([&] {
    OpenAlert alert;
    damaged = !alert.fired.ParseFromString(read.Bytes(0));
    alert.end_time = ReadTime(1, read);
    alert.missing_since = ReadTime(2, read);
    alerts.push_back(std::move(alert));
    return !damaged;
  }));
  if (damaged) {
    return absl::DataLossError(absl::StrCat(
        "open_alerts.db: an alert of ", source,
        " is no event; remove the file, and what fires is found anew"));
  }
  return alerts;
}

absl::Status OpenAlertStore::Write(const std::vector<OpenAlert>& alerts) {
  if (alerts.empty()) return absl::OkStatus();
  return database_->Transact([&]() -> absl::Status {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement write,
        database_->Prepare("REPLACE INTO open_alert VALUES (?, ?, ?, ?, ?)"));
    for (const OpenAlert& alert : alerts) {
      const std::string fired = alert.fired.SerializeAsString();
      write.Bind(0, alert.fired.source())
          .Bind(1, alert.fired.source_event_id())
          .Bind(2, fired);
      BindTime(3, alert.end_time, &write);
      BindTime(4, alert.missing_since, &write);
      SS_RETURN_IF_ERROR(write.Run());
    }
    return absl::OkStatus();
  });
}

absl::Status OpenAlertStore::Remove(
    const std::string& source,
    const std::vector<std::string>& source_event_ids) {
  if (source_event_ids.empty()) return absl::OkStatus();
  return database_->Transact([&]() -> absl::Status {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement remove,
        database_->Prepare(
            "DELETE FROM open_alert WHERE source = ? AND id = ?"));
    for (const std::string& id : source_event_ids) {
      SS_RETURN_IF_ERROR(remove.Bind(0, source).Bind(1, id).Run());
    }
    return absl::OkStatus();
  });
}

}  // namespace secondstory::ingest
