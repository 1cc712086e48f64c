// One post-mortem of Morgue in the words of Second Story. docs/from-morgue.md
// maps the columns one by one.
//
// Pure: the same rows and options give the same messages, so that importing
// twice stores once.
#ifndef SECONDSTORY_TOOLS_STORY_MORGUE_STORY_H_
#define SECONDSTORY_TOOLS_STORY_MORGUE_STORY_H_

#include <cstdint>
#include <string>
#include <utility>
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

// A row of `postmortems` and those that refer to it, by their tables.
struct MorgueRows {
  DumpRow postmortem;
  // Of postmortem_referenced_tags, and the tag that it names.
  std::vector<std::pair<DumpRow, DumpRow>> tags;
  std::vector<DumpRow> history;
  std::vector<DumpRow> images;
  std::vector<DumpRow> forum_links;
  std::vector<DumpRow> jira;
  std::vector<DumpRow> irc;
  std::vector<DumpRow> slack;
};

MorguePostmortem MakeMorgueStory(const MorgueRows& rows,
                                 const MorgueOptions& options);

// Without white space around it; empty for NULL and for columns that an older
// Morgue did not have.
std::string MorgueText(const DumpRow& row, const std::string& column);
// 0 for what is no number.
int64_t MorgueNumber(const DumpRow& row, const std::string& column);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_MORGUE_STORY_H_
