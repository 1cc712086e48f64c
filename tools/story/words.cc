#include "tools/story/words.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"

namespace secondstory::story {
namespace {

std::string Format(const char* format,
                   const google::protobuf::Timestamp& time) {
  return absl::FormatTime(format, ToTime(time), absl::UTCTimeZone());
}

}  // namespace

std::string KindInWords(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_ALERT_FIRED:
      return "alert fired";
    case v1::EVENT_KIND_ALERT_RESOLVED:
      return "alert resolved";
    case v1::EVENT_KIND_CHANGE_STARTED:
      return "change started";
    case v1::EVENT_KIND_CHANGE_FINISHED:
      return "change";
    case v1::EVENT_KIND_CHANGE_FAILED:
      return "change failed";
    case v1::EVENT_KIND_CHANGE_ROLLED_BACK:
      return "rolled back";
    case v1::EVENT_KIND_USER_REPORT:
      return "user report";
    case v1::EVENT_KIND_HUMAN_ACTION:
      return "action";
    default:  // what a newer server knows reads as a note
      return "note";
  }
}

std::string KindInWords(v1::EventKind kind, v1::Severity severity) {
  const std::string text = SeverityInWords(severity);
  return kind == v1::EVENT_KIND_ALERT_FIRED && text != "-"
             ? absl::StrCat(text, " alert")
             : KindInWords(kind);
}

std::string SeverityInWords(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_INFO:
      return "info";
    case v1::SEVERITY_WARNING:
      return "warning";
    case v1::SEVERITY_ERROR:
      return "error";
    case v1::SEVERITY_CRITICAL:
      return "critical";
    default:
      return "-";
  }
}

std::string StateInWords(v1::CandidateState state) {
  switch (state) {
    case v1::CANDIDATE_STATE_OPEN:
      return "open";
    case v1::CANDIDATE_STATE_QUIET:
      return "quiet";
    case v1::CANDIDATE_STATE_PROMOTED:
      return "promoted";
    case v1::CANDIDATE_STATE_DISMISSED:
      return "dismissed";
    case v1::CANDIDATE_STATE_MERGED:
      return "merged";
    default:
      return "unknown";
  }
}

std::string WhyInWords(const v1::CandidateEvent& event) {
  if (!event.contributed()) return event.reason();
  return absl::StrCat(event.reason(), event.reason().empty() ? "" : "; ",
                      "found to have contributed");
}

std::string StateExplained(v1::CandidateState state) {
  switch (state) {
    case v1::CANDIDATE_STATE_OPEN:
      return "open: events may still join";
    case v1::CANDIDATE_STATE_QUIET:
      return "quiet: nothing has joined for a while";
    case v1::CANDIDATE_STATE_PROMOTED:
      return "promoted: an incident was made of it";
    case v1::CANDIDATE_STATE_DISMISSED:
      return "dismissed: somebody said that it is no incident";
    case v1::CANDIDATE_STATE_MERGED:
      return "merged: another candidate goes on with its events";
    default:
      return "unknown to this version";
  }
}

std::string StateInWords(v1::IncidentState state) {
  switch (state) {
    case v1::INCIDENT_STATE_OPEN:
      return "open";
    case v1::INCIDENT_STATE_MITIGATED:
      return "mitigated";
    case v1::INCIDENT_STATE_RESOLVED:
      return "resolved";
    case v1::INCIDENT_STATE_IN_REVIEW:
      return "in review";
    case v1::INCIDENT_STATE_PUBLISHED:
      return "published";
    case v1::INCIDENT_STATE_CLOSED:
      return "closed";
    case v1::INCIDENT_STATE_MERGED:
      return "merged";
    default:
      return "unknown";
  }
}

std::string KindInWords(v1::IncidentKind kind) {
  switch (kind) {
    case v1::INCIDENT_KIND_NEAR_MISS:
      return "near miss";
    case v1::INCIDENT_KIND_SUCCESS:
      return "success worth learning from";
    default:
      return "incident";
  }
}

std::string StateInWords(v1::ActionState state) {
  switch (state) {
    case v1::ACTION_STATE_IN_PROGRESS:
      return "in progress";
    case v1::ACTION_STATE_DONE:
      return "done";
    case v1::ACTION_STATE_DROPPED:
      return "dropped";
    default:
      return "open";
  }
}

std::string OutcomeInWords(v1::AppendOutcome outcome) {
  switch (outcome) {
    case v1::APPEND_OUTCOME_STORED:
      return "stored";
    case v1::APPEND_OUTCOME_KNOWN:
      return "known";
    case v1::APPEND_OUTCOME_REFUSED:
      return "refused";
    default:
      return "unknown";
  }
}

std::string Date(const google::protobuf::Timestamp& time) {
  return Format("%Y-%m-%d", time);
}

std::string TimeOfDay(const google::protobuf::Timestamp& time) {
  return Format("%H:%M:%S", time);
}

std::string DateAndTime(const google::protobuf::Timestamp& time) {
  return Format("%Y-%m-%d %H:%M:%S", time);
}

std::string TimeBeside(const google::protobuf::Timestamp& time,
                       const google::protobuf::Timestamp& reference) {
  return Date(time) == Date(reference) ? TimeOfDay(time) : DateAndTime(time);
}

std::string InWords(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  const auto with_rest = [](int64_t whole, const char* unit, int64_t rest,
                            const char* rest_unit) {
    return rest == 0
               ? absl::StrCat(whole, " ", unit)
               : absl::StrCat(whole, " ", unit, " ", rest, " ", rest_unit);
  };
  if (minutes < 1) return absl::StrCat(seconds, " s");
  if (minutes < 5) return with_rest(minutes, "min", seconds % 60, "s");
  if (hours < 1) return absl::StrCat(minutes, " min");
  if (hours < 48) return with_rest(hours, "h", minutes % 60, "min");
  return with_rest(hours / 24, "d", hours % 24, "h");
}

std::string Percent(double score) {
  if (score > 0 && score < 0.01) return "<1 %";
  if (score < 1 && score > 0.99) return ">99 %";
  return absl::StrCat(std::lround(score * 100), " %");
}

std::string LikelihoodInWords(double score) {
  if (score >= 0.8) return "very likely";
  if (score >= 0.5) return "likely";
  if (score >= 0.2) return "plausible";
  return score >= 0.05 ? "possible" : "unlikely";
}

std::string ShortId(absl::string_view id) {
  return std::string(id.substr(0, 12));
}

}  // namespace secondstory::story
