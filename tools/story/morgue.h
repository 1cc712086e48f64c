// Etsy's Morgue, as its database holds it, in the words of Second Story.
// docs/from-morgue.md maps the columns one by one.
//
// Pure: the same rows and options give the same messages, in whatever order the
// rows come, so that importing twice stores once.
#ifndef SECONDSTORY_TOOLS_STORY_MORGUE_H_
#define SECONDSTORY_TOOLS_STORY_MORGUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/mysqldump.h"

namespace secondstory::story {

// What the database does not say.
struct MorgueOptions {
  std::string morgue_url;  // "https://morgue.example.com"; may be empty
  std::string jira_url;    // "https://jira.example.com"; may be empty
  std::string irc_url;     // prefix of a channel's log; may be empty
  std::string slack_url;   // "https://example.slack.com"; may be empty
  // Of the times in conversations, which Morgue wrote without one.
  absl::TimeZone zone = absl::UTCTimeZone();
  // What tickets become: Morgue did not know how they stand.
  v1::ActionState ticket_state = v1::ACTION_STATE_OPEN;
};

struct MorguePostmortem {
  int64_t id = 0;
  std::string request_id;  // "morgue/217"
  bool deleted = false;
  v1::IncidentExport story;
  // Not OK: why it cannot be one.
  absl::Status status;
  // What could not be kept as it was, a sentence each.
  std::vector<std::string> remarks;
};

// Gathers rows. Cost: keeps all of them, because the tables that belong to a
// post-mortem stand before and behind it in a dump.
class Morgue {
 public:
  // Rows of tables that are not Morgue's are ignored.
  void Add(const std::string& table, const DumpRow& row);

  // Whether there was any table of Morgue's.
  bool empty() const { return rows_.empty(); }

  // Every post-mortem, by its id.
  std::vector<MorguePostmortem> Postmortems(const MorgueOptions& options) const;

 private:
  // By table and, but for `tags`, the id of the post-mortem.
  std::map<std::string, std::map<int64_t, std::vector<DumpRow>>> rows_;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_MORGUE_H_
