// What people decide about which alerts belong together. Their decision is
// stored at once; the candidates that follow from it are the assembler's, so
// these commands wait for them, but not for long.
#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/status_macros.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "tools/story/candidate_page.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/lookup.h"
#include "tools/story/table.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

constexpr int kWaitSecondsDefault = 10;
constexpr absl::Duration kPoll = absl::Milliseconds(100);
// So many events are asked for the candidate that they opened.
constexpr int kOpenerCountMax = 100;

using Candidates = std::vector<v1::Candidate>;
using MaybeCandidate = std::optional<v1::Candidate>;

// All that a line stands for, the earliest first.
std::vector<std::string> EventsOf(const v1::CandidateEvent& line) {
  std::vector<std::string> ids = {line.event_id()};
  ids.insert(ids.end(), line.repeat_event_ids().begin(),
             line.repeat_event_ids().end());
  return ids;
}

bool Holds(const v1::Candidate& candidate, const std::string& event_id) {
  return std::any_of(candidate.events().begin(), candidate.events().end(),
                     [&](const v1::CandidateEvent& line) {
                       const auto ids = EventsOf(line);
                       return std::count(ids.begin(), ids.end(), event_id) > 0;
                     });
}

// The candidate that an event opened, or that took it over; nothing when there
// is none.
absl::StatusOr<MaybeCandidate> ReadOwner(const Call& call, std::string id) {
  for (int i = 0; i < kMergeCountMax; ++i) {
    absl::StatusOr<v1::Candidate> candidate = ReadCandidate(call, id);
    if (absl::IsNotFound(candidate.status())) return MaybeCandidate();
    SS_RETURN_IF_ERROR(candidate.status());
    if (candidate->state() != v1::CANDIDATE_STATE_MERGED) {
      return MaybeCandidate(*std::move(candidate));
    }
    id = candidate->merged_into_candidate_id();
  }
  return MaybeCandidate();
}

// The event of a candidate, or one that was taken out of it before, that is
// meant by the beginning of its id.
absl::StatusOr<std::string> ResolveEvent(const v1::Candidate& candidate,
                                         const std::string& text) {
  std::set<std::string> ids;
  for (const v1::CandidateEvent& line : candidate.events()) {
    for (std::string& id : EventsOf(line)) ids.insert(std::move(id));
  }
  for (const v1::CandidateSplit& split : candidate.splits()) {
    ids.insert(split.taken_event_ids().begin(), split.taken_event_ids().end());
  }
  return ResolveIdAmong(ids, text);
}

// Which of the sorted `ids` opens a candidate of all of them: the first that
// `candidate` has. When it has none of them any more, any may be it.
std::vector<std::string> OpenersOf(
    const v1::Candidate& candidate,
    const google::protobuf::RepeatedPtrField<std::string>& ids) {
  for (const v1::CandidateEvent& line : candidate.events()) {
    for (const std::string& id : EventsOf(line)) {
      if (std::binary_search(ids.begin(), ids.end(), id)) return {id};
    }
  }
  return {ids.begin(),
          ids.begin() + std::min<int>(ids.size(), kOpenerCountMax)};
}

// The candidate that one of these opened, as far as it holds it, and none of
// `others`.
absl::StatusOr<MaybeCandidate> ReadPart(
    const Call& call, const std::vector<std::string>& openers,
    const std::vector<std::string>& others) {
  for (const std::string& id : openers) {
    SS_ASSIGN_OR_RETURN(MaybeCandidate owner, ReadOwner(call, id));
    if (!owner.has_value()) continue;
    const auto holds = [&](const std::string& each) {
      return Holds(*owner, each);
    };
    if (holds(id) && std::none_of(others.begin(), others.end(), holds)) {
      return owner;
    }
  }
  return MaybeCandidate();
}

// What `read` finds once it finds something, within --wait; empty: nothing yet.
absl::StatusOr<Candidates> Await(
    const Call& call, const std::function<absl::StatusOr<Candidates>()>& read) {
  int64_t seconds = kWaitSecondsDefault;
  if (call.arguments.Has("wait")) {
    SS_ASSIGN_OR_RETURN(seconds,
                        ParseCount("wait", call.arguments.Get("wait"), 0));
  }
  const absl::Time deadline = SystemClock().Now() + absl::Seconds(seconds);
  while (true) {
    SS_ASSIGN_OR_RETURN(Candidates found, read());
    if (!found.empty() || SystemClock().Now() >= deadline) return found;
    SleepUnlessStopped(kPoll);
  }
}

// The candidates that came of a decision, or that none did yet.
void Tell(const Call& call, const std::string& decided,
          const v1::Candidate& stored, const Candidates& found,
          const std::string& instead) {
  if (call.json) {
    for (const v1::Candidate& each : found.empty() ? Candidates{stored} : found)
      call.out() << JsonLine(each);
    return;
  }
  const auto say = [&](const std::string& text) {
    call.out() << RenderParagraph(text, call.page.width, 0);
  };
  say(decided);
  call.out() << "\n";
  if (!found.empty()) {
    say(found.size() == 1 ? "It is one candidate now:"
                          : "They are two candidates now:");
    call.out() << "\n" << CandidateList(found, call.page);
    return;
  }
  say(absl::StrCat(
      "The decision is stored, but assemblerd has not taken it up yet. It will "
      "when it has caught up: look again with `story candidates get ",
      ShortId(stored.candidate_id()),
      "`. If it runs and nothing follows, the candidate is settled: its last "
      "alert was more than 48 h before the latest event. Then ",
      instead, "."));
}

