#include "services/incidentd/review_validator.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "services/incidentd/checker.h"
#include "services/incidentd/incident_validator.h"

namespace secondstory::incidentd {
namespace {

// What UpdateAccount and UpdateAction may change.
constexpr char kUpdatableOfAccount[] =
    "entry_id, role, state, action, observed_effect, expectation, assumption, "
    "also_known, words, surprised, known_time";
constexpr char kUpdatableOfAction[] =
    "title, description, owner, due_time, state, tracker_url, entry_id, "
    "account_id";

// The format of an export.
constexpr uint32_t kFormatVersion = 1;

bool SaysSomething(const v1::Account& account) {
  return !account.action().empty() || !account.observed_effect().empty() ||
         !account.expectation().empty() || !account.assumption().empty() ||
         !account.also_known().empty() || !account.words().empty();
}

void CheckAccount(const std::string& field, const v1::Account& account,
                  Checker* check) {
  const auto at = [&field](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  check->OptionalId(at("entry_id"), account.entry_id());
  check->Needed(at("role"), account.role(), limits::kNameBytesMax);
  check->Known(at("state"), account.state(), v1::AccountState_IsValid,
               "AccountState");
  check->Text(at("action"), account.action(), limits::kAccountTextBytesMax);
  check->Text(at("observed_effect"), account.observed_effect(),
              limits::kAccountTextBytesMax);
  check->Text(at("expectation"), account.expectation(),
              limits::kAccountTextBytesMax);
  check->Text(at("assumption"), account.assumption(),
              limits::kAccountTextBytesMax);
  check->Text(at("also_known"), account.also_known(),
              limits::kAccountTextBytesMax);
  check->Text(at("words"), account.words(), limits::kTextBytesMax);
  check->Time(at("known_time"), account.known_time());
  if (account.state() != v1::ACCOUNT_STATE_DECLINED &&
      !SaysSomething(account)) {
    check->Wrong(at("words"),
                 "is missing, and so are action, observed_effect, "
                 "expectation, assumption and also_known; give one of them, or "
                 "set state to ACCOUNT_STATE_DECLINED");
  }
  if (account.state() == v1::ACCOUNT_STATE_DECLINED && SaysSomething(account)) {
    check->Wrong(at("state"),
                 "is ACCOUNT_STATE_DECLINED, but the account tells something; "
                 "give one of both");
  }
}

void CheckAction(const std::string& field, const v1::ActionItem& action,
                 Checker* check) {
  const auto at = [&field](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  check->Needed(at("title"), action.title(), limits::kTitleBytesMax);
  check->Text(at("description"), action.description(), limits::kTextBytesMax);
  check->Text(at("owner"), action.owner(), limits::kNameBytesMax);
  check->Time(at("due_time"), action.due_time());
  check->Known(at("state"), action.state(), v1::ActionState_IsValid,
               "ActionState");
  check->Url(at("tracker_url"), action.tracker_url());
  check->OptionalId(at("entry_id"), action.entry_id());
  check->OptionalId(at("account_id"), action.account_id());
}

// What every change of a review says.
template <typename Request>
void CheckReviewChange(const Request& request, Checker* check) {
  check->Id("incident_id", request.incident_id());
  check->Needed("etag", request.etag(), limits::kNameBytesMax);
  check->Needed("author", request.author(), limits::kNameBytesMax);
}

void CheckAnswer(const std::string& field, const v1::GapAnswer& answer,
                 Checker* check) {
  check->Text(absl::StrCat(field, ".text"), answer.text(),
              limits::kAccountTextBytesMax);
  if (IsBlank(answer.text()) && !answer.set_aside()) {
    check->Wrong(absl::StrCat(field, ".text"),
                 "is missing; give an answer, or set set_aside");
  }
}

// An id that is given, and given once.
void CheckUniqueId(const std::string& field, const std::string& id,
                   std::set<std::string>* seen, Checker* check) {
  check->OptionalId(field, id);
  if (!id.empty() && !seen->insert(id).second) {
    check->Wrong(field,
                 absl::StrCat("is ", Shown(id),
                              ", which is there before; give each once"));
  }
}

void CheckExported(const v1::IncidentExport& incident_export, Checker* check) {
  std::set<std::string> seen;
  for (int i = 0; i < incident_export.entries_size(); ++i) {
    const std::string at = absl::StrCat("export.entries[", i, "]");
    const v1::TimelineEntry& entry = incident_export.entries(i);
    CheckUniqueId(at + ".entry_id", entry.entry_id(), &seen, check);
    CheckEntry(at, entry, check);
  }
  check->Count("export.accounts", incident_export.accounts_size(),
               limits::kAccountCountMax);
  for (int i = 0; i < incident_export.accounts_size(); ++i) {
    const std::string at = absl::StrCat("export.accounts[", i, "]");
    const v1::Account& account = incident_export.accounts(i);
    CheckUniqueId(at + ".account_id", account.account_id(), &seen, check);
    CheckAccount(at, account, check);
  }
  for (int i = 0; i < incident_export.actions_size(); ++i) {
    const std::string at = absl::StrCat("export.actions[", i, "]");
    const v1::ActionItem& action = incident_export.actions(i);
    CheckUniqueId(at + ".action_id", action.action_id(), &seen, check);
    CheckAction(at, action, check);
  }
  for (int i = 0; i < incident_export.answers_size(); ++i) {
    const std::string at = absl::StrCat("export.answers[", i, "]");
    const v1::Gap& gap = incident_export.answers(i);
    check->Id(at + ".gap_id", gap.gap_id());
    CheckUniqueId(at + ".gap_id", gap.gap_id(), &seen, check);
    CheckAnswer(at + ".answer", gap.answer(), check);
  }
  for (int i = 0; i < incident_export.candidates_size(); ++i) {
    const std::string at = absl::StrCat("export.candidates[", i, "]");
    const v1::Candidate& candidate = incident_export.candidates(i);
    check->Id(at + ".candidate_id", candidate.candidate_id());
    if (candidate.state() == v1::CANDIDATE_STATE_UNSPECIFIED ||
        !v1::CandidateState_IsValid(candidate.state())) {
      check->Wrong(at + ".state",
                   absl::StrCat("is ", static_cast<int>(candidate.state()),
                                "; give one of CandidateState"));
    }
    check->OptionalId(at + ".incident_id", candidate.incident_id());
    for (int j = 0; j < candidate.events_size(); ++j) {
      check->Id(absl::StrCat(at, ".events[", j, "].event_id"),
                candidate.events(j).event_id());
    }
  }
}

}  // namespace

std::vector<FieldViolation> Check(const v1::Account& account) {
  Checker check;
  CheckAccount("account", account, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ActionItem& action) {
  Checker check;
  CheckAction("action", action, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::GiveAccountRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  CheckAccount("account", request.account(), &check);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::UpdateAccountRequest& request) {
  Checker check;
  check.Id("account.incident_id", request.account().incident_id());
  check.Id("account.account_id", request.account().account_id());
  check.Masked(request.account(), request.update_mask(), kUpdatableOfAccount);
  check.Needed("etag", request.etag(), limits::kNameBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::WithdrawAccountRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Id("account_id", request.account_id());
  check.Needed("author", request.author(), limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ListAccountsRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.OptionalId("entry_id", request.entry_id());
  return check.found();
}

std::vector<FieldViolation> Check(const v1::RevealAuthorRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Id("account_id", request.account_id());
  check.Needed("reader", request.reader(), limits::kNameBytesMax);
  check.Needed("reason", request.reason(), limits::kReasonBytesMax);
  if (request.reveal_key().size() > limits::kRevealKeyBytesMax) {
    // Not shown: it may be a key of something else.
    check.Wrong(
        "reveal_key",
        absl::StrCat("has ", request.reveal_key().size(), " bytes; at most ",
                     limits::kRevealKeyBytesMax, " are allowed"));
  }
  return check.found();
}

std::vector<FieldViolation> Check(const v1::CreateActionRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  CheckAction("action", request.action(), &check);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::UpdateActionRequest& request) {
  Checker check;
  check.Id("action.incident_id", request.action().incident_id());
  check.Id("action.action_id", request.action().action_id());
  if (!request.remove()) {
    check.Masked(request.action(), request.update_mask(), kUpdatableOfAction);
  } else if (request.update_mask().paths_size() > 0) {
    check.Wrong("update_mask",
                "names fields, but remove is true; give one of both");
  }
  check.Needed("etag", request.etag(), limits::kNameBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ListActionsRequest& request) {
  Checker check;
  check.OptionalId("incident_id", request.incident_id());
  check.Count("states", request.states_size(), limits::kFilterValueCountMax);
  for (int i = 0; i < request.states_size(); ++i) {
    check.Known(absl::StrCat("states[", i, "]"), request.states(i),
                v1::ActionState_IsValid, "ActionState");
  }
  check.Texts("owners", request.owners(), limits::kFilterValueCountMax,
              limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::AnswerGapRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Id("gap_id", request.gap_id());
  CheckAnswer("answer", request.answer(), &check);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::StartReviewRequest& request) {
  Checker check;
  CheckReviewChange(request, &check);
  check.Text("facilitator", request.facilitator(), limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::PublishReviewRequest& request) {
  Checker check;
  CheckReviewChange(request, &check);
  check.Text("word", request.word(), limits::kWordBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::CloseReviewRequest& request) {
  Checker check;
  CheckReviewChange(request, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ReopenReviewRequest& request) {
  Checker check;
  CheckReviewChange(request, &check);
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::CheckLanguageRequest& request) {
  Checker check;
  check.Text("text", request.text(), limits::kCheckedTextBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::GetReportRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Known("format", request.format(), v1::ReportFormat_IsValid,
              "ReportFormat");
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ImportIncidentRequest& request) {
  Checker check;
  const v1::IncidentExport& incident_export = request.export_();
  if (incident_export.format_version() != kFormatVersion) {
    check.Wrong("export.format_version",
                absl::StrCat("is ", incident_export.format_version(), "; give ",
                             kFormatVersion));
  }
  const v1::Incident& incident = incident_export.incident();
  CheckIncident("export.incident", incident, &check);
  check.OptionalId("export.incident.incident_id", incident.incident_id());
  check.OptionalId("export.incident.merged_into_incident_id",
                   incident.merged_into_incident_id());
  if (!incident.has_start_time()) {
    check.Wrong("export.incident.start_time", "is missing; say when it began");
  }
  if (incident.state() == v1::INCIDENT_STATE_MERGED &&
      incident.merged_into_incident_id().empty()) {
    check.Wrong("export.incident.merged_into_incident_id",
                "is missing; a MERGED incident must name the one that goes on");
  }
  if (!incident.incident_id().empty() &&
      incident.merged_into_incident_id() == incident.incident_id()) {
    check.Wrong("export.incident.merged_into_incident_id",
                absl::StrCat("is ", incident.incident_id(),
                             ", the incident itself; name the one that goes "
                             "on"));
  }
  const auto check_ids = [&check](absl::string_view name, const auto& ids) {
    for (int i = 0; i < ids.size(); ++i) {
      check.Id(absl::StrCat("export.incident.", name, "[", i, "]"), ids[i]);
    }
  };
  check_ids("candidate_ids", incident.candidate_ids());
  check_ids("merged_incident_ids", incident.merged_incident_ids());
  check_ids("attached_event_ids", incident.attached_event_ids());
  check_ids("detached_event_ids", incident.detached_event_ids());
  CheckExported(incident_export, &check);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  if (incident.incident_id().empty() && request.request_id().empty()) {
    check.Wrong("request_id",
                "is missing, and so is export.incident.incident_id; give one, "
                "so that the same import can come twice");
  }
  return check.found();
}

}  // namespace secondstory::incidentd
