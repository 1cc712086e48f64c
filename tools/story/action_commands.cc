#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/action_page.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/lookup.h"

namespace secondstory::story {
namespace {

constexpr int kLimitDefault = 50;
constexpr int kPageSizeMax = 500;

struct Text {
  const char* option;
  const char* field;
};
constexpr Text kTexts[] = {{"title", "title"},
                           {"description", "description"},
                           {"owner", "owner"},
                           {"tracker", "tracker_url"}};

std::vector<Option> FieldOptions() {
  return {{"owner", "NAME", "a team or a person"},
          {"due", "TIME", "when it should be done: 2018-05-02 or 14d"},
          {"tracker", "URL", "where it is tracked"},
          {"description", "TEXT", "more than a line"},
          {"entry", "LINE", "the line of the timeline that it answers"},
          {"account", "ACCOUNT", "the account whose surprise it answers"}};
}

void Show(const Call& call, const v1::ActionItem& action) {
  call.out() << (call.json ? JsonLine(action) : ActionPage(action, call.page));
}

// What the options say of an action; the fields that they name go into `mask`.
absl::Status SetFields(const Call& call, const std::string& incident_id,
                       v1::ActionItem* action,
                       google::protobuf::FieldMask* mask) {
  const Arguments& arguments = call.arguments;
  for (const Text& text : kTexts) {
    if (!arguments.Has(text.option)) continue;
    SS_ASSIGN_OR_RETURN(const std::string value, TextOf(call, text.option));
    action->GetReflection()->SetString(
        action, v1::ActionItem::descriptor()->FindFieldByName(text.field),
        value);
    mask->add_paths(text.field);
  }
  if (arguments.Has("due")) {
    action->clear_due_time();
    if (!arguments.Get("due").empty()) {
      SS_ASSIGN_OR_RETURN(
          *action->mutable_due_time(),
          ParseDue("due", arguments.Get("due"), call.around.now));
    }
    mask->add_paths("due_time");
  }
  if (arguments.Has("entry")) {
    action->clear_entry_id();
    if (!arguments.Get("entry").empty()) {
      SS_ASSIGN_OR_RETURN(const v1::TimelineEntry entry,
                          ReadEntry(call, incident_id, arguments.Get("entry")));
      action->set_entry_id(entry.entry_id());
    }
    mask->add_paths("entry_id");
  }
  if (arguments.Has("account")) {
    action->clear_account_id();
    if (!arguments.Get("account").empty()) {
      SS_ASSIGN_OR_RETURN(
          const v1::Account account,
          ReadAccount(call, incident_id, arguments.Get("account")));
      action->set_account_id(account.account_id());
    }
    mask->add_paths("account_id");
  }
  return absl::OkStatus();
}

absl::Status Add(const Call& call) {
  v1::CreateActionRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  google::protobuf::FieldMask ignored;
  SS_RETURN_IF_ERROR(SetFields(call, request.incident_id(),
                               request.mutable_action(), &ignored));
  request.mutable_action()->set_title(call.arguments.words[1]);
  request.set_request_id(call.arguments.Get("request-id"));
  SS_ASSIGN_OR_RETURN(const v1::CreateActionResponse response,
                      call.server->Call(&ReviewCalls::CreateAction, request));
  Show(call, response.action());
  return absl::OkStatus();
}

// A change of the action that the first word begins.
absl::StatusOr<v1::UpdateActionRequest> ChangeOfAction(const Call& call) {
  v1::UpdateActionRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_action(),
                      ReadAction(call, call.arguments.words[0]));
  request.set_etag(EtagOf(call, request.action().etag()));
  return request;
}

absl::Status Send(const Call& call, const v1::UpdateActionRequest& request) {
  SS_ASSIGN_OR_RETURN(const v1::UpdateActionResponse response,
                      call.server->Call(&ReviewCalls::UpdateAction, request));
  Show(call, response.action());
  return absl::OkStatus();
}

absl::Status SendState(const Call& call, v1::ActionState state) {
  SS_ASSIGN_OR_RETURN(v1::UpdateActionRequest request, ChangeOfAction(call));
  request.mutable_action()->set_state(state);
  request.mutable_update_mask()->add_paths("state");
  return Send(call, request);
}

absl::Status Edit(const Call& call) {
  SS_ASSIGN_OR_RETURN(v1::UpdateActionRequest request, ChangeOfAction(call));
  SS_RETURN_IF_ERROR(SetFields(call, request.action().incident_id(),
                               request.mutable_action(),
                               request.mutable_update_mask()));
  SS_ASSIGN_OR_RETURN(const std::vector<int> states,
                      ParseEnums("state", call.arguments.Get("state"),
                                 *v1::ActionState_descriptor()));
  if (!states.empty()) {
    request.mutable_action()->set_state(
        static_cast<v1::ActionState>(states.back()));
    request.mutable_update_mask()->add_paths("state");
  }
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError(
        "say what to change: --owner=NAME, --due=14d, --state=in_progress ...; "
        "see story actions edit --help");
  }
  return Send(call, request);
}

