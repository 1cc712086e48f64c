// assemblerd, which keeps candidate timelines.
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/http_server.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "ingest/assembler/assemblerd_config_protos.h"
#include "ingest/assembler/follower.h"
#include "ingest/assembler/grpc_incident_client.h"
#include "ingest/assembler/topology_file.h"
#include "secondstory/config/v1/assemblerd.pb.h"
#include "timeline/topology.h"

namespace secondstory::ingest {
namespace {

constexpr char kAbout[] =
    "assemblerd follows the events of incidentd and keeps candidate timelines "
    "of them: which alerts belong together, and which changes were near their "
    "onset.";

void FollowUntilStopped(Follower* follower) {
  Backoff backoff(
      absl::Milliseconds(100), absl::Seconds(10),
      static_cast<uint64_t>(absl::ToUnixNanos(SystemClock().Now())));
  while (!StopRequested()) {
    const absl::Time start = SystemClock().Now();
    const absl::Status status = follower->Follow();
    if (StopRequested()) return;
    log::Warning("following broke off; trying again", {{"status", status}});
    if (SystemClock().Now() - start > absl::Seconds(30)) backoff.Reset();
    SleepUnlessStopped(backoff.Next());
  }
}

absl::Status Run(const config::v1::AssemblerdConfig& config) {
  SS_ASSIGN_OR_RETURN(timeline::Topology topology,
                      ReadTopologyFile(config.topology_file()));
  Metrics metrics("assemblerd");
  const std::unique_ptr<IncidentClient> client =
      CreateGrpcIncidentClient(config.incidentd_address(), StopRequested);
  FollowerOptions options;
  options.assembling.ranking.lookback = ToDuration(config.lookback());
  Follower follower(options, std::move(topology), client.get(), &SystemClock(),
                    &metrics);
  const auto ready = [&]() -> absl::Status {
    if (follower.caught_up()) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(
        "has not yet read all events of ", config.incidentd_address()));
  };
  SS_ASSIGN_OR_RETURN(
      const std::unique_ptr<HttpServer> server,
      StartMetricsServer(config.metrics_address(), &metrics, ready));
  std::thread following([&] { FollowUntilStopped(&follower); });
  WaitForStop();
  following.join();
  return absl::OkStatus();
}

}  // namespace
}  // namespace secondstory::ingest

int main(int argc, char** argv) {
  secondstory::config::v1::AssemblerdConfig config;
  return secondstory::RunProcess(
      "assemblerd", secondstory::ingest::kAbout,
      secondstory::AssemblerdConfigProtos(), argc, argv, &config,
      [&] { return secondstory::ingest::Run(config); });
}
