#include "services/incidentd/timeline_handlers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/history.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/incident_validator.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kHistoryCount = 500;

stored::v1::Record EntryRecordOf(const std::string& incident_id,
                                 const v1::TimelineEntry& entry,
                                 const std::string& author) {
  stored::v1::Record record;
  record.mutable_timeline_entry()->set_incident_id(incident_id);
  *record.mutable_timeline_entry()->mutable_entry() = entry;
  record.mutable_timeline_entry()->set_author(author);
  return record;
}

void ClearOutputOnly(v1::TimelineEntry* entry) {
  entry->clear_append_time();
  entry->clear_candidate_id();
  entry->clear_event();
  entry->clear_etag();
  entry->clear_delete_time();
  entry->clear_accounts();
  entry->clear_moved_to_incident_id();
}

// A candidate's revision holds its whole timeline, and its history says only
// what differs.
void ForgetLines(stored::v1::Record* record) {
  if (!record->has_candidate()) return;
  v1::Candidate* candidate = record->mutable_candidate()->mutable_candidate();
  candidate->clear_events();
  candidate->clear_ranked_changes();
  candidate->clear_splits();
  candidate->clear_merges();
}

// Of the whole timeline as it is now, which is what most ask for.
bool IsPlain(const v1::GetTimelineRequest& request) {
  return !request.has_as_known_at() && !request.with_accounts();
}

// Whether only the objects of an incident's own say what is on its timeline: an
// attached event may be missing today and arrive tomorrow, and what a split
// took along is told by another incident.
bool IsSettled(const v1::Incident& incident,
               const std::vector<v1::TimelineEntry>& entries) {
  if (incident.attached_event_ids().empty()) return true;
  if (!incident.split_from_incident_id().empty()) return false;
  absl::flat_hash_set<absl::string_view> there;
  for (const v1::TimelineEntry& entry : entries) {
    there.insert(entry.entry_id());
  }
  return std::all_of(
      incident.attached_event_ids().begin(),
      incident.attached_event_ids().end(),
      [&there](const std::string& id) { return there.contains(id); });
}

absl::StatusOr<grpc::ByteBuffer> PageFor(
    const v1::GetTimelineRequest& request,
    const std::shared_ptr<const RenderedTimeline>& timeline) {
  const std::string filters = FiltersOf(request);
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(filters, request.page_token()));
  const uint32_t limit =
      request.page_size() == 0
          ? limits::kTimelinePageDefault
          : std::min(request.page_size(), limits::kTimelinePageMax);
  return RenderedTimeline::PageOf(timeline, place, limit, filters);
}

Counter* TimelineCounter(Metrics* metrics, const char* outcome) {
  return metrics->AddCounter("secondstory_timeline_requests_total",
                             "Timelines that GetTimeline answered with, by "
                             "whether they were kept or had to be made.",
                             {{"outcome", outcome}});
}

}  // namespace

TimelineHandlers::TimelineHandlers(storage::Log* log,
                                   const storage::Store* store,
                                   Metrics* metrics)
    : log_(log),
      store_(store),
      reader_(log, store),
      kept_(TimelineCounter(metrics, "kept")),
      made_(TimelineCounter(metrics, "made")) {}

void TimelineHandlers::AddEntry(v1::AddTimelineEntryRequest request,
                                Done<v1::AddTimelineEntryResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = NewId("entry/" + request.incident_id(),
                               request.author(), request.request_id());
  Transact<v1::AddTimelineEntryResponse>(
      log_, {IncidentObject(request.incident_id())},
      [id, request](
          const storage::Store& store, int64_t now_micros,
          v1::AddTimelineEntryResponse* response) -> absl::StatusOr<Records> {
        v1::TimelineEntry* entry = response->mutable_entry();
        absl::StatusOr<v1::TimelineEntry> stored = store.GetTimelineEntry(
            IdFromHex(request.incident_id()), IdFromHex(id));
        if (stored.ok()) {
          *entry = *std::move(stored);
          return Records();
        }
        if (!absl::IsNotFound(stored.status())) return stored.status();
        SS_RETURN_IF_ERROR(ReadWritable(store, request.incident_id()).status());
        *entry = request.entry();
        ClearOutputOnly(entry);
        entry->set_entry_id(id);
        if (entry->kind() == v1::EVENT_KIND_UNSPECIFIED) {
          entry->set_kind(v1::EVENT_KIND_NOTE);
        }
        *entry->mutable_append_time() = FromMicros(now_micros);
        entry->set_author(request.author());
        entry->set_etag(EtagOf(*entry));
        return Records{
            EntryRecordOf(request.incident_id(), *entry, request.author())};
      },
      std::move(done));
}

