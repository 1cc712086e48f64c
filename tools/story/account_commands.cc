#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/account_page.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_page.h"
#include "tools/story/lookup.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

// What an account says: the option, the field, what a person is asked, and what
// the help says.
struct Part {
  const char* option;
  const char* field;
  const char* question;
  const char* help;
};

constexpr Part kParts[] = {
    {"action", "action", "What did you do?", "what you did"},
    {"effect", "observed_effect", "What did you see it do?",
     "what you saw it do"},
    {"expected", "expectation", "What did you expect?", "what you expected"},
    {"assumed", "assumption", "What did you take for granted?",
     "what you took for granted"},
    {"also-known", "also_known", "What else did you know, or not know, then?",
     "what else you knew, or did not know, then"},
    {"words", "words", "Anything else, in your own words?",
     "anything else, in your own words"}};

void SetPart(const Part& part, const std::string& text, v1::Account* account) {
  account->GetReflection()->SetString(
      account, v1::Account::descriptor()->FindFieldByName(part.field), text);
}

std::vector<Option> PartOptions() {
  std::vector<Option> options;
  for (const Part& part : kParts) {
    options.push_back({part.option, "TEXT", part.help});
  }
  options.push_back({"surprised", "yes|no",
                     "whether what you saw contradicted what you expected"});
  options.push_back(
      {"known", "TIME", "when you knew it; default the time of the line"});
  return options;
}

absl::StatusOr<bool> ParseYesOrNo(const std::string& text) {
  const std::string word = absl::AsciiStrToLower(text);
  if (word == "yes" || word == "y") return true;
  if (word == "no" || word == "n") return false;
  return absl::InvalidArgumentError(
      absl::StrCat("--surprised: \"", text, "\"; expected yes or no"));
}

// What the options say of an account; the fields that they name go into `mask`.
absl::Status SetParts(const Call& call, const v1::Incident& incident,
                      v1::Account* account, google::protobuf::FieldMask* mask) {
  for (const Part& part : kParts) {
    if (!call.arguments.Has(part.option)) continue;
    SS_ASSIGN_OR_RETURN(const std::string text, TextOf(call, part.option));
    SetPart(part, text, account);
    mask->add_paths(part.field);
  }
  if (call.arguments.Has("surprised")) {
    const std::string text = call.arguments.Get("surprised");
    account->clear_surprised();
    if (!text.empty()) {
      SS_ASSIGN_OR_RETURN(const bool surprised, ParseYesOrNo(text));
      account->set_surprised(surprised);
    }
    mask->add_paths("surprised");
  }
  if (call.arguments.Has("known")) {
    SS_ASSIGN_OR_RETURN(
        *account->mutable_known_time(),
        ParseNear("known", call.arguments.Get("known"),
                  ToTime(incident.start_time()), call.around.now));
    mask->add_paths("known_time");
  }
  return absl::OkStatus();
}

// A person at a terminal, asked one question after the other.
class Interview {
 public:
  explicit Interview(const Call& call) : call_(call) {}

  void Say(const std::string& text) {
    call_.out() << "\n" << RenderParagraph(text, call_.page.width, 0);
  }

  // CANCELLED: the person left.
  absl::StatusOr<std::string> Ask(const std::string& question) {
    std::string answer;
    do {
      call_.out() << "\n" << question << "\n> " << std::flush;
      if (!std::getline(*call_.around.in, answer)) {
        call_.out() << "\n";
        return absl::CancelledError("you left; nothing was stored");
      }
    } while (!IsUtf8(answer));
    return std::string(absl::StripAsciiWhitespace(answer));
  }

 private:
  const Call& call_;
};

absl::Status AskForLine(const Call& call, const v1::Incident& incident,
                        Interview* interview, v1::Account* account) {
  if (!account->entry_id().empty()) return absl::OkStatus();
  v1::GetTimelineRequest request;
  request.set_incident_id(incident.incident_id());
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      ReadTimeline(call, request));
  call.out() << LineList(entries, call.page);
  while (true) {
    SS_ASSIGN_OR_RETURN(
        const std::string answer,
        interview->Ask("Which moment is it about? Type the beginning of an ID, "
                       "or Enter for the\nincident as a whole."));
    if (answer.empty()) return absl::OkStatus();
    const auto entry = ReadEntry(call, incident.incident_id(), answer);
    if (entry.ok()) {
      account->set_entry_id(entry->entry_id());
      return absl::OkStatus();
    }
    interview->Say(std::string(entry.status().message()));
  }
}

// Offers the role in which the author stands among the participants.
absl::Status AskForRole(const Call& call, const v1::Incident& incident,
                        Interview* interview, v1::Account* account) {
  SS_ASSIGN_OR_RETURN(const std::string author, AuthorOf(call));
  std::string offer;
  for (const v1::Participant& participant : incident.participants()) {
    if (participant.name() == author) offer = participant.role();
  }
  while (account->role().empty()) {
    interview->Say(
        "Your account stands under a role, not under your name. The name is "
        "kept apart; only somebody who is entitled to can look it up, and "
        "every "
        "look is recorded with its reason.");
    SS_ASSIGN_OR_RETURN(
        *account->mutable_role(),
        interview->Ask(
            offer.empty()
                ? "As what were you there? For example: on-call, payments"
                : "As what were you there? Enter for: " + OneLine(offer)));
    if (account->role().empty()) account->set_role(offer);
  }
  return absl::OkStatus();
}

