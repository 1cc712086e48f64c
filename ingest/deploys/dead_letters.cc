#include "ingest/deploys/dead_letters.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/json_text.h"

namespace secondstory::ingest {

std::string FormatDeadLetter(const DeadLetter& letter) {
  const std::string time =
      absl::FormatTime(absl::RFC3339_full, letter.time, absl::UTCTimeZone());
  const bool is_text = IsUtf8(letter.text);
  return JsonObject({
      {"time", JsonQuote(time)},
      {"source", JsonQuote(letter.source)},
      {"file", JsonQuote(letter.file)},
      {"line", absl::StrCat(letter.line)},
      {"reason", JsonQuote(letter.reason)},
      {"bytes", absl::StrCat(letter.bytes)},
      {is_text ? "text" : "base64",
       JsonQuote(is_text ? letter.text : absl::Base64Escape(letter.text))},
  });
}

absl::Status WriteDeadLetters(absl::Span<const DeadLetter> letters,
                              RefusedFile* file) {
  std::vector<std::string> lines;
  for (const DeadLetter& letter : letters) {
    lines.push_back(FormatDeadLetter(letter));
  }
  return file->Append(lines);
}

}  // namespace secondstory::ingest
