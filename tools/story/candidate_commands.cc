#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/candidate_page.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_page.h"
#include "tools/story/lookup.h"

namespace secondstory::story {
namespace {

using Candidates = v1::CandidateService::StubInterface;
using Incidents = v1::IncidentService::StubInterface;

constexpr int kLimitDefault = 50;
constexpr int kPageSizeMax = 500;

// How long a reader of a candidate waits for what was like it.
constexpr std::chrono::seconds kSimilarTimeout{3};
constexpr int kSimilarCount = 3;

absl::StatusOr<std::string> ResolveFirstCandidate(const Call& call) {
  return ResolveCandidate(call, call.arguments.words[0]);
}

// Past incidents like it, as far as the server has an index to look in.
std::vector<v1::SimilarIncident> ReadSimilar(const Call& call,
                                             const std::string& candidate_id) {
  v1::FindSimilarIncidentsRequest request;
  request.set_candidate_id(candidate_id);
  request.set_limit(kSimilarCount);
  const auto response = call.server->Call(
      &v1::LearningService::StubInterface::FindSimilarIncidents, request,
      kSimilarTimeout);
  if (!response.ok()) return {};
  return {response->incidents().begin(), response->incidents().end()};
}

absl::Status List(const Call& call) {
  v1::ListCandidatesRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  for (absl::string_view name :
       absl::StrSplit(call.arguments.Get("service"), ',', absl::SkipEmpty())) {
    request.add_services(std::string(name));
  }
  SS_ASSIGN_OR_RETURN(const std::vector<int> states,
                      ParseEnums("state", call.arguments.Get("state"),
                                 *v1::CandidateState_descriptor()));
  for (const int state : states) {
    request.add_states(static_cast<v1::CandidateState>(state));
  }
  std::vector<v1::Candidate> candidates;
  SS_RETURN_IF_ERROR(ReadPages(
      call, kLimitDefault, kPageSizeMax,
      [&](int64_t page_size, int64_t* count) -> absl::StatusOr<bool> {
        return ReadCandidatePage(call, page_size, &request,
                                 [&](const v1::Candidate& candidate) {
                                   ++*count;
                                   if (call.json) {
                                     call.out() << JsonLine(candidate);
                                   } else {
                                     candidates.push_back(candidate);
                                   }
                                 });
      }));
  if (!call.json) call.out() << CandidateList(candidates, call.page);
  return absl::OkStatus();
}

absl::Status Get(const Call& call) {
  v1::GetCandidateRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveFirstCandidate(call));
  if (call.arguments.Has("revision")) {
    SS_ASSIGN_OR_RETURN(
        const int64_t revision,
        ParseCount("revision", call.arguments.Get("revision"), 1));
    request.set_revision(static_cast<uint64_t>(revision));
  }
  SS_ASSIGN_OR_RETURN(const v1::GetCandidateResponse response,
                      call.server->Call(&Candidates::GetCandidate, request));
  if (call.json) {
    call.out() << JsonLine(response.candidate());
    return absl::OkStatus();
  }
  std::vector<v1::SimilarIncident> similar;
  if (!call.arguments.Has("revision")) {
    similar = ReadSimilar(call, request.candidate_id());
  }
  PageOptions page = call.page;
  page.ids = call.arguments.Has("ids");
  call.out() << CandidatePage(response.candidate(), page, similar);
  return absl::OkStatus();
}

absl::Status Watch(const Call& call) {
  v1::WatchCandidatesRequest request;
  SS_ASSIGN_OR_RETURN(const WatchRange range, ParseWatchRange(call));
  request.set_after_position(range.after);
  grpc::ClientContext context;
  const auto stream =
      call.server->candidates()->WatchCandidates(&context, request);
  v1::WatchCandidatesResponse response;
  int64_t shown = 0;
  uint64_t position = range.after;
  while (stream->Read(&response)) {
    position = response.position();
    if (!response.has_candidate()) continue;
    const v1::Candidate& candidate = response.candidate();
    call.out() << (call.json ? JsonLine(candidate) : CandidateLine(candidate));
    call.out().flush();
    if (++shown == range.count) return absl::OkStatus();
  }
  return EndOfWatch(call, stream->Finish(), position);
}

absl::Status Promote(const Call& call) {
  v1::PromoteCandidateRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveFirstCandidate(call));
  if (call.arguments.Has("incident")) {
    SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                        ResolveIncident(call, call.arguments.Get("incident")));
  }
  request.set_title(call.arguments.Get("title"));
  SS_ASSIGN_OR_RETURN(const v1::PromoteCandidateResponse response,
                      call.server->Call(&Incidents::PromoteCandidate, request));
  call.out() << (call.json ? JsonLine(response.incident())
                           : IncidentPage(response.incident(), call.page));
  return absl::OkStatus();
}

