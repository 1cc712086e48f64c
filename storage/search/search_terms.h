// The query language of Search: words, all of which have to be there;
// `"a phrase"`; `pre*` for a prefix; `-word` for one that must not be. Pure.
//
// What a caller writes never becomes syntax of the engine: every term ends up
// as a quoted string. A word with marks inside ("checkout-api", "3.2.1") is
// looked for as its parts side by side. Marks that stand alone are passed over.
#ifndef SECONDSTORY_STORAGE_SEARCH_SEARCH_TERMS_H_
#define SECONDSTORY_STORAGE_SEARCH_SEARCH_TERMS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace secondstory::storage {

// Each is an FTS5 expression, or empty for none.
struct SearchTerms {
  std::string match;    // holds for what is to be found
  std::string exclude;  // does not
};

// INVALID_ARGUMENT: a quote that is not closed, nothing that could be found
// (and the query is not empty), or more than limits::kSearchTermCountMax terms.
// The message says at which byte.
absl::StatusOr<SearchTerms> ParseSearchTerms(absl::string_view query);

// What holds for anything with any of `words`, which may be any text. Empty
// when none of them has a letter or digit.
std::string MatchAnyOf(absl::Span<const std::string> words);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_SEARCH_TERMS_H_
