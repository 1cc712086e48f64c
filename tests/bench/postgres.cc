#include "tests/bench/postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "postgresql/libpq-fe.h"
#include "tests/bench/events.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/support/wait_until.h"

namespace secondstory::bench {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr char kUser[] = "postgres";
constexpr int kStockedRows = 6400;
constexpr int kFieldCount = 5;
// From 1970 to 2000.
constexpr int64_t kPgEpochMicros = int64_t{946'684'800} * 1'000'000;

// The events with their unique key and the two indexes; and incidents as a team
// would model them, whose timelines are the events of their candidates and what
// people added.
constexpr char kTables[] = R"(
CREATE TABLE events (
  event_id uuid PRIMARY KEY,
  event_time timestamptz NOT NULL,
  service text NOT NULL,
  kind smallint NOT NULL,
  event bytea NOT NULL);
CREATE INDEX ON events (service, event_time);
CREATE INDEX ON events (event_time);
CREATE TABLE candidates (
  candidate_id uuid PRIMARY KEY,
  incident_id uuid,
  state smallint NOT NULL,
  title text NOT NULL,
  onset_time timestamptz NOT NULL,
  services text[] NOT NULL);
CREATE INDEX ON candidates (onset_time);
CREATE INDEX ON candidates (incident_id);
CREATE TABLE candidate_events (
  candidate_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_id uuid NOT NULL,
  kind smallint NOT NULL,
  service text NOT NULL,
  title text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (candidate_id, event_time, event_id));
CREATE TABLE timeline_entries (
  incident_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  entry_id uuid NOT NULL,
  kind smallint NOT NULL,
  service text NOT NULL,
  title text NOT NULL,
  author text NOT NULL,
  PRIMARY KEY (incident_id, event_time, entry_id));
)";

template <typename Integer>
std::string BigEndian(Integer value) {
  std::string bytes(sizeof(value), '\0');
  for (size_t i = bytes.size(); i-- > 0;
       value = static_cast<Integer>(static_cast<uint64_t>(value) >> 8)) {
    bytes[i] = static_cast<char>(value & 255);
  }
  return bytes;
}

// Looks random, as ids do, and never repeats (splitmix64, which is a bijection;
// Steele, Lea and Flood, 2014).
uint64_t Scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// A TCP port that nobody listens on right now.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound =
      bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

// A command line of PostgreSQL's, which does not run as root.
absl::StatusOr<std::unique_ptr<support::Subprocess>> StartPg(
    const std::string& program, std::vector<std::string> args) {
  if (geteuid() != 0) return support::Subprocess::Start(program, args);
  args.insert(args.begin(),
              {absl::StrCat("--reuid=", kUser), absl::StrCat("--regid=", kUser),
               "--clear-groups", "--pdeathsig=QUIT", program});
  return support::Subprocess::Start("/usr/bin/setpriv", args);
}

// Whether the user that PostgreSQL runs as can reach `dir`.
bool Reachable(const std::string& dir) {
  if (geteuid() != 0) return true;
  const auto test = StartPg("/usr/bin/test", {"-x", dir});
  return test.ok() && (*test)->Wait().value_or(1) == 0;
}

}  // namespace

std::string PgInt16(int16_t value) { return BigEndian(value); }
std::string PgInt64(int64_t value) { return BigEndian(value); }
std::string PgTime(int64_t micros) { return PgInt64(micros - kPgEpochMicros); }

PgConnection::~PgConnection() { PQfinish(connection_); }

std::string PgConnection::error() const { return PQerrorMessage(connection_); }

bool PgConnection::Execute(const std::string& sql) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool PgConnection::Prepare(const std::string& name, const std::string& sql) {
  PGresult* const result =
      PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr);
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK;
}

int PgConnection::Run(const std::string& name,
                      const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  const std::vector<int> binary(parameters.size(), 1);
  PGresult* const result =
      PQexecPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                     values.data(), lengths.data(), binary.data(), 1);
  int rows = -1;
  if (PQresultStatus(result) == PGRES_TUPLES_OK) rows = PQntuples(result);
  if (PQresultStatus(result) == PGRES_COMMAND_OK) {
    rows = std::atoi(PQcmdTuples(result));
  }
  PQclear(result);
  return rows;
}

