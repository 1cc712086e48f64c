#include "services/incidentd/import_handlers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/difference.h"
#include "services/incidentd/review_validator.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/validator.h"
#include "storage/event_view.h"

namespace secondstory::incidentd {
namespace {

std::string EventIdOf(const v1::Event& event) {
  return IdToHex(StableId({event.source(), event.source_event_id()}));
}

// An event line has to come with its event, or with its candidate.
absl::Status CheckLines(const v1::IncidentExport& exported) {
  std::set<std::string> known;
  for (const v1::Event& event : exported.events()) {
    known.insert(EventIdOf(event));
  }
  for (const v1::Candidate& candidate : exported.candidates()) {
    for (const v1::CandidateEvent& event : candidate.events()) {
      known.insert(event.event_id());
    }
  }
  for (int i = 0; i < exported.entries_size(); ++i) {
    const v1::TimelineEntry& entry = exported.entries(i);
    if (!entry.has_event() || known.count(entry.entry_id()) > 0) continue;
    return BadRequest(
        absl::StrCat("export.entries[", i, "].entry_id"),
        absl::StrCat("is ", entry.entry_id(),
                     ", an event that is neither in export.events nor in "
                     "export.candidates; give it there, or leave `event` out "
                     "to make it a line of a person"));
  }
  return absl::OkStatus();
}

// What says something else than what is stored.
absl::Status Conflict(absl::string_view what, const std::string& id,
                      const google::protobuf::Message& stored,
                      const google::protobuf::Message& next) {
  std::vector<std::string> differences = Differences(stored, next);
  if (differences.empty()) differences = {"it was changed at another time"};
  if (differences.size() > 3) differences.resize(3);
  return absl::AlreadyExistsError(absl::StrCat(
      what, " ", id, " is stored and says something else (",
      absl::StrJoin(differences, "; "),
      "); nothing was imported. Import into another incidentd, or delete the "
      "id to import a copy"));
}

// An import under way: what is not stored yet becomes a record, what is and
// differs, an error.
class Importing {
 public:
  Importing(const storage::Store& store, const std::string& author,
            int64_t now_micros)
      : store_(store), author_(author), now_(FromMicros(now_micros)) {}

  absl::Status Take(const v1::IncidentExport& exported,
                    v1::Incident* incident) {
    *incident = exported.incident();
    incident_id_ = incident->incident_id();
    const std::string id = IdFromHex(incident_id_);
    incident->clear_severity_name();
    if (incident->state() == v1::INCIDENT_STATE_UNSPECIFIED) {
      incident->set_state(v1::INCIDENT_STATE_OPEN);
    }
    if (incident->kind() == v1::INCIDENT_KIND_UNSPECIFIED) {
      incident->set_kind(v1::INCIDENT_KIND_INCIDENT);
    }
    absl::StatusOr<v1::Incident> stored = store_.GetIncident(id);
    Fill(stored, incident);
    SS_RETURN_IF_ERROR(
        Compare("incident", incident_id_, stored, *incident, [&] {
          records_.push_back(IncidentRecordOf(nullptr, *incident, author_));
        }));
    for (const v1::TimelineEntry& entry : exported.entries()) {
      if (!entry.has_event()) SS_RETURN_IF_ERROR(TakeEntry(entry));
    }
    for (const v1::Account& account : exported.accounts()) {
      SS_RETURN_IF_ERROR(TakeAccount(account));
    }
    for (const v1::ActionItem& action : exported.actions()) {
      SS_RETURN_IF_ERROR(TakeAction(action));
    }
    for (const v1::Gap& gap : exported.answers()) {
      SS_RETURN_IF_ERROR(TakeAnswer(gap));
    }
    for (const v1::Candidate& candidate : exported.candidates()) {
      SS_RETURN_IF_ERROR(TakeCandidate(candidate));
    }
    return absl::OkStatus();
  }

