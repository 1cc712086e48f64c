#include "tests/bench/events.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/proto_time.h"

namespace secondstory::bench {
namespace {

constexpr uint64_t kServices = 3400;
constexpr uint64_t kRules = 2000;

// Of the length that words in alerts have.
constexpr std::array<const char*, 32> kWords = {
    "latency",  "error",  "rate",  "above",   "the",     "limit", "for",
    "requests", "of",     "pod",   "is",      "not",     "ready", "disk",
    "space",    "memory", "usage", "queue",   "backlog", "grows", "replica",
    "lag",      "node",   "down",  "timeout", "on",      "cache", "misses",
    "cluster",  "volume", "slow",  "restart"};

}  // namespace

uint64_t EventGenerator::Skewed(uint64_t bound) {
  // Zipf-like: uniform in the logarithm.
  const double u =
      static_cast<double>(random_() >> 11) / static_cast<double>(1ull << 53);
  const double value = std::pow(static_cast<double>(bound), u) - 1;
  return std::min(bound - 1, static_cast<uint64_t>(value));
}

std::string EventGenerator::Words(size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", kWords[Below(32)]);
  }
  return text;
}

void EventGenerator::FillAlert(v1::Event* event) {
  const std::string service = absl::StrCat("service-", burst_service_);
  const std::string rule = absl::StrCat("ServiceRuleWithLongName", burst_rule_);
  event->set_kind(Below(3) == 0 ? v1::EVENT_KIND_ALERT_RESOLVED
                                : v1::EVENT_KIND_ALERT_FIRED);
  event->set_source("alertmanager/prod");
  event->set_source_event_id(
      absl::StrFormat("%016x/%d/fired", random_(), micros_));
  event->set_service(service);
  event->set_environment("prod-eu");
  event->set_title(Words(46 + Below(60)));
  event->set_description(Words(Below(120)));
  event->set_severity(static_cast<v1::Severity>(2 + Below(3)));
  auto& labels = *event->mutable_labels();
  labels["alertname"] = rule;
  labels["severity"] = Below(2) == 0 ? "warning" : "critical";
  labels["team"] = absl::StrCat("team-", burst_service_ % 40);
  labels["cluster"] = absl::StrCat("cluster-", Skewed(50));
  labels["namespace"] = absl::StrCat("namespace-", burst_service_ % 300);
  labels["pod"] =
      absl::StrFormat("%s-%08x-%05x", service, burst_rule_, Below(1 << 20));
  labels["instance"] =
      absl::StrFormat("10.%d.%d.%d:9100", Below(4), Below(256), Below(256));
  v1::Link* link = event->add_links();
  link->set_title("source");
  link->set_url(absl::StrCat(
      "http://prometheus.example:9090/graph?g0.expr=", rule, "&g0.tab=1"));
}

void EventGenerator::FillChange(v1::Event* event) {
  event->set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  event->set_source("deploylog/prod");
  event->set_source_event_id(absl::StrFormat("%016x", random_()));
  const std::string service = absl::StrCat("service-", Skewed(kServices));
  event->set_service(service);
  event->set_environment("prod-eu");
  event->set_title(Words(26 + Below(40)));
  event->set_actor(absl::StrCat("person-", Skewed(200)));
  v1::Change* change = event->mutable_change();
  change->set_revision(absl::StrFormat("%016x%016x", random_(), random_()));
  change->set_previous_revision(
      absl::StrFormat("%016x%016x", random_(), random_()));
  for (uint64_t i = 1 + Skewed(12); i > 0; --i) {
    change->add_paths(
        absl::StrCat("modules/", service, "/", Words(18 + Below(30))));
  }
}

v1::Event EventGenerator::Next() {
  v1::Event event;
  micros_ += static_cast<int64_t>(Below(20'000));
  *event.mutable_event_time() = FromMicros(micros_);
  *event.mutable_observe_time() = FromMicros(micros_ + 500'000);
  if (burst_left_ == 0) {
    burst_left_ = 1 + Skewed(500);
    burst_service_ = Skewed(kServices);
    burst_rule_ = Skewed(kRules);
    FillChange(&event);
  } else {
    --burst_left_;
    FillAlert(&event);
  }
  // Two generators of different seeds never make the same event.
  event.set_source_event_id(
      absl::StrCat(event.source_event_id(), "/", seed_, "/", count_++));
  return event;
}

}  // namespace secondstory::bench
