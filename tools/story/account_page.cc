#include "tools/story/account_page.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

// Narrower columns of prose are no longer read, but spelled.
constexpr int kColumnMin = 26;

std::vector<std::pair<std::string, std::string>> Said(
    const v1::Account& account) {
  return {{"did", account.action()},
          {"saw", account.observed_effect()},
          {"expected", account.expectation()},
          {"assumed", account.assumption()},
          {"also knew", account.also_known()},
          {"words", account.words()},
          {"surprised", !account.has_surprised() ? ""
                        : account.surprised()    ? "yes"
                                                 : "no"},
          {"knew it at",
           account.has_known_time()
               ? absl::StrCat(DateAndTime(account.known_time()), " UTC")
               : ""}};
}

std::string RoleOf(const v1::Account& account) {
  return account.state() == v1::ACCOUNT_STATE_DECLINED
             ? absl::StrCat(account.role(), " (would rather not tell)")
             : account.role();
}

// `accounts` fit beside each other.
std::string Columns(absl::Span<const v1::Account> accounts, int width,
                    int indent, bool with_ids) {
  std::vector<Column> columns = {{""}};
  std::vector<std::string> roles = {""};
  std::vector<std::string> ids = {"account"};
  for (const v1::Account& account : accounts) {
    columns.push_back({"", 1});
    roles.push_back(RoleOf(account));
    ids.push_back(ShortId(account.account_id()));
  }
  Table table(columns);
  table.AddRow(roles);
  const std::vector<std::pair<std::string, std::string>> labels = Said({});
  for (size_t row = 0; row < labels.size(); ++row) {
    std::vector<std::string> cells = {labels[row].first};
    bool any = false;
    for (const v1::Account& account : accounts) {
      cells.push_back(Said(account)[row].second);
      any = any || !cells.back().empty();
    }
    if (any) table.AddRow(std::move(cells));
  }
  if (with_ids) table.AddRow(ids);
  return table.Render(width, indent);
}

std::string EntryTitle(const v1::TimelineEntry& entry) {
  return absl::StrCat(DateAndTime(entry.event_time()), "  ",
                      OneLine(entry.title()), "  ", ShortId(entry.entry_id()));
}

}  // namespace

std::string AccountPage(const v1::Account& account,
                        const PageOptions& options) {
  std::vector<std::pair<std::string, std::string>> facts = Said(account);
  facts.emplace_back("line", account.entry_id().empty()
                                 ? "the incident as a whole"
                                 : account.entry_id());
  facts.emplace_back("account", account.account_id());
  return absl::StrCat(RenderParagraph(RoleOf(account), options.width, 0), "\n",
                      RenderFacts(facts, options.width, 2));
}

std::string AccountColumns(absl::Span<const v1::Account> accounts,
                           const PageOptions& options, int indent,
                           bool with_ids) {
  constexpr int kLabels = 12;
  const size_t beside = static_cast<size_t>(
      std::max(1, (options.width - indent - kLabels) / kColumnMin));
  std::string text;
  for (size_t first = 0; first < accounts.size(); first += beside) {
    if (first > 0) text += "\n";
    text += Columns(accounts.subspan(first, beside), options.width, indent,
                    with_ids);
  }
  return text;
}

std::string AccountList(absl::Span<const v1::Account> accounts,
                        absl::Span<const v1::TimelineEntry> entries,
                        const PageOptions& options) {
  if (accounts.empty()) return "Nobody has told anything yet.\n";
  std::map<std::string, std::vector<v1::Account>> by_entry;
  for (const v1::Account& account : accounts) {
    by_entry[account.entry_id()].push_back(account);
  }
  std::vector<std::pair<std::string, std::string>> sections;  // id, title
  for (const v1::TimelineEntry& entry : entries) {
    sections.emplace_back(entry.entry_id(), EntryTitle(entry));
  }
  std::set<std::string> known = {""};
  for (const auto& [id, title] : sections) known.insert(id);
  for (const auto& [id, told] : by_entry) {
    if (known.count(id) == 0) {
      sections.emplace_back(
          id,
          absl::StrCat("A line that is not on the timeline  ", ShortId(id)));
    }
  }
  sections.emplace_back("", "The incident as a whole");
  std::string text;
  for (const auto& [id, title] : sections) {
    const auto told = by_entry.find(id);
    if (told == by_entry.end()) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n",
                    RenderParagraph(title, options.width, 0),
                    AccountColumns(told->second, options, 2, true));
  }
  return text;
}

}  // namespace secondstory::story
