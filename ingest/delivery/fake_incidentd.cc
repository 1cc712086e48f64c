#include "ingest/delivery/fake_incidentd.h"

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/status_macros.h"

namespace secondstory::ingest {

absl::StatusOr<v1::AppendEventsResponse> FakeIncidentd::Append(
    const v1::AppendEventsRequest& request, absl::Duration) {
  absl::MutexLock lock(&mutex_);
  ++append_count_;
  const FakeFailure failure = script_ ? script_() : FakeFailure::kNone;
  if (away_ || failure == FakeFailure::kBefore) {
    return absl::UnavailableError("away");
  }
  SS_RETURN_IF_ERROR(Check(request));
  v1::AppendEventsResponse response = Apply(request);
  if (failure == FakeFailure::kAfter) {
    return absl::UnavailableError("the answer was lost");
  }
  return response;
}

absl::Status FakeIncidentd::Check(
    const v1::AppendEventsRequest& request) const {
  if (request.ByteSizeLong() > limits::kMessageBytesMax) {
    return absl::ResourceExhaustedError("larger than one message");
  }
  if (request.events_size() > limits::kAppendEventCountMax) {
    return absl::InvalidArgumentError("too many events");
  }
  for (const v1::Event& event : request.events()) {
    if (!poison_.empty() && event.title() == poison_) {
      return absl::InvalidArgumentError("poison");
    }
  }
  if (!request.has_cursor()) return absl::OkStatus();
  const v1::Cursor& cursor = request.cursor().cursor();
  const auto found = cursors_.find({cursor.source(), cursor.shard()});
  const std::string stored = found == cursors_.end() ? "" : found->second;
  if (stored == request.cursor().previous_value() || stored == cursor.value()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the stored cursor is \"", stored, "\""));
}

v1::AppendEventsResponse FakeIncidentd::Apply(
    const v1::AppendEventsRequest& request) {
  v1::AppendEventsResponse response;
  for (const v1::Event& event : request.events()) {
    v1::EventOutcome* outcome = response.add_outcomes();
    if (event.source_event_id().empty()) {
      outcome->set_outcome(v1::APPEND_OUTCOME_REFUSED);
      outcome->set_field("source_event_id");
      outcome->set_reason("is missing");
    } else if (known_.insert({event.source(), event.source_event_id()})
                   .second) {
      events_.push_back(event);
      outcome->set_outcome(v1::APPEND_OUTCOME_STORED);
    } else {
      outcome->set_outcome(v1::APPEND_OUTCOME_KNOWN);
    }
  }
  if (request.has_cursor()) {
    const v1::Cursor& cursor = request.cursor().cursor();
    cursors_[{cursor.source(), cursor.shard()}] = cursor.value();
  }
  return response;
}

absl::StatusOr<std::string> FakeIncidentd::GetCursor(const std::string& source,
                                                     uint32_t shard,
                                                     absl::Duration) {
  absl::MutexLock lock(&mutex_);
  if (away_) return absl::UnavailableError("away");
  if (source.size() > limits::kSourceBytesMax) {
    return absl::InvalidArgumentError("source is too long");
  }
  const auto found = cursors_.find({source, shard});
  return found == cursors_.end() ? "" : found->second;
}

void FakeIncidentd::SetScript(Script script) {
  absl::MutexLock lock(&mutex_);
  script_ = std::move(script);
}

void FakeIncidentd::SetAway(bool away) {
  absl::MutexLock lock(&mutex_);
  away_ = away;
}

void FakeIncidentd::SetPoison(const std::string& title) {
  absl::MutexLock lock(&mutex_);
  poison_ = title;
}

void FakeIncidentd::SetCursor(const std::string& source,
                              const std::string& value) {
  absl::MutexLock lock(&mutex_);
  cursors_[{source, 0}] = value;
}

std::vector<v1::Event> FakeIncidentd::events() const {
  absl::MutexLock lock(&mutex_);
  return events_;
}

std::vector<std::string> FakeIncidentd::event_ids() const {
  std::vector<std::string> ids;
  for (const v1::Event& event : events()) {
    ids.push_back(event.source_event_id());
  }
  return ids;
}

std::string FakeIncidentd::cursor(const std::string& source) const {
  absl::MutexLock lock(&mutex_);
  const auto found = cursors_.find({source, 0});
  return found == cursors_.end() ? "" : found->second;
}

int FakeIncidentd::append_count() const {
  absl::MutexLock lock(&mutex_);
  return append_count_;
}

}  // namespace secondstory::ingest