bool PgConnection::Copy(const std::string& sql, const std::string& rows) {
  PGresult* result = PQexec(connection_, sql.c_str());
  bool done = PQresultStatus(result) == PGRES_COPY_IN;
  PQclear(result);
  done = done && PQputCopyData(connection_, rows.data(),
                               static_cast<int>(rows.size())) == 1;
  done = done && PQputCopyEnd(connection_, nullptr) == 1;
  while ((result = PQgetResult(connection_)) != nullptr) {
    done = done && PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
  }
  return done;
}

PgRows::PgRows(uint64_t seed) : next_(seed << 40) {
  EventGenerator generator(seed);
  for (int i = 0; i < kStockedRows; ++i) {
    const v1::Event event = generator.Next();
    stock_.push_back({ToMicros(event.event_time()), event.service(),
                      static_cast<int16_t>(event.kind()),
                      event.SerializeAsString()});
  }
}

std::vector<std::string> PgRows::Next(int count) {
  uint64_t first = 0;
  {
    absl::MutexLock lock(&mutex_);
    first = next_;
    next_ += static_cast<uint64_t>(count);
  }
  const int64_t span = stock_.back().micros - stock_.front().micros + 1;
  std::vector<std::string> fields;
  fields.reserve(static_cast<size_t>(count) * kFieldCount);
  for (uint64_t n = first; n < first + static_cast<uint64_t>(count); ++n) {
    const Row& row = stock_[n % stock_.size()];
    const auto pass =
        static_cast<int64_t>((n & 0xff'ffff'ffff) / stock_.size());
    fields.push_back(BigEndian(Scatter(n)) + BigEndian(n));
    fields.push_back(PgTime(row.micros + pass * span));
    fields.push_back(row.service);
    fields.push_back(PgInt16(row.kind));
    fields.push_back(row.event);
  }
  return fields;
}

std::string PgRows::NextCopy(int count) {
  const std::vector<std::string> fields = Next(count);
  std::string rows("PGCOPY\n\377\r\n\0", 11);
  rows += BigEndian(int32_t{0}) + BigEndian(int32_t{0});
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i % kFieldCount == 0) rows += BigEndian(int16_t{kFieldCount});
    rows += BigEndian(static_cast<int32_t>(fields[i].size()));
    rows += fields[i];
  }
  return rows + BigEndian(int16_t{-1});
}

