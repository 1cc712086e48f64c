#include "ingest/deploys/line_members.h"

#include "absl/algorithm/container.h"
#include "base/status_macros.h"
#include "ingest/deploys/text.h"

namespace secondstory::ingest {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::string Quote(absl::string_view text) {
  return absl::StrCat("\"", CutText(ToOneLine(text), 100), "\"");
}

std::string Describe(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return Quote(View(value.get_string().value_unsafe()));
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return absl::StrCat("the number ", simdjson::minify(value));
  }
}

absl::StatusOr<std::string> ReadText(absl::string_view name, element value,
                                     size_t bytes_max) {
  if (!value.is_string()) {
    const bool is_bare = value.is_number() || value.is_bool();
    return Wrong(name, " is ", Describe(value), "; expected a string",
                 is_bare
                     ? absl::StrCat(": write \"", simdjson::minify(value), "\"")
                     : "");
  }
  const absl::string_view text = View(value.get_string().value_unsafe());
  if (text.size() > bytes_max) {
    return Wrong(name, " is ", Quote(text), ", ", text.size(),
                 " bytes long; expected at most ", bytes_max);
  }
  return std::string(text);
}

absl::StatusOr<LineMembers> LineMembers::Read(
    element root, absl::Span<const absl::string_view> names) {
  simdjson::dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) {
    return Wrong("the line is ", Describe(root), "; expected an object");
  }
  LineMembers members;
  for (const auto [key, value] : object) {
    const std::string name(key);
    if (value.is_null()) continue;
    if (!absl::c_linear_search(names, View(key))) {
      members.others_.emplace_back(name, value);
    } else if (!members.known_.emplace(name, value).second) {
      return Wrong(name, " is given twice; write it once");
    }
  }
  return members;
}

std::optional<element> LineMembers::Find(absl::string_view name) const {
  const auto found = known_.find(name);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::string> LineMembers::Text(absl::string_view name,
                                              size_t bytes_max) const {
  const std::optional<element> value = Find(name);
  if (!value.has_value()) return std::string();
  return ReadText(name, *value, bytes_max);
}

absl::StatusOr<std::string> LineMembers::NeededText(
    absl::string_view name, size_t bytes_max,
    absl::string_view what_to_do) const {
  SS_ASSIGN_OR_RETURN(std::string text, Text(name, bytes_max));
  if (!text.empty()) return text;
  return Wrong(name, Has(name) ? " is empty" : " is missing", "; ", what_to_do);
}

absl::StatusOr<std::vector<std::string>> LineMembers::Texts(
    absl::string_view name, size_t bytes_max) const {
  std::vector<std::string> texts;
  const std::optional<element> value = Find(name);
  if (!value.has_value()) return texts;
  simdjson::dom::array list;
  if (value->get_array().get(list) != simdjson::SUCCESS) {
    return Wrong(name, " is ", Describe(*value),
                 "; expected a list of strings");
  }
  for (element one : list) {
    const std::string item = absl::StrCat(name, "[", texts.size(), "]");
    SS_ASSIGN_OR_RETURN(std::string text, ReadText(item, one, bytes_max));
    if (text.empty()) return Wrong(item, " is empty; leave it out");
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace secondstory::ingest
