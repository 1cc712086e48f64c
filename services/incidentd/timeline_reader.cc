#include "services/incidentd/timeline_reader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/candidate_decisions.h"
#include "services/incidentd/story_convert.h"

namespace secondstory::incidentd {
namespace {

// A stretch of a history that is read at a time.
constexpr size_t kHistoryCount = 500;
constexpr size_t kHistoryBytes = 4 << 20;

v1::TimelineEntry EntryOf(v1::CandidateEvent event,
                          const std::string& candidate_id) {
  v1::TimelineEntry entry;
  entry.set_entry_id(event.event_id());
  *entry.mutable_event_time() = event.event_time();
  entry.set_kind(event.kind());
  entry.set_service(event.service());
  entry.set_title(event.title());
  entry.set_candidate_id(candidate_id);
  *entry.mutable_event() = std::move(event);
  return entry;
}

void SortTimeline(std::vector<v1::TimelineEntry>* entries) {
  std::sort(entries->begin(), entries->end(),
            [](const v1::TimelineEntry& a, const v1::TimelineEntry& b) {
              return OrderOf(a) < OrderOf(b);
            });
}

template <typename Condition>
void RemoveIf(std::vector<v1::TimelineEntry>* entries, Condition condition) {
  entries->erase(std::remove_if(entries->begin(), entries->end(), condition),
                 entries->end());
}

bool IsDeleted(const v1::TimelineEntry& entry) {
  return entry.has_delete_time();
}

void SetKnown(v1::TimelineEntry* entry) {
  if (!entry->has_known_time()) {
    *entry->mutable_known_time() = entry->append_time();
  }
}

// The versions of a line, in the order of the log.
using Versions = std::vector<std::pair<int64_t, v1::TimelineEntry>>;

// How a line read at a moment; nothing when nobody could know of it.
std::optional<v1::TimelineEntry> VersionAt(const Versions& versions,
                                           int64_t as_known_micros) {
  const v1::TimelineEntry* then = nullptr;
  for (const auto& [append_micros, entry] : versions) {
    if (append_micros <= as_known_micros) then = &entry;
  }
  // Added later, in hindsight, but maybe about what was known then.
  if (then == nullptr) then = &versions.back().second;
  v1::TimelineEntry entry = *then;
  SetKnown(&entry);
  if (IsDeleted(entry) || ToMicros(entry.known_time()) > as_known_micros) {
    return std::nullopt;
  }
  return entry;
}

}  // namespace

std::vector<std::string> MembersOf(const v1::Incident& incident) {
  std::vector<std::string> ids = {IdFromHex(incident.incident_id())};
  for (const std::string& merged : incident.merged_incident_ids()) {
    ids.push_back(IdFromHex(merged));
  }
  return ids;
}

std::pair<int64_t, absl::string_view> OrderOf(const v1::TimelineEntry& entry) {
  return {ToMicros(entry.event_time()), entry.entry_id()};
}

std::vector<v1::TimelineEntry> MergeTimeline(
    std::vector<v1::TimelineEntry> added,
    std::vector<v1::Candidate> candidates) {
  absl::flat_hash_set<std::string> seen;
  for (v1::Candidate& candidate : candidates) {
    for (v1::CandidateEvent& event : *candidate.mutable_events()) {
      if (seen.insert(event.event_id()).second) {
        added.push_back(EntryOf(std::move(event), candidate.candidate_id()));
      }
    }
  }
  SortTimeline(&added);
  return added;
}

v1::TimelineEntry AttachedEntry(const v1::Event& event) {
  v1::CandidateEvent line = LineOf(event);
  line.set_reason("attached by a person");
  v1::TimelineEntry entry = EntryOf(std::move(line), "");
  entry.set_description(event.description());
  *entry.mutable_links() = event.links();
  return entry;
}

absl::StatusOr<std::vector<v1::Candidate>> TimelineReader::Candidates(
    const v1::Incident& incident) const {
  std::vector<v1::Candidate> candidates;
  for (const std::string& id : incident.candidate_ids()) {
    absl::StatusOr<v1::Candidate> candidate =
        store_->GetCandidate(IdFromHex(id));
    // An import may name one that did not come with it.
    if (absl::IsNotFound(candidate.status())) continue;
    SS_RETURN_IF_ERROR(candidate.status());
    candidates.push_back(*std::move(candidate));
  }
  return candidates;
}

absl::StatusOr<std::optional<v1::Event>> TimelineReader::FindEvent(
    const std::string& event_id) const {
  SS_ASSIGN_OR_RETURN(const std::optional<storage::Position> position,
                      log_->FindEvent(Id(IdFromHex(event_id))));
  if (!position.has_value()) return std::optional<v1::Event>();
  SS_ASSIGN_OR_RETURN(v1::Event event, store_->GetEvent(*position));
  return std::optional<v1::Event>(std::move(event));
}

absl::StatusOr<std::vector<v1::TimelineEntry>> TimelineReader::Added(
    const v1::Incident& incident) const {
  std::vector<v1::TimelineEntry> added;
  for (const std::string& id : MembersOf(incident)) {
    SS_ASSIGN_OR_RETURN(std::vector<v1::TimelineEntry> entries,
                        store_->TimelineEntries(id));
    std::move(entries.begin(), entries.end(), std::back_inserter(added));
  }
  RemoveIf(&added, IsDeleted);
  for (v1::TimelineEntry& entry : added) SetKnown(&entry);
  return added;
}

absl::StatusOr<std::vector<v1::TimelineEntry>> TimelineReader::AddedAsOf(
    const v1::Incident& incident, int64_t as_known_micros) const {
  std::vector<v1::TimelineEntry> added;
  for (const std::string& id : MembersOf(incident)) {
    std::map<std::string, Versions> lines;
    storage::LogPage page;
    do {
      SS_ASSIGN_OR_RETURN(
          page,
          store_->ReadHistory(id, page.last, kHistoryCount, kHistoryBytes));
      for (auto& [position, record] : page.records) {
        if (!record.has_timeline_entry()) continue;
        v1::TimelineEntry* entry =
            record.mutable_timeline_entry()->mutable_entry();
        lines[entry->entry_id()].emplace_back(record.append_micros(),
                                              std::move(*entry));
      }
    } while (!page.records.empty());
    for (const auto& [entry_id, versions] : lines) {
      auto entry = VersionAt(versions, as_known_micros);
      // What a split took away is told by the incident that has it.
      const bool moved = !versions.back().second.moved_to_incident_id().empty();
      if (entry.has_value() && !moved) added.push_back(*std::move(entry));
    }
  }
  return added;
}

absl::Status TimelineReader::AddAttached(
    const v1::Incident& incident,
    std::vector<v1::TimelineEntry>* entries) const {
  if (incident.attached_event_ids().empty()) return absl::OkStatus();
  std::set<std::string> there;
  for (const v1::TimelineEntry& entry : *entries) {
    there.insert(entry.entry_id());
  }
  // A line that a split took along stands for what it stood for before.
  std::map<std::string, v1::TimelineEntry> lines;
  if (!incident.split_from_incident_id().empty()) {
    const absl::StatusOr<v1::Incident> from =
        store_->GetIncident(IdFromHex(incident.split_from_incident_id()));
    if (from.ok()) {
      SS_ASSIGN_OR_RETURN(std::vector<v1::Candidate> candidates,
                          Candidates(*from));
      for (v1::TimelineEntry& line : MergeTimeline({}, std::move(candidates))) {
        lines.emplace(line.entry_id(), std::move(line));
      }
    } else if (!absl::IsNotFound(from.status())) {
      return from.status();
    }
  }
  for (const std::string& id : incident.attached_event_ids()) {
    if (!there.insert(id).second) continue;
    if (const auto line = lines.find(id); line != lines.end()) {
      entries->push_back(std::move(line->second));
      continue;
    }
    SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> event, FindEvent(id));
    if (event.has_value()) entries->push_back(AttachedEntry(*event));
  }
  SortTimeline(entries);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::TimelineEntry>> TimelineReader::Read(
    const v1::Incident& incident,
    std::optional<int64_t> as_known_micros) const {
  SS_ASSIGN_OR_RETURN(std::vector<v1::TimelineEntry> added,
                      as_known_micros.has_value()
                          ? AddedAsOf(incident, *as_known_micros)
                          : Added(incident));
  SS_ASSIGN_OR_RETURN(std::vector<v1::Candidate> candidates,
                      Candidates(incident));
  for (v1::Candidate& candidate : candidates) {
    // Nobody had found it out yet.
    if (as_known_micros.has_value() &&
        ToMicros(candidate.confirmation().confirm_time()) > *as_known_micros) {
      ListContributing({}, &candidate);
    }
  }
  std::vector<v1::TimelineEntry> entries =
      MergeTimeline(std::move(added), std::move(candidates));
  if (!incident.detached_event_ids().empty()) {
    const std::set<std::string> detached(incident.detached_event_ids().begin(),
                                         incident.detached_event_ids().end());
    RemoveIf(&entries, [&detached](const v1::TimelineEntry& entry) {
      return detached.count(entry.entry_id()) > 0;
    });
  }
  SS_RETURN_IF_ERROR(AddAttached(incident, &entries));
  if (!as_known_micros.has_value()) return entries;
  std::vector<v1::TimelineEntry> known;
  for (v1::TimelineEntry& entry : entries) {
    SS_ASSIGN_OR_RETURN(const bool is_known,
                        CutToKnown(*as_known_micros, &entry));
    if (is_known) known.push_back(std::move(entry));
  }
  return known;
}

absl::StatusOr<bool> TimelineReader::CutToKnown(
    int64_t as_known_micros, v1::TimelineEntry* entry) const {
  if (!entry->has_event()) return true;
  SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> event,
                      FindEvent(entry->entry_id()));
  // Of an event that is not stored here only its own time says anything.
  *entry->mutable_known_time() =
      event.has_value() ? FromMicros(KnownMicros(*event)) : entry->event_time();
  if (ToMicros(entry->known_time()) > as_known_micros) return false;
  SS_RETURN_IF_ERROR(CutRepeats(as_known_micros, entry->mutable_event()));
  SS_RETURN_IF_ERROR(CutResolve(as_known_micros, entry->mutable_event()));
  return true;
}

