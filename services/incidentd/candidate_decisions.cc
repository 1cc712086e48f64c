#include "services/incidentd/candidate_decisions.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/validator.h"

namespace secondstory::incidentd {
namespace {

using Ids = std::set<std::string>;

bool IsSymptom(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_ALERT_FIRED ||
         kind == v1::EVENT_KIND_USER_REPORT;
}

// What no decision changes any more; `verb`: "split", "merge".
absl::Status CheckMayDecide(const v1::Candidate& candidate,
                            absl::string_view verb,
                            absl::string_view when_promoted) {
  const std::string name = absl::StrCat("candidate ", candidate.candidate_id());
  switch (candidate.state()) {
    case v1::CANDIDATE_STATE_PROMOTED:
      return absl::FailedPreconditionError(
          absl::StrCat(name, " was promoted to incident ",
                       candidate.incident_id(), "; ", when_promoted));
    case v1::CANDIDATE_STATE_DISMISSED:
      return absl::FailedPreconditionError(
          absl::StrCat(name, " was dismissed by ", candidate.decided_by(), "; ",
                       verb, " one that is open or quiet"));
    case v1::CANDIDATE_STATE_MERGED:
      return absl::FailedPreconditionError(absl::StrCat(
          name, " was merged into ", candidate.merged_into_candidate_id(), "; ",
          verb, " that one"));
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckSize(const v1::Candidate& candidate) {
  size_t bytes = 0;
  for (const v1::CandidateSplit& split : candidate.splits()) {
    bytes += split.ByteSizeLong();
  }
  for (const v1::CandidateMerge& merge : candidate.merges()) {
    bytes += merge.ByteSizeLong();
  }
  if (bytes <= limits::kDecisionBytesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "decisions about candidate ", candidate.candidate_id(), " would have ",
      bytes, " bytes, at most ", limits::kDecisionBytesMax,
      " are kept; promote it, and split or merge incidents instead"));
}

// All alerts and reports that a candidate's lines know by id.
Ids SymptomsOf(const v1::Candidate& candidate) {
  Ids ids;
  for (const v1::CandidateEvent& line : candidate.events()) {
    if (!IsSymptom(line.kind())) continue;
    ids.insert(line.event_id());
    ids.insert(line.repeat_event_ids().begin(), line.repeat_event_ids().end());
  }
  return ids;
}

// The event, and the repeats that its line stands for.
void Take(const v1::Candidate& candidate, const std::string& id, Ids* taken) {
  taken->insert(id);
  for (const v1::CandidateEvent& line : candidate.events()) {
    if (line.event_id() != id) continue;
    taken->insert(line.repeat_event_ids().begin(),
                  line.repeat_event_ids().end());
  }
}

bool WasTaken(const v1::Candidate& candidate, const std::string& id) {
  return std::any_of(candidate.splits().begin(), candidate.splits().end(),
                     [&](const v1::CandidateSplit& split) {
                       return std::binary_search(
                           split.taken_event_ids().begin(),
                           split.taken_event_ids().end(), id);
                     });
}

// Why it cannot be taken out of the candidate.
absl::Status Refuse(const std::string& field, const std::string& id,
                    const v1::Candidate& candidate,
                    const FindStoredEvent& find_event) {
  SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> event, find_event(id));
  if (!event.has_value()) {
    return BadRequest(field, absl::StrCat("is ", id,
                                          ", which is no stored event; give "
                                          "event ids of the candidate's "
                                          "timeline"));
  }
  if (!IsSymptom(event->kind())) {
    return BadRequest(
        field,
        absl::StrCat("is ", id, ", a ", v1::EventKind_Name(event->kind()),
                     "; only alerts that fired and reports make a "
                     "candidate, the rest follows them"));
  }
  return BadRequest(field,
                    absl::StrCat("is ", id, ", which is not of candidate ",
                                 candidate.candidate_id(),
                                 "; read it again, its timeline lists "
                                 "what is"));
}

// Whether nothing was decided after `time`: that tells a request that is sent
// again from one that means it anew.
bool IsLastDecision(const v1::Candidate& candidate,
                    const google::protobuf::Timestamp& time) {
  const int64_t micros = ToMicros(time);
  return std::all_of(candidate.splits().begin(), candidate.splits().end(),
                     [&](const v1::CandidateSplit& split) {
                       return ToMicros(split.split_time()) <= micros;
                     }) &&
         std::all_of(candidate.merges().begin(), candidate.merges().end(),
                     [&](const v1::CandidateMerge& merge) {
                       return ToMicros(merge.merge_time()) <= micros;
                     });
}

bool WasLastSplitOff(const v1::Candidate& candidate, const Ids& taken) {
  if (candidate.splits().empty()) return false;
  const v1::CandidateSplit& last = *candidate.splits().rbegin();
  return std::equal(taken.begin(), taken.end(), last.taken_event_ids().begin(),
                    last.taken_event_ids().end()) &&
         IsLastDecision(candidate, last.split_time());
}

std::string By(const std::string& author, const std::string& reason) {
  return absl::StrCat("by ", author, reason.empty() ? "" : ": ", reason);
}

// The next revision, which says `difference`.
v1::Candidate NextOf(const v1::Candidate& stored, int64_t now_micros,
                     std::string difference) {
  v1::Candidate next = stored;
  next.set_revision(stored.revision() + 1);
  next.clear_differences();
  next.add_differences(std::move(difference));
  *next.mutable_submit_time() = FromMicros(now_micros);
  return next;
}

}  // namespace

absl::StatusOr<std::optional<v1::Candidate>> Split(
    const v1::Candidate& stored, const v1::SplitCandidateRequest& request,
    int64_t now_micros, const FindStoredEvent& find_event) {
  SS_RETURN_IF_ERROR(CheckMayDecide(
      stored, "split", "split the incident instead (SplitIncident)"));
  const Ids symptoms = SymptomsOf(stored);
  Ids taken;
  for (int i = 0; i < request.event_ids_size(); ++i) {
    const std::string& id = request.event_ids(i);
    if (symptoms.count(id) > 0) {
      Take(stored, id, &taken);
    } else if (!WasTaken(stored, id)) {
      return Refuse(absl::StrCat("event_ids[", i, "]"), id, stored, find_event);
    }
  }
  if (taken.empty() || WasLastSplitOff(stored, taken)) return std::nullopt;
  v1::CandidateSplit split;
  split.mutable_taken_event_ids()->Add(taken.begin(), taken.end());
  for (const std::string& id : symptoms) {
    if (taken.count(id) == 0) split.add_kept_event_ids(id);
  }
  if (split.kept_event_ids().empty()) {
    return BadRequest(
        "event_ids",
        absl::StrCat("take all ", symptoms.size(),
                     " alerts and reports out of candidate ",
                     stored.candidate_id(), "; leave at least one in it"));
  }
  split.set_author(request.author());
  split.set_reason(request.reason());
  *split.mutable_split_time() = FromMicros(now_micros);
  v1::Candidate next =
      NextOf(stored, now_micros,
             absl::StrCat(taken.size(), " of ", symptoms.size(),
                          " alerts and reports split off ",
                          By(request.author(), request.reason())));
  *next.add_splits() = std::move(split);
  SS_RETURN_IF_ERROR(CheckSize(next));
  return next;
}

absl::StatusOr<std::vector<v1::Candidate>> Merge(
    const std::vector<v1::Candidate>& stored,
    const v1::MergeCandidatesRequest& request, int64_t now_micros) {
  v1::CandidateMerge merge;
  Ids ids;
  for (const v1::Candidate& each : stored) ids.insert(each.candidate_id());
  for (const v1::CandidateMerge& known : stored.front().merges()) {
    if (std::includes(known.candidate_ids().begin(),
                      known.candidate_ids().end(), ids.begin(), ids.end()) &&
        IsLastDecision(stored.front(), known.merge_time())) {
      return std::vector<v1::Candidate>();
    }
  }
  Ids symptoms;
  for (const v1::Candidate& each : stored) {
    SS_RETURN_IF_ERROR(CheckMayDecide(
        each, "merge",
        "promote the others into that incident (PromoteCandidate), or merge "
        "the incidents (MergeIncidents)"));
    symptoms.merge(SymptomsOf(each));
  }
  merge.mutable_candidate_ids()->Add(ids.begin(), ids.end());
  merge.mutable_event_ids()->Add(symptoms.begin(), symptoms.end());
  merge.set_author(request.author());
  merge.set_reason(request.reason());
  *merge.mutable_merge_time() = FromMicros(now_micros);
  std::vector<v1::Candidate> merged;
  for (const v1::Candidate& each : stored) {
    Ids others = ids;
    others.erase(each.candidate_id());
    merged.push_back(NextOf(
        each, now_micros,
        absl::StrCat("merged with candidate ", absl::StrJoin(others, ", "), " ",
                     By(request.author(), request.reason()))));
    *merged.back().add_merges() = merge;
    SS_RETURN_IF_ERROR(CheckSize(merged.back()));
  }
  return merged;
}

absl::StatusOr<std::vector<v1::Event>> ReadChanges(
    const v1::ConfirmChangesRequest& request,
    const FindStoredEvent& find_event) {
  std::vector<v1::Event> changes;
  std::vector<FieldViolation> wrong;
  for (int i = 0; i < request.contributing_event_ids_size(); ++i) {
    const std::string& id = request.contributing_event_ids(i);
    const std::string field = absl::StrCat("contributing_event_ids[", i, "]");
    SS_ASSIGN_OR_RETURN(std::optional<v1::Event> event, find_event(id));
    if (!event.has_value()) {
      wrong.push_back(
          {field, absl::StrCat("is ", id,
                               ", which is no stored event; give the "
                               "event_id of a change")});
    } else if (!IsChange(event->kind())) {
      wrong.push_back({field, absl::StrCat("is ", id, ", a ",
                                           v1::EventKind_Name(event->kind()),
                                           "; give the event_id of a change")});
    } else {
      changes.push_back(*std::move(event));
    }
  }
  if (!wrong.empty()) return BadRequest(wrong);
  return changes;
}

std::optional<v1::Candidate> TakeOverConfirmation(const v1::Candidate& merged,
                                                  const v1::Candidate& into,
                                                  int64_t now_micros) {
  const v1::ChangeConfirmation& found = merged.confirmation();
  const auto& known = into.confirmation().contributing_event_ids();
  Ids ids(known.begin(), known.end());
  ids.insert(found.contributing_event_ids().begin(),
             found.contributing_event_ids().end());
  if (into.has_confirmation() &&
      ids.size() == static_cast<size_t>(known.size())) {
    return std::nullopt;
  }
  v1::Candidate next = NextOf(
      into, now_micros,
      absl::StrCat(found.author(), " found what contributed to candidate ",
                   merged.candidate_id(), ", which goes on in this one"));
  v1::ChangeConfirmation* const both = next.mutable_confirmation();
  // That no change contributed to the one says nothing beside a change that
  // contributed to the other.
  const std::string author =
      known.empty() || into.confirmation().author() == found.author()
          ? found.author()
          : absl::StrCat(into.confirmation().author(), " and ", found.author());
  *both = found;
  both->set_author(author);
  both->mutable_contributing_event_ids()->Assign(ids.begin(), ids.end());
  return next;
}

absl::StatusOr<std::vector<v1::Event>> ReadConfirmed(
    const v1::Candidate& candidate, const FindStoredEvent& find_event) {
  std::vector<v1::Event> changes;
  for (const std::string& id :
       candidate.confirmation().contributing_event_ids()) {
    SS_ASSIGN_OR_RETURN(std::optional<v1::Event> event, find_event(id));
    if (event.has_value()) changes.push_back(*std::move(event));
  }
  return changes;
}

v1::CandidateEvent LineOf(const v1::Event& event) {
  v1::CandidateEvent line;
  line.set_event_id(event.event_id());
  line.set_source(event.source());
  line.set_source_event_id(event.source_event_id());
  line.set_kind(event.kind());
  *line.mutable_event_time() = event.event_time();
  line.set_service(event.service());
  line.set_title(event.title());
  if (line.title().empty()) {
    const auto name = event.labels().find("alertname");
    if (name != event.labels().end()) line.set_title(name->second);
  }
  line.set_severity(event.severity());
  return line;
}

void ListContributing(const std::vector<v1::Event>& changes,
                      v1::Candidate* candidate) {
  auto* lines = candidate->mutable_events();
  // What is there for no other reason came by an earlier confirmation.
  lines->erase(std::remove_if(lines->begin(), lines->end(),
                              [](const v1::CandidateEvent& line) {
                                return line.contributed() &&
                                       line.reason().empty();
                              }),
               lines->end());
  for (v1::CandidateEvent& line : *lines) line.clear_contributed();
  for (const v1::Event& change : changes) {
    const auto line = std::find_if(
        lines->begin(), lines->end(), [&](const v1::CandidateEvent& each) {
          return each.event_id() == change.event_id();
        });
    if (line != lines->end()) {
      line->set_contributed(true);
      continue;
    }
    v1::CandidateEvent* const brought = lines->Add();
    *brought = LineOf(change);
    brought->set_contributed(true);
    // Before what is of the same moment.
    const auto end = std::prev(lines->end());
    const auto place =
        std::lower_bound(lines->begin(), end, ToMicros(change.event_time()),
                         [](const v1::CandidateEvent& each, int64_t micros) {
                           return ToMicros(each.event_time()) < micros;
                         });
    std::rotate(place, end, lines->end());
  }
}

}  // namespace secondstory::incidentd