Postgres::Postgres(const std::string& dir, Report* report) : report_(report) {
  const int port = FreePort();
  dir_ = dir;
  std::error_code error;
  std::filesystem::create_directories(dir_, error);
  if (!Reachable(dir_)) {
    dir_ = absl::StrCat(std::filesystem::temp_directory_path().string(),
                        "/bench-postgres-", absl::ToUnixNanos(absl::Now()));
    std::filesystem::create_directories(dir_, error);
  }
  if (geteuid() == 0) {
    const passwd* const user = getpwnam(kUser);
    report->AddCheck("the user postgres owns its folder",
                     user != nullptr &&
                         chown(dir_.c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  const std::string data = dir_ + "/data";
  auto made = StartPg(absl::StrCat(kPrograms, "initdb"),
                      {"--pgdata=" + data, "--auth=trust", "--username=bench",
                       "--encoding=UTF8", "--locale=C", "--no-sync"});
  report->AddCheck("PostgreSQL makes a database",
                   made.ok() && (*made)->Wait().value_or(1) == 0);
  // What anybody would set who puts many events in: more shared buffers, and
  // checkpoints that do not follow one another. Nothing that weakens it.
  auto started =
      StartPg(absl::StrCat(kPrograms, "postgres"),
              {"-D", data, "-p", absl::StrCat(port), "-h", "127.0.0.1", "-k",
               dir_, "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB",
               "-c", "checkpoint_timeout=15min", "-c", "max_connections=64"});
  report->AddCheck("PostgreSQL starts", started.ok());
  if (!started.ok()) return;
  process_ = *std::move(started);
  conninfo_ =
      absl::StrCat("host=127.0.0.1 user=bench dbname=postgres port=", port);
  const bool answers = bool{support::WaitUntil("PostgreSQL answers", [this] {
    return PQping(conninfo_.c_str()) == PQPING_OK;
  })};
  report->AddCheck("PostgreSQL answers", answers);
  report->AddCheck("PostgreSQL alone has its port",
                   OwnsPort(process_->pid(), port));
  PgConnection connection(PQconnectdb(conninfo_.c_str()));
  const bool tables = connection.Execute(kTables);
  report->AddCheck(absl::StrCat("the tables are made: ", connection.error()),
                   tables);
}

Postgres::~Postgres() {
  if (process_ != nullptr) {
    // Immediately; nobody needs it again.
    process_->Kill(SIGQUIT);
    process_->Wait(absl::Seconds(20)).IgnoreError();
  }
  process_.reset();
  std::error_code error;
  std::filesystem::remove_all(dir_, error);
}

PgConnection Postgres::Connect() const {
  return PgConnection(PQconnectdb(conninfo_.c_str()));
}

std::string InsertStatement(int count) { return absl::StrCat("insert", count); }

Figures RunPgClients(const BenchOptions& options, const Postgres& postgres,
                     int client_count,
                     const std::function<int(PgConnection* connection)>& append,
                     Report* report) {
  struct Client {
    std::vector<double> latencies_ms;
    int64_t events = 0;
  };
  std::vector<Client> clients(static_cast<size_t>(client_count));
  std::vector<std::thread> threads;
  std::vector<PgConnection> connections;
  std::atomic<int> failed_count{0}, answer_count{0};
  for (int i = 0; i < client_count; ++i) {
    connections.push_back(postgres.Connect());
    for (const int rows : {1, 100, 500}) {
      std::vector<std::string> tuples;
      for (int row = 0; row < rows; ++row) {
        const int n = row * kFieldCount;
        tuples.push_back(absl::StrCat("($", n + 1, ",$", n + 2, ",$", n + 3,
                                      ",$", n + 4, ",$", n + 5, ")"));
      }
      const bool prepared = connections.back().Prepare(
          InsertStatement(rows),
          absl::StrCat("INSERT INTO events VALUES ", absl::StrJoin(tuples, ","),
                       " ON CONFLICT DO NOTHING"));
      failed_count += !prepared;
    }
    failed_count += !connections.back().Execute(
        "CREATE TEMP TABLE staging (LIKE events) ON COMMIT DELETE ROWS");
  }
  const absl::Duration before = CpuTimeOf(postgres.pid(), true);
  const absl::Time begin = absl::Now();
  for (int i = 0; i < client_count; ++i) {
    threads.emplace_back([&, i] {
      Client& client = clients[static_cast<size_t>(i)];
      for (absl::Time start = begin; start < begin + options.round_time;) {
        const int appended = append(&connections[static_cast<size_t>(i)]);
        const absl::Time end = absl::Now();
        if (appended < 0) ++failed_count;
        if (appended > 0) ++answer_count;
        if (appended > 0 && end <= begin + options.round_time) {
          client.events += appended;
          client.latencies_ms.push_back(
              absl::ToDoubleMilliseconds(end - start));
        }
        start = end;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const absl::Duration cpu = CpuTimeOf(postgres.pid(), true) - before;
  std::vector<double> latencies_ms;
  int64_t events = 0;
  for (const Client& client : clients) {
    events += client.events;
    latencies_ms.insert(latencies_ms.end(), client.latencies_ms.begin(),
                        client.latencies_ms.end());
  }
  report->AddCheck(absl::StrCat("PostgreSQL takes every event: ",
                                connections.front().error()),
                   failed_count == 0 && answer_count > 0);
  const double seconds = absl::ToDoubleSeconds(options.round_time);
  Figures figures = {
      {"events_per_second", static_cast<double>(events) / seconds},
      {"cpu_us", absl::ToDoubleMicroseconds(cpu) /
                     static_cast<double>(std::max<int64_t>(1, events))}};
  AddLatencies(latencies_ms, &figures);
  return figures;
}

}  // namespace secondstory::bench
