#include "services/incidentd/review_handlers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "review/checklist.h"
#include "review/gaps.h"
#include "review/html.h"
#include "review/language.h"
#include "review/lifecycle.h"
#include "review/markdown.h"
#include "review/report.h"
#include "services/incidentd/checker.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/reminders.h"
#include "services/incidentd/review_validator.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/stable_json.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/story_reader.h"
#include "services/incidentd/validator.h"

namespace secondstory::incidentd {
namespace {

// How many actions an error names.
constexpr size_t kNamedCountMax = 10;

bool IsFacilitator(const v1::Incident& incident, const std::string& author) {
  return !incident.facilitator().empty() && incident.facilitator() == author;
}

absl::Status WrongState(const v1::Incident& incident, absl::string_view needed,
                        absl::string_view instead) {
  return absl::FailedPreconditionError(absl::StrCat(
      "incident ", incident.incident_id(), " is ", StateName(incident.state()),
      ", and would have to be ", needed, "; ", instead));
}

absl::StatusOr<std::string> Render(const StoryParts& parts,
                                   const v1::GetReportRequest& request) {
  if (request.format() == v1::REPORT_FORMAT_JSON) {
    v1::IncidentExport exported = ToExport(parts);
    if (!request.with_names()) {
      HideNames(review::Roles(ToStory(parts)), &exported);
    }
    return StableJson(exported);
  }
  const review::Story story = ToStory(parts);
  review::ReportOptions options;
  options.with_names = request.with_names();
  const review::Document report = review::MakeReport(
      story, review::FindGaps(story, review::Roles(story)), options);
  return request.format() == v1::REPORT_FORMAT_HTML
             ? review::RenderHtml(report)
             : review::RenderMarkdown(report);
}

const char* MediaType(v1::ReportFormat format) {
  switch (format) {
    case v1::REPORT_FORMAT_HTML:
      return "text/html";
    case v1::REPORT_FORMAT_JSON:
      return "application/json";
    default:
      return "text/markdown";
  }
}

}  // namespace

absl::StatusOr<v1::GetReviewResponse> ReviewHandlers::Get(
    const v1::GetReviewRequest& request) const {
  if (const auto wrong = CheckId("incident_id", request.incident_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(request.incident_id())));
  SS_ASSIGN_OR_RETURN(const StoryParts parts,
                      ReadStory(reader_, *policy_, incident));
  const StoryReview computed(ToStory(parts));
  v1::GetReviewResponse response;
  v1::Review* review = response.mutable_review();
  review->set_incident_id(incident.incident_id());
  review->set_state(incident.state());
  if (incident.has_review_due_time()) {
    *review->mutable_due_time() = incident.review_due_time();
  }
  review->set_overdue(
      IsReviewOverdue(incident, absl::ToUnixMicros(clock_->Now())));
  for (const review::ChecklistItem& item : computed.checklist) {
    v1::ChecklistItem* point = review->add_checklist();
    point->set_item(std::string(item.item));
    point->set_done(item.done);
    point->set_text(item.text);
  }
  for (const review::Gap& gap : computed.gaps) {
    *review->add_gaps() = ToProto(gap);
  }
  for (const v1::LanguageFinding& finding : computed.language) {
    *review->add_language() = finding;
  }
  return response;
}

void ReviewHandlers::Answer(v1::AnswerGapRequest request,
                            Done<v1::AnswerGapResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  v1::GetReviewRequest get;
  get.set_incident_id(request.incident_id());
  absl::StatusOr<v1::GetReviewResponse> review = Get(get);
  if (!review.ok()) return done(review.status());
  const auto& gaps = review->review().gaps();
  const auto asked =
      std::find_if(gaps.begin(), gaps.end(), [&request](const v1::Gap& gap) {
        return gap.gap_id() == request.gap_id();
      });
  if (asked == gaps.end()) {
    return done(absl::NotFoundError(
        absl::StrCat("incident ", request.incident_id(), " has no gap ",
                     request.gap_id(), "; name one of GetReview")));
  }
  Transact<v1::AnswerGapResponse>(
      log_, {IncidentObject(request.incident_id())},
      [gap = *asked, request](
          const storage::Store& store, int64_t now_micros,
          v1::AnswerGapResponse* response) -> absl::StatusOr<Records> {
        SS_RETURN_IF_ERROR(ReadWritable(store, request.incident_id()).status());
        *response->mutable_gap() = gap;
        v1::GapAnswer* answer = response->mutable_gap()->mutable_answer();
        *answer = request.answer();
        answer->set_author(request.author());
        *answer->mutable_answer_time() = FromMicros(now_micros);
        stored::v1::Record record;
        record.mutable_gap_answer()->set_incident_id(request.incident_id());
        *record.mutable_gap_answer()->mutable_gap() = response->gap();
        return Records{std::move(record)};
      },
      std::move(done));
}

template <typename Request, typename Response>
void ReviewHandlers::MoveReview(const Request& request, v1::IncidentState to,
                                const std::string& reason, Move move,
                                Done<Response> done) {
  Transact<Response>(
      log_, {IncidentObject(request.incident_id())},
      [this, request, to, reason, move = std::move(move)](
          const storage::Store& store, int64_t now_micros,
          Response* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Incident stored,
            ReadForChange(store, request.incident_id(), request.etag()));
        v1::Incident* next = response->mutable_incident();
        *next = stored;
        SS_RETURN_IF_ERROR(move(now_micros, next));
        next->set_state(to);
        Touch(now_micros, next);
        Records records = {
            IncidentRecordOf(&stored, *next, request.author(), reason)};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

void ReviewHandlers::Start(v1::StartReviewRequest request,
                           Done<v1::StartReviewResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  MoveReview<v1::StartReviewRequest, v1::StartReviewResponse>(
      request, v1::INCIDENT_STATE_IN_REVIEW, "",
      [request](int64_t, v1::Incident* incident) -> absl::Status {
        if (incident->state() != v1::INCIDENT_STATE_RESOLVED) {
          return WrongState(*incident, "RESOLVED",
                            "resolve it (UpdateIncident), or take a published "
                            "review up again (ReopenReview)");
        }
        if (!request.facilitator().empty()) {
          incident->set_facilitator(request.facilitator());
        }
        return review::CheckFacilitator(ToIncident(*incident));
      },
      std::move(done));
}

void ReviewHandlers::Publish(v1::PublishReviewRequest request,
                             Done<v1::PublishReviewResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  // Computed before, because the log must not wait for it. What comes between
  // is no worse than what comes right after.
  const absl::StatusOr<v1::Incident> incident =
      store_->GetIncident(IdFromHex(request.incident_id()));
  if (!incident.ok()) return done(incident.status());
  const absl::StatusOr<StoryParts> parts =
      ReadStory(reader_, *policy_, *incident);
  if (!parts.ok()) return done(parts.status());
  const std::string left =
      review::DescribeOpenItems(StoryReview(ToStory(*parts)).checklist);
  MoveReview<v1::PublishReviewRequest, v1::PublishReviewResponse>(
      request, v1::INCIDENT_STATE_PUBLISHED, "",
      [request, left](int64_t now_micros, v1::Incident* next) -> absl::Status {
        if (next->state() != v1::INCIDENT_STATE_IN_REVIEW) {
          return WrongState(*next, "IN_REVIEW",
                            "begin its review first (StartReview)");
        }
        if (!IsFacilitator(*next, request.author())) {
          return absl::FailedPreconditionError(absl::StrCat(
              "author is \"", request.author(),
              "\", and the facilitator publishes: \"", next->facilitator(),
              "\" (change it by UpdateIncident)"));
        }
        if (!left.empty() && IsBlank(request.word())) {
          return absl::FailedPreconditionError(
              absl::StrCat("the checklist is not done: ", left,
                           ". Go on with it, or say in `word` why the review "
                           "is published as it is"));
        }
        *next->mutable_publish_time() = FromMicros(now_micros);
        next->set_publish_word(request.word());
        return absl::OkStatus();
      },
      std::move(done));
}

absl::Status ReviewHandlers::CheckActionsAreOver(
    const v1::Incident& incident) const {
  SS_ASSIGN_OR_RETURN(const std::vector<v1::ActionItem> actions,
                      reader_.Actions(incident));
  std::vector<std::string> open;
  for (const v1::ActionItem& action : actions) {
    if (action.state() == v1::ACTION_STATE_DONE ||
        action.state() == v1::ACTION_STATE_DROPPED) {
      continue;
    }
    open.push_back(
        absl::StrCat("\"", action.title(), "\" (", action.action_id(), ")"));
  }
  if (open.empty()) return absl::OkStatus();
  const size_t count = open.size();
  std::string more;
  if (count > kNamedCountMax) {
    open.resize(kNamedCountMax);
    more = absl::StrCat(" and ", count - kNamedCountMax, " more");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("neither done nor dropped: ", absl::StrJoin(open, ", "),
                   more, "; finish or drop them (UpdateAction)"));
}

void ReviewHandlers::Close(v1::CloseReviewRequest request,
                           Done<v1::CloseReviewResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  MoveReview<v1::CloseReviewRequest, v1::CloseReviewResponse>(
      request, v1::INCIDENT_STATE_CLOSED, "",
      [this](int64_t, v1::Incident* incident) -> absl::Status {
        if (incident->state() != v1::INCIDENT_STATE_PUBLISHED) {
          return WrongState(*incident, "PUBLISHED",
                            "publish its review first (PublishReview)");
        }
        return CheckActionsAreOver(*incident);
      },
      std::move(done));
}

void ReviewHandlers::Reopen(v1::ReopenReviewRequest request,
                            Done<v1::ReopenReviewResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  MoveReview<v1::ReopenReviewRequest, v1::ReopenReviewResponse>(
      request, v1::INCIDENT_STATE_IN_REVIEW, request.reason(),
      [](int64_t, v1::Incident* incident) -> absl::Status {
        if (incident->state() != v1::INCIDENT_STATE_PUBLISHED &&
            incident->state() != v1::INCIDENT_STATE_CLOSED) {
          return WrongState(*incident, "PUBLISHED or CLOSED",
                            "there is nothing to take up again");
        }
        incident->clear_publish_time();
        incident->clear_publish_word();
        return absl::OkStatus();
      },
      std::move(done));
}

absl::StatusOr<v1::CheckLanguageResponse> ReviewHandlers::CheckLanguage(
    const v1::CheckLanguageRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  const review::Language& language = review::English();
  if (!request.language().empty() &&
      request.language() != language.language()) {
    return BadRequest("language",
                      absl::StrCat("is \"", request.language(),
                                   "\", which has no rules here; give \"",
                                   language.language(), "\" or leave it out"));
  }
  v1::CheckLanguageResponse response;
  for (const v1::LanguageFinding& finding :
       FindPhrases(language, "text", request.text())) {
    *response.add_findings() = finding;
  }
  return response;
}

absl::StatusOr<v1::GetReportResponse> ReviewHandlers::Report(
    const v1::GetReportRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(request.incident_id())));
  SS_ASSIGN_OR_RETURN(const StoryParts parts,
                      ReadStory(reader_, *policy_, incident));
  v1::GetReportResponse response;
  SS_ASSIGN_OR_RETURN(*response.mutable_content(), Render(parts, request));
  if (response.content().size() + 1024 > limits::kMessageBytesMax) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the report has ", response.content().size(),
        " bytes, and a message holds ", limits::kMessageBytesMax,
        "; ask for another format, or split the incident (SplitIncident)"));
  }
  response.set_media_type(MediaType(request.format()));
  return response;
}

void ReviewHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.ReviewService/";
  server->AddRead<v1::GetReviewRequest, v1::GetReviewResponse>(
      service + "GetReview", [this](const auto& r) { return Get(r); });
  server->AddRead<v1::CheckLanguageRequest, v1::CheckLanguageResponse>(
      service + "CheckLanguage",
      [this](const auto& r) { return CheckLanguage(r); });
  server->AddRead<v1::GetReportRequest, v1::GetReportResponse>(
      service + "GetReport", [this](const auto& r) { return Report(r); });
  server->AddSlowAsync<v1::AnswerGapRequest, v1::AnswerGapResponse>(
      service + "AnswerGap", [this](auto request, auto done) {
        Answer(std::move(request), std::move(done));
      });
  server->AddSlowAsync<v1::PublishReviewRequest, v1::PublishReviewResponse>(
      service + "PublishReview", [this](auto request, auto done) {
        Publish(std::move(request), std::move(done));
      });
  server->AddAsync<v1::StartReviewRequest, v1::StartReviewResponse>(
      service + "StartReview", [this](auto request, auto done) {
        Start(std::move(request), std::move(done));
      });
  server->AddAsync<v1::CloseReviewRequest, v1::CloseReviewResponse>(
      service + "CloseReview", [this](auto request, auto done) {
        Close(std::move(request), std::move(done));
      });
  server->AddAsync<v1::ReopenReviewRequest, v1::ReopenReviewResponse>(
      service + "ReopenReview", [this](auto request, auto done) {
        Reopen(std::move(request), std::move(done));
      });
}

}  // namespace secondstory::incidentd
