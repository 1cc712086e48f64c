#include "services/incidentd/membership_handlers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "review/lifecycle.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/incident_validator.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/story_convert.h"

namespace secondstory::incidentd {
namespace {

using Ids = google::protobuf::RepeatedPtrField<std::string>;

bool Holds(const Ids& ids, const std::string& id) {
  return absl::c_linear_search(ids, id);
}

void Remove(const std::string& id, Ids* ids) {
  ids->erase(std::remove(ids->begin(), ids->end(), id), ids->end());
}

// Adds those of `more` that are not there, as long as there is room.
void Unite(const Ids& more, int count_max, Ids* ids) {
  for (const std::string& id : more) {
    if (ids->size() < count_max && !Holds(*ids, id)) *ids->Add() = id;
  }
}

// The ids of the events that candidates brought, detached ones too.
std::set<std::string> BroughtBy(const std::vector<v1::Candidate>& candidates) {
  std::set<std::string> ids;
  for (const v1::Candidate& candidate : candidates) {
    for (const v1::CandidateEvent& event : candidate.events()) {
      ids.insert(event.event_id());
    }
  }
  return ids;
}

absl::Status NotOnTimeline(const std::string& id,
                           const v1::Incident& incident) {
  return absl::NotFoundError(
      absl::StrCat("there is no line ", id, " on the timeline of incident ",
                   incident.incident_id(), "; nothing was changed"));
}

absl::Status CheckAttachedCount(const v1::Incident& incident) {
  if (incident.attached_event_ids_size() <= limits::kAttachedEventCountMax &&
      incident.detached_event_ids_size() <= limits::kAttachedEventCountMax) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "incident ", incident.incident_id(), " would have more than ",
      limits::kAttachedEventCountMax,
      " attached or detached events; split it instead (SplitIncident)"));
}

// What the one that goes on takes over from the other.
void TakeOver(const v1::Incident& source,
              const std::vector<v1::Candidate>& own_candidates,
              v1::Incident* incident) {
  Unite(source.candidate_ids(), limits::kAttachedEventCountMax,
        incident->mutable_candidate_ids());
  *incident->add_merged_incident_ids() = source.incident_id();
  incident->mutable_merged_incident_ids()->MergeFrom(
      source.merged_incident_ids());
  // What was taken off the other's timeline stays where it belongs here.
  const std::set<std::string> own = BroughtBy(own_candidates);
  for (const std::string& id : source.detached_event_ids()) {
    if (own.count(id) == 0 && !Holds(incident->attached_event_ids(), id)) {
      *incident->add_detached_event_ids() = id;
    }
  }
  for (const std::string& id : source.attached_event_ids()) {
    // What was split off and comes back is brought by a candidate here, and was
    // taken off for the time being.
    Remove(id, incident->mutable_detached_event_ids());
    if (own.count(id) == 0 && !Holds(incident->attached_event_ids(), id)) {
      *incident->add_attached_event_ids() = id;
    }
  }
  Unite(source.services(), limits::kIncidentServiceCountMax,
        incident->mutable_services());
  Unite(source.tags(), limits::kTagCountMax, incident->mutable_tags());
  for (const v1::Link& link : source.links()) {
    const bool has =
        absl::c_any_of(incident->links(), [&link](const v1::Link& own_link) {
          return own_link.url() == link.url();
        });
    if (!has && incident->links_size() < limits::kIncidentLinkCountMax) {
      *incident->add_links() = link;
    }
  }
  for (const v1::Participant& participant : source.participants()) {
    const bool has = absl::c_any_of(
        incident->participants(), [&participant](const v1::Participant& there) {
          return there.name() == participant.name();
        });
    if (!has && participant.name() != incident->facilitator() &&
        incident->participants_size() < limits::kParticipantCountMax) {
      *incident->add_participants() = participant;
    }
  }
}

v1::Incident NewPart(const v1::Incident& whole,
                     const v1::SplitIncidentRequest& request,
                     const std::string& new_id, int64_t now_micros) {
  v1::Incident part;
  part.set_incident_id(new_id);
  part.set_title(request.title());
  part.set_kind(whole.kind());
  part.set_state(IsOver(whole.state()) ? v1::INCIDENT_STATE_RESOLVED
                                       : whole.state());
  part.set_split_from_incident_id(whole.incident_id());
  *part.mutable_create_time() = FromMicros(now_micros);
  part.set_created_by(request.author());
  return part;
}

// A split under way: what leaves one incident for another.
class Splitting {
 public:
  Splitting(const v1::SplitIncidentRequest& request, v1::Incident* whole,
            v1::Incident* part, int64_t now_micros)
      : request_(request),
        whole_(whole),
        part_(part),
        now_micros_(now_micros) {}

