// Every limit that a caller can meet, in one place. Each is also in the proto
// comment of the field that it limits.
#ifndef SECONDSTORY_BASE_LIMITS_H_
#define SECONDSTORY_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace secondstory::limits {

// One message over gRPC, either way.
inline constexpr size_t kMessageBytesMax = 4 << 20;
// Of a candidate that is submitted, so that what people decide of it has room
// beside it in a message.
inline constexpr size_t kCandidateBytesMax = 3 << 20;

// Events of one AppendEvents request.
inline constexpr int kAppendEventCountMax = 1000;
// Requests of one append stream that are taken ahead of their answers.
inline constexpr int kStreamAppendsInFlightMax = 64;
// Appends that wait for the sequencer, together: beyond, RESOURCE_EXHAUSTED.
inline constexpr size_t kPendingAppendBytesMax = 64 << 20;

// Fields of an event.
inline constexpr size_t kSourceBytesMax = 256;
inline constexpr size_t kSourceEventIdBytesMax = 512;
inline constexpr size_t kNameBytesMax = 256;  // service, environment, actor ...
inline constexpr size_t kTitleBytesMax = 1024;
inline constexpr size_t kTextBytesMax = 16 << 10;
inline constexpr int kLabelCountMax = 64;
inline constexpr size_t kLabelKeyBytesMax = 128;
inline constexpr size_t kLabelValueBytesMax = 4 << 10;
inline constexpr int kLinkCountMax = 16;
inline constexpr size_t kUrlBytesMax = 2048;
inline constexpr int kChangePathCountMax = 1000;
inline constexpr size_t kChangePathBytesMax = 1024;
inline constexpr int kChangeServiceCountMax = 256;
// How far event_time may lie ahead of the server's clock.
inline constexpr absl::Duration kEventTimeAheadMax = absl::Hours(24);

// A line of a deploy log.
inline constexpr size_t kDeployLogLineBytesMax = 1 << 20;

// A worker's cursor.
inline constexpr size_t kCursorValueBytesMax = 4 << 10;

// Pages.
inline constexpr uint32_t kEventPageDefault = 100;
inline constexpr uint32_t kEventPageMax = 1000;
inline constexpr uint32_t kListPageDefault = 50;
inline constexpr uint32_t kListPageMax = 500;
inline constexpr uint32_t kTimelinePageDefault = 1000;
inline constexpr uint32_t kTimelinePageMax = 10000;
inline constexpr int kFilterValueCountMax = 32;

// Search.
inline constexpr size_t kSearchQueryBytesMax = 512;
inline constexpr int kSearchTermCountMax = 32;
inline constexpr uint32_t kSearchPageDefault = 20;
inline constexpr uint32_t kSearchPageMax = 100;

// Candidates: events that one split takes out, others of one merge, and all
// decisions about one.
inline constexpr int kSplitEventCountMax = 1000;
inline constexpr int kMergedCandidateCountMax = 32;
inline constexpr size_t kDecisionBytesMax = 1 << 20;

// One response of a watch.
inline constexpr int kWatchEventCountMax = 500;
inline constexpr size_t kWatchBytesMax = 1 << 20;
inline constexpr absl::Duration kHeartbeatDefault = absl::Seconds(15);
inline constexpr absl::Duration kHeartbeatMin = absl::Seconds(1);
inline constexpr absl::Duration kHeartbeatMax = absl::Hours(1);

// Incidents.
inline constexpr size_t kRequestIdBytesMax = 128;
inline constexpr int kTagCountMax = 64;
inline constexpr size_t kTagBytesMax = 128;
inline constexpr int kIncidentServiceCountMax = 256;
inline constexpr int kIncidentLinkCountMax = 64;
inline constexpr size_t kNarrativeBytesMax = 64 << 10;
inline constexpr int kParticipantCountMax = 256;
inline constexpr int kAnnotationCountMax = 32;
inline constexpr size_t kAnnotationKeyBytesMax = 128;
inline constexpr size_t kAnnotationValueBytesMax = 1024;
inline constexpr size_t kReasonBytesMax = 1024;
// Lines of one attach, detach or split; and of one incident's whole timeline.
inline constexpr int kMovedEntryCountMax = 1000;
inline constexpr int kAttachedEventCountMax = 10'000;
inline constexpr int kMergedIncidentCountMax = 256;
inline constexpr uint32_t kHistoryPageDefault = 100;
inline constexpr uint32_t kHistoryPageMax = 1000;

// Accounts, actions and reviews.
inline constexpr size_t kAccountTextBytesMax = 4 << 10;
inline constexpr int kAccountCountMax = 10'000;  // of one incident
inline constexpr size_t kWordBytesMax = 4 << 10;
inline constexpr size_t kCheckedTextBytesMax = 64 << 10;
inline constexpr size_t kRevealKeyBytesMin = 16;
inline constexpr size_t kRevealKeyBytesMax = 4 << 10;

}  // namespace secondstory::limits

#endif  // SECONDSTORY_BASE_LIMITS_H_
