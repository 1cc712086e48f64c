#include "services/incidentd/action_handlers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/review_validator.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {
namespace {

bool IsOpen(const v1::ActionItem& action) {
  return action.state() != v1::ACTION_STATE_DONE &&
         action.state() != v1::ACTION_STATE_DROPPED;
}

void ClearOutputOnly(v1::ActionItem* action) {
  action->clear_etag();
  action->clear_create_time();
  action->clear_update_time();
  action->clear_created_by();
  action->clear_delete_time();
  action->clear_moved_to_incident_id();
}

void Stamp(int64_t now_micros, v1::ActionItem* action) {
  if (action->state() == v1::ACTION_STATE_UNSPECIFIED) {
    action->set_state(v1::ACTION_STATE_OPEN);
  }
  *action->mutable_update_time() = FromMicros(now_micros);
  action->set_etag(EtagOf(*action));
}

stored::v1::Record RecordOf(const v1::ActionItem* stored,
                            const v1::ActionItem& next,
                            const std::string& author) {
  stored::v1::Record record;
  *record.mutable_action()->mutable_action() = next;
  record.mutable_action()->set_author(author);
  if (stored != nullptr && stored->has_due_time() &&
      (!next.has_due_time() ||
       ToMicros(stored->due_time()) != ToMicros(next.due_time()))) {
    record.mutable_action()->set_previous_due_micros(
        ToMicros(stored->due_time()));
  }
  return record;
}

absl::Status CheckTakesActions(const v1::Incident& incident,
                               const v1::ActionItem& action) {
  if (incident.state() != v1::INCIDENT_STATE_CLOSED || !IsOpen(action)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the review of incident ", incident.incident_id(),
      " is CLOSED and takes no open actions; reopen it first (ReopenReview)"));
}

// Where the actions of an incident are shown, by its id.
class Shown {
 public:
  explicit Shown(const storage::Store& store) : store_(store) {}

  // Empty: nowhere, because it is deleted, or an import left it without one.
  absl::StatusOr<std::string> IncidentOf(const std::string& incident_id) {
    const auto [it, is_new] = shown_.try_emplace(incident_id);
    if (!is_new) return it->second;
    const absl::StatusOr<v1::Incident> incident =
        ShownIncident(store_, incident_id);
    if (absl::IsNotFound(incident.status()) ||
        absl::IsFailedPrecondition(incident.status())) {
      return it->second;
    }
    SS_RETURN_IF_ERROR(incident.status());
    if (!incident->has_delete_time()) it->second = incident->incident_id();
    return it->second;
  }

 private:
  const storage::Store& store_;
  std::map<std::string, std::string> shown_;
};

}  // namespace

absl::StatusOr<storage::Page<v1::ActionItem>> ShownActions(
    const storage::Store& store, storage::ActionQuery query) {
  storage::Page<v1::ActionItem> shown_page;
  Shown shown(store);
  const size_t limit = query.limit;
  while (true) {
    SS_ASSIGN_OR_RETURN(storage::Page<v1::ActionItem> page,
                        store.ListActions(query));
    if (!page.items.empty()) query.after = storage::PlaceOf(page.items.back());
    for (v1::ActionItem& action : page.items) {
      SS_ASSIGN_OR_RETURN(const std::string incident_id,
                          shown.IncidentOf(action.incident_id()));
      if (incident_id.empty()) continue;
      if (shown_page.items.size() == limit) {
        shown_page.more = true;
        return shown_page;
      }
      // Its place in the list is that of the incident that holds it.
      shown_page.items.push_back(std::move(action));
    }
    if (!page.more) break;
  }
  return shown_page;
}

absl::Status ActionHandlers::CheckReferences(
    const v1::Incident& incident, const v1::ActionItem& action) const {
  SS_RETURN_IF_ERROR(
      reader_.CheckOnTimeline(incident, "action.entry_id", action.entry_id()));
  if (action.account_id().empty()) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(const auto held,
                      reader_.FindAccount(incident, action.account_id()));
  if (held.has_value() && !held->second.account().has_withdraw_time() &&
      held->second.account().moved_to_incident_id().empty()) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("action.account_id is ", action.account_id(),
                   ", and incident ", incident.incident_id(),
                   " has no such account; leave it empty or name "
                   "one of ListAccounts"));
}

void ActionHandlers::Create(v1::CreateActionRequest request,
                            Done<v1::CreateActionResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = NewId("action/" + request.incident_id(),
                               request.author(), request.request_id());
  Transact<v1::CreateActionResponse>(
      log_, {IncidentObject(request.incident_id())},
      [this, id, request](
          const storage::Store& store, int64_t now_micros,
          v1::CreateActionResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Incident incident,
            store.GetIncident(IdFromHex(request.incident_id())));
        SS_ASSIGN_OR_RETURN(const auto held, reader_.FindAction(incident, id));
        v1::ActionItem* action = response->mutable_action();
        if (held.has_value()) {
          *action = held->second;
          return Records();
        }
        SS_RETURN_IF_ERROR(ReadWritable(store, request.incident_id()).status());
        *action = request.action();
        SS_RETURN_IF_ERROR(CheckTakesActions(incident, *action));
        SS_RETURN_IF_ERROR(CheckReferences(incident, *action));
        ClearOutputOnly(action);
        action->set_action_id(id);
        action->set_incident_id(request.incident_id());
        *action->mutable_create_time() = FromMicros(now_micros);
        action->set_created_by(request.author());
        Stamp(now_micros, action);
        return Records{RecordOf(nullptr, *action, request.author())};
      },
      std::move(done));
}