  void MoveEvent(const v1::TimelineEntry& line) {
    const std::string& id = line.entry_id();
    Note(line);
    if (Holds(whole_->attached_event_ids(), id)) {
      Remove(id, whole_->mutable_attached_event_ids());
    }
    // One that a candidate brings would come back otherwise.
    if (!line.candidate_id().empty()) *whole_->add_detached_event_ids() = id;
    *part_->add_attached_event_ids() = id;
  }

  void MoveLine(const std::string& holder, const v1::TimelineEntry& line) {
    Note(line);
    v1::TimelineEntry left = line;
    *left.mutable_delete_time() = FromMicros(now_micros_);
    left.set_moved_to_incident_id(part_->incident_id());
    left.set_etag(EtagOf(left));
    AddLine(holder, left);
    AddLine(part_->incident_id(), line);
  }

  void MoveAccount(const std::string& holder,
                   const stored::v1::AccountRecord& record) {
    stored::v1::Record left, moved;
    *moved.mutable_account() = record;
    moved.mutable_account()->mutable_account()->set_incident_id(
        part_->incident_id());
    v1::Account* account = left.mutable_account()->mutable_account();
    account->set_account_id(record.account().account_id());
    account->set_incident_id(holder);
    account->set_entry_id(record.account().entry_id());
    account->set_role(record.account().role());
    account->set_state(record.account().state());
    *account->mutable_create_time() = record.account().create_time();
    *account->mutable_update_time() = FromMicros(now_micros_);
    account->set_moved_to_incident_id(part_->incident_id());
    account->set_etag(EtagOf(*account));
    left.mutable_account()->set_author(record.author());
    accounts_.insert(account->account_id());
    records_.push_back(std::move(left));
    records_.push_back(std::move(moved));
  }

  void MoveAction(const std::string& holder, const v1::ActionItem& action) {
    stored::v1::Record left, moved;
    v1::ActionItem* gone = left.mutable_action()->mutable_action();
    *gone = action;
    gone->set_incident_id(holder);
    *gone->mutable_delete_time() = FromMicros(now_micros_);
    gone->set_moved_to_incident_id(part_->incident_id());
    gone->set_etag(EtagOf(*gone));
    left.mutable_action()->set_author(request_.author());
    *moved.mutable_action()->mutable_action() = action;
    moved.mutable_action()->mutable_action()->set_incident_id(
        part_->incident_id());
    moved.mutable_action()->set_author(request_.author());
    records_.push_back(std::move(left));
    records_.push_back(std::move(moved));
  }

  bool Answers(const v1::ActionItem& action) const {
    return accounts_.count(action.account_id()) > 0 ||
           Holds(request_.entry_ids(), action.entry_id());
  }

  // When the first of what moved happened.
  int64_t first_micros() const { return first_micros_.value_or(now_micros_); }
  Records TakeRecords() { return std::move(records_); }

 private:
  void Note(const v1::TimelineEntry& line) {
    const int64_t micros = ToMicros(line.event_time());
    first_micros_ = std::min(first_micros_.value_or(micros), micros);
    if (!line.service().empty() && !Holds(part_->services(), line.service()) &&
        part_->services_size() < limits::kIncidentServiceCountMax) {
      part_->add_services(line.service());
    }
  }

  void AddLine(const std::string& incident_id, const v1::TimelineEntry& line) {
    stored::v1::Record record;
    record.mutable_timeline_entry()->set_incident_id(incident_id);
    *record.mutable_timeline_entry()->mutable_entry() = line;
    record.mutable_timeline_entry()->set_author(request_.author());
    records_.push_back(std::move(record));
  }

  const v1::SplitIncidentRequest& request_;
  v1::Incident* const whole_;
  v1::Incident* const part_;
  const int64_t now_micros_;
  std::optional<int64_t> first_micros_;
  std::set<std::string> accounts_;
  Records records_;
};

}  // namespace