  Records TakeRecords() { return std::move(records_); }
  // What became of candidates, for the census.
  using Moves = std::vector<std::pair<v1::CandidateState, v1::CandidateState>>;
  const Moves& moves() const { return moves_; }

 private:
  // Times and the creator that the export does not say are those of the first
  // import.
  template <typename Message>
  void Fill(const absl::StatusOr<Message>& stored, Message* message) {
    if (!message->has_create_time()) {
      *message->mutable_create_time() =
          stored.ok() ? stored->create_time() : now_;
    }
    if (!message->has_update_time()) {
      *message->mutable_update_time() =
          stored.ok() ? stored->update_time() : now_;
    }
    if (message->created_by().empty()) {
      message->set_created_by(stored.ok() ? stored->created_by() : author_);
    }
    if (message->etag().empty()) message->set_etag(EtagOf(*message));
  }

  template <typename Message, typename Add>
  absl::Status Compare(absl::string_view what, const std::string& id,
                       const absl::StatusOr<Message>& stored,
                       const Message& next, Add add) {
    if (absl::IsNotFound(stored.status())) {
      add();
      return absl::OkStatus();
    }
    SS_RETURN_IF_ERROR(stored.status());
    if (StableBytes(*stored) == StableBytes(next)) return absl::OkStatus();
    return Conflict(what, id, *stored, next);
  }

  absl::Status TakeEntry(v1::TimelineEntry entry) {
    const absl::StatusOr<v1::TimelineEntry> stored = store_.GetTimelineEntry(
        IdFromHex(incident_id_), IdFromHex(entry.entry_id()));
    entry.clear_accounts();
    if (entry.kind() == v1::EVENT_KIND_UNSPECIFIED) {
      entry.set_kind(v1::EVENT_KIND_NOTE);
    }
    if (!entry.has_append_time()) {
      *entry.mutable_append_time() = stored.ok() ? stored->append_time() : now_;
    }
    if (entry.author().empty()) {
      entry.set_author(stored.ok() ? stored->author() : author_);
    }
    if (entry.etag().empty()) entry.set_etag(EtagOf(entry));
    return Compare("line", entry.entry_id(), stored, entry, [&] {
      stored::v1::Record record;
      record.mutable_timeline_entry()->set_incident_id(incident_id_);
      record.mutable_timeline_entry()->set_author(author_);
      *record.mutable_timeline_entry()->mutable_entry() = entry;
      records_.push_back(std::move(record));
    });
  }

  absl::Status TakeAccount(v1::Account account) {
    const absl::StatusOr<stored::v1::AccountRecord> record = store_.GetAccount(
        IdFromHex(incident_id_), IdFromHex(account.account_id()));
    const absl::StatusOr<v1::Account> stored =
        record.ok() ? absl::StatusOr<v1::Account>(record->account())
                    : absl::StatusOr<v1::Account>(record.status());
    account.set_incident_id(incident_id_);
    if (account.state() == v1::ACCOUNT_STATE_UNSPECIFIED) {
      account.set_state(v1::ACCOUNT_STATE_GIVEN);
    }
    if (!account.has_create_time()) {
      *account.mutable_create_time() =
          stored.ok() ? stored->create_time() : now_;
    }
    if (!account.has_update_time()) {
      *account.mutable_update_time() =
          stored.ok() ? stored->update_time() : now_;
    }
    if (account.etag().empty()) account.set_etag(EtagOf(account));
    return Compare("account", account.account_id(), stored, account, [&] {
      stored::v1::Record added;
      *added.mutable_account()->mutable_account() = account;
      records_.push_back(std::move(added));
    });
  }

  absl::Status TakeAction(v1::ActionItem action) {
    const absl::StatusOr<v1::ActionItem> stored = store_.GetAction(
        IdFromHex(incident_id_), IdFromHex(action.action_id()));
    action.set_incident_id(incident_id_);
    if (action.state() == v1::ACTION_STATE_UNSPECIFIED) {
      action.set_state(v1::ACTION_STATE_OPEN);
    }
    Fill(stored, &action);
    return Compare("action", action.action_id(), stored, action, [&] {
      stored::v1::Record added;
      *added.mutable_action()->mutable_action() = action;
      added.mutable_action()->set_author(author_);
      records_.push_back(std::move(added));
    });
  }