void ActionHandlers::Update(v1::UpdateActionRequest request,
                            Done<v1::UpdateActionResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string incident_id = request.action().incident_id();
  Transact<v1::UpdateActionResponse>(
      log_, {IncidentObject(incident_id)},
      [this, incident_id, request](
          const storage::Store& store, int64_t now_micros,
          v1::UpdateActionResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                            ReadWritable(store, incident_id));
        const std::string& id = request.action().action_id();
        SS_ASSIGN_OR_RETURN(const auto held, reader_.FindAction(incident, id));
        if (!held.has_value()) {
          return absl::NotFoundError(absl::StrCat(
              "there is no action ", id, " of incident ", incident_id));
        }
        const v1::ActionItem& stored = held->second;
        v1::ActionItem* next = response->mutable_action();
        *next = stored;
        if (stored.has_delete_time()) {
          if (request.remove()) return Records();
          return absl::FailedPreconditionError(
              absl::StrCat("action ", id, " is deleted",
                           stored.moved_to_incident_id().empty()
                               ? "; create a new one"
                               : "; it belongs to incident " +
                                     stored.moved_to_incident_id()));
        }
        SS_RETURN_IF_ERROR(CheckEtag("action", stored, request.etag()));
        if (request.remove()) {
          *next->mutable_delete_time() = FromMicros(now_micros);
        } else {
          TakeFields(request.action(), request.update_mask().paths(), next);
          if (const auto wrong = Check(*next); !wrong.empty()) {
            return BadRequest(wrong);
          }
          SS_RETURN_IF_ERROR(CheckTakesActions(incident, *next));
          if (next->entry_id() != stored.entry_id() ||
              next->account_id() != stored.account_id()) {
            SS_RETURN_IF_ERROR(CheckReferences(incident, *next));
          }
        }
        Stamp(now_micros, next);
        Records records = {RecordOf(&stored, *next, request.author())};
        next->set_incident_id(incident_id);
        return records;
      },
      std::move(done));
}

absl::StatusOr<v1::ListActionsResponse> ActionHandlers::List(
    const v1::ListActionsRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  storage::ActionQuery query;
  for (const int state : request.states()) {
    query.states.push_back(static_cast<v1::ActionState>(state));
  }
  query.owners.assign(request.owners().begin(), request.owners().end());
  if (request.overdue_only()) {
    query.due_before_micros = absl::ToUnixMicros(clock_->Now());
  }
  query.limit = request.page_size() == 0
                    ? limits::kListPageDefault
                    : std::min(request.page_size(), limits::kListPageMax);
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  if (place.has_value()) {
    const auto ids = absl::string_view(place->rest);
    query.after = {static_cast<uint64_t>(place->micros),
                   IdFromHex(ids.substr(0, kIdHexDigits)) +
                       IdFromHex(ids.substr(kIdHexDigits))};
  }
  storage::Page<v1::ActionItem> page;
  if (request.incident_id().empty()) {
    SS_ASSIGN_OR_RETURN(page, ShownActions(*store_, query));
  } else {
    SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                        store_->GetIncident(IdFromHex(request.incident_id())));
    SS_ASSIGN_OR_RETURN(page, reader_.ListActions(incident, query));
  }
  v1::ListActionsResponse response;
  Shown shown(*store_);
  size_t bytes = 0;
  for (v1::ActionItem& action : page.items) {
    bytes += action.ByteSizeLong();
    if (bytes > limits::kMessageBytesMax / 2 && response.actions_size() > 0) {
      page.more = true;
      break;
    }
    *response.add_actions() = std::move(action);
  }
  if (page.more) {
    const v1::ActionItem& last = response.actions(response.actions_size() - 1);
    const storage::ActionPlace last_place = storage::PlaceOf(last);
    response.set_next_page_token(
        MakePageToken(FiltersOf(request),
                      {static_cast<int64_t>(last_place.first),
                       absl::StrCat(last.incident_id(), last.action_id())}));
  }
  // Places are those of the incidents that hold them; what is shown is not.
  for (v1::ActionItem& action : *response.mutable_actions()) {
    SS_ASSIGN_OR_RETURN(const std::string incident_id,
                        shown.IncidentOf(action.incident_id()));
    if (!incident_id.empty()) action.set_incident_id(incident_id);
  }
  return response;
}

void ActionHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.ReviewService/";
  server->AddAsync<v1::CreateActionRequest, v1::CreateActionResponse>(
      service + "CreateAction", [this](auto request, auto done) {
        Create(std::move(request), std::move(done));
      });
  server->AddAsync<v1::UpdateActionRequest, v1::UpdateActionResponse>(
      service + "UpdateAction", [this](auto request, auto done) {
        Update(std::move(request), std::move(done));
      });
  server->AddRead<v1::ListActionsRequest, v1::ListActionsResponse>(
      service + "ListActions", [this](const auto& r) { return List(r); });
}

}  // namespace secondstory::incidentd