// What attaching and detaching have in common. `edit` changes the lists of
// events of `next`; false: nothing is different.
template <typename Response, typename Request, typename Edit>
void MembershipHandlers::ChangeEvents(const Request& request, Edit edit,
                                      Done<Response> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<Response>(
      log_, {IncidentObject(request.incident_id())},
      [this, request, edit](const storage::Store& store, int64_t now_micros,
                            Response* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            ReadWritable(store, request.incident_id()));
        SS_ASSIGN_OR_RETURN(const std::vector<v1::Candidate> candidates,
                            reader_.Candidates(stored));
        v1::Incident* next = response->mutable_incident();
        *next = stored;
        SS_ASSIGN_OR_RETURN(const bool changed,
                            edit(BroughtBy(candidates), request, next));
        policy_->Name(next);
        if (!changed) return Records();
        SS_RETURN_IF_ERROR(CheckEtag("incident", stored, request.etag()));
        SS_RETURN_IF_ERROR(CheckAttachedCount(*next));
        SS_RETURN_IF_ERROR(DeriveTimes(reader_, now_micros, next).status());
        Touch(now_micros, next);
        Records records = {IncidentRecordOf(&stored, *next, request.author())};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

void MembershipHandlers::Attach(const v1::AttachEventsRequest& request,
                                Done<v1::AttachEventsResponse> done) {
  ChangeEvents(
      request,
      [log = log_](const std::set<std::string>& brought,
                   const v1::AttachEventsRequest& asked,
                   v1::Incident* next) -> absl::StatusOr<bool> {
        const int attached_count = next->attached_event_ids_size();
        const int detached_count = next->detached_event_ids_size();
        for (const std::string& id : asked.event_ids()) {
          SS_ASSIGN_OR_RETURN(const auto position,
                              log->FindEvent(Id(IdFromHex(id))));
          if (!position.has_value()) {
            return absl::NotFoundError(absl::StrCat("there is no event ", id,
                                                    "; nothing was changed"));
          }
          Remove(id, next->mutable_detached_event_ids());
          if (brought.count(id) == 0 &&
              !Holds(next->attached_event_ids(), id)) {
            *next->add_attached_event_ids() = id;
          }
        }
        return next->attached_event_ids_size() != attached_count ||
               next->detached_event_ids_size() != detached_count;
      },
      std::move(done));
}

void MembershipHandlers::Detach(const v1::DetachEventsRequest& request,
                                Done<v1::DetachEventsResponse> done) {
  ChangeEvents(
      request,
      [](const std::set<std::string>& brought,
         const v1::DetachEventsRequest& asked,
         v1::Incident* next) -> absl::StatusOr<bool> {
        bool changed = false;
        for (const std::string& id : asked.event_ids()) {
          if (Holds(next->detached_event_ids(), id)) continue;
          const bool attached = Holds(next->attached_event_ids(), id);
          if (!attached && brought.count(id) == 0) {
            return NotOnTimeline(id, *next);
          }
          Remove(id, next->mutable_attached_event_ids());
          // Remembered even where nothing brings it now, so that this call can
          // come twice.
          *next->add_detached_event_ids() = id;
          changed = true;
        }
        return changed;
      },
      std::move(done));
}

void MembershipHandlers::Merge(v1::MergeIncidentsRequest request,
                               Done<v1::MergeIncidentsResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<v1::MergeIncidentsResponse>(
      log_,
      {IncidentObject(request.incident_id()),
       IncidentObject(request.source_incident_id())},
      [this, request](
          const storage::Store& store, int64_t now_micros,
          v1::MergeIncidentsResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            ReadWritable(store, request.incident_id()));
        SS_ASSIGN_OR_RETURN(
            const v1::Incident source,
            store.GetIncident(IdFromHex(request.source_incident_id())));
        v1::Incident* next = response->mutable_incident();
        *next = stored;
        policy_->Name(next);
        if (source.merged_into_incident_id() == stored.incident_id()) {
          return Records();
        }
        SS_RETURN_IF_ERROR(CheckWritable(source));
        SS_RETURN_IF_ERROR(review::CheckTransition(
            ToState(source.state()), review::IncidentState::kMerged,
            review::Mover::kMerge));
        SS_RETURN_IF_ERROR(CheckEtag("incident", stored, request.etag()));
        SS_ASSIGN_OR_RETURN(const std::vector<v1::Candidate> candidates,
                            reader_.Candidates(stored));
        TakeOver(source, candidates, next);
        if (next->merged_incident_ids_size() >
            limits::kMergedIncidentCountMax) {
          return absl::FailedPreconditionError(absl::StrCat(
              "incident ", stored.incident_id(), " would be made of more than ",
              limits::kMergedIncidentCountMax, " incidents"));
        }
        SS_RETURN_IF_ERROR(CheckAttachedCount(*next));
        SS_RETURN_IF_ERROR(DeriveTimes(reader_, now_micros, next).status());
        DeriveReviewDue(*policy_, now_micros, next);
        Touch(now_micros, next);
        v1::Incident merged = source;
        merged.set_state(v1::INCIDENT_STATE_MERGED);
        merged.set_merged_into_incident_id(stored.incident_id());
        Touch(now_micros, &merged);
        Records records = {IncidentRecordOf(&stored, *next, request.author(),
                                            request.reason()),
                           IncidentRecordOf(&source, merged, request.author(),
                                            request.reason())};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

absl::StatusOr<Records> MembershipHandlers::DecideSplit(
    const storage::Store& store, const v1::SplitIncidentRequest& request,
    const std::string& new_id, int64_t now_micros,
    v1::SplitIncidentResponse* response) {
  v1::Incident* whole = response->mutable_incident();
  v1::Incident* part = response->mutable_new_incident();
  absl::StatusOr<v1::Incident> before = store.GetIncident(IdFromHex(new_id));
  if (before.ok()) {
    *part = *std::move(before);
    SS_ASSIGN_OR_RETURN(*whole,
                        store.GetIncident(IdFromHex(request.incident_id())));
    return Records();
  }
  if (!absl::IsNotFound(before.status())) return before.status();
  SS_ASSIGN_OR_RETURN(
      const v1::Incident stored,
      ReadForChange(store, request.incident_id(), request.etag()));
  *whole = stored;
  *part = NewPart(stored, request, new_id, now_micros);
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      reader_.Read(stored));
  Splitting splitting(request, whole, part, now_micros);
  const std::set<std::string> ids(request.entry_ids().begin(),
                                  request.entry_ids().end());
  for (const std::string& id : ids) {
    const auto line =
        absl::c_find_if(entries, [&id](const v1::TimelineEntry& entry) {
          return entry.entry_id() == id;
        });
    if (line == entries.end()) return NotOnTimeline(id, stored);
    if (line->has_event()) {
      splitting.MoveEvent(*line);
      continue;
    }
    SS_ASSIGN_OR_RETURN(const auto held, reader_.FindEntry(stored, id));
    if (!held.has_value()) return NotOnTimeline(id, stored);
    splitting.MoveLine(held->first, held->second);
  }
  SS_ASSIGN_OR_RETURN(const std::vector<stored::v1::AccountRecord> accounts,
                      reader_.Accounts(stored));
  for (const stored::v1::AccountRecord& record : accounts) {
    if (ids.count(record.account().entry_id()) == 0) continue;
    SS_ASSIGN_OR_RETURN(
        const auto held,
        reader_.FindAccount(stored, record.account().account_id()));
    splitting.MoveAccount(held->first, held->second);
  }
  SS_ASSIGN_OR_RETURN(const std::vector<v1::ActionItem> actions,
                      reader_.Actions(stored));
  for (const v1::ActionItem& action : actions) {
    if (!splitting.Answers(action)) continue;
    SS_ASSIGN_OR_RETURN(const auto held,
                        reader_.FindAction(stored, action.action_id()));
    splitting.MoveAction(held->first, held->second);
  }
  SS_RETURN_IF_ERROR(CheckAttachedCount(*whole));
  *part->mutable_start_time() = FromMicros(splitting.first_micros());
  SetByPerson("start_time", request.author(), now_micros, part);
  SS_RETURN_IF_ERROR(DeriveTimes(reader_, now_micros, whole).status());
  Touch(now_micros, part);
  Touch(now_micros, whole);
  Records records = splitting.TakeRecords();
  records.push_back(
      IncidentRecordOf(nullptr, *part, request.author(), request.reason()));
  records.push_back(
      IncidentRecordOf(&stored, *whole, request.author(), request.reason()));
  return records;
}

void MembershipHandlers::Split(v1::SplitIncidentRequest request,
                               Done<v1::SplitIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string new_id = NewId("split/" + request.incident_id(),
                                   request.author(), request.request_id());
  Transact<v1::SplitIncidentResponse>(
      log_, {IncidentObject(request.incident_id()), IncidentObject(new_id)},
      [this, new_id, request](
          const storage::Store& store, int64_t now_micros,
          v1::SplitIncidentResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(Records records, DecideSplit(store, request, new_id,
                                                         now_micros, response));
        policy_->Name(response->mutable_incident());
        policy_->Name(response->mutable_new_incident());
        return records;
      },
      std::move(done));
}

void MembershipHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.IncidentService/";
  server->AddAsync<v1::AttachEventsRequest, v1::AttachEventsResponse>(
      service + "AttachEvents", [this](auto request, auto done) {
        Attach(std::move(request), std::move(done));
      });
  server->AddAsync<v1::DetachEventsRequest, v1::DetachEventsResponse>(
      service + "DetachEvents", [this](auto request, auto done) {
        Detach(std::move(request), std::move(done));
      });
  server->AddAsync<v1::MergeIncidentsRequest, v1::MergeIncidentsResponse>(
      service + "MergeIncidents", [this](auto request, auto done) {
        Merge(std::move(request), std::move(done));
      });
  server->AddAsync<v1::SplitIncidentRequest, v1::SplitIncidentResponse>(
      service + "SplitIncident", [this](auto request, auto done) {
        Split(std::move(request), std::move(done));
      });
}

}  // namespace secondstory::incidentd