void TimelineHandlers::UpdateEntry(v1::UpdateTimelineEntryRequest request,
                                   Done<v1::UpdateTimelineEntryResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<v1::UpdateTimelineEntryResponse>(
      log_, {IncidentObject(request.incident_id())},
      [this, request](const storage::Store& store, int64_t now_micros,
                      v1::UpdateTimelineEntryResponse* response)
          -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                            ReadWritable(store, request.incident_id()));
        const std::string& id = request.entry().entry_id();
        SS_ASSIGN_OR_RETURN(const auto held, reader_.FindEntry(incident, id));
        if (!held.has_value()) {
          SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> event,
                              reader_.FindEvent(id));
          if (!event.has_value()) {
            return absl::NotFoundError(absl::StrCat(
                "there is no line ", id, " on the timeline of incident ",
                request.incident_id()));
          }
          return absl::FailedPreconditionError(absl::StrCat(
              "entry.entry_id is ", id,
              ", an event: events are facts. Detach it (DetachEvents) or add "
              "a line beside it (AddTimelineEntry)"));
        }
        const auto& [holder, stored] = *held;
        v1::TimelineEntry* next = response->mutable_entry();
        *next = stored;
        if (stored.has_delete_time()) {
          if (request.remove()) return Records();
          return absl::FailedPreconditionError(
              absl::StrCat("line ", id, " is deleted",
                           stored.moved_to_incident_id().empty()
                               ? "; add a new one"
                               : "; it is on the timeline of incident " +
                                     stored.moved_to_incident_id()));
        }
        SS_RETURN_IF_ERROR(CheckEtag("line", stored, request.etag()));
        if (request.remove()) {
          *next->mutable_delete_time() = FromMicros(now_micros);
        } else {
          TakeFields(request.entry(), request.update_mask().paths(), next);
        }
        if (next->kind() == v1::EVENT_KIND_UNSPECIFIED) {
          next->set_kind(v1::EVENT_KIND_NOTE);
        }
        next->set_etag(EtagOf(*next));
        stored::v1::Record record =
            EntryRecordOf(holder, *next, request.author());
        if (ToMicros(stored.event_time()) != ToMicros(next->event_time())) {
          record.mutable_timeline_entry()->set_previous_event_micros(
              ToMicros(stored.event_time()));
        }
        return Records{std::move(record)};
      },
      std::move(done));
}

absl::StatusOr<std::shared_ptr<const RenderedTimeline>>
TimelineHandlers::Render(const v1::GetTimelineRequest& request) {
  // Each before it is read.
  ReadObjects read(log_);
  read.Add(IncidentObject(request.incident_id()));
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(request.incident_id())));
  for (const std::string& id : MembersOf(incident)) {
    read.Add(IncidentObject(IdToHex(id)));
  }
  for (const std::string& id : incident.candidate_ids()) {
    read.Add(CandidateObject(id));
  }
  std::optional<int64_t> as_known_micros;
  if (request.has_as_known_at()) {
    as_known_micros = ToMicros(request.as_known_at());
  }
  SS_ASSIGN_OR_RETURN(std::vector<v1::TimelineEntry> entries,
                      reader_.Read(incident, as_known_micros));
  if (request.with_accounts()) {
    SS_RETURN_IF_ERROR(
        reader_.AddAccounts(incident, as_known_micros, &entries));
  }
  auto timeline = std::make_shared<const RenderedTimeline>(entries);
  if (IsPlain(request) && IsSettled(incident, entries)) {
    cache_.Add(request.incident_id(), std::move(read), timeline);
  }
  return timeline;
}