std::string By(const std::string& author, const std::string& reason) {
  return absl::StrCat("by ", author, reason.empty() ? "." : ": ", reason);
}

absl::Status Split(const Call& call) {
  v1::SplitCandidateRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveCandidate(call, call.arguments.words[0]));
  request.set_reason(call.arguments.Get("reason"));
  SS_ASSIGN_OR_RETURN(const v1::Candidate before,
                      ReadCandidate(call, request.candidate_id()));
  for (size_t i = 1; i < call.arguments.words.size(); ++i) {
    SS_ASSIGN_OR_RETURN(*request.add_event_ids(),
                        ResolveEvent(before, call.arguments.words[i]));
  }
  SS_ASSIGN_OR_RETURN(
      const v1::SplitCandidateResponse response,
      call.server->Call(&CandidateCalls::SplitCandidate, request));
  const v1::Candidate& stored = response.candidate();
  // The last, unless it was decided earlier.
  const auto at =
      std::find_if(stored.splits().rbegin(), stored.splits().rend(),
                   [&](const v1::CandidateSplit& split) {
                     return std::binary_search(split.taken_event_ids().begin(),
                                               split.taken_event_ids().end(),
                                               request.event_ids(0));
                   });
  if (at == stored.splits().rend()) {
    return absl::InternalError("the server answered without the split");
  }
  const v1::CandidateSplit& split = *at;
  const auto kept = OpenersOf(before, split.kept_event_ids());
  const auto taken = OpenersOf(before, split.taken_event_ids());
  SS_ASSIGN_OR_RETURN(
      const Candidates found, Await(call, [&]() -> absl::StatusOr<Candidates> {
        SS_ASSIGN_OR_RETURN(const MaybeCandidate one,
                            ReadPart(call, kept, taken));
        SS_ASSIGN_OR_RETURN(const MaybeCandidate two,
                            ReadPart(call, taken, kept));
        return one && two ? Candidates{*one, *two} : Candidates();
      }));
  const int taken_count = split.taken_event_ids_size();
  Tell(call,
       absl::StrCat(taken_count, " of ",
                    taken_count + split.kept_event_ids_size(),
                    " alerts and reports split off ",
                    By(split.author(), split.reason())),
       stored, found,
       "promote it and take lines out of the incident (`story incidents "
       "split`)");
  return absl::OkStatus();
}

absl::Status Merge(const Call& call) {
  v1::MergeCandidatesRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_candidate_id(),
                      ResolveCandidate(call, call.arguments.words[0]));
  request.set_reason(call.arguments.Get("reason"));
  for (size_t i = 1; i < call.arguments.words.size(); ++i) {
    SS_ASSIGN_OR_RETURN(*request.add_other_candidate_ids(),
                        ResolveCandidate(call, call.arguments.words[i]));
  }
  SS_ASSIGN_OR_RETURN(
      const v1::MergeCandidatesResponse response,
      call.server->Call(&CandidateCalls::MergeCandidates, request));
  const v1::Candidate& stored = response.candidate();
  if (stored.merges().empty()) {
    return absl::InternalError("the server answered without the merge");
  }
  const v1::CandidateMerge& merge = *stored.merges().rbegin();
  SS_ASSIGN_OR_RETURN(
      const Candidates found, Await(call, [&]() -> absl::StatusOr<Candidates> {
        Candidates owners;
        for (const std::string& id : merge.candidate_ids()) {
          SS_ASSIGN_OR_RETURN(const MaybeCandidate owner, ReadOwner(call, id));
          if (!owner || (!owners.empty() &&
                         owner->candidate_id() != owners[0].candidate_id())) {
            return Candidates();
          }
          owners = {*owner};
        }
        return owners;
      }));
  Tell(call,
       absl::StrCat(merge.candidate_ids_size(), " candidates merged ",
                    By(merge.author(), merge.reason())),
       stored, found,
       "promote both and merge the incidents (`story incidents merge`)");
  return absl::OkStatus();
}

Option WaitOption() {
  return {"wait", "SECONDS",
          absl::StrCat("how long to wait for what the assembler makes of it; "
                       "default ",
                       kWaitSecondsDefault)};
}

}  // namespace

std::vector<Command> DecisionCommands() {
  return {
      {"candidates split",
       {"ID", "EVENT..."},
       "takes alerts and reports out of a candidate that are of another "
       "incident",
       "The beginnings of the event ids will do: `story candidates get ID "
       "--ids`. A line\ntakes its repeats along. What was parted is never "
       "joined again, until you merge it.",
       {ReasonOption(), WaitOption(), AuthorOption()},
       Split},
      {"candidates merge",
       {"ID", "OTHER..."},
       "makes one candidate of several that are of one incident",
       "The one with the earliest onset goes on.",
       {ReasonOption(), WaitOption(), AuthorOption()},
       Merge},
  };
}

}  // namespace secondstory::story
