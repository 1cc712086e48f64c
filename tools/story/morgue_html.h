// HTML of Morgue's making: a conversation, one block for each message, and the
// differences between what people wrote.
//
// Pure.
#ifndef SECONDSTORY_TOOLS_STORY_MORGUE_HTML_H_
#define SECONDSTORY_TOOLS_STORY_MORGUE_HTML_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace secondstory::story {

struct SlackMessage {
  absl::Time time;  // whole minutes
  std::string who;
  std::string text;
};

// The messages with a time, in their order; none when `html` is no such
// conversation. Morgue wrote times without a zone: they are read in `zone`.
std::vector<SlackMessage> ParseSlackConversation(const std::string& html,
                                                 const absl::TimeZone& zone);

// The text of any HTML, without its tags; what was inserted reads {+so+}, what
// was deleted [-so-].
std::string TextOfHtml(const std::string& html);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_MORGUE_HTML_H_
