#include "ingest/deploys/source.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "absl/hash/hash.h"
#include "absl/time/clock.h"
#include "base/backoff.h"
#include "base/logging.h"

namespace secondstory::ingest {
namespace {

constexpr absl::Duration kBackoffInitial = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMax = absl::Seconds(15);

}  // namespace

StopEvent::StopEvent() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopEvent::~StopEvent() { close(fd_); }

void StopEvent::Set() {
  const uint64_t one = 1;
  // Fails only when it is set more often than a counter can hold.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

bool StopEvent::IsSet() const {
  pollfd waited = {fd_, POLLIN, 0};
  return poll(&waited, 1, 0) == 1;
}

void StopEvent::WaitFor(absl::Duration timeout) const {
  pollfd waited = {fd_, POLLIN, 0};
  const timespec limit = absl::ToTimespec(timeout);
  ppoll(&waited, 1, &limit, nullptr);
}

SourceMetrics::SourceMetrics(const std::string& source, Metrics* metrics) {
  const MetricLabels labels = {{"source", source}};
  events = metrics->AddCounter(
      "secondstory_deploys_events_total",
      "Events that were read from a source and are durable.", labels);
  dead_letters = metrics->AddCounter(
      "secondstory_deploys_dead_letters_total",
      "Lines and commits that no event could be made of.", labels);
  failures = metrics->AddCounter(
      "secondstory_deploys_failures_total",
      "Times that a source could not be read or its events not be kept.",
      labels);
  unread_bytes = metrics->AddGauge(
      "secondstory_deploys_unread_bytes",
      "Bytes of the open file of a deploy log that were not read yet.", labels);
  last_step_time = metrics->AddGauge(
      "secondstory_deploys_last_success_timestamp_seconds",
      "When a source was last read without failure, in seconds since 1970.",
      labels);
}

void FollowSource(absl::Duration poll_interval, const StopEvent& stop,
                  const SourceMetrics& metrics, Source* source) {
  Backoff backoff(kBackoffInitial, kBackoffMax, absl::HashOf(source->name()));
  while (!stop.IsSet()) {
    const absl::StatusOr<bool> has_more = source->Step();
    if (has_more.ok()) {
      backoff.Reset();
      metrics.last_step_time->SetToCurrentTime();
      if (!*has_more) source->Wait(stop, poll_interval);
    } else if (!absl::IsCancelled(has_more.status())) {
      metrics.failures->Increment();
      const absl::Duration wait = backoff.Next();
      log::Warning("source not read, will try again",
                   {{"source", source->name()},
                    {"reason", has_more.status()},
                    {"wait_seconds", wait}});
      stop.WaitFor(wait);
    } else {
      return;
    }
  }
}

}  // namespace secondstory::ingest