absl::Status Done(const Call& call) {
  return SendState(call, v1::ACTION_STATE_DONE);
}

absl::Status Drop(const Call& call) {
  return SendState(call, v1::ACTION_STATE_DROPPED);
}

absl::Status Remove(const Call& call) {
  SS_ASSIGN_OR_RETURN(v1::UpdateActionRequest request, ChangeOfAction(call));
  request.set_remove(true);
  return Send(call, request);
}

absl::Status List(const Call& call) {
  v1::ListActionsRequest request;
  if (call.arguments.Has("incident")) {
    SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                        ResolveIncident(call, call.arguments.Get("incident")));
  }
  SS_ASSIGN_OR_RETURN(const std::vector<int> states,
                      ParseEnums("state", call.arguments.Get("state"),
                                 *v1::ActionState_descriptor()));
  for (const int state : states) {
    request.add_states(static_cast<v1::ActionState>(state));
  }
  for (const std::string& owner : call.arguments.GetAll("owner")) {
    request.add_owners(owner);
  }
  request.set_overdue_only(call.arguments.Has("overdue"));
  std::vector<v1::ActionItem> actions;
  SS_RETURN_IF_ERROR(
      ReadPages(call, kLimitDefault, kPageSizeMax,
                [&](int64_t page_size, int64_t* count) -> absl::StatusOr<bool> {
                  request.set_page_size(static_cast<uint32_t>(page_size));
                  SS_ASSIGN_OR_RETURN(
                      const v1::ListActionsResponse page,
                      call.server->Call(&ReviewCalls::ListActions, request));
                  for (const v1::ActionItem& action : page.actions()) {
                    if (call.json) {
                      call.out() << JsonLine(action);
                    } else {
                      actions.push_back(action);
                    }
                  }
                  *count += page.actions_size();
                  request.set_page_token(page.next_page_token());
                  return !page.next_page_token().empty();
                }));
  if (!call.json) call.out() << ActionList(actions, call.page);
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ActionCommands() {
  return {
      {"actions list",
       {},
       "what is to be done, those due first at the front",
       "--all shows whose incident each belongs to.",
       {{"incident", "ID", "only of this incident"},
        {"overdue", "", "only those whose due time is past"},
        {"owner", "NAME", "only of this owner; may be repeated"},
        {"state", "STATE,...",
         "open, in_progress, done, dropped; default open and in_progress"},
        LimitOption(kLimitDefault)},
       List},
      {"actions add",
       {"INCIDENT", "TITLE"},
       "something that somebody will do",
       kTextHelp,
       With(FieldOptions(), {RequestIdOption(), AuthorOption()}),
       Add},
      {"actions edit",
       {"ID"},
       "changes an action",
       absl::StrCat("Only what is named changes; an empty value clears it.\n",
                    kTextHelp),
       With({{"title", "TEXT", "one line"},
             {"state", "STATE", "open, in_progress, done or dropped"}},
            With(FieldOptions(), {EtagOption(), AuthorOption()})),
       Edit},
      {"actions done",
       {"ID"},
       "it is done",
       "",
       {EtagOption(), AuthorOption()},
       Done},
      {"actions drop",
       {"ID"},
       "it will not be done, and that is decided",
       "",
       {EtagOption(), AuthorOption()},
       Drop},
      {"actions remove",
       {"ID"},
       "it was never meant to be there",
       "",
       {EtagOption(), AuthorOption()},
       Remove},
  };
}

}  // namespace secondstory::story