  absl::Status TakeAnswer(v1::Gap gap) {
    const absl::StatusOr<v1::Gap> stored =
        store_.GetGapAnswer(IdFromHex(incident_id_), IdFromHex(gap.gap_id()));
    v1::GapAnswer* answer = gap.mutable_answer();
    if (!answer->has_answer_time()) {
      *answer->mutable_answer_time() =
          stored.ok() ? stored->answer().answer_time() : now_;
    }
    if (answer->author().empty()) {
      answer->set_author(stored.ok() ? stored->answer().author() : author_);
    }
    return Compare("answer", gap.gap_id(), stored, gap, [&] {
      stored::v1::Record added;
      added.mutable_gap_answer()->set_incident_id(incident_id_);
      *added.mutable_gap_answer()->mutable_gap() = gap;
      records_.push_back(std::move(added));
    });
  }

  absl::Status TakeCandidate(const v1::Candidate& candidate) {
    const absl::StatusOr<v1::Candidate> stored =
        store_.GetCandidate(IdFromHex(candidate.candidate_id()));
    if (absl::IsNotFound(stored.status())) {
      records_.push_back(CandidateRecordOf(std::nullopt, candidate,
                                           v1::DECISION_KIND_IMPORTED));
      moves_.emplace_back(v1::CANDIDATE_STATE_UNSPECIFIED, candidate.state());
      return absl::OkStatus();
    }
    SS_RETURN_IF_ERROR(stored.status());
    // One that was assembled here, from the same events, before or since.
    if (stored->incident_id() == candidate.incident_id()) {
      return absl::OkStatus();
    }
    if (stored->state() != v1::CANDIDATE_STATE_OPEN &&
        stored->state() != v1::CANDIDATE_STATE_QUIET) {
      return Conflict("candidate", candidate.candidate_id(), *stored,
                      candidate);
    }
    v1::Candidate next = candidate;
    next.set_revision(std::max(candidate.revision(), stored->revision() + 1));
    records_.push_back(
        CandidateRecordOf(*stored, next, v1::DECISION_KIND_IMPORTED));
    moves_.emplace_back(stored->state(), next.state());
    return absl::OkStatus();
  }

