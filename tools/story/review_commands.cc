#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_page.h"
#include "tools/story/lookup.h"
#include "tools/story/review_page.h"

namespace secondstory::story {
namespace {

absl::StatusOr<v1::Review> ReadReview(const Call& call,
                                      const std::string& incident_id) {
  v1::GetReviewRequest request;
  request.set_incident_id(incident_id);
  SS_ASSIGN_OR_RETURN(const v1::GetReviewResponse response,
                      call.server->Call(&ReviewCalls::GetReview, request));
  return response.review();
}

absl::Status ShowReview(const Call& call, const v1::Incident& incident) {
  SS_ASSIGN_OR_RETURN(const v1::Review review,
                      ReadReview(call, incident.incident_id()));
  call.out() << (call.json ? JsonLine(review)
                           : ReviewPage(incident, review, call.page));
  return absl::OkStatus();
}

absl::Status Show(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  return ShowReview(call, incident);
}

// The moves of a review differ in their messages only: the request is filled by
// `fill` beside what all of them have.
template <typename Request, typename Response>
absl::Status Move(
    const Call& call,
    grpc::Status (ReviewCalls::*method)(grpc::ClientContext*, const Request&,
                                        Response*),
    const std::function<absl::Status(const v1::Incident&, Request*)>& fill) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  Request request;
  request.set_incident_id(incident.incident_id());
  request.set_etag(EtagOf(call, incident.etag()));
  SS_RETURN_IF_ERROR(fill(incident, &request));
  SS_ASSIGN_OR_RETURN(const Response response,
                      call.server->Call(method, request));
  if (call.json) {
    call.out() << JsonLine(response.incident());
    return absl::OkStatus();
  }
  return ShowReview(call, response.incident());
}

absl::Status Start(const Call& call) {
  return Move<v1::StartReviewRequest, v1::StartReviewResponse>(
      call, &ReviewCalls::StartReview,
      [&call](const v1::Incident&,
              v1::StartReviewRequest* request) -> absl::Status {
        request->set_facilitator(call.arguments.Get("facilitator"));
        SS_ASSIGN_OR_RETURN(*request->mutable_author(), AuthorOf(call));
        return absl::OkStatus();
      });
}

absl::Status Publish(const Call& call) {
  return Move<v1::PublishReviewRequest, v1::PublishReviewResponse>(
      call, &ReviewCalls::PublishReview,
      [&call](const v1::Incident&,
              v1::PublishReviewRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(*request->mutable_word(), TextOf(call, "word"));
        SS_ASSIGN_OR_RETURN(*request->mutable_author(), AuthorOf(call));
        return absl::OkStatus();
      });
}

absl::Status Close(const Call& call) {
  return Move<v1::CloseReviewRequest, v1::CloseReviewResponse>(
      call, &ReviewCalls::CloseReview,
      [&call](const v1::Incident&,
              v1::CloseReviewRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(*request->mutable_author(), AuthorOf(call));
        return absl::OkStatus();
      });
}

absl::Status Reopen(const Call& call) {
  return Move<v1::ReopenReviewRequest, v1::ReopenReviewResponse>(
      call, &ReviewCalls::ReopenReview,
      [&call](const v1::Incident&,
              v1::ReopenReviewRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(*request->mutable_reason(), TextOf(call, "reason"));
        SS_ASSIGN_OR_RETURN(*request->mutable_author(), AuthorOf(call));
        return absl::OkStatus();
      });
}

absl::Status Answer(const Call& call) {
  v1::AnswerGapRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  SS_ASSIGN_OR_RETURN(*request.mutable_answer()->mutable_text(),
                      TextOf(call, "text"));
  request.mutable_answer()->set_set_aside(call.arguments.Has("set-aside"));
  if (request.answer().text().empty() && !request.answer().set_aside()) {
    return absl::InvalidArgumentError(
        "answer with --text=TEXT, or set the question aside with --set-aside");
  }
  SS_ASSIGN_OR_RETURN(const v1::Review review,
                      ReadReview(call, request.incident_id()));
  SS_ASSIGN_OR_RETURN(
      *request.mutable_gap_id(),
      ResolveId(call.arguments.words[1],
                [&review](const std::string& prefix)
                    -> absl::StatusOr<std::vector<std::string>> {
                  std::vector<std::string> ids;
                  for (const v1::Gap& gap : review.gaps()) {
                    if (gap.gap_id().compare(0, prefix.size(), prefix) == 0) {
                      ids.push_back(gap.gap_id());
                    }
                  }
                  return ids;
                }));
  SS_ASSIGN_OR_RETURN(const v1::AnswerGapResponse response,
                      call.server->Call(&ReviewCalls::AnswerGap, request));
  call.out() << (call.json ? JsonLine(response.gap())
                           : GapText(response.gap(), call.page));
  return absl::OkStatus();
}

absl::Status Report(const Call& call) {
  v1::GetReportRequest request;
  SS_ASSIGN_OR_RETURN(const std::vector<int> formats,
                      ParseEnums("format", call.arguments.Get("format"),
                                 *v1::ReportFormat_descriptor()));
  request.set_format(formats.empty()
                         ? v1::REPORT_FORMAT_MARKDOWN
                         : static_cast<v1::ReportFormat>(formats.back()));
  if (call.json) request.set_format(v1::REPORT_FORMAT_JSON);
  request.set_with_names(call.arguments.Has("names"));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  SS_ASSIGN_OR_RETURN(const v1::GetReportResponse response,
                      call.server->Call(&ReviewCalls::GetReport, request));
  const std::string path = call.arguments.Get("out");
  if (path.empty()) {
    call.out() << response.content();
    return absl::OkStatus();
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << response.content();
  file.close();
  if (!file) {
    return absl::UnknownError(absl::StrCat("--out: cannot write ", path));
  }
  *call.around.err << "Wrote " << response.content().size() << " bytes to "
                   << path << "\n";
  return absl::OkStatus();
}

absl::Status Import(const Call& call) {
  v1::ImportIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  const std::string path = call.arguments.words[0];
  SS_ASSIGN_OR_RETURN(const std::string json, ReadInput(call, "FILE", path));
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      json, request.mutable_export_());
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is no report in JSON: ", std::string(parsed.message()),
        "\n`story report INCIDENT --format=json` writes one."));
  }
  request.set_request_id(call.arguments.Get("request-id"));
  if (request.export_().incident().incident_id().empty() &&
      request.request_id().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " has no ids; --request-id=TOOL/NUMBER makes them, the same ones "
        "each time"));
  }
  SS_ASSIGN_OR_RETURN(const v1::ImportIncidentResponse response,
                      call.server->Call(&ReviewCalls::ImportIncident, request));
  if (call.json) {
    call.out() << JsonLine(response.incident());
    return absl::OkStatus();
  }
  call.out() << IncidentPage(response.incident(), call.page);
  *call.around.err << (response.stored() ? "Stored.\n"
                                         : "All of it was stored before.\n");
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ReviewCommands() {
  return {
      {"review show",
       {"INCIDENT"},
       "where its review stands: checklist, questions, phrases",
       "--all shows the answered questions, too.",
       {},
       Show},
      {"review start",
       {"INCIDENT"},
       "begins the review of a resolved incident",
       "",
       {{"facilitator", "NAME",
         "who leads it, and was not there; default the incident's"},
        EtagOption(),
        AuthorOption()},
       Start},
      {"review answer",
       {"INCIDENT", "QUESTION"},
       "answers a question of the review",
       absl::StrCat("QUESTION is the beginning of its id, as show has it.\n",
                    kTextHelp),
       {{"text", "TEXT", "the answer"},
        {"set-aside", "", "it is not worth asking here; --text may say why"},
        AuthorOption()},
       Answer},
      {"review publish",
       {"INCIDENT"},
       "publishes the review, for everybody to read",
       kTextHelp,
       {{"word", "TEXT",
         "what the facilitator says of what the checklist still lists"},
        EtagOption(),
        {"author", "NAME", "the facilitator; default your login"}},
       Publish},
      {"review close",
       {"INCIDENT"},
       "closes it, once all actions are done or dropped",
       "",
       {EtagOption(), AuthorOption()},
       Close},
      {"review reopen",
       {"INCIDENT"},
       "takes a published or closed review up again",
       "",
       {ReasonOption(), EtagOption(), AuthorOption()},
       Reopen},
      {"report",
       {"INCIDENT"},
       "the report, people by role",
       "",
       {{"format", "FORMAT", "markdown (default), html or json"},
        {"names", "",
         "participants, facilitator and owners by name; authors of accounts "
         "still by role"},
        {"out", "FILE", "into this file"}},
       Report},
      {"import",
       {"FILE"},
       "stores an incident that was exported as a JSON report",
       "FILE may be - for standard input. What is stored already is left "
       "alone.",
       {{"request-id", "ID", "makes ids for a file that has none: tool/217"},
        AuthorOption()},
       Import},
  };
}

}  // namespace secondstory::story
