#include "tools/story/lookup.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace secondstory::story {
namespace {

constexpr int kPageSizeMax = 500;
constexpr int kTimelinePageSizeMax = 10000;
constexpr int kAccountPageSizeMax = 10000;

// One of `messages` by the id that `id_of` gives.
template <typename Message, typename IdOf>
absl::StatusOr<Message> Choose(const std::vector<Message>& messages,
                               const std::string& text, IdOf id_of,
                               const std::string& none) {
  std::map<std::string, const Message*> by_id;
  std::set<std::string> ids;
  for (const Message& message : messages) {
    by_id[id_of(message)] = &message;
    ids.insert(id_of(message));
  }
  SS_ASSIGN_OR_RETURN(const std::string id, ResolveIdAmong(ids, text));
  const auto found = by_id.find(id);
  if (found == by_id.end()) return absl::NotFoundError(none + id);
  return *found->second;
}

}  // namespace

absl::StatusOr<bool> ReadIncidentPage(
    const Call& call, int64_t page_size, v1::ListIncidentsRequest* request,
    const std::function<void(const v1::Incident&)>& on_incident) {
  request->set_page_size(static_cast<uint32_t>(page_size));
  SS_ASSIGN_OR_RETURN(
      const v1::ListIncidentsResponse page,
      call.server->Call(&IncidentCalls::ListIncidents, *request));
  for (const v1::Incident& incident : page.incidents()) on_incident(incident);
  request->set_page_token(page.next_page_token());
  return !page.next_page_token().empty();
}

absl::StatusOr<bool> ReadCandidatePage(
    const Call& call, int64_t page_size, v1::ListCandidatesRequest* request,
    const std::function<void(const v1::Candidate&)>& on_candidate) {
  request->set_page_size(static_cast<uint32_t>(page_size));
  SS_ASSIGN_OR_RETURN(
      const v1::ListCandidatesResponse page,
      call.server->Call(&CandidateCalls::ListCandidates, *request));
  for (const v1::Candidate& candidate : page.candidates()) {
    on_candidate(candidate);
  }
  request->set_page_token(page.next_page_token());
  return !page.next_page_token().empty();
}

v1::ListCandidatesRequest OfAllStates() {
  v1::ListCandidatesRequest request;
  for (int state = 1; state <= v1::CandidateState_MAX; ++state) {
    request.add_states(static_cast<v1::CandidateState>(state));
  }
  return request;
}

absl::StatusOr<std::string> ResolveCandidate(const Call& call,
                                             const std::string& text) {
  return ResolveId(
      text,
      [&call](const std::string& prefix)
          -> absl::StatusOr<std::vector<std::string>> {
        v1::ListCandidatesRequest request = OfAllStates();
        std::vector<std::string> ids;
        for (bool more = true; more;) {
          SS_ASSIGN_OR_RETURN(
              more, ReadCandidatePage(call, kPageSizeMax, &request,
                                      [&](const v1::Candidate& candidate) {
                                        const std::string& id =
                                            candidate.candidate_id();
                                        if (absl::StartsWith(id, prefix))
                                          ids.push_back(id);
                                      }));
        }
        return ids;
      });
}

absl::StatusOr<v1::Candidate> ReadCandidate(const Call& call,
                                            const std::string& id) {
  v1::GetCandidateRequest request;
  request.set_candidate_id(id);
  SS_ASSIGN_OR_RETURN(
      v1::GetCandidateResponse response,
      call.server->Call(&CandidateCalls::GetCandidate, request));
  return std::move(*response.mutable_candidate());
}

absl::StatusOr<std::string> ResolveIncident(const Call& call,
                                            const std::string& text) {
  return ResolveId(
      text,
      [&call](const std::string& prefix)
          -> absl::StatusOr<std::vector<std::string>> {
        v1::ListIncidentsRequest request;
        request.set_with_deleted(true);
        for (int state = 1; state <= v1::IncidentState_MAX; ++state) {
          request.add_states(static_cast<v1::IncidentState>(state));
        }
        std::vector<std::string> ids;
        for (bool more = true; more;) {
          SS_ASSIGN_OR_RETURN(
              more, ReadIncidentPage(call, kPageSizeMax, &request,
                                     [&](const v1::Incident& incident) {
                                       const std::string& id =
                                           incident.incident_id();
                                       if (absl::StartsWith(id, prefix)) {
                                         ids.push_back(id);
                                       }
                                     }));
        }
        return ids;
      });
}

absl::StatusOr<v1::Incident> ReadIncident(const Call& call,
                                          const std::string& text) {
  v1::GetIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, text));
  SS_ASSIGN_OR_RETURN(const v1::GetIncidentResponse response,
                      call.server->Call(&IncidentCalls::GetIncident, request));
  return response.incident();
}

absl::StatusOr<std::vector<v1::TimelineEntry>> ReadTimeline(
    const Call& call, v1::GetTimelineRequest request) {
  request.set_page_size(kTimelinePageSizeMax);
  std::vector<v1::TimelineEntry> entries;
  do {
    SS_ASSIGN_OR_RETURN(
        const v1::GetTimelineResponse page,
        call.server->Call(&IncidentCalls::GetTimeline, request));
    entries.insert(entries.end(), page.entries().begin(), page.entries().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return entries;
}

absl::StatusOr<v1::TimelineEntry> ReadEntry(const Call& call,
                                            const std::string& incident_id,
                                            const std::string& text) {
  v1::GetTimelineRequest request;
  request.set_incident_id(incident_id);
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      ReadTimeline(call, request));
  return Choose(
      entries, text,
      [](const v1::TimelineEntry& entry) { return entry.entry_id(); },
      "the timeline has no line ");
}

absl::StatusOr<std::vector<v1::Account>> ReadAccounts(
    const Call& call, const std::string& incident_id,
    const std::string& entry_id) {
  v1::ListAccountsRequest request;
  request.set_incident_id(incident_id);
  request.set_entry_id(entry_id);
  request.set_page_size(kAccountPageSizeMax);
  std::vector<v1::Account> accounts;
  do {
    SS_ASSIGN_OR_RETURN(const v1::ListAccountsResponse page,
                        call.server->Call(&ReviewCalls::ListAccounts, request));
    accounts.insert(accounts.end(), page.accounts().begin(),
                    page.accounts().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return accounts;
}

absl::StatusOr<v1::Account> ReadAccount(const Call& call,
                                        const std::string& incident_id,
                                        const std::string& text) {
  SS_ASSIGN_OR_RETURN(const std::vector<v1::Account> accounts,
                      ReadAccounts(call, incident_id));
  return Choose(
      accounts, text,
      [](const v1::Account& account) { return account.account_id(); },
      "the incident has no account ");
}

absl::StatusOr<v1::ActionItem> ReadAction(const Call& call,
                                          const std::string& text) {
  v1::ListActionsRequest request;
  request.set_page_size(kPageSizeMax);
  for (int state = 1; state <= v1::ActionState_MAX; ++state) {
    request.add_states(static_cast<v1::ActionState>(state));
  }
  std::vector<v1::ActionItem> actions;
  do {
    SS_ASSIGN_OR_RETURN(const v1::ListActionsResponse page,
                        call.server->Call(&ReviewCalls::ListActions, request));
    actions.insert(actions.end(), page.actions().begin(), page.actions().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return Choose(
      actions, text,
      [](const v1::ActionItem& action) { return action.action_id(); },
      "there is no action ");
}

std::string EtagOf(const Call& call, const std::string& read) {
  const std::string insisted = call.arguments.Get("etag");
  return insisted.empty() ? read : insisted;
}

}  // namespace secondstory::story
