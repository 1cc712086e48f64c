#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "secondstory/v1/event_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/event_page.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

using Events = v1::EventService::StubInterface;

constexpr int kLimitDefault = 100;
constexpr int kPageSizeMax = 1000;
// Far below what one request may hold, with events of any size.
constexpr int kAppendCountMax = 200;

absl::StatusOr<v1::QueryEventsRequest> MakeQuery(const Call& call) {
  v1::QueryEventsRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  const Arguments& arguments = call.arguments;
  for (absl::string_view name :
       absl::StrSplit(arguments.Get("service"), ',', absl::SkipEmpty())) {
    request.add_services(std::string(name));
  }
  for (absl::string_view name :
       absl::StrSplit(arguments.Get("source"), ',', absl::SkipEmpty())) {
    request.add_sources(std::string(name));
  }
  SS_ASSIGN_OR_RETURN(
      const std::vector<int> kinds,
      ParseEnums("kind", arguments.Get("kind"), *v1::EventKind_descriptor()));
  for (const int kind : kinds) {
    request.add_kinds(static_cast<v1::EventKind>(kind));
  }
  request.set_newest_first(arguments.Has("newest-first"));
  return request;
}

absl::Status List(const Call& call) {
  SS_ASSIGN_OR_RETURN(v1::QueryEventsRequest request, MakeQuery(call));
  std::vector<v1::Event> events;
  SS_RETURN_IF_ERROR(ReadPages(
      call, kLimitDefault, kPageSizeMax,
      [&](int64_t page_size, int64_t* count) -> absl::StatusOr<bool> {
        request.set_page_size(static_cast<uint32_t>(page_size));
        SS_ASSIGN_OR_RETURN(const v1::QueryEventsResponse page,
                            call.server->Call(&Events::QueryEvents, request));
        for (const v1::Event& event : page.events()) {
          if (call.json) {
            call.out() << JsonLine(event);
          } else {
            events.push_back(event);
          }
        }
        *count += page.events_size();
        request.set_page_token(page.next_page_token());
        return !page.next_page_token().empty();
      }));
  if (!call.json) call.out() << EventList(events, call.page);
  return absl::OkStatus();
}

absl::Status Get(const Call& call) {
  v1::GetEventRequest request;
  request.set_event_id(call.arguments.words[0]);
  SS_ASSIGN_OR_RETURN(const v1::GetEventResponse response,
                      call.server->Call(&Events::GetEvent, request));
  call.out() << (call.json ? JsonLine(response.event())
                           : EventPage(response.event(), call.page));
  return absl::OkStatus();
}

absl::Status Watch(const Call& call) {
  v1::WatchEventsRequest request;
  SS_ASSIGN_OR_RETURN(const WatchRange range, ParseWatchRange(call));
  request.set_after_position(range.after);
  grpc::ClientContext context;
  const auto stream = call.server->events()->WatchEvents(&context, request);
  v1::WatchEventsResponse response;
  int64_t shown = 0;
  uint64_t position = range.after;
  while (stream->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      call.out() << (call.json ? JsonLine(event) : EventLine(event));
      if (++shown == range.count) return absl::OkStatus();
    }
    call.out().flush();
    position = response.position();
  }
  return EndOfWatch(call, stream->Finish(), position);
}

// One line of the input, or one reason why it is none.
struct InputLine {
  int number = 0;
  v1::Event event;
};

void Report(const Call& call, int line, const std::string& what) {
  *call.around.err << "line " << line << ": " << what << "\n";
}

struct AppendCounts {
  int stored = 0;
  int known = 0;
  int refused = 0;
};

absl::Status AppendBatch(const Call& call, std::vector<InputLine>* lines,
                         AppendCounts* counts) {
  if (lines->empty()) return absl::OkStatus();
  v1::AppendEventsRequest request;
  for (InputLine& line : *lines) {
    *request.add_events() = std::move(line.event);
  }
  SS_ASSIGN_OR_RETURN(const v1::AppendEventsResponse response,
                      call.server->Call(&Events::AppendEvents, request));
  if (response.outcomes_size() != request.events_size()) {
    return absl::InternalError("the server did not answer for every event");
  }
  for (int i = 0; i < response.outcomes_size(); ++i) {
    const v1::EventOutcome& outcome = response.outcomes(i);
    if (call.json) call.out() << JsonLine(outcome);
    if (outcome.outcome() == v1::APPEND_OUTCOME_STORED) ++counts->stored;
    if (outcome.outcome() == v1::APPEND_OUTCOME_KNOWN) ++counts->known;
    if (outcome.outcome() != v1::APPEND_OUTCOME_REFUSED) continue;
    ++counts->refused;
    Report(call, lines->at(i).number,
           absl::StrCat(outcome.field(), ": ", outcome.reason()));
  }
  lines->clear();
  return absl::OkStatus();
}

absl::Status Append(const Call& call) {
  AppendCounts counts;
  std::vector<InputLine> batch;
  std::string text;
  for (int number = 1; std::getline(*call.around.in, text); ++number) {
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    InputLine line{number, {}};
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(text, &line.event);
    if (!parsed.ok()) {
      ++counts.refused;
      Report(call, number,
             absl::StrCat("no event: ", std::string(parsed.message())));
      continue;
    }
    batch.push_back(std::move(line));
    if (batch.size() == kAppendCountMax) {
      SS_RETURN_IF_ERROR(AppendBatch(call, &batch, &counts));
    }
  }
  SS_RETURN_IF_ERROR(AppendBatch(call, &batch, &counts));
  if (!call.json) {
    call.out() << counts.stored << " stored, " << counts.known << " known, "
               << counts.refused << " refused\n";
  }
  if (counts.refused == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("lines refused: ", counts.refused));
}

}  // namespace

std::vector<Command> EventCommands() {
  return {
      {"events list",
       {},
       "the events of a time range, in the order of their time",
       "",
       {SinceOption(),
        UntilOption(),
        ServiceOption(),
        {"kind", "KIND,...",
         "of these kinds: alert_fired, alert_resolved, change_started, "
         "change_finished, change_failed, change_rolled_back, user_report, "
         "human_action, note"},
        {"source", "SOURCE,...", "from these sources: alertmanager/prod"},
        {"newest-first", "", "the newest first"},
        LimitOption(kLimitDefault)},
       List},
      {"events get",
       {"ID"},
       "one event with everything that is known of it",
       "`story events list --all` shows the ids.",
       {},
       Get},
      {"events watch",
       {},
       "events as they are stored, until Ctrl-C",
       "",
       WatchOptions(),
       Watch},
      {"events append",
       {},
       "stores events: one JSON object a line on standard input",
       "The members are those of secondstory.v1.Event. The same event again "
       "is stored\n"
       "once. For example:\n\n"
       "  story events append <<'END'\n"
       "  {\"source\":\"people/ops\",\"sourceEventId\":\"1\",\n"
       "   \"kind\":\"EVENT_KIND_HUMAN_ACTION\",\n"
       "   \"eventTime\":\"2018-04-18T12:35:00Z\",\"title\":\"proxy "
       "restarted\"}\n"
       "  END\n\n"
       "with the object on one line.",
       {},
       Append},
  };
}

}  // namespace secondstory::story
