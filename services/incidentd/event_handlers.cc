#include "services/incidentd/event_handlers.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/validator.h"

namespace secondstory::incidentd {
namespace {

// An append under way: what is decided before the log has it, and which of the
// log's outcomes belongs to which event.
struct Append {
  v1::AppendEventsResponse response;
  std::vector<int> index_of;  // of the log's n-th event
};

// Validates, and hands over what may enter.
storage::EventAppend Prepare(wire::v1::AppendEventsView request, absl::Time now,
                             Append* append) {
  storage::EventAppend result;
  for (int i = 0; i < request.events_size(); ++i) {
    v1::EventOutcome* outcome = append->response.add_outcomes();
    v1::Event event;
    const std::optional<FieldViolation> wrong =
        ReadEvent(request.events(i), now, &event);
    if (wrong.has_value()) {
      outcome->set_outcome(v1::APPEND_OUTCOME_REFUSED);
      outcome->set_field(wrong->field);
      outcome->set_reason(absl::StrCat(
          "events[", i, "]", wrong->field.empty() ? "" : ".", wrong->field, " ",
          wrong->description, " (source \"", event.source(), "\", id \"",
          event.source_event_id(), "\")"));
      if (!event.source().empty() && !event.source_event_id().empty()) {
        outcome->set_event_id(
            IdToHex(StableId({event.source(), event.source_event_id()})));
      }
      continue;
    }
    storage::NewEvent fresh;
    fresh.facts = storage::FactsOf(event);
    fresh.bytes = ClearOutputOnly(&event)
                      ? event.SerializeAsString()
                      : std::move(*request.mutable_events(i));
    outcome->set_event_id(IdToHex(fresh.facts.id));
    append->index_of.push_back(i);
    result.events.push_back(std::move(fresh));
  }
  if (request.has_cursor()) {
    result.cursor = std::move(*request.mutable_cursor());
  }
  return result;
}

absl::Status CheckAppend(const wire::v1::AppendEventsView& request) {
  std::vector<FieldViolation> wrong;
  if (request.events_size() > limits::kAppendEventCountMax) {
    wrong.push_back({"events", absl::StrCat("has ", request.events_size(),
                                            " events; at most ",
                                            limits::kAppendEventCountMax,
                                            " are allowed, split the batch")});
  }
  if (request.events_size() == 0 && !request.has_cursor()) {
    wrong.push_back({"events", "is empty; give events or a cursor"});
  }
  if (request.has_cursor()) {
    for (FieldViolation& one : Check(request.cursor())) wrong.push_back(one);
  }
  return wrong.empty() ? absl::OkStatus() : BadRequest(wrong);
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

// What concerns a follower of events in a stretch of the log.
std::deque<grpc::ByteBuffer> EncodeEvents(storage::LogPage page,
                                          bool caught_up) {
  v1::WatchEventsResponse response;
  for (auto& [position, record] : page.records) {
    if (!record.has_event()) continue;
    *response.add_events() = storage::EventOf(position, std::move(record));
  }
  if (response.events().empty()) return {};
  response.set_position(page.last);
  response.set_caught_up(caught_up);
  return {SerializeMessage(response)};
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
      refused_(OutcomeCounter(metrics, "refused")) {}

void EventHandlers::AppendEvents(wire::v1::AppendEventsView request,
                                 AppendDone done) {
  if (const absl::Status status = CheckAppend(request); !status.ok()) {
    return done(status);
  }
  auto append = std::make_shared<Append>();
  storage::EventAppend prepared =
      Prepare(std::move(request), clock_.Now(), append.get());
  log_->AppendEvents(
      std::move(prepared),
      [this, append, done = std::move(done)](
          absl::StatusOr<std::vector<storage::Appended>> outcomes) {
        if (!outcomes.ok()) return done(outcomes.status());
        for (size_t i = 0; i < outcomes->size(); ++i) {
          v1::EventOutcome* outcome =
              append->response.mutable_outcomes(append->index_of[i]);
          outcome->set_position((*outcomes)[i].position);
          outcome->set_outcome((*outcomes)[i].known
                                   ? v1::APPEND_OUTCOME_KNOWN
                                   : v1::APPEND_OUTCOME_STORED);
        }
        Count(append->response);
        done(std::move(append->response));
      });
}

void EventHandlers::Count(const v1::AppendEventsResponse& response) {
  int counts[v1::AppendOutcome_ARRAYSIZE] = {};
  for (const v1::EventOutcome& outcome : response.outcomes()) {
    ++counts[outcome.outcome()];
  }
  stored_->Increment(counts[v1::APPEND_OUTCOME_STORED]);
  known_->Increment(counts[v1::APPEND_OUTCOME_KNOWN]);
  refused_->Increment(counts[v1::APPEND_OUTCOME_REFUSED]);
}

absl::StatusOr<v1::GetEventResponse> EventHandlers::GetEvent(
    const v1::GetEventRequest& request) const {
  if (const auto wrong = CheckId("event_id", request.event_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  v1::GetEventResponse response;
  SS_ASSIGN_OR_RETURN(*response.mutable_event(),
                      store_->GetEvent(IdFromHex(request.event_id())));
  return response;
}

absl::StatusOr<v1::QueryEventsResponse> EventHandlers::QueryEvents(
    const v1::QueryEventsRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const storage::EventQuery query, ToQuery(request));
  SS_ASSIGN_OR_RETURN(storage::Page<v1::Event> page,
                      store_->QueryEvents(query));
  v1::QueryEventsResponse response;
  // A page of large events ends early rather than not at all.
  size_t bytes = 0;
  for (v1::Event& event : page.items) {
    bytes += event.ByteSizeLong();
    if (bytes > limits::kMessageBytesMax / 2 && response.events_size() > 0) {
      page.more = true;
      break;
    }
    *response.add_events() = std::move(event);
  }
  if (page.more && response.events_size() > 0) {
    const v1::Event& last = response.events(response.events_size() - 1);
    response.set_next_page_token(MakePageToken(
        FiltersOf(request),
        {ToMicros(last.event_time()), absl::StrCat(last.position())}));
  }
  return response;
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
  server->AddAsync<wire::v1::AppendEventsView, v1::AppendEventsResponse>(
      service + "AppendEvents", [this](auto request, auto done) {
        AppendEvents(std::move(request), std::move(done));
      });
  server->AddPipelined(
      service + "StreamAppendEvents",
      [this](const grpc::ByteBuffer& bytes, const RpcReply& reply) {
        wire::v1::StreamAppendEventsView request;
        const absl::Status parsed = ParseMessage(bytes, &request);
        if (!parsed.ok()) return reply(parsed);
        AppendEvents(std::move(*request.mutable_batch()), [reply](auto result) {
          if (!result.ok()) return reply(result.status());
          v1::StreamAppendEventsResponse response;
          *response.mutable_batch() = *std::move(result);
          reply(SerializeMessage(response));
        });
      });
  server->AddRead<v1::GetEventRequest, v1::GetEventResponse>(
      service + "GetEvent", [this](const auto& r) { return GetEvent(r); });
  server->AddRead<v1::QueryEventsRequest, v1::QueryEventsResponse>(
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
             EncodeEvents, EventHeartbeat});
      });
}

}  // namespace secondstory::incidentd
