#include "tools/story/demo.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/http_client.h"
#include "base/process.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "tools/story/candidate_page.h"
#include "tools/story/script.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);
constexpr absl::Duration kPatienceDefault = absl::Seconds(60);
constexpr absl::Duration kPaceDefault = absl::Milliseconds(400);
// Nothing has changed for so long.
constexpr absl::Duration kSettled = absl::Seconds(2);
// Candidates of the incident begin at most so long after its last event.
constexpr absl::Duration kAfterwards = absl::Hours(2);

// How far an event may be behind the newest one and still be assembled.
constexpr absl::Duration kLateness = absl::Hours(24);

// Asks `is_so` until it says true.
absl::Status WaitUntil(const std::string& what, absl::Duration patience,
                       const std::function<absl::StatusOr<bool>()>& is_so) {
  const absl::Time deadline = SystemClock().Now() + patience;
  while (true) {
    const absl::StatusOr<bool> so = is_so();
    if (!so.ok()) return so.status();
    if (*so) return absl::OkStatus();
    if (SystemClock().Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(what, " within ", InWords(patience)));
    }
    SleepUnlessStopped(kPoll);
  }
}

class Demo {
 public:
  Demo(const Call& call, Script script)
      : call_(call),
        script_(std::move(script)),
        alertd_(call.arguments.Get("alertd")),
        deploy_log_(call.arguments.Get("deploy-log")) {
    if (alertd_.empty()) alertd_ = "127.0.0.1:7710";
    if (deploy_log_.empty()) deploy_log_ = "data/deploys.jsonl";
    if (!absl::StartsWith(alertd_, "http")) alertd_ = "http://" + alertd_;
  }

  absl::Status Play() {
    SS_RETURN_IF_ERROR(ReadDuration("pace", &pace_));
    SS_RETURN_IF_ERROR(ReadDuration("patience", &patience_));
    SS_RETURN_IF_ERROR(CheckNothingIsMuchLater());
    Introduce();
    for (size_t i = 0; i < script_.steps.size(); ++i) {
      SS_RETURN_IF_ERROR(PlayStep(i));
      SleepUnlessStopped(pace_);
    }
    Conclude();
    return ShowCandidate();
  }

