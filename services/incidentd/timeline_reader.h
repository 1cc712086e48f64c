// The timeline of an incident, put together from what is stored.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_READER_H_
#define SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// A timeline in its order (event_time, entry_id): what people added, and the
// events of `candidates`, each once. Pure.
std::vector<v1::TimelineEntry> MergeTimeline(
    std::vector<v1::TimelineEntry> added,
    std::vector<v1::Candidate> candidates);

// Where a line stands in that order. Lives as long as `entry`.
std::pair<int64_t, absl::string_view> OrderOf(const v1::TimelineEntry& entry);

// The line of an event that a person attached. Pure.
v1::TimelineEntry AttachedEntry(const v1::Event& event);

// The ids of an incident and of those merged into it, binary.
std::vector<std::string> MembersOf(const v1::Incident& incident);

// Reads what belongs to an incident. Whatever was merged into it counts,
// whoever is missing there (in an incident that was imported) does not.
//
// Threads: all methods may be called from any thread.
class TimelineReader {
 public:
  // Both must outlive it.
  TimelineReader(const storage::Log* log, const storage::Store* store)
      : log_(log), store_(store) {}

  // The whole timeline. With `as_known_micros` as it could be known then, see
  // GetTimelineRequest. Cost: proportional to the timeline; with
  // `as_known_micros` a look-up for each event, repeats included.
  absl::StatusOr<std::vector<v1::TimelineEntry>> Read(
      const v1::Incident& incident,
      std::optional<int64_t> as_known_micros = std::nullopt) const;

  // Accounts that were neither withdrawn nor moved away, with their authors,
  // in the order in which they were given.
  absl::StatusOr<std::vector<stored::v1::AccountRecord>> Accounts(
      const v1::Incident& incident) const;

  // Actions that are not deleted, in the order in which they were created.
  absl::StatusOr<std::vector<v1::ActionItem>> Actions(
      const v1::Incident& incident) const;

  // Answers, by gap id; of two answers to one gap the incident's own.
  absl::StatusOr<std::vector<v1::Gap>> GapAnswers(
      const v1::Incident& incident) const;

  // Hangs each account on its line, without those that were known later than
  // `as_known_micros`.
  absl::Status AddAccounts(const v1::Incident& incident,
                           std::optional<int64_t> as_known_micros,
                           std::vector<v1::TimelineEntry>* entries) const;

  // The candidates of the incident.
  absl::StatusOr<std::vector<v1::Candidate>> Candidates(
      const v1::Incident& incident) const;

  // The event of this id (32 hex digits); nothing when it is not stored.
  absl::StatusOr<std::optional<v1::Event>> FindEvent(
      const std::string& event_id) const;

  // Something of an incident, and the incident that holds it: this one or one
  // merged into it.
  template <typename Found>
  using Held = std::optional<std::pair<std::string, Found>>;

  // The line, account or action of this id (32 hex digits); nothing when there
  // is none. What was deleted, withdrawn or moved away is found, too.
  absl::StatusOr<Held<v1::TimelineEntry>> FindEntry(
      const v1::Incident& incident, const std::string& id) const {
    return FindIn(incident, &storage::Store::GetTimelineEntry, id);
  }
  absl::StatusOr<Held<stored::v1::AccountRecord>> FindAccount(
      const v1::Incident& incident, const std::string& id) const {
    return FindIn(incident, &storage::Store::GetAccount, id);
  }
  absl::StatusOr<Held<v1::ActionItem>> FindAction(const v1::Incident& incident,
                                                  const std::string& id) const {
    return FindIn(incident, &storage::Store::GetAction, id);
  }

  // Store::ListActions of one incident and those merged into it; each action
  // names the incident that holds it. `query.incident` is not looked at.
  absl::StatusOr<storage::Page<v1::ActionItem>> ListActions(
      const v1::Incident& incident, storage::ActionQuery query) const;

  // NOT_FOUND, naming `field`: `entry_id` is not empty, and no line of the
  // timeline.
  absl::Status CheckOnTimeline(const v1::Incident& incident,
                               absl::string_view field,
                               const std::string& entry_id) const;

 private:
  template <typename Found>
  absl::StatusOr<Held<Found>> FindIn(
      const v1::Incident& incident,
      absl::StatusOr<Found> (storage::Store::*find)(absl::string_view,
                                                    absl::string_view) const,
      const std::string& id) const {
    Held<Found> moved;
    for (const std::string& member : MembersOf(incident)) {
      absl::StatusOr<Found> found = (store_->*find)(member, IdFromHex(id));
      if (absl::IsNotFound(found.status())) continue;
      SS_RETURN_IF_ERROR(found.status());
      Held<Found> held({IdToHex(member), *std::move(found)});
      if (MovedTo(held->second).empty()) return held;
      // What a split took along may have come back with a merge.
      if (!moved.has_value()) moved = std::move(held);
    }
    return moved;
  }

  static const std::string& MovedTo(const v1::TimelineEntry& entry) {
    return entry.moved_to_incident_id();
  }
  static const std::string& MovedTo(const v1::ActionItem& action) {
    return action.moved_to_incident_id();
  }
  static const std::string& MovedTo(const stored::v1::AccountRecord& record) {
    return record.account().moved_to_incident_id();
  }

  absl::StatusOr<std::vector<v1::TimelineEntry>> Added(
      const v1::Incident& incident) const;
  absl::StatusOr<std::vector<v1::TimelineEntry>> AddedAsOf(
      const v1::Incident& incident, int64_t as_known_micros) const;
  absl::Status AddAttached(const v1::Incident& incident,
                           std::vector<v1::TimelineEntry>* entries) const;
  absl::StatusOr<bool> CutToKnown(int64_t as_known_micros,
                                  v1::TimelineEntry* entry) const;
  absl::Status CutRepeats(int64_t as_known_micros,
                          v1::CandidateEvent* event) const;
  absl::Status CutResolve(int64_t as_known_micros,
                          v1::CandidateEvent* event) const;

  const storage::Log* const log_;
  const storage::Store* const store_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_READER_H_
