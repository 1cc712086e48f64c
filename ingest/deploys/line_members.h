// The JSON object of a deploy log's line, and errors that name the member, its
// value and what was expected.
#ifndef SECONDSTORY_INGEST_DEPLOYS_LINE_MEMBERS_H_
#define SECONDSTORY_INGEST_DEPLOYS_LINE_MEMBERS_H_

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace secondstory::ingest {

inline absl::string_view View(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

// INVALID_ARGUMENT with `parts` one behind the other.
template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// `text` as an error shows it: quoted, on one line, cut.
std::string Quote(absl::string_view text);

// Any value as an error shows it: "the number 42", "a list".
std::string Describe(simdjson::dom::element value);

// The string `value` of the member `name`, of at most `bytes_max` bytes.
absl::StatusOr<std::string> ReadText(absl::string_view name,
                                     simdjson::dom::element value,
                                     size_t bytes_max);

// The members of an object; `null` is the same as absent. All errors are
// INVALID_ARGUMENT. Valid as long as the document that it was read from.
class LineMembers {
 public:
  // Takes apart those that the format knows, `names`, and the others. Wrong: no
  // object, or a name that the format knows comes twice.
  static absl::StatusOr<LineMembers> Read(
      simdjson::dom::element root, absl::Span<const absl::string_view> names);

  std::optional<simdjson::dom::element> Find(absl::string_view name) const;
  bool Has(absl::string_view name) const { return Find(name).has_value(); }

  // A text of at most `bytes_max` bytes; empty when it is not given.
  absl::StatusOr<std::string> Text(absl::string_view name,
                                   size_t bytes_max) const;

  // Likewise, and not empty; `what_to_do` ends the error.
  absl::StatusOr<std::string> NeededText(absl::string_view name,
                                         size_t bytes_max,
                                         absl::string_view what_to_do) const;

  // A list of texts of 1 to `bytes_max` bytes each; empty when it is not given.
  absl::StatusOr<std::vector<std::string>> Texts(absl::string_view name,
                                                 size_t bytes_max) const;

  // What the format does not know, in the order of the line.
  const std::vector<std::pair<std::string, simdjson::dom::element>>& others()
      const {
    return others_;
  }

 private:
  absl::flat_hash_map<std::string, simdjson::dom::element> known_;
  std::vector<std::pair<std::string, simdjson::dom::element>> others_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_LINE_MEMBERS_H_