 private:
  absl::Status ReadDuration(const std::string& option,
                            absl::Duration* duration) const {
    if (!call_.arguments.Has(option)) return absl::OkStatus();
    const std::string text = call_.arguments.Get(option);
    if (absl::ParseDuration(text, duration) &&
        *duration >= absl::ZeroDuration() && *duration <= absl::Hours(1)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "--", option, ": \"", text, "\"; expected a duration such as 400ms"));
  }

  void Introduce() const {
    std::ostream& out = call_.out();
    out << RenderParagraph(script_.title, call_.page.width, 0)
        << RenderParagraph(script_.about, call_.page.width, 0)
        << RenderFacts(
               {{"Source", script_.source}, {"Licence", script_.licence}},
               call_.page.width, 2)
        << "\n";
    out.flush();
  }

  // Candidates are assembled from events at most 24 hours behind the newest one
  // that is stored. A demo that was played before has its candidates.
  absl::Status CheckNothingIsMuchLater() const {
    v1::QueryEventsRequest request;
    *request.mutable_start_time() =
        FromTime(ToTime(script_.steps.back().event_time) + kLateness);
    request.set_newest_first(true);
    request.set_page_size(1);
    SS_ASSIGN_OR_RETURN(
        const v1::QueryEventsResponse newest,
        call_.server->Call(&v1::EventService::StubInterface::QueryEvents,
                           request));
    if (newest.events().empty()) return absl::OkStatus();
    SS_ASSIGN_OR_RETURN(const std::string played,
                        FindStored(script_.steps.back()));
    if (!played.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the newest event here is of ",
        DateAndTime(newest.events(0).event_time()),
        ", and candidates are assembled from events at most 24 h behind the "
        "newest one.\nPlay it on a folder of its own: ./run.sh --demo --data "
        "data/demo"));
  }

  absl::Status PlayStep(size_t index) {
    const Step& step = script_.steps[index];
    SS_ASSIGN_OR_RETURN(const std::string known_id, FindStored(step));
    ShowProgress(index);
    SS_RETURN_IF_ERROR(Send(step));
    std::string id;
    SS_RETURN_IF_ERROR(
        WaitUntil(absl::StrCat("incidentd did not store it", Hint(step)),
                  patience_, [&]() -> absl::StatusOr<bool> {
                    SS_ASSIGN_OR_RETURN(id, FindStored(step));
                    return !id.empty();
                  }));
    known_count_ += known_id.empty() ? 0 : 1;
    ids_.push_back(id);
    return absl::OkStatus();
  }

  void ShowProgress(size_t index) const {
    const Step& step = script_.steps[index];
    const std::string line = absl::StrFormat(
        "[%2d/%d] %s  %-10s  %s%s%s", index + 1, script_.steps.size(),
        DateAndTime(step.event_time), DoorName(step), step.service,
        step.service.empty() ? "" : ": ", step.title);
    call_.out() << CutTo(line, call_.page.width) << "\n";
    call_.out().flush();
  }

  static std::string DoorName(const Step& step) {
    switch (step.via) {
      case Via::kAlert:
        return "alert";
      case Via::kChange:
        return "deploy log";
      default:
        return "people";
    }
  }

  std::string Hint(const Step& step) const {
    switch (step.via) {
      case Via::kAlert:
        return "; is that alertd's incidentd?";
      case Via::kChange:
        return absl::StrCat("; does deployd follow ", deploy_log_,
                            "? --deploy-log says where its log is;");
      default:
        return "";
    }
  }

  absl::Status Send(const Step& step) const {
    switch (step.via) {
      case Via::kAlert:
        return PostAlert(step);
      case Via::kChange:
        return AppendToDeployLog(step);
      default:
        return AppendEvent(step);
    }
  }

  absl::Status PostAlert(const Step& step) const {
    HttpCall http;
    http.method = "POST";
    http.url = absl::StrCat(alertd_, "/v1/alertmanager/", script_.alertmanager);
    http.content_type = "application/json";
    http.body = WebhookBody(step);
    const absl::StatusOr<HttpAnswer> answer = CallHttp(http);
    if (!answer.ok()) {
      return absl::Status(
          answer.status().code(),
          absl::StrCat("no answer from alertd: ", answer.status().message(),
                       "\nIs it running? --alertd says where it is."));
    }
    if (answer->status / 100 == 2) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "alertd answers ", answer->status, ": ", OneLine(answer->body)));
  }

  absl::Status AppendToDeployLog(const Step& step) const {
    std::ofstream log(deploy_log_, std::ios::app);
    log << DeployLogLine(script_, step) << std::flush;
    if (log) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write to the deploy log ", deploy_log_, ": ",
                     std::strerror(errno), "\n--deploy-log says where it is."));
  }

  absl::Status AppendEvent(const Step& step) const {
    v1::AppendEventsRequest request;
    *request.add_events() = PeopleEvent(script_, step);
    SS_ASSIGN_OR_RETURN(
        const v1::AppendEventsResponse response,
        call_.server->Call(&v1::EventService::StubInterface::AppendEvents,
                           request));
    if (response.outcomes_size() == 1 &&
        response.outcomes(0).outcome() != v1::APPEND_OUTCOME_REFUSED) {
      return absl::OkStatus();
    }
    return absl::InternalError(absl::StrCat("incidentd refuses the event ",
                                            step.id, ": ",
                                            response.ShortDebugString()));
  }

  // The id of the event that became of `step`; empty while there is none. An
  // error when there are two: nothing may ever be stored twice.
  absl::StatusOr<std::string> FindStored(const Step& step) const {
    v1::QueryEventsRequest request;
    *request.mutable_start_time() = step.event_time;
    *request.mutable_end_time() =
        FromTime(ToTime(step.event_time) + absl::Microseconds(1));
    request.add_kinds(step.kind);
    request.set_page_size(1000);
    SS_ASSIGN_OR_RETURN(
        const v1::QueryEventsResponse response,
        call_.server->Call(&v1::EventService::StubInterface::QueryEvents,
                           request));
    std::vector<std::string> ids;
    for (const v1::Event& event : response.events()) {
      if (IsEventOf(step, event)) ids.push_back(event.event_id());
    }
    if (ids.size() > 1) {
      return absl::InternalError(absl::StrCat(
          "step ", step.id,
          " is stored more than once: ", absl::StrJoin(ids, ", "),
          "; was it played through another deploy log or Alertmanager name?"));
    }
    return ids.empty() ? "" : ids.front();
  }

  void Conclude() const {
    const size_t count = script_.steps.size();
    call_.out() << "\n";
    if (known_count_ == 0) {
      call_.out() << "All " << count << " events are stored, each once.\n";
    } else {
      call_.out() << known_count_ << " of the " << count
                  << " events were stored before; playing them again stored "
                     "nothing twice.\n";
    }
    call_.out().flush();
  }

  // All candidates from the onset on, the one with the first onset first.
  absl::StatusOr<std::vector<v1::Candidate>> ReadCandidates() const {
    v1::ListCandidatesRequest list;
    *list.mutable_start_time() = script_.onset;
    *list.mutable_end_time() =
        FromTime(ToTime(script_.steps.back().event_time) + kAfterwards);
    SS_ASSIGN_OR_RETURN(
        const v1::ListCandidatesResponse found,
        call_.server->Call(&v1::CandidateService::StubInterface::ListCandidates,
                           list));
    std::vector<v1::Candidate> candidates;
    for (const v1::Candidate& each : found.candidates()) {
      v1::GetCandidateRequest get;
      get.set_candidate_id(each.candidate_id());
      SS_ASSIGN_OR_RETURN(
          v1::GetCandidateResponse response,
          call_.server->Call(&v1::CandidateService::StubInterface::GetCandidate,
                             get));
      if (ShowsOurs(response.candidate())) {
        candidates.insert(candidates.begin(),
                          std::move(*response.mutable_candidate()));
      }
    }
    return candidates;
  }

  // The ids of the timeline's events, those folded into a line too.
  static std::set<std::string> LineIds(const v1::Candidate& candidate) {
    std::set<std::string> ids;
    for (const v1::CandidateEvent& event : candidate.events()) {
      ids.insert(event.event_id());
      ids.insert(event.repeat_event_ids().begin(),
                 event.repeat_event_ids().end());
    }
    return ids;
  }

  bool ShowsOurs(const v1::Candidate& candidate) const {
    const std::set<std::string> lines = LineIds(candidate);
    return std::any_of(
        ids_.begin(), ids_.end(),
        [&lines](const std::string& id) { return lines.count(id) > 0; });
  }

  // The steps that the candidates do not show: what was seen and done has to be
  // on a timeline, what was changed before the onset among the changes of the
  // first. Where later changes belong is for the assembler to say.
  std::vector<std::string> Missing(
      const std::vector<v1::Candidate>& candidates) const {
    std::set<std::string> shown;
    for (const v1::Candidate& candidate : candidates) {
      shown.merge(LineIds(candidate));
    }
    if (!candidates.empty()) {
      for (const v1::RankedChange& change :
           candidates.front().ranked_changes()) {
        shown.insert(change.event_id());
      }
    }
    std::vector<std::string> missing;
    for (size_t i = 0; i < ids_.size(); ++i) {
      const Step& step = script_.steps[i];
      const bool later_change = step.via == Via::kChange &&
                                ToTime(step.event_time) > ToTime(script_.onset);
      if (!later_change && shown.count(ids_[i]) == 0) {
        missing.push_back(step.title);
      }
    }
    return missing;
  }

  // Complete, and the same for a while: a late change can still move what
  // speaks for an earlier one.
  absl::Status AwaitCandidates(std::vector<v1::Candidate>* candidates) const {
    std::string before;
    absl::Time since = SystemClock().Now();
    return WaitUntil("the candidates did not show all of them", patience_,
                     [&]() -> absl::StatusOr<bool> {
                       SS_ASSIGN_OR_RETURN(*candidates, ReadCandidates());
                       std::string now;
                       for (const v1::Candidate& candidate : *candidates) {
                         absl::StrAppend(&now, candidate.candidate_id(), " ",
                                         candidate.revision(), "\n");
                       }
                       if (now != before) since = SystemClock().Now();
                       before = std::move(now);
                       return Missing(*candidates).empty() &&
                              SystemClock().Now() - since >=
                                  std::min(kSettled, patience_);
                     });
  }

  absl::Status ShowCandidate() const {
    call_.out() << "Waiting for the candidate timeline.\n";
    call_.out().flush();
    std::vector<v1::Candidate> candidates;
    const absl::Status complete = AwaitCandidates(&candidates);
    if (candidates.empty()) return NoCandidate(complete);
    const v1::Candidate& first = candidates.front();
    call_.out() << "\n"
                << (call_.json ? JsonLine(first)
                               : CandidatePage(first, call_.page));
    if (candidates.size() > 1) {
      candidates.erase(candidates.begin());
      call_.out() << "\nCandidates of the same hours\n"
                  << CandidateList(candidates, call_.page);
    }
    if (complete.ok()) return complete;
    return absl::Status(complete.code(),
                        absl::StrCat(complete.message(), ". Missing: ",
                                     absl::StrJoin(Missing(candidates), "; ")));
  }

  static absl::Status NoCandidate(const absl::Status& status) {
    return absl::Status(
        status.code(), absl::StrCat(status.message(),
                                    ": there is none. Is assemblerd running?"));
  }

  const Call& call_;
  const Script script_;
  std::string alertd_;
  std::string deploy_log_;
  absl::Duration pace_ = kPaceDefault;
  absl::Duration patience_ = kPatienceDefault;
  std::vector<std::string> ids_;  // of the events, by step
  int known_count_ = 0;
};

}  // namespace

Command DemoCommand(absl::string_view json) {
  return {
      "demo",
      {},
      "plays one real, published incident through the front doors",
      "Alerts go to alertd as Alertmanager would send them, changes into the "
      "deploy\nlog that deployd follows, reports and actions to incidentd. "
      "Playing it again\nstores nothing twice.",
      {{"alertd", "HOST:PORT", "alertd's webhooks; default 127.0.0.1:7710"},
       {"deploy-log", "FILE",
        "the deploy log that deployd follows; default data/deploys.jsonl"},
       {"pace", "DURATION", "between two events; default 400ms"},
       {"patience", "DURATION",
        "how long to wait for what should come; default 60s"}},
      [json](const Call& call) -> absl::Status {
        SS_ASSIGN_OR_RETURN(Script script, ParseScript(json));
        return Demo(call, std::move(script)).Play();
      }};
}

}  // namespace secondstory::story
