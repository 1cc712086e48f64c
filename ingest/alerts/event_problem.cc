#include "ingest/alerts/event_problem.h"

#include "absl/strings/match.h"
#include "base/limits.h"

namespace secondstory::ingest {
namespace {

std::string LabelProblem(const v1::Event& event) {
  if (event.labels_size() > limits::kLabelCountMax) return "labels";
  for (const auto& [key, value] : event.labels()) {
    if (key.empty() || key.size() > limits::kLabelKeyBytesMax) return "key";
    if (value.size() > limits::kLabelValueBytesMax) return "label " + key;
  }
  return "";
}

std::string LinkProblem(const v1::Event& event) {
  if (event.links_size() > limits::kLinkCountMax) return "links";
  for (const v1::Link& link : event.links()) {
    if (link.title().size() > limits::kNameBytesMax) return "link title";
    if (link.url().size() > limits::kUrlBytesMax ||
        !(absl::StartsWith(link.url(), "http://") ||
          absl::StartsWith(link.url(), "https://"))) {
      return "link url";
    }
  }
  return "";
}

}  // namespace

std::string EventProblem(const v1::Event& event) {
  // Parsing checks that every string is UTF-8; serializing only complains.
  v1::Event parsed;
  if (!parsed.ParseFromString(event.SerializeAsString())) return "UTF-8";
  if (event.source().empty() ||
      event.source().size() > limits::kSourceBytesMax) {
    return "source";
  }
  if (event.source_event_id().empty() ||
      event.source_event_id().size() > limits::kSourceEventIdBytesMax) {
    return "source_event_id";
  }
  if (event.kind() == v1::EVENT_KIND_UNSPECIFIED) return "kind";
  // 9999-12-31T23:59:59Z.
  if (!event.has_event_time() || event.event_time().seconds() < 0 ||
      event.event_time().seconds() > 253402300799 ||
      event.event_time().nanos() < 0 ||
      event.event_time().nanos() > 999999999) {
    return "event_time";
  }
  if (event.service().size() > limits::kNameBytesMax) return "service";
  if (event.environment().size() > limits::kNameBytesMax) return "environment";
  if (event.title().empty() || event.title().size() > limits::kTitleBytesMax) {
    return "title";
  }
  if (event.description().size() > limits::kTextBytesMax) return "description";
  const std::string problem = LabelProblem(event);
  return problem.empty() ? LinkProblem(event) : problem;
}

}  // namespace secondstory::ingest
