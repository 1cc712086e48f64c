#include "ingest/alerts/refusals.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "base/logging.h"

namespace secondstory::ingest {
namespace {

constexpr size_t kBodyBytesMax = 4 << 10;

std::string TimeText(absl::Time time) {
  return JsonQuote(
      absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

}  // namespace

Refusals::Refusals(const std::string& dir, Metrics* metrics)
    : file_(dir + "/refused_alerts.jsonl"),
      alerts_(metrics->AddCounter(
          "secondstory_alerts_refused_total",
          "Alerts that could not be taken; see refused_alerts.jsonl.")),
      bodies_(metrics->AddCounter(
          "secondstory_alerts_unreadable_bodies_total",
          "Webhook bodies that could not be read at all.")) {}

void Refusals::Add(const std::string& source, absl::Time time,
                   const std::vector<RefusedAlert>& alerts) {
  std::vector<std::string> lines;
  for (const RefusedAlert& alert : alerts) {
    alerts_->Increment();
    log::Warning("alert refused", {{"source", source},
                                   {"index", alert.index},
                                   {"field", alert.field},
                                   {"reason", alert.reason}});
    lines.push_back(JsonObject({{"time", TimeText(time)},
                                {"source", JsonQuote(source)},
                                {"index", absl::StrCat(alert.index)},
                                {"field", JsonQuote(alert.field)},
                                {"value", JsonQuote(alert.value)},
                                {"reason", JsonQuote(alert.reason)},
                                {"alert", alert.json}}));
  }
  Append(lines);
}

void Refusals::AddBody(const std::string& source, absl::Time time,
                       const absl::Status& error, const std::string& body) {
  bodies_->Increment();
  log::Warning("webhook body refused",
               {{"source", source}, {"bytes", body.size()}, {"error", error}});
  Append({JsonObject({{"time", TimeText(time)},
                      {"source", JsonQuote(source)},
                      {"reason", JsonQuote(error.message())},
                      {"body", JsonQuote(body.substr(0, kBodyBytesMax))}})});
}

// The sender is told in any case, so a disk that fails costs the copy only.
void Refusals::Append(const std::vector<std::string>& lines) {
  if (absl::Status status = file_.Append(lines); !status.ok()) {
    log::Error("refused alerts cannot be kept", {{"error", status}});
  }
}

}  // namespace secondstory::ingest