absl::Status AskForParts(Interview* interview, v1::Account* account) {
  interview->Say(
      "Six questions follow, and all of them are yours to skip with Enter. "
      "There is no wrong answer: tell how it looked to you then, not how it "
      "looks now.");
  for (const Part& part : kParts) {
    SS_ASSIGN_OR_RETURN(const std::string answer,
                        interview->Ask(part.question));
    SetPart(part, answer, account);
  }
  while (true) {
    SS_ASSIGN_OR_RETURN(
        const std::string answer,
        interview->Ask("Did what you saw surprise you? yes, no, or Enter to "
                       "leave it open"));
    if (answer.empty()) return absl::OkStatus();
    const auto surprised = ParseYesOrNo(answer);
    if (!surprised.ok()) continue;
    account->set_surprised(*surprised);
    return absl::OkStatus();
  }
}

absl::Status Conduct(const Call& call, const v1::Incident& incident,
                     v1::Account* account) {
  Interview interview(call);
  call.out() << RenderParagraph(incident.title(), call.page.width, 0) << "\n";
  SS_RETURN_IF_ERROR(AskForLine(call, incident, &interview, account));
  SS_RETURN_IF_ERROR(AskForRole(call, incident, &interview, account));
  SS_RETURN_IF_ERROR(AskForParts(&interview, account));
  call.out() << "\n" << AccountColumns({*account}, call.page, 2, false);
  SS_ASSIGN_OR_RETURN(const std::string answer,
                      interview.Ask("Shall it be stored like this? Enter or "
                                    "yes; anything else: no"));
  if (answer.empty() || absl::StartsWithIgnoreCase(answer, "y")) {
    return absl::OkStatus();
  }
  return absl::CancelledError("nothing was stored");
}

bool SaysAnything(const Call& call) {
  for (const Part& part : kParts) {
    if (call.arguments.Has(part.option)) return true;
  }
  return false;
}

// --entry and --role, as far as they are given.
absl::Status SetPlace(const Call& call, const v1::Incident& incident,
                      v1::Account* account) {
  account->set_role(call.arguments.Get("role"));
  if (!call.arguments.Has("entry")) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(
      const v1::TimelineEntry entry,
      ReadEntry(call, incident.incident_id(), call.arguments.Get("entry")));
  account->set_entry_id(entry.entry_id());
  return absl::OkStatus();
}

absl::Status Store(const Call& call, const v1::Incident& incident,
                   const v1::Account& account) {
  v1::GiveAccountRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  request.set_incident_id(incident.incident_id());
  *request.mutable_account() = account;
  request.set_request_id(call.arguments.Get("request-id"));
  SS_ASSIGN_OR_RETURN(const v1::GiveAccountResponse response,
                      call.server->Call(&ReviewCalls::GiveAccount, request));
  if (call.json) {
    call.out() << JsonLine(response.account());
  } else {
    call.out() << "Stored under the role, apart from the name.\n\n"
               << AccountPage(response.account(), call.page);
  }
  return absl::OkStatus();
}

absl::Status Give(const Call& call) {
  SS_RETURN_IF_ERROR(AuthorOf(call).status());
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  v1::Account account;
  account.set_state(v1::ACCOUNT_STATE_GIVEN);
  SS_RETURN_IF_ERROR(SetPlace(call, incident, &account));
  google::protobuf::FieldMask ignored;
  SS_RETURN_IF_ERROR(SetParts(call, incident, &account, &ignored));
  if (!SaysAnything(call)) {
    if (!call.around.asks) {
      return absl::InvalidArgumentError(
          "say what happened: --role=\"on-call, payments\" --action=TEXT "
          "--effect=TEXT ...; on a terminal the questions are asked");
    }
    SS_RETURN_IF_ERROR(Conduct(call, incident, &account));
  }
  return Store(call, incident, account);
}

absl::Status Decline(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  v1::Account account;
  account.set_state(v1::ACCOUNT_STATE_DECLINED);
  SS_RETURN_IF_ERROR(SetPlace(call, incident, &account));
  if (account.role().empty() && call.around.asks) {
    Interview interview(call);
    SS_RETURN_IF_ERROR(AskForRole(call, incident, &interview, &account));
  }
  return Store(call, incident, account);
}

