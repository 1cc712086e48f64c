#include "services/incidentd/history.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "services/incidentd/difference.h"

namespace secondstory::incidentd {
namespace {

using stored::v1::Record;

// The last version of each thing that was told of so far, by its id.
class Versions {
 public:
  // Differences to the version before, which `next` becomes.
  template <typename Message>
  std::vector<std::string> Take(std::map<std::string, Message>* last,
                                const std::string& id, const Message& next) {
    Message& before = (*last)[id];
    std::vector<std::string> differences = Differences(before, next);
    before = next;
    return differences;
  }

  std::map<std::string, v1::Incident> incidents;
  std::map<std::string, v1::TimelineEntry> entries;
  std::map<std::string, v1::Account> accounts;
  std::map<std::string, v1::ActionItem> actions;
  std::map<std::string, v1::Gap> answers;
};

void Tell(const std::vector<std::string>& differences,
          v1::HistoryEntry* entry) {
  for (const std::string& difference : differences) {
    entry->add_differences(difference);
  }
}

// What an account leaves that was withdrawn or moved away: that it was, and
// under which role.
v1::Account WithoutWords(const v1::Account& account) {
  v1::Account left;
  left.set_entry_id(account.entry_id());
  left.set_role(account.role());
  left.set_state(account.state());
  if (account.has_withdraw_time()) {
    *left.mutable_withdraw_time() = account.withdraw_time();
  }
  left.set_moved_to_incident_id(account.moved_to_incident_id());
  return left;
}

void TellAccount(const v1::Account& account, bool gone, Versions* versions,
                 v1::HistoryEntry* entry) {
  entry->set_what("account");
  entry->set_id(account.account_id());
  entry->set_author(account.role());
  Tell(versions->Take(&versions->accounts, account.account_id(),
                      gone ? WithoutWords(account) : account),
       entry);
}

// Nobody, when the revision is the assembler's.
std::string AuthorOf(const stored::v1::CandidateRecord& record) {
  const v1::Candidate& candidate = record.candidate();
  switch (record.decision()) {
    case v1::DECISION_KIND_CONFIRMED:
      return candidate.confirmation().author();
    case v1::DECISION_KIND_PROMOTED:
    case v1::DECISION_KIND_DISMISSED:
      return candidate.decided_by();
    case v1::DECISION_KIND_SPLIT:
      return candidate.splits().rbegin()->author();
    case v1::DECISION_KIND_MERGED:
      return candidate.merges().rbegin()->author();
    default:
      return "";
  }
}

void TellCandidate(const stored::v1::CandidateRecord& record,
                   v1::HistoryEntry* entry) {
  entry->set_what("candidate");
  entry->set_id(record.candidate().candidate_id());
  *entry->mutable_differences() = record.candidate().differences();
  entry->set_author(AuthorOf(record));
}

void TellRecord(const Record& record, const std::set<std::string>& gone,
                Versions* versions, v1::HistoryEntry* entry) {
  switch (record.body_case()) {
    case Record::kIncident: {
      const v1::Incident& incident = record.incident().incident();
      entry->set_what("incident");
      entry->set_id(incident.incident_id());
      entry->set_author(record.incident().author());
      entry->set_reason(record.incident().reason());
      return Tell(versions->Take(&versions->incidents, incident.incident_id(),
                                 incident),
                  entry);
    }
    case Record::kTimelineEntry: {
      const v1::TimelineEntry& line = record.timeline_entry().entry();
      entry->set_what("entry");
      entry->set_id(line.entry_id());
      // Records of before format 3 name the author in the line alone.
      entry->set_author(record.timeline_entry().author().empty()
                            ? line.author()
                            : record.timeline_entry().author());
      return Tell(versions->Take(&versions->entries, line.entry_id(), line),
                  entry);
    }
    case Record::kAccount: {
      const v1::Account& account = record.account().account();
      return TellAccount(account, gone.count(account.account_id()) > 0,
                         versions, entry);
    }
    case Record::kAction: {
      const v1::ActionItem& action = record.action().action();
      entry->set_what("action");
      entry->set_id(action.action_id());
      entry->set_author(record.action().author());
      return Tell(
          versions->Take(&versions->actions, action.action_id(), action),
          entry);
    }
    case Record::kGapAnswer: {
      const v1::Gap& gap = record.gap_answer().gap();
      entry->set_what("answer");
      entry->set_id(gap.gap_id());
      entry->set_author(gap.answer().author());
      v1::Gap told = gap;
      for (const std::string& id : gap.account_ids()) {
        // It quotes the account.
        if (gone.count(id) > 0) told.clear_text();
      }
      return Tell(versions->Take(&versions->answers, gap.gap_id(), told),
                  entry);
    }
    case Record::kReveal:
      entry->set_what("reveal");
      entry->set_id(record.reveal().account_id());
      entry->set_author(record.reveal().reader());
      entry->set_reason(record.reveal().reason());
      entry->add_differences("was told who gave this account");
      return;
    case Record::kCandidate:
      return TellCandidate(record.candidate(), entry);
    default:
      return;
  }
}

}  // namespace

std::vector<v1::HistoryEntry> HistoryOf(std::vector<PositionedRecord> records) {
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  // One that moved is the other incident's to tell, or to keep silent about.
  std::set<std::string> gone;
  for (const auto& [position, record] : records) {
    const v1::Account& account = record.account().account();
    if (account.has_withdraw_time() ||
        !account.moved_to_incident_id().empty()) {
      gone.insert(account.account_id());
    }
  }
  Versions versions;
  std::vector<v1::HistoryEntry> history;
  history.reserve(records.size());
  for (const auto& [position, record] : records) {
    v1::HistoryEntry& entry = history.emplace_back();
    entry.set_position(position);
    *entry.mutable_change_time() = FromMicros(record.append_micros());
    TellRecord(record, gone, &versions, &entry);
  }
  return history;
}

}  // namespace secondstory::incidentd