absl::StatusOr<std::optional<grpc::ByteBuffer>> TimelineHandlers::KeptTimeline(
    const v1::GetTimelineRequest& request) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  if (!IsPlain(request)) return std::optional<grpc::ByteBuffer>();
  const auto timeline = cache_.Find(request.incident_id());
  if (timeline == nullptr) return std::optional<grpc::ByteBuffer>();
  SS_ASSIGN_OR_RETURN(grpc::ByteBuffer page, PageFor(request, timeline));
  kept_->Increment();
  return page;
}

absl::StatusOr<grpc::ByteBuffer> TimelineHandlers::Timeline(
    const v1::GetTimelineRequest& request) {
  SS_ASSIGN_OR_RETURN(std::optional<grpc::ByteBuffer> kept,
                      KeptTimeline(request));
  if (kept.has_value()) return *std::move(kept);
  SS_ASSIGN_OR_RETURN(const auto timeline, Render(request));
  made_->Increment();
  return PageFor(request, timeline);
}

absl::StatusOr<v1::GetIncidentHistoryResponse> TimelineHandlers::History(
    const v1::GetIncidentHistoryRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(request.incident_id())));
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  std::vector<PositionedRecord> records;
  for (const std::string& id : MembersOf(incident)) {
    storage::LogPage page;
    do {
      SS_ASSIGN_OR_RETURN(page,
                          store_->ReadHistory(id, page.last, kHistoryCount,
                                              limits::kMessageBytesMax));
      for (PositionedRecord& record : page.records) {
        ForgetLines(&record.second);
        records.push_back(std::move(record));
      }
    } while (!page.records.empty());
  }
  const uint32_t limit =
      request.page_size() == 0
          ? limits::kHistoryPageDefault
          : std::min(request.page_size(), limits::kHistoryPageMax);
  v1::GetIncidentHistoryResponse response;
  size_t bytes = 0;
  for (v1::HistoryEntry& change : HistoryOf(std::move(records))) {
    if (place.has_value() &&
        change.position() <= static_cast<uint64_t>(place->micros)) {
      continue;
    }
    bytes += change.ByteSizeLong();
    if (response.changes_size() > 0 &&
        (response.changes_size() == static_cast<int>(limit) ||
         bytes > limits::kMessageBytesMax / 2)) {
      const uint64_t last =
          response.changes(response.changes_size() - 1).position();
      response.set_next_page_token(
          MakePageToken(FiltersOf(request), {static_cast<int64_t>(last), ""}));
      break;
    }
    *response.add_changes() = std::move(change);
  }
  return response;
}

void TimelineHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.IncidentService/";
  server->AddAsync<v1::AddTimelineEntryRequest, v1::AddTimelineEntryResponse>(
      service + "AddTimelineEntry", [this](auto request, auto done) {
        AddEntry(std::move(request), std::move(done));
      });
  server->AddAsync<v1::UpdateTimelineEntryRequest,
                   v1::UpdateTimelineEntryResponse>(
      service + "UpdateTimelineEntry", [this](auto request, auto done) {
        UpdateEntry(std::move(request), std::move(done));
      });
  server->AddUnary(
      service + "GetTimeline",
      [this, server](const grpc::ByteBuffer& bytes, const RpcReply& reply) {
        v1::GetTimelineRequest request;
        if (absl::Status parsed = ParseMessage(bytes, &request); !parsed.ok()) {
          return reply(parsed);
        }
        absl::StatusOr<std::optional<grpc::ByteBuffer>> kept =
            KeptTimeline(request);
        if (!kept.ok()) return reply(kept.status());
        if (kept->has_value()) return reply(**std::move(kept));
        if (!server->RunRead(
                [this, request, reply] { reply(Timeline(request)); })) {
          reply(TooManyReads());
        }
      });
  server
      ->AddRead<v1::GetIncidentHistoryRequest, v1::GetIncidentHistoryResponse>(
          service + "GetIncidentHistory",
          [this](const auto& r) { return History(r); });
}

}  // namespace secondstory::incidentd
