#include "ingest/deploys/worker.h"

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "ingest/delivery/delivery.h"
#include "ingest/delivery/grpc_incidentd.h"
#include "ingest/delivery/refused_file.h"
#include "ingest/deploys/git_follower.h"
#include "ingest/deploys/log_follower.h"
#include "ingest/deploys/source.h"

namespace secondstory::ingest {
namespace {

constexpr size_t kNameBytesMax = 200;

absl::Status CheckName(absl::string_view kind, const std::string& name,
                       std::set<std::string>* names) {
  if (name.empty() || name.size() > kNameBytesMax || !IsUtf8(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kind, ": name \"", name, "\"; expected 1 to ",
                     kNameBytesMax, " bytes of UTF-8"));
  }
  if (names->insert(name).second) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      kind, ": two have the name \"", name, "\"; each needs its own"));
}

struct FollowedSource {
  SourceMetrics metrics;
  std::unique_ptr<Source> source;
};

std::vector<FollowedSource> MakeSources(const config::v1::DeploydConfig& config,
                                        Delivery* delivery,
                                        RefusedFile* dead_letters,
                                        Metrics* metrics) {
  std::vector<FollowedSource> sources;
  for (const auto& log : config.logs()) {
    const SourceMetrics counts(absl::StrCat("deploylog/", log.name()), metrics);
    sources.push_back({counts, std::make_unique<LogFollower>(
                                   log.name(), log.path(), &SystemClock(),
                                   delivery, dead_letters, counts)});
  }
  for (const auto& repository : config.repositories()) {
    const SourceMetrics counts(absl::StrCat("git/", repository.name()),
                               metrics);
    sources.push_back({counts, std::make_unique<GitFollower>(
                                   repository, &SystemClock(), delivery,
                                   dead_letters, counts)});
  }
  return sources;
}

}  // namespace

absl::Status CheckDeploydConfig(const config::v1::DeploydConfig& config) {
  std::set<std::string> log_names;
  for (const auto& log : config.logs()) {
    SS_RETURN_IF_ERROR(CheckName("logs", log.name(), &log_names));
  }
  std::set<std::string> repository_names;
  for (const auto& repository : config.repositories()) {
    SS_RETURN_IF_ERROR(
        CheckName("repositories", repository.name(), &repository_names));
  }
  return absl::OkStatus();
}

absl::Status RunDeployd(const config::v1::DeploydConfig& config) {
  SS_RETURN_IF_ERROR(CheckDeploydConfig(config));
  Metrics metrics("deployd");
  const auto incidentd = CreateGrpcIncidentd(config.incidentd_address());
  DeliveryOptions options;
  options.spool_dir = config.spool_dir();
  SS_ASSIGN_OR_RETURN(const auto delivery,
                      Delivery::Open(options, incidentd.get(), &metrics));
  // Ready means that what is read is kept; a source that is missing is a matter
  // of its own metrics.
  SS_ASSIGN_OR_RETURN(const auto server,
                      StartMetricsServer(config.metrics_address(), &metrics,
                                         [] { return absl::OkStatus(); }));

  RefusedFile dead_letters(
      absl::StrCat(config.spool_dir(), "/dead_letters.jsonl"));
  const absl::Duration poll_interval = ToDuration(config.poll_interval());
  StopEvent stop;
  const std::vector<FollowedSource> sources =
      MakeSources(config, delivery.get(), &dead_letters, &metrics);
  std::vector<std::thread> threads;
  for (const FollowedSource& followed : sources) {
    threads.emplace_back([&] {
      FollowSource(poll_interval, stop, followed.metrics,
                   followed.source.get());
    });
  }
  log::Info("ready", {{"logs", config.logs_size()},
                      {"repositories", config.repositories_size()}});
  WaitForStop();
  stop.Set();
  delivery->Stop();
  for (std::thread& thread : threads) thread.join();
  return absl::OkStatus();
}

}  // namespace secondstory::ingest