  const storage::Store& store_;
  const std::string& author_;
  const google::protobuf::Timestamp now_;
  std::string incident_id_;
  Records records_;
  Moves moves_;
};

}  // namespace

v1::IncidentExport WithIds(const v1::ImportIncidentRequest& request) {
  v1::IncidentExport exported = request.export_();
  v1::Incident* incident = exported.mutable_incident();
  const auto new_id = [&request](absl::string_view what, int index) {
    return IdToHex(
        StableId({"import", request.request_id(), what, absl::StrCat(index)}));
  };
  if (incident->incident_id().empty()) {
    incident->set_incident_id(new_id("incident", 0));
  }
  // Without a request id, the place in an incident that has an id.
  const auto part_id = [&](absl::string_view what, int index) {
    return request.request_id().empty()
               ? IdToHex(StableId({"import", incident->incident_id(), what,
                                   absl::StrCat(index)}))
               : new_id(what, index);
  };
  for (int i = 0; i < exported.entries_size(); ++i) {
    v1::TimelineEntry* entry = exported.mutable_entries(i);
    if (entry->entry_id().empty()) entry->set_entry_id(part_id("entry", i));
  }
  for (int i = 0; i < exported.accounts_size(); ++i) {
    v1::Account* account = exported.mutable_accounts(i);
    if (account->account_id().empty()) {
      account->set_account_id(part_id("account", i));
    }
  }
  for (int i = 0; i < exported.actions_size(); ++i) {
    v1::ActionItem* action = exported.mutable_actions(i);
    if (action->action_id().empty())
      action->set_action_id(part_id("action", i));
  }
  return exported;
}

absl::Status ImportHandlers::CheckEvents(
    const v1::IncidentExport& exported) const {
  const absl::Time now = clock_->Now();
  for (int i = 0; i < exported.events_size(); ++i) {
    const std::string bytes = exported.events(i).SerializeAsString();
    const std::optional<storage::EventView> event = storage::ViewEvent(bytes);
    const std::optional<FieldViolation> wrong =
        event.has_value() ? Check(*event, now) : CheckUnreadableEvent(bytes);
    if (wrong.has_value()) {
      return BadRequest(absl::StrCat("export.events[", i, "].", wrong->field),
                        wrong->description);
    }
  }
  return CheckLines(exported);
}

void ImportHandlers::Import(v1::ImportIncidentRequest request,
                            Done<v1::ImportIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  auto exported = std::make_shared<const v1::IncidentExport>(WithIds(request));
  if (const absl::Status status = CheckEvents(*exported); !status.ok()) {
    return done(status);
  }
  std::vector<std::string> objects = {
      IncidentObject(exported->incident().incident_id())};
  for (const v1::Candidate& candidate : exported->candidates()) {
    objects.push_back(CandidateObject(candidate.candidate_id()));
  }
  auto moves = std::make_shared<Importing::Moves>();
  Transact<v1::ImportIncidentResponse>(
      log_, std::move(objects),
      [this, moves, exported, author = request.author()](
          const storage::Store& store, int64_t now_micros,
          v1::ImportIncidentResponse* response) -> absl::StatusOr<Records> {
        Importing importing(store, author, now_micros);
        SS_RETURN_IF_ERROR(
            importing.Take(*exported, response->mutable_incident()));
        Records records = importing.TakeRecords();
        *moves = importing.moves();
        response->set_stored(!records.empty());
        policy_->Name(response->mutable_incident());
        return records;
      },
      [this, moves, exported, done = std::move(done)](
          absl::StatusOr<v1::ImportIncidentResponse> response) {
        if (!response.ok()) return done(response.status());
        for (const auto& [from, to] : *moves) census_->Move(from, to);
        // After the candidates, so that nobody assembles others before. Cut
        // off in between, the same import goes on here.
        AppendEvents(*exported, *std::move(response), done);
      });
}

void ImportHandlers::AppendEvents(v1::IncidentExport exported,
                                  v1::ImportIncidentResponse response,
                                  Done<v1::ImportIncidentResponse> done) {
  if (exported.events().empty()) return done(std::move(response));
  auto bytes = std::make_shared<std::vector<std::string>>();
  bytes->reserve(exported.events_size());
  storage::EventAppend append;
  for (v1::Event& event : *exported.mutable_events()) {
    event.clear_event_id();
    event.clear_append_time();
    event.clear_position();
    append.events.push_back(
        storage::MakeNewEvent(bytes->emplace_back(event.SerializeAsString())));
  }
  append.bytes = std::move(bytes);
  log_->AppendEvents(
      std::move(append),
      [response = std::move(response), done = std::move(done)](
          const absl::StatusOr<storage::AppendedEvents>& outcomes) {
        if (!outcomes.ok()) return done(outcomes.status());
        v1::ImportIncidentResponse stored = response;
        for (const storage::Appended& outcome : *outcomes) {
          if (!outcome.known) stored.set_stored(true);
        }
        done(std::move(stored));
      });
}

void ImportHandlers::Register(RpcServer* server) {
  server->AddSlowAsync<v1::ImportIncidentRequest, v1::ImportIncidentResponse>(
      "/secondstory.v1.ReviewService/ImportIncident",
      [this](auto request, auto done) {
        Import(std::move(request), std::move(done));
      });
}

}  // namespace secondstory::incidentd
