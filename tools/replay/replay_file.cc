#include "tools/replay/replay_file.h"

#include <fstream>
#include <ostream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "ingest/assembler/convert/convert.h"
#include "ingest/assembler/topology_file.h"
#include "secondstory/v1/event.pb.h"
#include "timeline/assembler.h"
#include "timeline/topology.h"

namespace secondstory::replay {
namespace {

absl::StatusOr<v1::Event> ParseEvent(const std::string& line) {
  v1::Event event;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const google::protobuf::util::Status parsed =
      google::protobuf::util::JsonStringToMessage(line, &event, options);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an Event in JSON: ", parsed.message().ToString()));
  }
  if (event.event_id().empty() && event.source_event_id().empty()) {
    return absl::InvalidArgumentError("source_event_id is missing");
  }
  if (!event.has_event_time()) {
    return absl::InvalidArgumentError(
        "event_time is missing; an event must say when it happened");
  }
  return event;
}

}  // namespace

absl::Status ReadEvents(const ReplayOptions& options,
                        absl::FunctionRef<void(timeline::Event)> take,
                        std::vector<std::string>* skipped) {
  std::ifstream in(options.events_file, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(
        absl::StrCat(options.events_file, ": cannot be read"));
  }
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<v1::Event> event = ParseEvent(line);
    if (event.ok()) {
      take(ingest::ToTimelineEvent(*event));
      continue;
    }
    std::string message = absl::StrCat(options.events_file, ":", number, ": ",
                                       event.status().message());
    if (!options.keep_going) return absl::InvalidArgumentError(message);
    skipped->push_back(std::move(message));
  }
  return absl::OkStatus();
}

absl::Status Replay(const ReplayOptions& options, std::ostream& out,
                    std::vector<std::string>* skipped) {
  SS_ASSIGN_OR_RETURN(timeline::Topology topology,
                      ingest::ReadTopologyFile(options.topology_file));
  timeline::AssemblerOptions assembling;
  assembling.ranking.lookback = options.lookback;
  // The whole file is known at once, so nothing in it is late.
  assembling.lateness = absl::InfiniteDuration();
  timeline::Assembler assembler(assembling, std::move(topology));
  SS_RETURN_IF_ERROR(ReadEvents(
      options, [&](timeline::Event event) { assembler.Add(std::move(event)); },
      skipped));
  for (const timeline::Candidate& candidate : assembler.TakeChanged()) {
    std::string json;
    google::protobuf::util::JsonPrintOptions printing;
    printing.always_print_primitive_fields = true;
    const auto printed = google::protobuf::util::MessageToJsonString(
        ingest::ToProto(candidate), &json, printing);
    if (!printed.ok()) {
      return absl::InternalError(
          absl::StrCat("candidate ", candidate.id,
                       " cannot be printed: ", printed.message().ToString()));
    }
    out << json << '\n';
  }
  return absl::OkStatus();
}

}  // namespace secondstory::replay
