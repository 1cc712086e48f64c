#include "services/incidentd/event_handlers.h"

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/batch_thread.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "base/wire_fields.h"
#include "secondstory/stored/v1/record.pb.h"
#include "services/incidentd/append_outcomes.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/validator.h"
#include "storage/record_view.h"

namespace secondstory::incidentd {

// The events of a request, in place; most have one or a hundred.
using EventBytes = absl::InlinedVector<absl::string_view, 1>;

// An append under way.
struct EventHandlers::AppendCall {
  // The request, read in place.
  grpc::Slice bytes;
  EventBytes events;
  std::optional<v1::CursorUpdate> cursor;
  // Of events that cannot be stored as they came.
  std::list<std::string> rewritten;
  bool streamed = false;
  AppendOutcomes outcomes;
};

namespace {

// An append beyond this is looked at by a thread of its own: a hundred events
// take half a millisecond, in which nobody else would be heard.
constexpr size_t kLargeAppendBytes = 16 << 10;
// The turn of that thread, which lets others go first after each append: about
// what one of a hundred events takes.
constexpr absl::Duration kLargeAppendTurn = absl::Microseconds(400);

bool ReadUnaryAppend(absl::string_view bytes, EventBytes* events,
                     std::optional<v1::CursorUpdate>* cursor) {
  WireFields fields(bytes);
  while (fields.Next()) {
    bool read = false;
    switch (fields.number()) {
      case v1::AppendEventsRequest::kEventsFieldNumber:
        read = fields.Bytes([events](absl::string_view event) {
          events->push_back(event);
          return true;
        });
        break;
      case v1::AppendEventsRequest::kCursorFieldNumber:
        read = fields.Message(
            cursor, [](absl::string_view update, v1::CursorUpdate* message) {
              return message->MergeFromString(std::string(update));
            });
        break;
      default:
        read = fields.Skip();
    }
    if (!read) return false;
  }
  return fields.AtEnd();
}

// The same, where the append is the one field of another message.
bool ReadStreamedAppend(absl::string_view bytes, EventBytes* events,
                        std::optional<v1::CursorUpdate>* cursor) {
  WireFields fields(bytes);
  while (fields.Next()) {
    const bool read =
        fields.number() == v1::StreamAppendEventsRequest::kBatchFieldNumber
            ? fields.Bytes([&](absl::string_view batch) {
                return ReadUnaryAppend(batch, events, cursor);
              })
            : fields.Skip();
    if (!read) return false;
  }
  return fields.AtEnd();
}

absl::Status CheckAppend(size_t event_count,
                         const std::optional<v1::CursorUpdate>& cursor) {
  std::vector<FieldViolation> wrong;
  if (event_count > static_cast<size_t>(limits::kAppendEventCountMax)) {
    wrong.push_back(
        {"events", absl::StrCat("has ", event_count, " events; at most ",
                                limits::kAppendEventCountMax,
                                " are allowed, split the batch")});
  }
  if (event_count == 0 && !cursor.has_value()) {
    wrong.push_back({"events", "is empty; give events or a cursor"});
  }
  if (cursor.has_value()) {
    for (FieldViolation& one : Check(*cursor)) wrong.push_back(one);
  }
  return wrong.empty() ? absl::OkStatus() : BadRequest(wrong);
}

v1::EventOutcome Refusal(size_t index, absl::string_view bytes,
                         const FieldViolation& wrong) {
  // As much as can be read of it.
  v1::Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  v1::EventOutcome outcome;
  outcome.set_outcome(v1::APPEND_OUTCOME_REFUSED);
  outcome.set_field(wrong.field);
  outcome.set_reason(absl::StrCat(
      "events[", index, "]", wrong.field.empty() ? "" : ".", wrong.field, " ",
      wrong.description, " (source \"", event.source(), "\", id \"",
      event.source_event_id(), "\")"));
  if (!event.source().empty() && !event.source_event_id().empty()) {
    outcome.set_event_id(
        IdToHex(StableId({event.source(), event.source_event_id()})));
  }
  return outcome;
}

uint32_t PageSize(uint32_t asked) {
  return asked == 0 ? limits::kEventPageDefault
                    : std::min(asked, limits::kEventPageMax);
}

absl::StatusOr<storage::EventQuery> ToQuery(
    const v1::QueryEventsRequest& request) {
  storage::EventQuery query;
  if (request.has_start_time()) {
    query.time.start_micros = ToMicros(request.start_time());
  }
  if (request.has_end_time()) {
    query.time.end_micros = ToMicros(request.end_time());
  }
  query.services.assign(request.services().begin(), request.services().end());
  query.sources.assign(request.sources().begin(), request.sources().end());
  for (const int kind : request.kinds()) {
    query.kinds.push_back(static_cast<v1::EventKind>(kind));
  }
  query.limit = PageSize(request.page_size());
  query.newest_first = request.newest_first();
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  if (place.has_value()) {
    storage::Position position = 0;
    if (!absl::SimpleAtoi(place->rest, &position)) {
      return BadRequest("page_token", "is damaged; begin again without one");
    }
    query.after = {place->micros, position};
  }
  return query;
}

void AddDecision(storage::Position position,
                 stored::v1::CandidateRecord* record,
                 v1::WatchEventsResponse* response) {
  const v1::DecisionKind kind = DecisionOf(*record);
  if (kind == v1::DECISION_KIND_UNSPECIFIED) return;
  v1::CandidateDecision* decision = response->add_decisions();
  decision->set_position(position);
  decision->set_kind(kind);
  *decision->mutable_candidate() = std::move(*record->mutable_candidate());
}

// What concerns a follower of events in a stretch of the log. Events are passed
// on as the bytes that they are.
absl::StatusOr<std::deque<grpc::ByteBuffer>> EncodeEvents(
    const storage::LogBytes& page, bool caught_up, bool with_decisions) {
  std::string events;
  v1::WatchEventsResponse rest;
  for (const auto& [position, bytes] : page.records) {
    SS_ASSIGN_OR_RETURN(const storage::RecordView view,
                        storage::ViewRecord(bytes));
    if (view.event.has_value()) {
      SS_ASSIGN_OR_RETURN(const std::string event,
                          storage::EncodeEvent(position, view));
      AppendBytesField(v1::WatchEventsResponse::kEventsFieldNumber, event,
                       &events);
    } else if (with_decisions) {
      SS_ASSIGN_OR_RETURN(stored::v1::Record record,
                          storage::ParseRecord(bytes));
      if (record.has_candidate()) {
        AddDecision(position, record.mutable_candidate(), &rest);
      }
    }
  }
  std::deque<grpc::ByteBuffer> responses;
  if (events.empty() && rest.decisions().empty()) return responses;
  rest.set_position(page.last);
  rest.set_caught_up(caught_up);
  rest.AppendToString(&events);
  const grpc::Slice response(events);
  responses.emplace_back(&response, 1);
  return responses;
}

grpc::ByteBuffer EventHeartbeat(storage::Position position, bool caught_up) {
  v1::WatchEventsResponse response;
  response.set_position(position);
  response.set_caught_up(caught_up);
  return SerializeMessage(response);
}

Counter* OutcomeCounter(Metrics* metrics, const char* outcome) {
  return metrics->AddCounter("secondstory_intake_events_total",
                             "Events that AppendEvents decided on, by outcome.",
                             {{"outcome", outcome}});
}

}  // namespace

EventHandlers::EventHandlers(storage::Log* log, const storage::Store* store,
                             WatchHub* hub, const Clock& clock,
                             Metrics* metrics)
    : log_(log),
      store_(store),
      hub_(hub),
      clock_(clock),
      stored_(OutcomeCounter(metrics, "stored")),
      known_(OutcomeCounter(metrics, "known")),
      refused_(OutcomeCounter(metrics, "refused")),
      large_appends_("large appends", 1, limits::kPendingAppendBytesMax, [] {
        BecomeBatchThread(Share::kThird);
        SetTurn(kLargeAppendTurn);
      }) {}

void EventHandlers::TakeAppend(grpc::ByteBuffer request, bool streamed,
                               RpcReply reply) {
  const size_t bytes = request.Length();
  // Requests of a stream do not overtake each other.
  if (bytes <= kLargeAppendBytes && (!streamed || large_appends_.IsIdle())) {
    return ReadAppend(request, streamed, std::move(reply));
  }
  auto read = [this, request = std::move(request), streamed, reply]() mutable {
    ReadAppend(request, streamed, std::move(reply));
    // Whoever waits for the processor has a turn now; in a flood the kernel's
    // next tick is milliseconds away.
    std::this_thread::yield();
  };
  if (!large_appends_.Add(std::move(read), bytes)) {
    reply(absl::ResourceExhaustedError(
        absl::StrCat("more than ", limits::kPendingAppendBytesMax >> 20,
                     " MiB of appends wait to be read; retry with back-off")));
  }
}

void EventHandlers::ReadAppend(const grpc::ByteBuffer& request, bool streamed,
                               RpcReply reply) {
  auto call = std::make_shared<AppendCall>();
  if (!ReadBytes(request, &call->bytes) ||
      !(streamed ? ReadStreamedAppend : ReadUnaryAppend)(
          ToView(call->bytes), &call->events, &call->cursor)) {
    return reply(UnreadableRequest());
  }
  call->streamed = streamed;
  AppendEvents(std::move(call), std::move(reply));
}

void EventHandlers::AppendEvents(std::shared_ptr<AppendCall> call,
                                 RpcReply reply) {
  if (const absl::Status status =
          CheckAppend(call->events.size(), call->cursor);
      !status.ok()) {
    return reply(status);
  }
  storage::EventAppend append;
  append.events.reserve(call->events.size());
  call->outcomes.Reserve(call->events.size());
  const absl::Time now = clock_.Now();
  for (size_t i = 0; i < call->events.size(); ++i) {
    absl::string_view bytes = call->events[i];
    const std::optional<storage::EventView> event = storage::ViewEvent(bytes);
    const std::optional<FieldViolation> wrong =
        event.has_value() ? Check(*event, now) : CheckUnreadableEvent(bytes);
    if (wrong.has_value()) {
      call->outcomes.AddRefused(Refusal(i, bytes, *wrong));
      continue;
    }
    storage::EventFacts facts = storage::FactsOf(*event);
    call->outcomes.AddAccepted(facts.id);
    if (HasOutputOnly(*event)) {
      bytes = call->rewritten.emplace_back(ClearOutputOnly(bytes));
    }
    append.events.push_back({std::move(facts), bytes});
  }
  append.cursor = std::move(call->cursor);
  append.bytes = call;
  // On the thread of large appends, which may wait for the disk.
  if (call->bytes.size() > kLargeAppendBytes) log_->LookUp(&append);
  log_->AppendEvents(std::move(append),
                     [this, call = std::move(call), reply = std::move(reply)](
                         absl::StatusOr<storage::AppendedEvents> decided) {
                       if (!decided.ok()) return reply(decided.status());
                       call->outcomes.Decide(*decided);
                       Count(call->outcomes);
                       const grpc::Slice response =
                           call->outcomes.Encode(call->streamed);
                       reply(grpc::ByteBuffer(&response, 1));
                     });
}

void EventHandlers::Count(const AppendOutcomes& outcomes) {
  stored_->Increment(outcomes.stored_count());
  known_->Increment(outcomes.known_count());
  refused_->Increment(outcomes.refused_count());
}

absl::StatusOr<v1::GetEventResponse> EventHandlers::GetEvent(
    const v1::GetEventRequest& request) const {
  if (const auto wrong = CheckId("event_id", request.event_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  v1::GetEventResponse response;
  SS_ASSIGN_OR_RETURN(const std::optional<storage::Position> position,
                      log_->FindEvent(Id(IdFromHex(request.event_id()))));
  if (!position.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("there is no event ", request.event_id()));
  }
  SS_ASSIGN_OR_RETURN(*response.mutable_event(), store_->GetEvent(*position));
  return response;
}

absl::StatusOr<grpc::ByteBuffer> EventHandlers::QueryEvents(
    const v1::QueryEventsRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const storage::EventQuery query, ToQuery(request));
  SS_ASSIGN_OR_RETURN(storage::Page<storage::EventBytes> page,
                      store_->QueryEventBytes(query));
  std::string response;
  const storage::EventBytes* last = nullptr;
  for (const storage::EventBytes& stored : page.items) {
    SS_ASSIGN_OR_RETURN(const storage::RecordView view,
                        storage::ViewRecord(stored.record));
    SS_ASSIGN_OR_RETURN(const std::string event,
                        storage::EncodeEvent(stored.position, view));
    // A page of large events ends early rather than not at all.
    if (response.size() + event.size() > limits::kMessageBytesMax / 2 &&
        last != nullptr) {
      page.more = true;
      break;
    }
    AppendBytesField(v1::QueryEventsResponse::kEventsFieldNumber, event,
                     &response);
    last = &stored;
  }
  if (page.more && last != nullptr) {
    v1::QueryEventsResponse rest;
    rest.set_next_page_token(
        MakePageToken(FiltersOf(request),
                      {last->event_micros, absl::StrCat(last->position)}));
    rest.AppendToString(&response);
  }
  const grpc::Slice slice(response);
  return grpc::ByteBuffer(&slice, 1);
}

absl::StatusOr<v1::GetCursorResponse> EventHandlers::GetCursor(
    const v1::GetCursorRequest& request) const {
  if (request.source().empty()) {
    return BadRequest("source", "is missing; name the source that is read");
  }
  v1::GetCursorResponse response;
  SS_ASSIGN_OR_RETURN(*response.mutable_cursor(),
                      store_->GetCursor(request.source(), request.shard()));
  return response;
}

void EventHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.EventService/";
  server->AddUnary(service + "AppendEvents",
                   [this](grpc::ByteBuffer request, RpcReply reply) {
                     TakeAppend(std::move(request), false, std::move(reply));
                   });
  server->AddPipelined(service + "StreamAppendEvents",
                       [this](grpc::ByteBuffer request, RpcReply reply) {
                         TakeAppend(std::move(request), true, std::move(reply));
                       });
  server->AddRead<v1::GetEventRequest, v1::GetEventResponse>(
      service + "GetEvent", [this](const auto& r) { return GetEvent(r); });
  server->AddRead<v1::QueryEventsRequest, grpc::ByteBuffer>(
      service + "QueryEvents",
      [this](const auto& r) { return QueryEvents(r); });
  server->AddRead<v1::GetCursorRequest, v1::GetCursorResponse>(
      service + "GetCursor", [this](const auto& r) { return GetCursor(r); });
  server->AddStreaming(
      service + "WatchEvents",
      [this](const grpc::ByteBuffer& bytes, std::shared_ptr<RpcStream> stream) {
        v1::WatchEventsRequest request;
        const absl::Status parsed = ParseMessage(bytes, &request);
        if (!parsed.ok()) return stream->Finish(parsed);
        hub_->Follow(
            std::move(stream),
            {request.after_position(), ToDuration(request.heartbeat_interval()),
             [with_decisions = request.with_decisions()](
                 const storage::LogBytes& page, bool caught_up) {
               return EncodeEvents(page, caught_up, with_decisions);
             },
             EventHeartbeat});
      });
}

}  // namespace secondstory::incidentd
