#include "tests/bench/events.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/proto_time.h"

namespace secondstory::bench {
namespace {

// What was counted in the published rules.
constexpr size_t kRuleCount = 2071;
constexpr ShareAt kRuleNameBytes[] = {{0, 3},    {.05, 14}, {.25, 21}, {.5, 27},
                                      {.75, 33}, {.95, 43}, {1, 63}};
constexpr ShareAt kSummaryBytes[] = {{0, 10},   {.05, 38}, {.25, 57}, {.5, 67},
                                     {.75, 79}, {.9, 107}, {1, 160}};
// 2,309 words; the first, the first ten, ... are so much of all words.
constexpr size_t kAlertWordCount = 2309;
constexpr ShareAt kAlertWordRank[] = {{0, 0},      {.07, 1},   {.26, 10},
                                      {.38, 32},   {.52, 100}, {.7, 300},
                                      {.89, 1000}, {1, 2308}};
constexpr ShareAt kWordBytes[] = {{0, 1},   {.1, 2},   {.25, 4}, {.5, 6},
                                  {.75, 8}, {.95, 11}, {1, 16}};
// Labels of a rule, beside its name: nearly all have a severity, 46 % a team,
// of 30; 18 % an area and a topic; 16 % switches that say when not to tell.
constexpr ShareAt kSeverity[] = {{0, 0}, {.42, 1}, {.76, 2}, {.9, 3}, {1, 4}};
constexpr const char* kSeverities[] = {"warning", "critical", "page", "notify",
                                       "info"};
constexpr double kTeamShare = .46, kAreaShare = .18, kSwitchShare = .16;
constexpr size_t kTeamCount = 30;
// Rules sum by no label in two cases of three; then an alert has all labels of
// its series, of which Prometheus sets `instance` and `job` everywhere. `by`
// names, in this order: cluster, provider, job, installation, pipeline,
// instance, namespace, pod.
constexpr double kBySeriesShare = .67;

// What was counted in the published changes: services by their share of all
// changes, authors likewise, and sizes.
constexpr size_t kServiceCount = 3399;
constexpr ShareAt kServiceRank[] = {
    {0, 0},       {.066, 1},    {.106, 2},   {.202, 5},   {.296, 10},
    {.404, 20},   {.552, 50},   {.663, 100}, {.775, 200}, {.891, 500},
    {.945, 1000}, {.982, 2000}, {1, 3398}};
constexpr ShareAt kAuthorRank[] = {{0, 0},      {.045, 1},   {.176, 5},
                                   {.292, 10},  {.474, 20},  {.73, 50},
                                   {.879, 100}, {.959, 200}, {1, 792}};
constexpr ShareAt kTitleBytes[] = {{0, 3},    {.05, 23}, {.25, 34}, {.5, 44},
                                   {.75, 54}, {.95, 70}, {.99, 86}, {1, 200}};
// Of 21,774 words in titles.
constexpr size_t kChangeWordCount = 21774;
constexpr ShareAt kChangeWordRank[] = {{0, 0},      {.04, 1},    {.17, 10},
                                       {.25, 32},   {.36, 100},  {.49, 300},
                                       {.66, 1000}, {.79, 3000}, {1, 21773}};
// Of files that a change touches, twelve are named at most.
constexpr ShareAt kPathCount[] = {{0, 1},   {.7, 1},   {.75, 2}, {.9, 3},
                                  {.95, 5}, {.98, 12}, {1, 12}};
constexpr ShareAt kPathBytes[] = {{0, 1},    {.05, 17}, {.25, 28}, {.5, 37},
                                  {.75, 47}, {.95, 64}, {1, 118}};

// Alerts, each once by rule and service, of published incidents: 2 to 21, on 11
// services in the median. On how many instances each fires is not published;
// this is a guess at what a fleet does.
constexpr ShareAt kAlertsPerIncident[] = {{0, 2},    {.25, 5}, {.5, 9},
                                          {.75, 12}, {.9, 16}, {1, 21}};
constexpr ShareAt kInstancesPerAlert[] = {
    {0, 1}, {.5, 2}, {.75, 8}, {.95, 30}, {1, 100}};
// In published incidents half of the alerts that follow another fire in the
// same instant.
constexpr double kSameInstantShare = .5;
constexpr uint64_t kGapMicrosMax = 40'000;

}  // namespace

EventGenerator::EventGenerator(uint64_t seed)
    // What words there are is the same for every seed.
    : random_(1), seed_(seed) {
  alert_words_ = MakeWords(kAlertWordCount);
  change_words_ = MakeWords(kChangeWordCount);
  for (size_t i = 0; i < kServiceCount; ++i) {
    services_.push_back(absl::StrCat(alert_words_[Below(kAlertWordCount)], "-",
                                     alert_words_[Below(kAlertWordCount)], i));
  }
  for (size_t i = 0; i < kRuleCount; ++i) rules_.push_back(MakeRule(i));
  random_.seed(seed);
}

double EventGenerator::Unit() {
  return static_cast<double>(random_() >> 11) /
         static_cast<double>(uint64_t{1} << 53);
}

template <size_t size>
size_t EventGenerator::Pick(const ShareAt (&table)[size]) {
  const double share = Unit();
  size_t i = 1;
  while (i + 1 < size && table[i].share < share) ++i;
  const ShareAt& from = table[i - 1];
  const ShareAt& to = table[i];
  return static_cast<size_t>(from.value + (share - from.share) /
                                              (to.share - from.share) *
                                              (to.value - from.value));
}

template <size_t size>
std::string EventGenerator::Text(const std::vector<std::string>& words,
                                 const ShareAt (&ranks)[size], size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", words[Pick(ranks)]);
  }
  text.resize(bytes);
  return text;
}

