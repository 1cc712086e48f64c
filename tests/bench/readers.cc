#include "tests/bench/readers.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/wire_fields.h"
#include "google/protobuf/arena.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "tests/bench/appends.h"
#include "tests/bench/events.h"
#include "tests/bench/incidents.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/bench/postgres.h"
#include "tests/bench/reads.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {
namespace {

using google::protobuf::Arena;

constexpr int64_t kFirstMicros = 1'700'000'000'000'000;
constexpr int64_t kMinuteMicros = 60'000'000;

// The queries, as a team would write them.
constexpr char kTimelineSql[] = R"(
SELECT event_time, entry_id, kind, service, title, reason, author, candidate_id
FROM (
  SELECT e.event_time, e.event_id AS entry_id, e.kind, e.service, e.title,
         e.reason, '' AS author, e.candidate_id
  FROM candidates c JOIN candidate_events e USING (candidate_id)
  WHERE c.incident_id = $1
  UNION ALL
  SELECT event_time, entry_id, kind, service, title, '', author, NULL
  FROM timeline_entries WHERE incident_id = $1) AS entries
ORDER BY event_time, entry_id LIMIT 10000)";
constexpr char kEventsSql[] = R"(
SELECT event_id, event_time, service, kind, event FROM events
WHERE service = $1 AND event_time >= $2 AND event_time < $3
ORDER BY event_time, event_id LIMIT 100)";
constexpr char kCandidatesSql[] = R"(
SELECT candidate_id, incident_id, state, title, onset_time, services
FROM candidates ORDER BY onset_time DESC, candidate_id LIMIT 50)";

// Runs `load` for the time of a round beside `read`.
Figures Beside(const std::function<void()>& load,
               const std::function<Figures()>& read) {
  std::thread thread(load);
  Figures figures = read();
  thread.join();
  return figures;
}

// The queries on incidentd.
class OurReader {
 public:
  explicit OurReader(const ServerProcess& incidentd)
      : channel_(incidentd.Connect()),
        generic_(channel_),
        events_(v1::EventService::NewStub(channel_)),
        candidates_(v1::CandidateService::NewStub(channel_)),
        incidents_(v1::IncidentService::NewStub(channel_)) {}

  // Of the events in their order; what people added has ids of its own.
  std::string TimelineDigest(const std::string& incident_id) {
    grpc::ClientContext context;
    v1::GetTimelineRequest request;
    request.set_incident_id(incident_id);
    v1::GetTimelineResponse response;
    if (!incidents_->GetTimeline(&context, request, &response).ok()) return "";
    std::string ids;
    for (const v1::TimelineEntry& entry : response.entries()) {
      if (entry.has_event()) ids += entry.entry_id();
    }
    return IdToHex(StableId({ids}));
  }

