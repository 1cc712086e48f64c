#include "storage/search/documents.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace secondstory::storage {
namespace {

// What is put between texts that do not follow from each other.
constexpr char kBreak[] = " / ";

// Adds a text of several lines as one, so that it can be shown in a line.
void Add(absl::string_view text, std::string* body) {
  if (text.empty()) return;
  if (!body->empty()) body->append(kBreak);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_iscntrl(byte) && !absl::ascii_isspace(byte)) {
      body->push_back(c);
    } else if (!body->empty() && body->back() != ' ') {
      body->push_back(' ');
    }
  }
}

std::string OneLine(absl::string_view text) {
  std::string line;
  Add(text, &line);
  return line;
}

void AddWords(const v1::Incident& incident, std::string* body) {
  for (const std::string* text :
       {&incident.summary(), &incident.surprise(), &incident.narrative(),
        &incident.publish_word()}) {
    Add(*text, body);
  }
  for (const std::string& service : incident.services()) {
    Add(service, body);
  }
  for (const std::string& tag : incident.tags()) Add(tag, body);
  for (const v1::Participant& one : incident.participants()) {
    Add(one.role(), body);
  }
  for (const v1::Link& link : incident.links()) {
    Add(link.title(), body);
  }
  const std::map<std::string, std::string> annotations(
      incident.annotations().begin(), incident.annotations().end());
  for (const auto& [key, value] : annotations) {
    Add(absl::StrCat(key, " ", value), body);
  }
}

class Documents {
 public:
  // With the words of those that were merged into it, which say the same story.
  void AddIncident(const v1::Incident& incident,
                   const std::vector<v1::Incident>& merged) {
    Document document{v1::SEARCH_KIND_INCIDENT, incident.incident_id(),
                      OneLine(incident.title())};
    AddWords(incident, &document.body);
    for (const v1::Incident& one : merged) {
      Add(one.title(), &document.body);
      AddWords(one, &document.body);
    }
    Put(std::move(document));
  }

  void AddLine(const std::string& id, const std::string& title,
               const std::string& service, const std::string& description) {
    Document document{v1::SEARCH_KIND_ENTRY, id, OneLine(title)};
    Add(service, &document.body);
    Add(description, &document.body);
    Put(std::move(document));
  }

  // Its title is the role under which it is told.
  void AddAccount(const v1::Account& account) {
    Document document{v1::SEARCH_KIND_ACCOUNT, account.account_id(),
                      OneLine(account.role())};
    for (const std::string* text :
         {&account.action(), &account.observed_effect(), &account.expectation(),
          &account.assumption(), &account.also_known(), &account.words()}) {
      Add(*text, &document.body);
    }
    Put(std::move(document));
  }

  void AddAction(const v1::ActionItem& action) {
    Document document{v1::SEARCH_KIND_ACTION, action.action_id(),
                      OneLine(action.title())};
    Add(action.description(), &document.body);
    Add(action.owner(), &document.body);
    Add(action.tracker_url(), &document.body);
    Put(std::move(document));
  }

  std::vector<Document> Take() {
    std::vector<Document> result;
    result.reserve(documents_.size());
    for (auto& [place, document] : documents_) {
      result.push_back(std::move(document));
    }
    return result;
  }

 private:
  void Put(Document document) {
    const std::pair<int, std::string> place(document.kind, document.id);
    documents_.try_emplace(place, std::move(document));
  }

  std::map<std::pair<int, std::string>, Document> documents_;
};

// What is called as its alert is, when it has no title.
std::string TitleOf(const v1::Event& event) {
  if (!event.title().empty()) return event.title();
  const auto name = event.labels().find("alertname");
  return name == event.labels().end() ? "" : name->second;
}

void AddEvents(const IncidentParts& parts, Documents* documents) {
  const std::set<std::string> detached(
      parts.incident.detached_event_ids().begin(),
      parts.incident.detached_event_ids().end());
  for (const v1::Candidate& candidate : parts.candidates) {
    for (const v1::CandidateEvent& event : candidate.events()) {
      if (detached.count(event.event_id()) > 0) continue;
      documents->AddLine(event.event_id(), event.title(), event.service(), "");
    }
  }
  for (const v1::Event& event : parts.attached) {
    documents->AddLine(event.event_id(), TitleOf(event), event.service(),
                       event.description());
  }
}

}  // namespace

std::vector<Document> DocumentsOf(const IncidentParts& parts) {
  if (parts.incident.has_delete_time() ||
      parts.incident.state() == v1::INCIDENT_STATE_MERGED) {
    return {};
  }
  Documents documents;
  documents.AddIncident(parts.incident, parts.merged);
  for (const v1::TimelineEntry& entry : parts.entries) {
    if (entry.has_delete_time()) continue;
    documents.AddLine(entry.entry_id(), entry.title(), entry.service(),
                      entry.description());
  }
  AddEvents(parts, &documents);
  for (const v1::Account& account : parts.accounts) {
    if (account.has_withdraw_time() ||
        account.state() == v1::ACCOUNT_STATE_DECLINED ||
        !account.moved_to_incident_id().empty()) {
      continue;
    }
    documents.AddAccount(account);
  }
  for (const v1::ActionItem& action : parts.actions) {
    if (action.has_delete_time() || !action.moved_to_incident_id().empty()) {
      continue;
    }
    documents.AddAction(action);
  }
  return documents.Take();
}

}  // namespace secondstory::storage
