// How the house says things to people: kinds, states, times, likelihoods.
//
// Pure functions. Blameless: what happened and what was near, nobody's fault.
#ifndef SECONDSTORY_TOOLS_STORY_WORDS_H_
#define SECONDSTORY_TOOLS_STORY_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/event_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"

namespace secondstory::story {

std::string KindInWords(v1::EventKind kind);            // "alert fired"
std::string SeverityInWords(v1::Severity severity);     // "critical"; "-"
std::string StateInWords(v1::CandidateState state);     // "open"
std::string StateInWords(v1::IncidentState state);      // "mitigated"
std::string StateInWords(v1::ActionState state);        // "in progress"
std::string KindInWords(v1::IncidentKind kind);         // "near miss"
std::string OutcomeInWords(v1::AppendOutcome outcome);  // "stored"
// Why an event is on a timeline.
std::string WhyInWords(const v1::CandidateEvent& event);
// "critical alert"; of any other kind, and without a severity, as above.
std::string KindInWords(v1::EventKind kind, v1::Severity severity);
// What a candidate's state means for a reader.
std::string StateExplained(v1::CandidateState state);

// "2018-04-18", "11:30:00" and both, UTC.
std::string Date(const google::protobuf::Timestamp& time);
std::string TimeOfDay(const google::protobuf::Timestamp& time);
std::string DateAndTime(const google::protobuf::Timestamp& time);
// The time of day, with the date when it is another than that of `reference`.
std::string TimeBeside(const google::protobuf::Timestamp& time,
                       const google::protobuf::Timestamp& reference);

// "45 s", "55 min", "3 h 53 min", "2 d 4 h": never longer than two units.
std::string InWords(absl::Duration duration);

// "71 %"; "<1 %" and ">99 %" where rounding would say more than is known.
std::string Percent(double score);
// "very likely", "likely", "plausible", "possible", "unlikely".
std::string LikelihoodInWords(double score);

// The first 12 digits: enough to name one of a million.
std::string ShortId(absl::string_view id);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_WORDS_H_