  // How many entries came. Decoded: as messages; else as they came, and their
  // number alone is looked at.
  int Timeline(const std::string& incident_id, bool decoded) {
    Arena arena;
    v1::GetTimelineRequest request;
    request.set_incident_id(incident_id);
    request.set_page_size(10'000);
    int count = 0;
    // A page ends early at 2 MiB.
    do {
      if (decoded) {
        grpc::ClientContext context;
        auto* response = Arena::CreateMessage<v1::GetTimelineResponse>(&arena);
        if (!incidents_->GetTimeline(&context, request, response).ok()) {
          return -1;
        }
        count += response->entries_size();
        request.set_page_token(response->next_page_token());
      } else {
        grpc::ByteBuffer response;
        std::string token;
        if (!GetTimelineBytes(request, &response) ||
            !CountEntries(response, &count, &token)) {
          return -1;
        }
        request.set_page_token(token);
      }
    } while (!request.page_token().empty());
    return count;
  }

  int Events(const std::string& service, int64_t minute) {
    Arena arena;
    grpc::ClientContext context;
    v1::QueryEventsRequest request;
    request.add_services(service);
    *request.mutable_start_time() =
        FromMicros(kFirstMicros + minute * kMinuteMicros);
    *request.mutable_end_time() =
        FromMicros(kFirstMicros + (minute + 1) * kMinuteMicros);
    request.set_page_size(100);
    auto* response = Arena::CreateMessage<v1::QueryEventsResponse>(&arena);
    return events_->QueryEvents(&context, request, response).ok()
               ? response->events_size()
               : -1;
  }

  int Candidates() {
    Arena arena;
    grpc::ClientContext context;
    v1::ListCandidatesRequest request;
    request.set_page_size(50);
    auto* response = Arena::CreateMessage<v1::ListCandidatesResponse>(&arena);
    return candidates_->ListCandidates(&context, request, response).ok()
               ? response->candidates_size()
               : -1;
  }

 private:
  bool GetTimelineBytes(const v1::GetTimelineRequest& request,
                        grpc::ByteBuffer* response) {
    grpc::Slice slice(request.SerializeAsString());
    grpc::ClientContext context;
    const auto call = generic_.PrepareUnaryCall(
        &context, "/secondstory.v1.IncidentService/GetTimeline",
        grpc::ByteBuffer(&slice, 1), &queue_);
    call->StartCall();
    grpc::Status status;
    call->Finish(response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok && status.ok();
  }

  static bool CountEntries(const grpc::ByteBuffer& bytes, int* count,
                           std::string* token) {
    grpc::Slice slice;
    if (!bytes.DumpToSingleSlice(&slice).ok()) return false;
    WireFields fields(absl::string_view(
        reinterpret_cast<const char*>(slice.begin()), slice.size()));
    while (fields.Next()) {
      const bool is_entry =
          fields.number() == v1::GetTimelineResponse::kEntriesFieldNumber;
      absl::string_view text;
      if (!(is_entry ? fields.Skip() : fields.Text(&text))) return false;
      *count += is_entry;
      if (!is_entry) *token = std::string(text);
    }
    return fields.AtEnd();
  }

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub generic_;
  grpc::CompletionQueue queue_;
  const std::unique_ptr<v1::EventService::Stub> events_;
  const std::unique_ptr<v1::CandidateService::Stub> candidates_;
  const std::unique_ptr<v1::IncidentService::Stub> incidents_;
};

class Readers {
 public:
  Readers(const BenchOptions& options, Report* report)
      : options_(options),
        report_(report),
        incidentd_(StartIncidentd(options.dir + "/readers", report)),
        postgres_(options.dir + "/readers-postgres", report),
        requests_(options.seed + 70, 100),
        rows_(options.seed + 71),
        ours_(incidentd_),
        theirs_(postgres_.Connect()) {}

  void Run() {
    Fill();
    for (const BuiltIncident& incident : incidents_) {
      const auto theirs = [&] {
        return theirs_.Run("timeline", {IdFromHex(incident.incident_id)});
      };
      const std::string name =
          absl::StrCat("timeline of ", incident.entry_count);
      Compare(
          name, [&] { return ours_.Timeline(incident.incident_id, false); },
          theirs, incident.entry_count);
      Compare(
          name + ", decoded",
          [&] { return ours_.Timeline(incident.incident_id, true); }, theirs,
          incident.entry_count);
    }
    int64_t n = 0, m = 0;
    Compare(
        "events of a service in a minute",
        [&] {
          ++n;
          return ours_.Events(services_[n % services_.size()], n % 3);
        },
        [&] {
          ++m;
          const int64_t start = kFirstMicros + (m % 3) * kMinuteMicros;
          return theirs_.Run("events",
                             {services_[m % services_.size()], PgTime(start),
                              PgTime(start + kMinuteMicros)});
        },
        -1);
    Compare(
        "latest 50 candidates", [&] { return ours_.Candidates(); },
        [&] { return theirs_.Run("candidates", {}); }, 50);
    report_->AddFigure("resident set of incidentd, after readers",
                       ResidentMib(incidentd_.pid()), "MiB");
  }

 private:
  void Fill() {
    const int events = options_.smoke ? 2000 : 200'000;
    AppendAll(
        incidentd_, 16, events / 100, [&] { return requests_.Next(); },
        report_);
    bool copied = theirs_.Execute("CREATE TEMP TABLE staging (LIKE events)");
    for (int i = 0; copied && i < events; i += 1000) {
      copied = theirs_.Copy("COPY events FROM STDIN (FORMAT binary)",
                            rows_.NextCopy(1000));
    }
    report_->AddCheck("PostgreSQL takes as many events", copied);
    // The services that have most.
    EventGenerator generator(options_.seed + 70);
    std::set<std::string> services;
    for (int i = 0; i < 6400; ++i) services.insert(generator.Next().service());
    services_.assign(services.begin(), services.end());
    for (const int entries : {10, 1000, 10'000}) {
      if (options_.smoke && entries > 1000) continue;
      incidents_.push_back(BuildIncident(
          incidentd_, options_.seed + 1000 + static_cast<uint64_t>(entries),
          entries, report_));
      StoreIncident(incidents_.back(), &theirs_, report_);
      report_->AddResult(absl::StrCat("timeline of ", entries),
                         ours_.TimelineDigest(incidents_.back().incident_id));
    }
    StoreCandidates(SubmitCandidates(incidentd_, options_.seed + 90,
                                     options_.smoke ? 60 : 1000, report_),
                    "", &theirs_, report_);
    report_->AddCheck(
        absl::StrCat("PostgreSQL takes the queries: ", theirs_.error()),
        theirs_.Execute("DEALLOCATE ALL") &&
            theirs_.Prepare("timeline", kTimelineSql) &&
            theirs_.Prepare("events", kEventsSql) &&
            theirs_.Prepare("candidates", kCandidatesSql) &&
            theirs_.Execute("VACUUM ANALYZE"));
  }

  void Compare(const std::string& what, const std::function<int()>& ours,
               const std::function<int()>& theirs, int wanted) {
    BenchOptions round = options_;
    round.round_time = std::min(options_.round_time, absl::Seconds(1));
    const auto read_ours = [&] {
      return RunReader(round, ours, wanted, report_);
    };
    const auto read_theirs = [&] {
      return RunReader(round, theirs, wanted, report_);
    };
    const Rounds rounds = Rounds::Run(
        options_,
        [&] { return ProbeSync(options_.dir, options_.smoke ? 5 : 200); },
        {{"incidentd, idle", read_ours},
         {"PostgreSQL, idle", read_theirs},
         {"incidentd, full intake",
          [&] {
            return Beside(
                [&] {
                  RunNewAppends(round, incidentd_, {100, 16}, &requests_,
                                report_);
                },
                read_ours);
          }},
         {"PostgreSQL, full intake", [&] {
            return Beside(
                [&] {
                  RunPgClients(
                      round, postgres_, 4,
                      [&](PgConnection* connection) {
                        return connection->Run(InsertStatement(100),
                                               rows_.Next(100));
                      },
                      report_);
                },
                read_theirs);
          }}});
    report_->AddRounds(absl::StrCat("One reader: ", what), rounds,
                       ReadMetrics(), "incidentd, idle");
    if (what != "timeline of 1000") return;
    report_->AddGate(
        {"GetTimeline of 1,000 entries: times as fast as on PostgreSQL",
         rounds.RatioOf("p50_ms", "PostgreSQL, idle", "incidentd, idle"), 5,
         15});
    report_->AddGate(
        {"GetTimeline of 1,000 entries: p99 under full intake against idle",
         rounds.RatioOf("p99_ms", "incidentd, full intake", "incidentd, idle"),
         5, 2, false});
  }

  const BenchOptions& options_;
  Report* const report_;
  const ServerProcess incidentd_;
  const Postgres postgres_;
  Requests requests_;
  PgRows rows_;
  OurReader ours_;
  PgConnection theirs_;
  std::vector<BuiltIncident> incidents_;
  std::vector<std::string> services_;
};

// ---- Watchers -------------------------------------------------------------

// Followers of the log, each on a stream of its own.
class Watchers {
 public:
  Watchers(const ServerProcess& incidentd, int count, int64_t after)
      : count_(count) {
    for (int i = 0; i < std::min(count, 4); ++i) {
      stubs_.push_back(v1::EventService::NewStub(incidentd.Connect()));
    }
    for (int i = 0; i < count; ++i) {
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      threads_.emplace_back([this, i, after] { Watch(i, after); });
    }
  }

  ~Watchers() {
    for (const auto& context : contexts_) context->TryCancel();
    for (std::thread& thread : threads_) thread.join();
  }

  // Events that all watchers together have got so far.
  int64_t delivered() const {
    absl::MutexLock lock(&mutex_);
    return delivered_;
  }

  // Waits until all have got so many; false: not within a minute.
  bool Await(int64_t events) const {
    const auto all = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return delivered_ >= events * count_;
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&all), absl::Minutes(1));
  }

 private:
  void Watch(int number, int64_t after) {
    v1::WatchEventsRequest request;
    request.set_after_position(static_cast<uint64_t>(after));
    const auto reader =
        stubs_[static_cast<size_t>(number) % stubs_.size()]->WatchEvents(
            contexts_[static_cast<size_t>(number)].get(), request);
    v1::WatchEventsResponse response;
    while (reader->Read(&response)) {
      absl::MutexLock lock(&mutex_);
      delivered_ += response.events_size();
    }
    reader->Finish();
  }

  const int count_;
  std::vector<std::unique_ptr<v1::EventService::Stub>> stubs_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  mutable absl::Mutex mutex_;
  int64_t delivered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

void RunReaders(const BenchOptions& options, Report* report) {
  Readers(options, report).Run();
}

void RunWatchers(const BenchOptions& options, Report* report) {
  const ServerProcess incidentd =
      StartIncidentd(options.dir + "/watchers", report);
  Requests singles(options.seed + 95, 1), hundreds(options.seed + 96, 100);
  AppendAll(
      incidentd, 1, 10, [&] { return singles.Next(); }, report);
  BenchOptions round = options;
  round.round_time = std::min(options.round_time, absl::Seconds(2));
  std::vector<Variant> idle, intake;
  for (const int count : {1, 10, 100}) {
    const std::string name = absl::StrCat(count, " watchers");
    // One event after the other, each on its way to everybody.
    idle.push_back({name, [&, count] {
                      const Watchers watchers(incidentd, count,
                                              RecordCount(incidentd) - 1);
                      bool right = watchers.Await(1);
                      std::vector<double> latencies_ms;
                      const absl::Time end = absl::Now() + round.round_time;
                      for (int64_t n = 2; absl::Now() < end; ++n) {
                        const absl::Time start = absl::Now();
                        AppendAll(
                            incidentd, 1, 1, [&] { return singles.Next(); },
                            report);
                        right = right && watchers.Await(n);
                        latencies_ms.push_back(
                            absl::ToDoubleMilliseconds(absl::Now() - start));
                      }
                      report->AddCheck("every watcher gets every event", right);
                      Figures figures;
                      AddLatencies(latencies_ms, &figures);
                      return figures;
                    }});
    intake.push_back({name, [&, count] {
                        const int64_t before = RecordCount(incidentd);
                        const Watchers watchers(incidentd, count, before - 1);
                        Figures figures = RunNewAppends(
                            round, incidentd, {100, 16}, &hundreds, report);
                        figures["delivered_per_second"] =
                            static_cast<double>(watchers.delivered()) /
                            absl::ToDoubleSeconds(round.round_time);
                        return figures;
                      }});
  }
  const auto probe = [&] {
    return ProbeSync(options.dir, options.smoke ? 5 : 200);
  };
  report->AddRounds(
      "WatchEvents, idle: from the call that appends an event until all have "
      "it",
      Rounds::Run(options, probe, idle), {"p50_ms", "p99_ms", "p999_ms"});
  report->AddRounds("WatchEvents under full intake of batches of 100",
                    Rounds::Run(options, probe, intake),
                    {"events_per_second", "delivered_per_second", "cpu_us"});
  report->AddFigure("resident set of incidentd, after watchers",
                    ResidentMib(incidentd.pid()), "MiB");
}

}  // namespace secondstory::bench