absl::Status Dismiss(const Call& call) {
  v1::DismissCandidateRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveFirstCandidate(call));
  request.set_reason(call.arguments.Get("reason"));
  SS_ASSIGN_OR_RETURN(
      const v1::DismissCandidateResponse response,
      call.server->Call(&Candidates::DismissCandidate, request));
  call.out() << (call.json ? JsonLine(response.candidate())
                           : CandidateLine(response.candidate()));
  return absl::OkStatus();
}

// By the beginnings of their ids, where the candidate lists them.
absl::Status ResolveChanges(const Call& call,
                            v1::ConfirmChangesRequest* request) {
  const std::vector<std::string> texts =
      absl::StrSplit(call.arguments.Get("changes"), ',', absl::SkipEmpty());
  if (texts.empty()) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(const v1::Candidate candidate,
                      ReadCandidate(call, request->candidate_id()));
  std::set<std::string> ids;
  for (const v1::RankedChange& change : candidate.ranked_changes()) {
    ids.insert(change.event_id());
  }
  for (const std::string& text : texts) {
    SS_ASSIGN_OR_RETURN(*request->add_contributing_event_ids(),
                        ResolveIdAmong(ids, text));
  }
  return absl::OkStatus();
}

absl::Status Confirm(const Call& call) {
  if (call.arguments.Get("changes").empty() != call.arguments.Has("none")) {
    return absl::InvalidArgumentError(
        "say what contributed: either --changes=EVENT,... or --none");
  }
  v1::ConfirmChangesRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveFirstCandidate(call));
  SS_RETURN_IF_ERROR(ResolveChanges(call, &request));
  request.set_none_contributed(call.arguments.Has("none"));
  SS_ASSIGN_OR_RETURN(const v1::ConfirmChangesResponse response,
                      call.server->Call(&Candidates::ConfirmChanges, request));
  call.out() << (call.json ? JsonLine(response.candidate())
                           : CandidatePage(response.candidate(), call.page));
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> CandidateCommands() {
  return {
      {"candidates list",
       {},
       "candidate timelines, the latest onset first",
       "",
       {SinceOption(),
        UntilOption(),
        ServiceOption(),
        {"state", "STATE,...",
         "in these states: open, quiet, promoted, dismissed, merged; default "
         "all but merged"},
        LimitOption(kLimitDefault)},
       List},
      {"candidates get",
       {"ID"},
       "one candidate: its timeline and the changes near its onset",
       "ID may be the beginning of the id, as the list shows it.",
       {{"revision", "NUMBER", "as it was in this revision; default the last"},
        {"ids", "", "also the ids of events, to name them to other commands"}},
       Get},
      {"candidates watch",
       {},
       "revisions and decisions as they are stored, until Ctrl-C",
       "",
       WatchOptions(),
       Watch},
      {"candidates confirm",
       {"ID"},
       "says which changes contributed, once it is known",
       "Say either --changes or --none. Saying it again replaces it. "
       "The beginnings of the\nids of listed changes will do: `story "
       "candidates get ID --ids`; of others the whole.",
       {{"changes", "EVENT,...", "the event ids of the changes"},
        {"none", "", "no change contributed"},
        AuthorOption()},
       Confirm},
      {"promote",
       {"CANDIDATE"},
       "makes an incident of a candidate",
       "Promoting it again returns the same incident.",
       {{"incident", "ID", "attach it to this incident instead"},
        {"title", "TEXT", "the incident's title; default the candidate's"},
        AuthorOption()},
       Promote},
      {"dismiss",
       {"CANDIDATE"},
       "says that a candidate is no incident; it stays readable",
       "",
       {{"reason", "TEXT", "why"}, AuthorOption()},
       Dismiss},
  };
}

}  // namespace secondstory::story
