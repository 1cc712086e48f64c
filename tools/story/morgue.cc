#include "tools/story/morgue.h"

#include <set>
#include <utility>

namespace secondstory::story {

void Morgue::Add(const std::string& table, const DumpRow& row) {
  static const auto* const tables =
      new std::set<std::string>{"postmortems",
                                "tags",
                                "postmortem_referenced_tags",
                                "postmortem_history",
                                "images",
                                "forum_links",
                                "jira",
                                "irc",
                                "slack"};
  if (tables->count(table) == 0) return;
  const bool by_id = table == "postmortems" || table == "tags";
  rows_[table][MorgueNumber(row, by_id ? "id" : "postmortem_id")].push_back(
      row);
}

std::vector<DumpRow> Morgue::Rows(const std::string& table, int64_t id) const {
  const auto found = rows_.find(table);
  if (found == rows_.end()) return {};
  const auto rows = found->second.find(id);
  return rows == found->second.end() ? std::vector<DumpRow>() : rows->second;
}

std::vector<MorguePostmortem> Morgue::Postmortems(
    const MorgueOptions& options) const {
  std::vector<MorguePostmortem> postmortems;
  const auto found = rows_.find("postmortems");
  if (found == rows_.end()) return postmortems;
  for (const auto& [id, own] : found->second) {
    MorgueRows rows;
    rows.postmortem = own.front();
    for (const DumpRow& reference : Rows("postmortem_referenced_tags", id)) {
      for (const DumpRow& tag :
           Rows("tags", MorgueNumber(reference, "tag_id"))) {
        rows.tags.emplace_back(reference, tag);
      }
    }
    rows.history = Rows("postmortem_history", id);
    rows.images = Rows("images", id);
    rows.forum_links = Rows("forum_links", id);
    rows.jira = Rows("jira", id);
    rows.irc = Rows("irc", id);
    rows.slack = Rows("slack", id);
    postmortems.push_back(MakeMorgueStory(rows, options));
  }
  return postmortems;
}

}  // namespace secondstory::story