absl::Status Edit(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  v1::UpdateAccountRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(
      *request.mutable_account(),
      ReadAccount(call, incident.incident_id(), call.arguments.words[1]));
  request.mutable_account()->set_incident_id(incident.incident_id());
  request.set_etag(EtagOf(call, request.account().etag()));
  if (call.arguments.Has("role")) {
    request.mutable_account()->set_role(call.arguments.Get("role"));
    request.mutable_update_mask()->add_paths("role");
  }
  SS_RETURN_IF_ERROR(SetParts(call, incident, request.mutable_account(),
                              request.mutable_update_mask()));
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError(
        "say what to change: --action=TEXT, --effect=TEXT ...; see story "
        "accounts edit --help");
  }
  SS_ASSIGN_OR_RETURN(const v1::UpdateAccountResponse response,
                      call.server->Call(&ReviewCalls::UpdateAccount, request));
  call.out() << (call.json ? JsonLine(response.account())
                           : AccountPage(response.account(), call.page));
  return absl::OkStatus();
}

absl::Status Withdraw(const Call& call) {
  v1::WithdrawAccountRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  SS_ASSIGN_OR_RETURN(
      const v1::Account account,
      ReadAccount(call, request.incident_id(), call.arguments.words[1]));
  request.set_account_id(account.account_id());
  SS_ASSIGN_OR_RETURN(
      const v1::WithdrawAccountResponse response,
      call.server->Call(&ReviewCalls::WithdrawAccount, request));
  if (call.json) {
    call.out() << JsonLine(response.account());
  } else {
    call.out() << "Taken back; its words are gone from the timeline and from "
                  "every answer.\n";
  }
  return absl::OkStatus();
}

absl::Status List(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  v1::GetTimelineRequest timeline;
  timeline.set_incident_id(incident.incident_id());
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      ReadTimeline(call, timeline));
  v1::Account place;
  SS_RETURN_IF_ERROR(SetPlace(call, incident, &place));
  SS_ASSIGN_OR_RETURN(
      const std::vector<v1::Account> accounts,
      ReadAccounts(call, incident.incident_id(), place.entry_id()));
  if (call.json) {
    for (const v1::Account& account : accounts) call.out() << JsonLine(account);
    return absl::OkStatus();
  }
  call.out() << AccountList(accounts, entries, call.page);
  return absl::OkStatus();
}

absl::Status Reveal(const Call& call) {
  v1::RevealAuthorRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_reader(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_reason(), TextOf(call, "reason"));
  if (request.reason().empty() || !call.arguments.Has("key-file")) {
    return absl::InvalidArgumentError(
        "say why, and show the key: --reason=TEXT --key-file=FILE; the look is "
        "recorded and stands in the incident's history");
  }
  SS_ASSIGN_OR_RETURN(
      *request.mutable_reveal_key(),
      ReadInput(call, "--key-file", call.arguments.Get("key-file")));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  SS_ASSIGN_OR_RETURN(
      const v1::Account account,
      ReadAccount(call, request.incident_id(), call.arguments.words[1]));
  request.set_account_id(account.account_id());
  SS_ASSIGN_OR_RETURN(const v1::RevealAuthorResponse response,
                      call.server->Call(&ReviewCalls::RevealAuthor, request));
  if (call.json) {
    call.out() << JsonLine(response);
  } else {
    call.out() << response.author() << "\n";
    *call.around.err << "This look was recorded, with your name and reason.\n";
  }
  return absl::OkStatus();
}

Option EntryOption() {
  return {"entry", "LINE",
          "the line that it is about; default the incident as a whole"};
}

Option RoleOption() {
  return {"role", "ROLE",
          "under which it stands: \"on-call, payments\"; the name stays apart"};
}

}  // namespace

std::vector<Command> AccountCommands() {
  return {
      {"accounts list",
       {"INCIDENT"},
       "what people told, side by side",
       "",
       {{"entry", "LINE", "only of this line"}},
       List},
      {"accounts give",
       {"INCIDENT"},
       "tells how a moment looked from where you stood",
       absl::StrCat(
           "Without options, on a terminal, it asks one question after "
           "the other.\nLINE is the beginning of an id of `story "
           "timeline INCIDENT --all`.\n",
           kTextHelp),
       With(With({EntryOption(), RoleOption()}, PartOptions()),
            {RequestIdOption(), AuthorOption()}),
       Give},
      {"accounts decline",
       {"INCIDENT"},
       "says that you would rather not tell; nobody asks again",
       "",
       {EntryOption(), RoleOption(), RequestIdOption(), AuthorOption()},
       Decline},
      {"accounts edit",
       {"INCIDENT", "ACCOUNT"},
       "changes your own account",
       absl::StrCat("Only what is named changes; an empty value clears it.\n",
                    kTextHelp),
       With(With({RoleOption()}, PartOptions()),
            {EtagOption(), AuthorOption()}),
       Edit},
      {"accounts withdraw",
       {"INCIDENT", "ACCOUNT"},
       "takes your own account back, words and all",
       "",
       {AuthorOption()},
       Withdraw},
      {"accounts reveal",
       {"INCIDENT", "ACCOUNT"},
       "says who gave an account; the look is recorded",
       "",
       {{"reason", "TEXT", "why; needed"},
        {"key-file", "FILE",
         "the key that incidentd was given as reveal_key_file; needed"},
        AuthorOption()},
       Reveal},
  };
}

}  // namespace secondstory::story
