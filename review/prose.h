// The words of a text that are its author's own, without markup.
//
// A text is Markdown, or plain, which is read the same way. Left out is what
// others or machines said: fenced, indented and inline code, block quotes,
// everything between quotation marks, addresses, identifiers (a_b, a=b, /a/b)
// and lines that look like a log's.
//
// Pure. Cost: linear in the text, whatever it holds.
#ifndef SECONDSTORY_REVIEW_PROSE_H_
#define SECONDSTORY_REVIEW_PROSE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace secondstory::review {

// No sentence is longer; what is longer is cut between two characters.
inline constexpr size_t kSentenceBytesMax = 512;

// About a sentence: it ends at ".", "!" or "?", or with its paragraph, heading,
// list entry or table cell.
//
// `text` is UTF-8 with one blank between words, none at its ends, and plain
// apostrophes and hyphens for typographic ones. A dash stands as " - ", left
// out code as "`", other things that were left out as "\"".
struct Sentence {
  std::string text;
  // Where each byte of `text` comes from: the bytes from begin to end of the
  // original, which never lie inside of a character.
  std::vector<size_t> begin;
  std::vector<size_t> end;
};

std::vector<Sentence> SentencesOf(absl::string_view text);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_PROSE_H_
