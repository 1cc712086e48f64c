// incidentd: the incident service.
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/config/v1/incidentd.pb.h"
#include "services/incidentd/account_handlers.h"
#include "services/incidentd/action_handlers.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/event_handlers.h"
#include "services/incidentd/health.h"
#include "services/incidentd/import_handlers.h"
#include "services/incidentd/incident_handlers.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/incidentd_config_text.h"
#include "services/incidentd/insight_handlers.h"
#include "services/incidentd/learning_handlers.h"
#include "services/incidentd/membership_handlers.h"
#include "services/incidentd/reflection.h"
#include "services/incidentd/reminders.h"
#include "services/incidentd/review_handlers.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/storage_metrics.h"
#include "services/incidentd/ticker.h"
#include "services/incidentd/timeline_handlers.h"
#include "services/incidentd/watch.h"
#include "storage/group_log.h"
#include "storage/rocksdb/acked_watermark.h"
#include "storage/rocksdb/rocks_tables.h"
#include "storage/search/indexer.h"
#include "storage/store.h"

namespace secondstory::incidentd {
namespace {

constexpr char kAbout[] =
    "incidentd keeps the event log, the candidate timelines and the incidents, "
    "and serves them over gRPC.";

storage::RocksOptions StorageOptions(
    const config::v1::IncidentdConfig& config) {
  storage::RocksOptions options;
  options.dir = config.data_dir() + "/incidentd";
  options.block_cache_bytes = size_t{config.block_cache_mib()} << 20;
  options.disk_free_bytes_min = uint64_t{config.disk_free_mib_min()} << 20;
  return options;
}

RpcServerOptions ServerOptions(const config::v1::IncidentdConfig& config) {
  RpcServerOptions options;
  options.address = config.grpc_address();
  options.connection_count_max =
      static_cast<int>(config.connection_count_max());
  return options;
}

// Null when it is switched off.
std::unique_ptr<storage::Indexer> StartIndexer(
    const config::v1::IncidentdConfig& config, const storage::Store& store,
    const storage::Log& log, Metrics* metrics) {
  if (!config.search_enabled()) return nullptr;
  storage::IndexerOptions options;
  options.dir = config.data_dir() + "/search";
  auto indexer = std::make_unique<storage::Indexer>(std::move(options), &store,
                                                    &log, SystemClock());
  AddSearchMetrics(indexer.get(), metrics);
  return indexer;
}

// A log that ends before what was acknowledged is served only when told so.
absl::Status CheckNothingLost(const config::v1::IncidentdConfig& config,
                              const storage::Log& log,
                              storage::AckedWatermark* watermark) {
  const absl::Status status = watermark->Check(log.head());
  if (status.ok() || !config.accept_data_loss()) return status;
  log::Warning("going on without lost records", {{"status", status}});
  return watermark->Save(log.head());
}

void SaveWatermark(const storage::Log& log, storage::AckedWatermark* watermark,
                   storage::Position* saved) {
  const storage::Position head = log.head();
  if (head == *saved) return;
  if (const absl::Status status = watermark->Save(head); !status.ok()) {
    log::Error("the acknowledged position cannot be saved",
               {{"status", status}});
    return;
  }
  *saved = head;
}

absl::StatusOr<SeverityPolicy> ReadPolicy(
    const config::v1::IncidentdConfig& config) {
  SeverityPolicy policy;
  const int count = static_cast<int>(policy.names.size());
  for (const auto& [key, size] :
       {std::pair("severity_names", config.severity_names_size()),
        std::pair("review_due_days", config.review_due_days_size())}) {
    if (size == 0 || size == count) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(key, " has ", size, " values; give one for each of the ",
                     count, " severities, or none"));
  }
  for (int i = 0; i < config.severity_names_size(); ++i) {
    policy.names[i] = config.severity_names(i);
  }
  for (int i = 0; i < config.review_due_days_size(); ++i) {
    policy.review_periods.by_severity[i] =
        absl::Hours(24) * config.review_due_days(i);
  }
  return policy;
}

absl::Status Run(const config::v1::IncidentdConfig& config) {
  SS_ASSIGN_OR_RETURN(const SeverityPolicy policy, ReadPolicy(config));
  SS_ASSIGN_OR_RETURN(const std::string reveal_key,
                      ReadRevealKey(config.reveal_key_file()));
  Metrics metrics("incidentd");
  const storage::RocksOptions options = StorageOptions(config);
  SS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::RocksTables> tables,
                      storage::RocksTables::Open(options));
  const storage::Store store(tables.get());
  SS_ASSIGN_OR_RETURN(std::unique_ptr<storage::GroupLog> log,
                      storage::GroupLog::Open(tables.get(), SystemClock()));
  storage::AckedWatermark watermark(options.dir);
  SS_RETURN_IF_ERROR(CheckNothingLost(config, *log, &watermark));
  AddStorageMetrics(tables.get(), log.get(), &metrics);
  CandidateCensus census(&metrics);
  SS_RETURN_IF_ERROR(census.Load(store));

