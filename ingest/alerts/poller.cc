#include "ingest/alerts/poller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/logging.h"
#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

// See PollRound::missing_min: five minutes where polls come every 30 s.
constexpr int kMissingPolls = 10;

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> Poller::Create(
    const PollerOptions& options, Fetch fetch, OpenAlertStore* store,
    Delivery* delivery, Refusals* refusals, const Clock* clock,
    Metrics* metrics) {
  auto poller = std::unique_ptr<Poller>(
      new Poller(options, std::move(fetch), store, delivery, refusals, clock));
  for (const PolledAlertmanager& alertmanager : options.alertmanagers) {
    Polled polled;
    polled.source = alertmanager.source;
    for (const std::string& url : alertmanager.urls) {
      polled.replicas.push_back(
          {absl::StrCat(absl::StripSuffix(url, "/"), "/api/v2/alerts"), true});
    }
    SS_ASSIGN_OR_RETURN(std::vector<OpenAlert> open,
                        store->Read(alertmanager.source));
    polled.open = OpenAlerts(std::move(open));
    const auto add_polls = [&](const char* outcome) {
      return metrics->AddCounter(
          "secondstory_alerts_polls_total",
          "Polls of one replica, by what came of them.",
          {{"source", alertmanager.source}, {"outcome", outcome}});
    };
    polled.ok = add_polls("ok");
    polled.failed = add_polls("failed");
    polled.open_count = metrics->AddGauge(
        "secondstory_alerts_open", "Alerts that fire, as the polls tell.",
        {{"source", alertmanager.source}});
    polled.unreachable_count =
        metrics->AddGauge("secondstory_alerts_unreachable_replicas",
                          "Replicas that did not answer the last poll.",
                          {{"source", alertmanager.source}});
    poller->polled_.push_back(std::move(polled));
  }
  return poller;
}

Poller::~Poller() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Poller::Start() {
  if (polled_.empty()) return;
  thread_ = std::thread([this] { PollUntilStopped(); });
}

void Poller::PollUntilStopped() {
  for (;;) {
    PollOnce();
    absl::MutexLock lock(&mutex_);
    auto wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stopping_ || wanted_now_;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&wanted), options_.interval);
    if (stopping_) return;
    wanted_now_ = false;
  }
}

bool Poller::PollNow(const std::string& source) {
  const bool is_polled =
      std::any_of(options_.alertmanagers.begin(), options_.alertmanagers.end(),
                  [&](const auto& known) { return known.source == source; });
  absl::MutexLock lock(&mutex_);
  wanted_now_ = wanted_now_ || is_polled;
  return is_polled;
}

// Everybody is asked before anybody's answer is waited for, so that one that
// hangs delays the others once and not one after the other.
void Poller::PollOnce() {
  // Before asking, so that an end that has passed by then had passed when the
  // answer was made.
  const absl::Time time = clock_->Now();
  std::vector<std::vector<Answer>> answers;
  for (const Polled& polled : polled_) answers.push_back(Ask(polled));
  for (size_t i = 0; i < polled_.size(); ++i) {
    Polled& polled = polled_[i];
    const absl::Status status = Take(time, std::move(answers[i]), &polled);
    if (!status.ok()) {
      log::Warning("what a poll told cannot be taken now",
                   {{"source", polled.source}, {"error", status}});
    }
    polled.open_count->Set(static_cast<double>(polled.open.size()));
  }
}

std::vector<Poller::Answer> Poller::Ask(const Polled& polled) const {
  std::vector<Answer> answers;
  for (const Replica& replica : polled.replicas) {
    answers.push_back(std::async(std::launch::async, fetch_, replica.url));
  }
  return answers;
}

// The order is the one that PollOutcome asks for: a crash in between repeats
// an event, and forgets none.
absl::Status Poller::Take(absl::Time time, std::vector<Answer> answers,
                          Polled* polled) {
  const PollOutcome outcome =
      polled->open.Look(Read(time, std::move(answers), polled));
  SS_RETURN_IF_ERROR(store_->Write(outcome.changed));
  SS_RETURN_IF_ERROR(delivery_->Accept(outcome.events, std::nullopt));
  polled->open.Commit(outcome);
  return store_->Remove(polled->source, outcome.closed);
}

PollRound Poller::Read(absl::Time time, std::vector<Answer> answers,
                       Polled* polled) {
  PollRound round;
  round.time = time;
  round.complete = true;
  round.missing_min = kMissingPolls * options_.interval;
  NormalizeOptions options;
  options.source = polled->source;
  options.observe_time = round.time;
  options.service_labels = options_.service_labels;
  options.environment_labels = options_.environment_labels;
  std::vector<RefusedAlert> refused;
  int unreachable = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    absl::StatusOr<std::string> body = answers[i].get();
    absl::StatusOr<NormalizedAlerts> told =
        body.ok() ? NormalizeAlertList(*body, options)
                  : absl::StatusOr<NormalizedAlerts>(body.status());
    NoteReachable(&polled->replicas[i], told.status());
    (told.ok() ? polled->ok : polled->failed)->Increment();
    // An alert that cannot be read might be any of the open ones.
    round.complete = round.complete && told.ok() && told->refused.empty();
    if (!told.ok()) {
      ++unreachable;
      continue;
    }
    for (Alert& alert : told->alerts) round.alerts.push_back(std::move(alert));
    for (RefusedAlert& alert : told->refused)
      refused.push_back(std::move(alert));
  }
  polled->unreachable_count->Set(unreachable);
  NoteRefused(polled, round.time, refused);
  return round;
}

void Poller::NoteReachable(Replica* replica, const absl::Status& status) {
  if (replica->reachable == status.ok()) return;
  replica->reachable = status.ok();
  if (status.ok()) {
    log::Info("alertmanager answers again", {{"url", replica->url}});
  } else {
    log::Warning("alertmanager does not answer",
                 {{"url", replica->url}, {"error", status}});
  }
}

void Poller::NoteRefused(Polled* polled, absl::Time time,
                         const std::vector<RefusedAlert>& refused) {
  std::set<std::string> now;
  std::vector<RefusedAlert> fresh;
  for (const RefusedAlert& alert : refused) {
    const std::string what =
        absl::StrCat(alert.field, " ", alert.value, " ", alert.reason);
    const bool known = polled->refused.count(what) != 0;
    if (now.insert(what).second && !known) fresh.push_back(alert);
  }
  polled->refused = std::move(now);
  refusals_->Add(polled->source, time, fresh);
}

}  // namespace secondstory::ingest
