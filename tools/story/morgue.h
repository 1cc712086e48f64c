// Etsy's Morgue, gathered from the rows of its database.
//
// Pure: the order in which the rows of different tables come makes no
// difference.
#ifndef SECONDSTORY_TOOLS_STORY_MORGUE_H_
#define SECONDSTORY_TOOLS_STORY_MORGUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/story/morgue_story.h"
#include "tools/story/mysqldump.h"

namespace secondstory::story {

// Cost: keeps all rows, because the tables that belong to a post-mortem stand
// before and behind it in a dump.
class Morgue {
 public:
  // Rows of tables that are not Morgue's are ignored.
  void Add(const std::string& table, const DumpRow& row);

  // Whether there was any table of Morgue's.
  bool empty() const { return rows_.empty(); }

  // Every post-mortem, by its id.
  std::vector<MorguePostmortem> Postmortems(const MorgueOptions& options) const;

 private:
  std::vector<DumpRow> Rows(const std::string& table, int64_t id) const;

  // By table and, but for `tags`, the id of the post-mortem.
  std::map<std::string, std::map<int64_t, std::vector<DumpRow>>> rows_;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_MORGUE_H_