absl::Status TimelineReader::CutRepeats(int64_t as_known_micros,
                                        v1::CandidateEvent* event) const {
  if (event->repeat_count() == 0) return absl::OkStatus();
  std::vector<std::string> known;
  int64_t last_micros = 0;
  const bool all_listed = event->repeat_count() ==
                          static_cast<uint32_t>(event->repeat_event_ids_size());
  for (const std::string& id : event->repeat_event_ids()) {
    SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> repeat, FindEvent(id));
    if (!repeat.has_value() || KnownMicros(*repeat) > as_known_micros) continue;
    known.push_back(id);
    last_micros = std::max(last_micros, ToMicros(repeat->event_time()));
  }
  // Beyond those that are listed, and where they are not stored here, the time
  // of the last one decides on all.
  const bool last_is_past =
      ToMicros(event->last_event_time()) <= as_known_micros;
  const bool all_known =
      static_cast<int>(known.size()) == event->repeat_event_ids_size();
  if (last_is_past && (all_known || known.empty()) &&
      (!all_listed || all_known)) {
    return absl::OkStatus();
  }
  event->set_repeat_count(static_cast<uint32_t>(known.size()));
  event->clear_last_event_time();
  if (!known.empty())
    *event->mutable_last_event_time() = FromMicros(last_micros);
  event->mutable_repeat_event_ids()->Assign(known.begin(), known.end());
  return absl::OkStatus();
}

