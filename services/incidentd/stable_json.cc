#include "services/incidentd/stable_json.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "base/json_text.h"
#include "google/protobuf/util/json_util.h"

namespace secondstory::incidentd {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

void NewLine(int depth, std::string* out) {
  out->push_back('\n');
  out->append(2 * depth, ' ');
}

void Write(const element& value, int depth, std::string* out);

void WriteArray(const simdjson::dom::array& array, int depth,
                std::string* out) {
  out->push_back('[');
  bool first = true;
  for (const element value : array) {
    if (!std::exchange(first, false)) out->push_back(',');
    NewLine(depth + 1, out);
    Write(value, depth + 1, out);
  }
  if (!first) NewLine(depth, out);
  out->push_back(']');
}

void WriteObject(const simdjson::dom::object& object, int depth,
                 std::string* out) {
  std::vector<std::pair<std::string, element>> members;
  for (const auto& member : object) {
    members.emplace_back(std::string(member.key), member.value);
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  out->push_back('{');
  bool first = true;
  for (const auto& [key, value] : members) {
    if (!std::exchange(first, false)) out->push_back(',');
    NewLine(depth + 1, out);
    AppendJsonText(key, out);
    out->append(": ");
    Write(value, depth + 1, out);
  }
  if (!first) NewLine(depth, out);
  out->push_back('}');
}

void Write(const element& value, int depth, std::string* out) {
  switch (value.type()) {
    case element_type::ARRAY:
      return WriteArray(value.get_array().value_unsafe(), depth, out);
    case element_type::OBJECT:
      return WriteObject(value.get_object().value_unsafe(), depth, out);
    case element_type::STRING: {
      const auto text = value.get_string().value_unsafe();
      return AppendJsonText(absl::string_view(text.data(), text.size()), out);
    }
    case element_type::INT64:
      return absl::StrAppend(out, value.get_int64().value_unsafe());
    case element_type::UINT64:
      return absl::StrAppend(out, value.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      // As many digits as it takes to come back as the same number.
      absl::StrAppendFormat(out, "%.17g", value.get_double().value_unsafe());
      return;
    case element_type::BOOL:
      out->append(value.get_bool().value_unsafe() ? "true" : "false");
      return;
    case element_type::NULL_VALUE:
      out->append("null");
      return;
  }
}

}  // namespace

absl::StatusOr<std::string> StableJson(
    const google::protobuf::Message& message) {
  std::string json;
  const auto written =
      google::protobuf::util::MessageToJsonString(message, &json);
  if (!written.ok()) {
    return absl::InternalError(
        absl::StrCat("cannot be written as JSON: ", written.ToString()));
  }
  simdjson::dom::parser parser;
  element document;
  if (const auto error = parser.parse(json).get(document); error) {
    return absl::InternalError(absl::StrCat("cannot be read as JSON: ",
                                            simdjson::error_message(error)));
  }
  std::string stable;
  stable.reserve(json.size() * 2);
  Write(document, 0, &stable);
  stable.push_back('\n');
  return stable;
}

}  // namespace secondstory::incidentd