  std::unique_ptr<storage::Indexer> indexer =
      StartIndexer(config, store, *log, &metrics);

  const std::unique_ptr<RpcServer> server =
      RpcServer::Create(ServerOptions(config), &metrics);
  WatchHub hub(&store, log.get());
  EventHandlers events(log.get(), &store, &hub, SystemClock(), &metrics);
  IncidentHandlers incidents(log.get(), &store, &census, &policy);
  MembershipHandlers memberships(log.get(), &store, &policy);
  TimelineHandlers timelines(log.get(), &store, &metrics);
  CandidateHandlers candidates(
      log.get(), &store, &hub, &census,
      [&incidents](v1::PromoteCandidateRequest request, auto done) {
        incidents.Promote(std::move(request), std::move(done));
      },
      [&incidents](const std::string& id) { incidents.Refresh(id); });
  LearningHandlers learning(indexer.get());
  InsightHandlers insights(log.get(), &store, indexer.get(), &policy,
                           &SystemClock());
  AccountHandlers accounts(log.get(), &store, reveal_key, &metrics);
  ActionHandlers actions(log.get(), &store, &SystemClock());
  ReviewHandlers reviews(log.get(), &store, &policy, &SystemClock());
  ImportHandlers imports(log.get(), &policy, &census, &SystemClock());
  Reminders reminders(
      log.get(), &store, &SystemClock(), &metrics,
      [&incidents](const std::string& id) { incidents.Refresh(id); });
  Health health(server.get(), [&log] { return log->health(); });
  events.Register(server.get());
  candidates.Register(server.get());
  incidents.Register(server.get());
  memberships.Register(server.get());
  timelines.Register(server.get());
  learning.Register(server.get());
  insights.Register(server.get());
  accounts.Register(server.get());
  actions.Register(server.get());
  reviews.Register(server.get());
  imports.Register(server.get());
  AddReflection(server.get());
  SS_RETURN_IF_ERROR(server->Start());
  log::Info("listening", {{"protocol", "grpc"}, {"port", server->port()}});
  SS_ASSIGN_OR_RETURN(
      std::unique_ptr<HttpServer> metrics_server,
      StartMetricsServer(config.metrics_address(), &metrics,
                         [&health] { return health.status(); }));
  log::Info("ready", {{"position", log->head()}, {"data_dir", options.dir}});

  storage::Position saved = 0;
  {
    const Ticker saver(absl::Seconds(1),
                       [&] { SaveWatermark(*log, &watermark, &saved); });
    reminders.Tick();
    const Ticker reminder(ToDuration(config.reminder_interval()),
                          [&reminders] { reminders.Tick(); });
    WaitForStop();
  }
  health.Stop();
  hub.Stop();
  server->Shutdown(ToDuration(config.shutdown_grace()));
  SaveWatermark(*log, &watermark, &saved);
  metrics_server.reset();
  indexer.reset();
  // Before the hub, which it tells of commits.
  log.reset();
  return absl::OkStatus();
}

}  // namespace
}  // namespace secondstory::incidentd

int main(int argc, char** argv) {
  secondstory::config::v1::IncidentdConfig config;
  return secondstory::RunProcess(
      "incidentd", secondstory::incidentd::kAbout,
      secondstory::IncidentdConfigText(), argc, argv, &config,
      [&config] { return secondstory::incidentd::Run(config); });
}