absl::Status TimelineReader::CutResolve(int64_t as_known_micros,
                                        v1::CandidateEvent* event) const {
  if (!event->has_resolve_time()) return absl::OkStatus();
  // The line does not name the event that resolved it; its time does.
  const int64_t resolve_micros = ToMicros(event->resolve_time());
  storage::EventQuery query;
  query.time = {resolve_micros, resolve_micros + 1};
  query.kinds = {v1::EVENT_KIND_ALERT_RESOLVED};
  query.sources = {event->source()};
  if (!event->service().empty()) query.services = {event->service()};
  SS_ASSIGN_OR_RETURN(const storage::Page<v1::Event> page,
                      store_->QueryEvents(query));
  int64_t known_micros = std::numeric_limits<int64_t>::max();
  for (const v1::Event& resolve : page.items) {
    known_micros = std::min(known_micros, KnownMicros(resolve));
  }
  if (page.items.empty()) known_micros = resolve_micros;
  if (known_micros > as_known_micros) event->clear_resolve_time();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<stored::v1::AccountRecord>> TimelineReader::Accounts(
    const v1::Incident& incident) const {
  std::vector<stored::v1::AccountRecord> accounts;
  for (const std::string& id : MembersOf(incident)) {
    SS_ASSIGN_OR_RETURN(std::vector<stored::v1::AccountRecord> records,
                        store_->Accounts(id));
    for (stored::v1::AccountRecord& record : records) {
      v1::Account* account = record.mutable_account();
      if (account->has_withdraw_time() ||
          !account->moved_to_incident_id().empty()) {
        continue;
      }
      account->set_incident_id(incident.incident_id());
      accounts.push_back(std::move(record));
    }
  }
  std::stable_sort(accounts.begin(), accounts.end(),
                   [](const auto& a, const auto& b) {
                     return ToMicros(a.account().create_time()) <
                            ToMicros(b.account().create_time());
                   });
  return accounts;
}

absl::StatusOr<std::vector<v1::ActionItem>> TimelineReader::Actions(
    const v1::Incident& incident) const {
  std::vector<v1::ActionItem> actions;
  for (const std::string& id : MembersOf(incident)) {
    SS_ASSIGN_OR_RETURN(std::vector<v1::ActionItem> items, store_->Actions(id));
    for (v1::ActionItem& action : items) {
      if (action.has_delete_time()) continue;
      action.set_incident_id(incident.incident_id());
      actions.push_back(std::move(action));
    }
  }
  std::stable_sort(
      actions.begin(), actions.end(), [](const auto& a, const auto& b) {
        return ToMicros(a.create_time()) < ToMicros(b.create_time());
      });
  return actions;
}

absl::StatusOr<std::vector<v1::Gap>> TimelineReader::GapAnswers(
    const v1::Incident& incident) const {
  std::map<std::string, v1::Gap> answers;
  for (const std::string& id : MembersOf(incident)) {
    SS_ASSIGN_OR_RETURN(std::vector<v1::Gap> gaps, store_->GapAnswers(id));
    for (v1::Gap& gap : gaps) answers.emplace(gap.gap_id(), std::move(gap));
  }
  std::vector<v1::Gap> gaps;
  for (auto& [gap_id, gap] : answers) gaps.push_back(std::move(gap));
  return gaps;
}

absl::Status TimelineReader::AddAccounts(
    const v1::Incident& incident, std::optional<int64_t> as_known_micros,
    std::vector<v1::TimelineEntry>* entries) const {
  SS_ASSIGN_OR_RETURN(std::vector<stored::v1::AccountRecord> records,
                      Accounts(incident));
  std::map<std::string, v1::TimelineEntry*> lines;
  for (v1::TimelineEntry& entry : *entries) lines[entry.entry_id()] = &entry;
  for (stored::v1::AccountRecord& record : records) {
    const auto line = lines.find(record.account().entry_id());
    if (line == lines.end()) continue;
    v1::Account account = std::move(*record.mutable_account());
    const int64_t known_micros =
        ToMicros(account.has_known_time() ? account.known_time()
                                          : line->second->event_time());
    if (as_known_micros.has_value() && known_micros > *as_known_micros) {
      continue;
    }
    *line->second->add_accounts() = std::move(account);
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Page<v1::ActionItem>> TimelineReader::ListActions(
    const v1::Incident& incident, storage::ActionQuery query) const {
  storage::Page<v1::ActionItem> all;
  for (const std::string& id : MembersOf(incident)) {
    query.incident = id;
    SS_ASSIGN_OR_RETURN(storage::Page<v1::ActionItem> page,
                        store_->ListActions(query));
    std::move(page.items.begin(), page.items.end(),
              std::back_inserter(all.items));
    all.more |= page.more;
  }
  std::sort(all.items.begin(), all.items.end(),
            [](const v1::ActionItem& a, const v1::ActionItem& b) {
              return storage::PlaceOf(a) < storage::PlaceOf(b);
            });
  if (all.items.size() > query.limit) {
    all.items.resize(query.limit);
    all.more = true;
  }
  return all;
}

absl::Status TimelineReader::CheckOnTimeline(
    const v1::Incident& incident, absl::string_view field,
    const std::string& entry_id) const {
  if (entry_id.empty()) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(const auto held, FindEntry(incident, entry_id));
  if (held.has_value() && !held->second.has_delete_time()) {
    return absl::OkStatus();
  }
  // An event, then.
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      Read(incident));
  for (const v1::TimelineEntry& entry : entries) {
    if (entry.entry_id() == entry_id) return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat(
      field, " is ", entry_id, ", and the timeline of incident ",
      incident.incident_id(),
      " has no such line; leave it empty or name one of GetTimeline"));
}

}  // namespace secondstory::incidentd
