// Text as a JSON string.
#ifndef SECONDSTORY_BASE_JSON_TEXT_H_
#define SECONDSTORY_BASE_JSON_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace secondstory {

// Appends `text` to `json`, quoted and escaped. What is not UTF-8 becomes
// U+FFFD, one for each byte, so that the result always is.
void AppendJsonText(absl::string_view text, std::string* json);

// True when all of `text` is UTF-8.
bool IsUtf8(absl::string_view text);

// The number of bytes of the UTF-8 character that `text` begins with; 0 when it
// begins with none.
int Utf8CharacterBytes(absl::string_view text);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_JSON_TEXT_H_
