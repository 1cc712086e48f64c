#include "services/incidentd/reminders.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "review/lifecycle.h"
#include "services/incidentd/action_handlers.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/story_convert.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kPageCount = 500;

std::string Day(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d", ToTime(time), absl::UTCTimeZone());
}

// A title that is as long as events take, cut between characters.
std::string Title(absl::string_view before, absl::string_view name,
                  absl::string_view after) {
  size_t end = std::min(
      name.size(), limits::kTitleBytesMax - before.size() - after.size() - 3);
  while (end < name.size() && end > 0 && (name[end] & 0xc0) == 0x80) --end;
  return absl::StrCat(before, name.substr(0, end),
                      end < name.size() ? "..." : "", after);
}

v1::Event Reminder(absl::string_view what, const std::string& id,
                   const std::string& incident_id,
                   const google::protobuf::Timestamp& due_time) {
  v1::Event event;
  event.set_source(kReviewSource);
  event.set_source_event_id(
      absl::StrCat(what, "/", id, "/overdue/", ToMicros(due_time)));
  event.set_kind(v1::EVENT_KIND_NOTE);
  *event.mutable_event_time() = due_time;
  (*event.mutable_labels())["overdue"] = std::string(what);
  (*event.mutable_labels())["incident_id"] = incident_id;
  return event;
}

}  // namespace

v1::Event ReviewReminder(const v1::Incident& incident) {
  v1::Event event =
      Reminder("review", incident.incident_id(), incident.incident_id(),
               incident.review_due_time());
  event.set_title(
      Title("The review of \"", incident.title(),
            absl::StrCat("\" was due on ", Day(incident.review_due_time()))));
  auto& labels = *event.mutable_labels();
  if (!incident.facilitator().empty()) {
    labels["facilitator"] = incident.facilitator();
  }
  if (incident.severity() > 0) {
    labels["severity"] = absl::StrCat(incident.severity());
  }
  return event;
}

v1::Event ActionReminder(const v1::ActionItem& action) {
  v1::Event event = Reminder("action", action.action_id(), action.incident_id(),
                             action.due_time());
  event.set_title(
      Title("The action \"", action.title(),
            absl::StrCat("\" was due on ", Day(action.due_time()))));
  auto& labels = *event.mutable_labels();
  labels["action_id"] = action.action_id();
  if (!action.owner().empty()) labels["owner"] = action.owner();
  return event;
}

bool IsReviewOverdue(const v1::Incident& incident, int64_t now_micros) {
  return !incident.has_delete_time() &&
         review::IsReviewOverdue(ToIncident(incident),
                                 absl::FromUnixMicros(now_micros));
}

Reminders::Reminders(storage::Log* log, const storage::Store* store,
                     const Clock* clock, Metrics* metrics,
                     std::function<void(const std::string&)> refresh)
    : log_(log),
      store_(store),
      clock_(clock),
      refresh_(std::move(refresh)),
      by_state_{},
      overdue_reviews_(metrics->AddGauge(
          "secondstory_review_overdue_reviews",
          "Reviews of incidents that are over whose due time has passed.")),
      overdue_actions_(metrics->AddGauge(
          "secondstory_review_overdue_actions",
          "Actions neither done nor dropped whose due time has passed.")) {
  for (int state = 1; state < v1::IncidentState_ARRAYSIZE; ++state) {
    by_state_[state] = metrics->AddGauge(
        "secondstory_review_incidents",
        "Incidents that are not deleted, by state.",
        {{"state", absl::AsciiStrToLower(
                       StateName(static_cast<v1::IncidentState>(state)))}});
  }
}

void Reminders::Tick() {
  if (const absl::Status status = Look(); !status.ok()) {
    log::Warning("cannot look for what is overdue; trying again",
                 {{"status", status}});
  }
}

absl::Status Reminders::Look() {
  const int64_t now_micros = absl::ToUnixMicros(clock_->Now());
  std::vector<v1::Event> reminders;
  SS_RETURN_IF_ERROR(LookAtIncidents(now_micros, &reminders));
  SS_RETURN_IF_ERROR(LookAtActions(now_micros, &reminders));
  Append(reminders);
  return absl::OkStatus();
}

absl::Status Reminders::LookAtIncidents(int64_t now_micros,
                                        std::vector<v1::Event>* reminders) {
  std::array<int, v1::IncidentState_ARRAYSIZE> counts{};
  int overdue = 0;
  storage::IncidentQuery query;
  query.limit = kPageCount;
  while (true) {
    SS_ASSIGN_OR_RETURN(const storage::Page<v1::Incident> page,
                        store_->ListIncidents(query));
    for (const v1::Incident& incident : page.items) {
      if (v1::IncidentState_IsValid(incident.state())) {
        ++counts[incident.state()];
      }
      if (IsReviewOverdue(incident, now_micros)) {
        ++overdue;
        reminders->push_back(ReviewReminder(incident));
      }
      if (!IsOver(incident.state()) && !incident.candidate_ids().empty() &&
          CheckWritable(incident).ok()) {
        refresh_(incident.incident_id());
      }
    }
    if (!page.more) break;
    query.after = {ToMicros(page.items.back().start_time()),
                   IdFromHex(page.items.back().incident_id())};
  }
  for (int state = 1; state < v1::IncidentState_ARRAYSIZE; ++state) {
    by_state_[state]->Set(counts[state]);
  }
  overdue_reviews_->Set(overdue);
  return absl::OkStatus();
}

absl::Status Reminders::LookAtActions(int64_t now_micros,
                                      std::vector<v1::Event>* reminders) {
  storage::ActionQuery query;
  query.due_before_micros = now_micros;
  query.limit = kPageCount;
  int overdue = 0;
  while (true) {
    SS_ASSIGN_OR_RETURN(const storage::Page<v1::ActionItem> page,
                        ShownActions(*store_, query));
    for (const v1::ActionItem& action : page.items) {
      ++overdue;
      reminders->push_back(ActionReminder(action));
    }
    if (!page.more) break;
    query.after = storage::PlaceOf(page.items.back());
  }
  overdue_actions_->Set(overdue);
  return absl::OkStatus();
}

void Reminders::Append(const std::vector<v1::Event>& reminders) {
  for (size_t first = 0; first < reminders.size();
       first += limits::kAppendEventCountMax) {
    const size_t end = std::min<size_t>(reminders.size(),
                                        first + limits::kAppendEventCountMax);
    auto bytes = std::make_shared<std::vector<std::string>>();
    bytes->reserve(end - first);
    storage::EventAppend append;
    for (size_t i = first; i < end; ++i) {
      append.events.push_back(storage::MakeNewEvent(
          bytes->emplace_back(reminders[i].SerializeAsString())));
    }
    append.bytes = std::move(bytes);
    // Those that are known are dropped; those that were not taken come again.
    log_->AppendEvents(
        std::move(append),
        [](const absl::StatusOr<storage::AppendedEvents>& outcome) {
          if (outcome.ok()) return;
          log::Warning("reminders were not appended; trying again",
                       {{"status", outcome.status()}});
        });
  }
}

}  // namespace secondstory::incidentd
