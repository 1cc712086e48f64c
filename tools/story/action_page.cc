#include "tools/story/action_page.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "tools/story/table.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

bool IsOverdue(const v1::ActionItem& action, const PageOptions& options) {
  return options.now.has_value() && action.has_due_time() &&
         action.state() != v1::ACTION_STATE_DONE &&
         action.state() != v1::ACTION_STATE_DROPPED &&
         ToTime(action.due_time()) < *options.now;
}

std::string DueOf(const v1::ActionItem& action, const PageOptions& options) {
  if (!action.has_due_time()) return "";
  std::string due = Date(action.due_time());
  if (IsOverdue(action, options)) {
    absl::StrAppend(&due, ", overdue for ",
                    InWords(*options.now - ToTime(action.due_time())));
  }
  return due;
}

}  // namespace

std::string ActionPage(const v1::ActionItem& action,
                       const PageOptions& options) {
  return absl::StrCat(
      RenderParagraph(action.title(), options.width, 0), "\n",
      RenderFacts(
          {{"State", action.has_delete_time() ? "removed"
                                              : StateInWords(action.state())},
           {"Owner", action.owner().empty() ? "nobody yet" : action.owner()},
           {"Due", DueOf(action, options)},
           {"Tracker", action.tracker_url()},
           {"Answers line", action.entry_id()},
           {"Answers account", action.account_id()},
           {"Incident", action.incident_id()},
           {"Action", action.action_id()}},
          options.width, 2),
      action.description().empty()
          ? ""
          : "\n" + RenderText(action.description(), options.width, 2));
}

std::string ActionList(absl::Span<const v1::ActionItem> actions,
                       const PageOptions& options) {
  if (actions.empty()) return "No actions.\n";
  std::vector<Column> columns = {
      {"DUE"}, {"STATE"}, {"OWNER", 0, 20}, {"WHAT", 1}, {"ID"}};
  if (options.all) columns.push_back({"INCIDENT"});
  Table table(columns);
  for (const v1::ActionItem& action : actions) {
    std::vector<std::string> cells = {
        action.has_due_time() ? Date(action.due_time()) : "-",
        IsOverdue(action, options) ? "overdue" : StateInWords(action.state()),
        action.owner().empty() ? "nobody yet" : action.owner(), action.title(),
        ShortId(action.action_id())};
    if (options.all) cells.push_back(ShortId(action.incident_id()));
    table.AddRow(std::move(cells));
  }
  return table.Render(options.width);
}

}  // namespace secondstory::story
