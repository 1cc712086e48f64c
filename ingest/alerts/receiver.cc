#include "ingest/alerts/receiver.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/logging.h"
#include "ingest/delivery/refused_file.h"

namespace secondstory::ingest {
namespace {

constexpr size_t kNameBytesMax = 200;
constexpr char kRetryAfterSeconds[] = "5";

Counter* AddAnswer(Metrics* metrics, const std::string& code) {
  return metrics->AddCounter("secondstory_alerts_webhooks_total",
                             "Webhooks received, by the code of the answer.",
                             {{"code", code}});
}

HttpResponse ErrorResponse(int status, absl::string_view error) {
  HttpResponse response;
  response.status = status;
  response.body = JsonObject({{"error", JsonQuote(error)}}) + "\n";
  return response;
}

// "alertmanager/prod" of "/v1/alertmanager/prod"; empty when it is no door.
std::string SourceOf(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "/v1/")) return "";
  for (absl::string_view kind : {"alertmanager/", "grafana/"}) {
    if (absl::StartsWith(path, kind) &&
        IsSourceName(path.substr(kind.size()))) {
      return std::string(path);
    }
  }
  return "";
}

std::string RefusedJson(const std::vector<RefusedAlert>& refused) {
  std::vector<std::string> items;
  for (const RefusedAlert& alert : refused) {
    items.push_back(JsonObject({{"index", absl::StrCat(alert.index)},
                                {"field", JsonQuote(alert.field)},
                                {"value", JsonQuote(alert.value)},
                                {"reason", JsonQuote(alert.reason)}}));
  }
  return absl::StrCat("[", absl::StrJoin(items, ","), "]");
}

}  // namespace

bool IsSourceName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '.' || c == '_' || c == '-';
         });
}

Receiver::Receiver(const ReceiverOptions& options, Delivery* delivery,
                   Refusals* refusals, const Clock* clock, Metrics* metrics,
                   PollNow poll_now)
    : options_(options),
      delivery_(delivery),
      refusals_(refusals),
      clock_(clock),
      poll_now_(std::move(poll_now)),
      alerts_(metrics->AddCounter("secondstory_alerts_received_total",
                                  "Alerts taken from webhooks, repeats "
                                  "included.")),
      truncated_(metrics->AddCounter(
          "secondstory_alerts_truncated_total",
          "Alerts that senders left out of their webhooks (max_alerts).")),
      answers_ok_(AddAnswer(metrics, "200")),
      answers_bad_(AddAnswer(metrics, "400")),
      answers_unavailable_(AddAnswer(metrics, "503")) {}

HttpResponse Receiver::Answer(const HttpRequest& request) {
  const std::string source = SourceOf(request.path);
  if (source.empty()) {
    return ErrorResponse(
        404, absl::StrCat("no such path: ", request.path,
                          "; post to /v1/alertmanager/NAME or /v1/grafana/NAME"
                          ", NAME being letters, digits, '.', '_' or '-'"));
  }
  if (request.method != "POST") {
    HttpResponse response = ErrorResponse(
        405, absl::StrCat(request.method, " is not supported; use POST"));
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  HttpResponse response = Take(source, request);
  Counter* counter = response.status == 200   ? answers_ok_
                     : response.status == 400 ? answers_bad_
                                              : answers_unavailable_;
  counter->Increment();
  return response;
}

HttpResponse Receiver::Take(const std::string& source,
                            const HttpRequest& request) {
  NormalizeOptions normalize_options;
  normalize_options.source = source;
  normalize_options.observe_time = clock_->Now();
  normalize_options.service_labels = options_.service_labels;
  normalize_options.environment_labels = options_.environment_labels;
  const absl::StatusOr<NormalizedAlerts> normalized =
      NormalizeWebhook(request.body, normalize_options);
  if (!normalized.ok()) {
    refusals_->AddBody(source, normalize_options.observe_time,
                       normalized.status(), request.body);
    return ErrorResponse(400, normalized.status().message());
  }
  refusals_->Add(source, normalize_options.observe_time, normalized->refused);
  NoteTruncated(source, normalized->truncated_count);
  return AcceptAlerts(source, *normalized);
}

HttpResponse Receiver::AcceptAlerts(const std::string& source,
                                    const NormalizedAlerts& normalized) {
  std::vector<v1::Event> events;
  for (const Alert& alert : normalized.alerts) AppendEventsOf(alert, &events);
  if (absl::Status status = delivery_->Accept(events, std::nullopt);
      !status.ok()) {
    log::Warning("webhook cannot be taken now",
                 {{"source", source}, {"error", status}});
    HttpResponse response = ErrorResponse(503, status.message());
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    return response;
  }
  alerts_->Increment(static_cast<double>(normalized.alerts.size()));
  std::vector<std::pair<std::string, std::string>> members = {
      {"alerts", absl::StrCat(normalized.alerts.size())},
      {"events", absl::StrCat(events.size())},
      {"refused", RefusedJson(normalized.refused)}};
  HttpResponse response;
  if (normalized.alerts.empty() && !normalized.refused.empty()) {
    response.status = 400;
    members.emplace(members.begin(), "error",
                    JsonQuote("none of the alerts could be taken"));
  }
  response.body = JsonObject(members) + "\n";
  return response;
}

void Receiver::NoteTruncated(const std::string& source, uint64_t count) {
  if (count == 0) return;
  truncated_->Increment(static_cast<double>(count));
  if (poll_now_(source)) return;
  log::Warning(
      "webhook left alerts out, and its Alertmanager is not polled; configure "
      "alertmanagers, or set max_alerts to 0",
      {{"source", source}, {"left_out", static_cast<int64_t>(count)}});
}

}  // namespace secondstory::ingest
