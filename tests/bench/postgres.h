// PostgreSQL as a team would use it for events: started by the benchmark, on a
// free port of this machine, with the table, the unique key and the indexes
// that answer what incidentd answers. fsync and synchronous_commit are on, as
// packaged: a commit is on disk before it is answered.
#ifndef SECONDSTORY_TESTS_BENCH_POSTGRES_H_
#define SECONDSTORY_TESTS_BENCH_POSTGRES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tests/bench/report.h"
#include "tests/bench/rounds.h"
#include "tests/support/subprocess.h"

struct pg_conn;
struct pg_result;

namespace secondstory::bench {

// A parameter or a field in PostgreSQL's binary form.
std::string PgInt16(int16_t value);
std::string PgInt64(int64_t value);
// timestamptz: microseconds since 2000.
std::string PgTime(int64_t micros);

// Threads: one.
class PgConnection {
 public:
  explicit PgConnection(pg_conn* connection) : connection_(connection) {}
  PgConnection(PgConnection&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  PgConnection& operator=(PgConnection&&) = delete;
  ~PgConnection();

  // Each returns false when the server says no; error() then says why.
  bool Execute(const std::string& sql);
  bool Prepare(const std::string& name, const std::string& sql);
  // Runs a prepared statement; -1: failed, else rows that came back or changed.
  int Run(const std::string& name, const std::vector<std::string>& parameters);
  // Sends rows in the form of `COPY ... (FORMAT binary)`.
  bool Copy(const std::string& sql, const std::string& rows);
  std::string error() const;

 private:
  pg_conn* connection_;
};

// Events as rows, from the generator.
// Threads: any.
class PgRows {
 public:
  explicit PgRows(uint64_t seed);

  // The fields of `count` new rows, one after the other: event_id, event_time,
  // service, kind, event. Every row has another identity.
  std::vector<std::string> Next(int count);
  // The same as the bytes of a binary COPY.
  std::string NextCopy(int count);

 private:
  struct Row {
    int64_t micros;
    std::string service;
    int16_t kind;
    std::string event;
  };

  std::vector<Row> stock_;
  absl::Mutex mutex_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
};

class Postgres {
 public:
  // Makes a database in `dir`, or where the user postgres may go, starts the
  // server and makes the tables.
  Postgres(const std::string& dir, Report* report);
  ~Postgres();

  PgConnection Connect() const;
  int pid() const { return process_ ? process_->pid() : 0; }
  const std::string& dir() const { return dir_; }

 private:
  Report* const report_;
  std::string dir_;
  std::string conninfo_;
  std::unique_ptr<support::Subprocess> process_;
};

// What appends of `count` rows in one statement, of single rows, and by way of
// COPY are called.
std::string InsertStatement(int count);

// Runs `client_count` clients for the time of a round; each gets a connection
// with the statements, and `append` says how many events it appended, or -1.
Figures RunPgClients(const BenchOptions& options, const Postgres& postgres,
                     int client_count,
                     const std::function<int(PgConnection* connection)>& append,
                     Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_POSTGRES_H_