std::vector<std::string> EventGenerator::MakeWords(size_t count) {
  std::vector<std::string> words;
  for (size_t i = 0; i < count; ++i) {
    std::string word;
    for (size_t bytes = std::max<size_t>(1, Pick(kWordBytes));
         word.size() < bytes;) {
      word += "bcdfghklmnprstvw"[Below(16)];
      if (word.size() < bytes) word += "aeiou"[Below(5)];
    }
    words.push_back(std::move(word));
  }
  return words;
}

EventGenerator::Rule EventGenerator::MakeRule(size_t number) {
  Rule rule;
  // In camel case.
  bool begins = true;
  for (const char letter : Text(alert_words_, kAlertWordRank,
                                std::max<size_t>(4, Pick(kRuleNameBytes)))) {
    if (letter != ' ')
      rule.name += begins ? absl::ascii_toupper(letter) : letter;
    begins = letter == ' ';
  }
  absl::StrAppend(&rule.name, number);
  rule.summary = Text(alert_words_, kAlertWordRank, Pick(kSummaryBytes));
  // Descriptions are not published; a sentence more than the summary.
  rule.description = Text(alert_words_, kAlertWordRank,
                          Pick(kSummaryBytes) + Pick(kSummaryBytes) / 2);
  rule.severity = kSeverities[Pick(kSeverity)];
  if (Unit() < kTeamShare) {
    rule.labels.emplace_back("team", alert_words_[Below(kTeamCount) + 100]);
  }
  if (Unit() < kAreaShare) {
    rule.labels.emplace_back("area", alert_words_[Below(8) + 200]);
    rule.labels.emplace_back("topic", alert_words_[Below(30) + 300]);
  }
  if (Unit() < kSwitchShare) {
    rule.labels.emplace_back("cancel_if_outside_working_hours",
                             Below(2) == 0 ? "true" : "false");
  }
  return rule;
}

void EventGenerator::FillAlert(v1::Event* event) {
  const Rule& rule = rules_[rule_];
  const std::string& service = services_[service_];
  event->set_kind(Below(3) == 0 ? v1::EVENT_KIND_ALERT_RESOLVED
                                : v1::EVENT_KIND_ALERT_FIRED);
  event->set_source("alertmanager/prod");
  event->set_source_event_id(
      absl::StrFormat("%016x/%d/fired", random_(), micros_));
  event->set_service(service);
  event->set_environment("prod-eu");
  event->set_title(absl::StrCat(rule.summary, " ", service));
  event->set_description(rule.description);
  event->set_severity(static_cast<v1::Severity>(2 + rule_ % 3));
  auto& labels = *event->mutable_labels();
  labels["alertname"] = rule.name;
  labels["severity"] = rule.severity;
  for (const auto& [name, value] : rule.labels) labels[name] = value;
  labels["cluster"] = absl::StrCat("prod-eu-", service_ % 12);
  labels["service"] = service;
  labels["instance"] =
      absl::StrFormat("10.%d.%d.%d:9100", Below(4), Below(256), Below(256));
  if (Unit() < kBySeriesShare) {
    labels["job"] = absl::StrCat("kubernetes/", service);
    labels["namespace"] = services_[service_ % 300];
    labels["pod"] = absl::StrFormat("%s-%08x-%05x", service,
                                    rule_ * 2654435761u, Below(1 << 20));
  }
  v1::Link* link = event->add_links();
  link->set_title("source");
  link->set_url(absl::StrCat(
      "http://prometheus.example:9090/graph?g0.expr=", rule.name, "&g0.tab=1"));
}

void EventGenerator::FillChange(v1::Event* event) {
  event->set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  event->set_source("deploylog/prod");
  event->set_source_event_id(absl::StrFormat("%016x", random_()));
  const std::string& service = services_[Pick(kServiceRank)];
  event->set_service(service);
  event->set_environment("prod-eu");
  event->set_title(Text(change_words_, kChangeWordRank, Pick(kTitleBytes)));
  event->set_actor(absl::StrCat("person-", Pick(kAuthorRank)));
  v1::Change* change = event->mutable_change();
  change->set_revision(absl::StrFormat("%016x%016x", random_(), random_()));
  change->set_previous_revision(
      absl::StrFormat("%016x%016x", random_(), random_()));
  for (size_t i = Pick(kPathCount); i > 0; --i) {
    std::string path =
        absl::StrCat("modules/", service, "/",
                     Text(change_words_, kChangeWordRank, Pick(kPathBytes)));
    std::replace(path.begin(), path.end(), ' ', '/');
    change->add_paths(std::move(path));
  }
}

v1::Event EventGenerator::Next() {
  v1::Event event;
  if (alerts_left_ == 0 || Unit() > kSameInstantShare) {
    micros_ += static_cast<int64_t>(Below(kGapMicrosMax));
  }
  *event.mutable_event_time() = FromMicros(micros_);
  *event.mutable_observe_time() = FromMicros(micros_ + 500'000);
  if (alerts_left_ == 0 && instances_left_ == 0) {
    alerts_left_ = Pick(kAlertsPerIncident);
    FillChange(&event);
  } else {
    if (instances_left_ == 0) {
      --alerts_left_;
      instances_left_ = std::max<size_t>(1, Pick(kInstancesPerAlert));
      service_ = Pick(kServiceRank);
      rule_ = Below(kRuleCount);
    }
    --instances_left_;
    FillAlert(&event);
  }
  // Two generators of different seeds never make the same event.
  event.set_source_event_id(
      absl::StrCat(event.source_event_id(), "/", seed_, "/", count_++));
  return event;
}

}  // namespace secondstory::bench
