// How text is taken apart into words for the index: by SQLite's unicode61
// (letters and digits, without case and accents), so that "checkout-api" is
// two words side by side; and the parts of names that are written together are
// words as well: CheckoutLatencyHigh is found by "latency", too.
#ifndef SECONDSTORY_STORAGE_SEARCH_NAME_TOKENIZER_H_
#define SECONDSTORY_STORAGE_SEARCH_NAME_TOKENIZER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

struct sqlite3;

namespace secondstory::storage {

// The parts of a name that is written together, at least two; none for another
// word. "HTTPServerDown" has HTTP, Server and Down. Pure.
std::vector<absl::string_view> PartsOfName(absl::string_view word);

// Makes `tokenize = 'names'` known to one connection.
absl::Status AddNameTokenizer(sqlite3* database);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_NAME_TOKENIZER_H_
