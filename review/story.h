// A story whole: an incident, its timeline, and what people told of it.
//
// Everything that this room computes is a function of these values, so that it
// can be tested without a port and gives the same answer years later. They
// mirror secondstory/v1, which says what each field promises; what is kept here
// is what some rule reads. Nothing is validated: the service did that.
//
// Plain values: threads may share const ones.
#ifndef SECONDSTORY_REVIEW_STORY_H_
#define SECONDSTORY_REVIEW_STORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "timeline/event.h"

namespace secondstory::review {

using timeline::EventKind;
using timeline::Severity;

enum class IncidentKind : uint8_t { kIncident, kNearMiss, kSuccess };

enum class IncidentState : uint8_t {
  kOpen,
  kMitigated,
  kResolved,
  kInReview,
  kPublished,
  kClosed,
  kMerged,
};

// The times of an incident, in the order in which they usually come.
enum class TimeField : uint8_t {
  kStart,
  kDetect,
  kAcknowledge,
  kMitigate,
  kResolve,
};
inline constexpr int kTimeFieldCount = 5;

struct Link {
  std::string title;  // may be empty
  std::string url;
};

struct Participant {
  std::string name;
  std::string role;  // may be empty
};

// Where one of an incident's times comes from: an event, or a person.
struct TimeOrigin {
  TimeField field = TimeField::kStart;
  std::string event_id;  // empty when a person set it
  std::string set_by;    // empty when it was derived
};

struct Incident {
  std::string id;
  std::string title;
  std::string summary;
  std::string narrative;  // Markdown
  std::string surprise;
  uint32_t severity = 0;      // 1 is the worst; 0: nobody has said
  std::string severity_name;  // what it is called here: "SEV2"
  IncidentState state = IncidentState::kOpen;
  IncidentKind kind = IncidentKind::kIncident;
  std::optional<absl::Time> start_time;
  std::optional<absl::Time> detect_time;
  std::optional<absl::Time> acknowledge_time;
  std::optional<absl::Time> mitigate_time;
  std::optional<absl::Time> resolve_time;
  std::vector<TimeOrigin> time_origins;
  std::vector<std::string> services;
  std::vector<std::string> tags;
  std::vector<Link> links;
  std::string facilitator;
  std::vector<Participant> participants;
  std::optional<absl::Time> review_due_time;
  std::optional<absl::Time> publish_time;
  std::string publish_word;
  std::map<std::string, std::string> annotations;
};

// One line of the timeline: an event that a machine told, or what a person
// added. Deleted and detached lines are not part of a story.
struct Entry {
  std::string id;         // for an event: the event's id
  bool is_event = false;  // false: a person's line
  EventKind kind = EventKind::kNote;
  // The three clocks: when it happened; when people could first know of it;
  // when the log took it.
  absl::Time event_time;
  absl::Time known_time;
  absl::Time append_time;
  std::string service;
  std::string title;
  std::string description;
  std::string author;    // who added it; empty for events
  std::string actor;     // of an event: who or what acted, as its source says
  std::string source;    // of an event: who told us
  std::string revision;  // of a change: what runs after it
  bool contributed = false;  // of a change: people found that it did
  std::optional<absl::Time> resolve_time;  // of an alert: absent while it fires
  uint32_t repeat_count = 0;  // further events that this line stands for
  std::optional<absl::Time> last_event_time;  // of the last of those
  Severity severity = Severity::kUnspecified;
  std::vector<Link> links;
};

enum class AccountState : uint8_t { kGiven, kDeclined };

// How a moment looked to one person. Withdrawn accounts are not part of a
// story.
struct Account {
  std::string id;
  std::string entry_id;  // empty: about the incident as a whole
  std::string role;
  // The name, only to tell who has not told yet; nothing in this room shows it.
  // Empty when it is not known (an imported account).
  std::string author;
  AccountState state = AccountState::kGiven;
  std::string action;
  std::string observed_effect;
  std::string expectation;
  std::string assumption;
  std::string also_known;
  std::string words;
  std::optional<bool> surprised;         // absent: they did not say
  std::optional<absl::Time> known_time;  // absent: the time of the line
  absl::Time create_time;
};

enum class ActionState : uint8_t { kOpen, kInProgress, kDone, kDropped };

struct Action {
  std::string id;
  std::string title;
  std::string description;
  std::string owner;  // a team or a person; empty: nobody yet
  std::optional<absl::Time> due_time;
  ActionState state = ActionState::kOpen;
  std::string tracker_url;
  std::string entry_id;    // the line that it answers; may be empty
  std::string account_id;  // the account that it answers; may be empty
};

struct GapAnswer {
  std::string text;
  bool set_aside = false;
  std::string author;
  absl::Time answer_time;
};

// Something that the timeline does not say yet, and a neutral question to ask.
// See review/gaps.h for the rules.
struct Gap {
  std::string id;    // stable while the same lines are concerned
  std::string rule;  // "silence", "never_resolved", ...
  std::vector<std::string> entry_ids;
  std::vector<std::string> account_ids;
  std::string text;
  std::string question;
  std::optional<GapAnswer> answer;
};

struct Story {
  Incident incident;
  std::vector<Entry> entries;      // by (event_time, id)
  std::vector<Account> accounts;   // in the order in which they were given
  std::vector<Action> actions;     // in the order in which they were created
  std::vector<Gap> answered_gaps;  // as they were asked, by id
};

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_STORY_H_
