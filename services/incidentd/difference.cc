#include "services/incidentd/difference.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/json_text.h"
#include "base/proto_time.h"
#include "google/protobuf/descriptor.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

constexpr size_t kShownBytesMax = 200;

constexpr std::array<absl::string_view, 11> kLeftOut = {
    "account_id",    "action_id",    "create_time", "created_by",
    "entry_id",      "etag",         "gap_id",      "incident_id",
    "severity_name", "time_origins", "update_time"};

std::string Quoted(absl::string_view text) {
  size_t end = std::min(text.size(), kShownBytesMax);
  // Not within a character.
  while (end < text.size() && end > 0 && (text[end] & 0xc0) == 0x80) --end;
  std::string quoted;
  AppendJsonText(text.substr(0, end), &quoted);
  return end < text.size() ? absl::StrCat(quoted, "...") : quoted;
}

// INCIDENT_STATE_IN_REVIEW is "in review".
std::string EnumText(const google::protobuf::EnumValueDescriptor& value) {
  const std::string& unset = value.type()->value(0)->name();
  const absl::string_view prefix =
      absl::StripSuffix(absl::string_view(unset), "UNSPECIFIED");
  std::string text =
      absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string ValueText(const Message& message, const FieldDescriptor& field,
                      int index);

std::string MessageText(const Message& message) {
  if (message.GetDescriptor() == Timestamp::descriptor()) {
    Timestamp time;
    time.CopyFrom(message);
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", ToTime(time),
                            absl::UTCTimeZone());
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> texts;
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) continue;
    texts.push_back(
        absl::StrCat(field->name(), ": ", ValueText(message, *field, -1)));
  }
  return absl::StrCat("(", absl::StrJoin(texts, ", "), ")");
}

// The value of a field, or of its element `index`.
std::string ValueText(const Message& message, const FieldDescriptor& field,
                      int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return Quoted(
          repeated ? reflection.GetRepeatedStringReference(message, &field,
                                                           index, &scratch)
                   : reflection.GetStringReference(message, &field, &scratch));
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(repeated
                          ? *reflection.GetRepeatedEnum(message, &field, index)
                          : *reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(
          repeated ? reflection.GetRepeatedMessage(message, &field, index)
                   : reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(
          repeated ? reflection.GetRepeatedUInt32(message, &field, index)
                   : reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(
          repeated ? reflection.GetRepeatedUInt64(message, &field, index)
                   : reflection.GetUInt64(message, &field));
    default:
      return "a value";
  }
}

std::vector<std::string> Elements(const Message& message,
                                  const FieldDescriptor& field) {
  std::vector<std::string> elements;
  const int size = message.GetReflection()->FieldSize(message, &field);
  elements.reserve(size);
  for (int i = 0; i < size; ++i) {
    elements.push_back(ValueText(message, field, i));
  }
  return elements;
}

// Those of `all` that are not among `others`, sorted both.
std::vector<std::string> Without(const std::vector<std::string>& all,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> left;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(),
                      std::back_inserter(left));
  return left;
}

std::string ListDifference(const FieldDescriptor& field,
                           std::vector<std::string> before,
                           std::vector<std::string> after) {
  if (before == after) return "";
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  std::vector<std::string> parts;
  if (const auto added = Without(after, before); !added.empty()) {
    parts.push_back(absl::StrCat("added ", absl::StrJoin(added, ", ")));
  }
  if (const auto removed = Without(before, after); !removed.empty()) {
    parts.push_back(absl::StrCat("removed ", absl::StrJoin(removed, ", ")));
  }
  // An element that is there twice, or another order; of a map neither counts.
  if (parts.empty()) return field.is_map() ? "" : "in another order";
  return absl::StrJoin(parts, "; ");
}

std::string ValueDifference(const Message& before, const Message& after,
                            const FieldDescriptor& field) {
  const bool had = before.GetReflection()->HasField(before, &field);
  const bool has = after.GetReflection()->HasField(after, &field);
  if (!had && !has) return "";
  if (!had) return absl::StrCat("set to ", ValueText(after, field, -1));
  const std::string old_text = ValueText(before, field, -1);
  if (!has) return absl::StrCat(old_text, " cleared");
  const std::string new_text = ValueText(after, field, -1);
  if (old_text != new_text) return absl::StrCat(old_text, " -> ", new_text);
  // Long texts that differ behind what is shown.
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return "";
  const std::string was = before.GetReflection()->GetString(before, &field);
  const std::string is = after.GetReflection()->GetString(after, &field);
  return was == is ? ""
                   : absl::StrCat("changed behind its first ", kShownBytesMax,
                                  " bytes: ", was.size(), " -> ", is.size(),
                                  " bytes");
}

}  // namespace

std::vector<std::string> Differences(const Message& before,
                                     const Message& after) {
  std::vector<std::string> differences;
  const google::protobuf::Descriptor& type = *after.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (std::find(kLeftOut.begin(), kLeftOut.end(), field.name()) !=
        kLeftOut.end()) {
      continue;
    }
    const std::string difference =
        field.is_repeated() ? ListDifference(field, Elements(before, field),
                                             Elements(after, field))
                            : ValueDifference(before, after, field);
    if (!difference.empty()) {
      differences.push_back(absl::StrCat(field.name(), ": ", difference));
    }
  }
  return differences;
}

}  // namespace secondstory::incidentd
