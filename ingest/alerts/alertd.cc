// alertd, the alert worker.
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/http_client.h"
#include "base/http_server.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "ingest/alerts/alertd_config_protos.h"
#include "ingest/alerts/open_alert_store.h"
#include "ingest/alerts/poller.h"
#include "ingest/alerts/receiver.h"
#include "ingest/alerts/refusals.h"
#include "ingest/delivery/delivery.h"
#include "ingest/delivery/grpc_incidentd.h"
#include "secondstory/config/v1/alertd.pb.h"

namespace secondstory::ingest {
namespace {

constexpr char kAbout[] =
    "alertd receives the webhooks of Alertmanager and Grafana, polls "
    "Alertmanagers, and delivers what they tell to incidentd.";

// Webhooks wait for the disk; more threads let more of them share a sync.
constexpr int kHttpThreadCount = 8;

absl::Status CheckNamesAreUnique(const config::v1::AlertdConfig& config) {
  std::set<std::string> names;
  for (const config::v1::Alertmanager& alertmanager : config.alertmanagers()) {
    if (!names.insert(alertmanager.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("alertmanagers: name \"", alertmanager.name(),
                       "\" stands twice; list its replicas under one name"));
    }
  }
  return absl::OkStatus();
}

PollerOptions MakePollerOptions(const config::v1::AlertdConfig& config) {
  PollerOptions options;
  for (const config::v1::Alertmanager& alertmanager : config.alertmanagers()) {
    options.alertmanagers.push_back(
        {absl::StrCat("alertmanager/", alertmanager.name()),
         {alertmanager.urls().begin(), alertmanager.urls().end()}});
  }
  options.interval = ToDuration(config.poll_interval());
  options.service_labels = {config.service_labels().begin(),
                            config.service_labels().end()};
  options.environment_labels = {config.environment_labels().begin(),
                                config.environment_labels().end()};
  return options;
}

absl::StatusOr<std::string> FetchAlerts(const std::string& url) {
  HttpCall call;
  call.url = url;
  SS_ASSIGN_OR_RETURN(HttpAnswer answer, CallHttp(call));
  if (answer.status == 200) return std::move(answer.body);
  return absl::UnavailableError(
      absl::StrCat(url, ": answered ", answer.status, ", expected 200"));
}

absl::Status Run(const config::v1::AlertdConfig& config) {
  SS_RETURN_IF_ERROR(CheckNamesAreUnique(config));
  Metrics metrics("alertd");
  const std::unique_ptr<Incidentd> incidentd =
      CreateGrpcIncidentd(config.incidentd_address());
  DeliveryOptions delivery_options;
  delivery_options.spool_dir = config.spool_dir();
  SS_ASSIGN_OR_RETURN(
      const std::unique_ptr<Delivery> delivery,
      Delivery::Open(delivery_options, incidentd.get(), &metrics));
  SS_ASSIGN_OR_RETURN(const std::unique_ptr<OpenAlertStore> store,
                      OpenAlertStore::Open(config.spool_dir()));
  Refusals refusals(config.spool_dir(), &metrics);
  const PollerOptions poller_options = MakePollerOptions(config);
  SS_ASSIGN_OR_RETURN(
      const std::unique_ptr<Poller> poller,
      Poller::Create(poller_options, FetchAlerts, store.get(), delivery.get(),
                     &refusals, &SystemClock(), &metrics));
  Receiver receiver(
      {poller_options.service_labels, poller_options.environment_labels},
      delivery.get(), &refusals, &SystemClock(), &metrics,
      [&](const std::string& source) { return poller->PollNow(source); });
  const auto ready = [] { return absl::OkStatus(); };
  SS_ASSIGN_OR_RETURN(
      const std::unique_ptr<HttpServer> server,
      HttpServer::Start(
          config.http_address(),
          [&](const HttpRequest& request, const HttpRespond& respond) {
            if (AnswerMetricsRequest(request, &metrics, ready, respond)) return;
            respond(receiver.Answer(request));
          },
          HttpLimits(), kHttpThreadCount));
  log::Info("listening", {{"protocol", "http"}, {"port", server->port()}});
  SS_ASSIGN_OR_RETURN(
      const std::unique_ptr<HttpServer> metrics_server,
      StartMetricsServer(config.metrics_address(), &metrics, ready));
  poller->Start();
  log::Info("ready");
  WaitForStop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace secondstory::ingest

int main(int argc, char** argv) {
  secondstory::config::v1::AlertdConfig config;
  return secondstory::RunProcess(
      "alertd", secondstory::ingest::kAbout, secondstory::AlertdConfigProtos(),
      argc, argv, &config, [&] { return secondstory::ingest::Run(config); });
}
