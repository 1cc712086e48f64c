// The words of a text, as far as they can tell two subjects apart.
#ifndef SECONDSTORY_TIMELINE_WORDS_H_
#define SECONDSTORY_TIMELINE_WORDS_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "timeline/word.h"

namespace secondstory::timeline {

// Calls `visit` with each word of `text`: runs of letters and digits, cut at
// camelCase, in lower case (ASCII), plural s removed. Single letters, bare
// numbers of fewer than four digits, and words that every text has are left
// out. A word with a number behind it ("phab2001") comes without it too, and
// numbers with dots between them ("3.17.1", "10.64.0.1") are a word together.
void ForEachWord(absl::string_view text,
                 absl::FunctionRef<void(absl::string_view)> visit);
// The same, with the hash of each.
void ForEachWord(absl::string_view text,
                 absl::FunctionRef<void(absl::string_view, Word)> visit);

// The words of all texts together, sorted, each once.
std::vector<Word> WordsOf(std::initializer_list<absl::string_view> texts);

// Four letters in a row of a word's stem, by their hash: words that are akin
// share some ("maintenance", "mwmaint").
using Trace = uint32_t;

// Appends the traces of the words of `text` that are not generic.
void AppendTraces(absl::string_view text, std::vector<Trace>* traces);

// The same of one word, by its stem, see vocabulary.h.
void AppendTracesOfStem(absl::string_view stem, std::vector<Trace>* traces);

// Sorts, and keeps each once.
template <typename T>
void SortUnique(std::vector<T>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

// The word itself, as `text` has it; empty when it is not in there.
std::string FindWord(absl::string_view text, Word word);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_WORDS_H_
