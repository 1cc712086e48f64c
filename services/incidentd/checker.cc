#include "services/incidentd/checker.h"

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/stable_id.h"
#include "google/protobuf/descriptor.h"

namespace secondstory::incidentd {
namespace {

// How much of a wrong value an error shows.
constexpr size_t kShownBytesMax = 64;

bool IsWebUrl(absl::string_view url) {
  return absl::StartsWithIgnoreCase(url, "http://") ||
         absl::StartsWithIgnoreCase(url, "https://");
}

}  // namespace

std::string Shown(absl::string_view value) {
  std::string text;
  AppendJsonText(value.substr(0, kShownBytesMax), &text);
  return value.size() > kShownBytesMax ? absl::StrCat(text, "...") : text;
}

std::string Shown(const google::protobuf::Timestamp& time) {
  return IsValidTime(time) ? absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                                              ToTime(time), absl::UTCTimeZone())
                           : absl::StrCat("seconds ", time.seconds(), " nanos ",
                                          time.nanos());
}

void Checker::Url(absl::string_view field, absl::string_view url) {
  Text(field, url, limits::kUrlBytesMax);
  if (url.empty() || IsWebUrl(url)) return;
  Wrong(field, absl::StrCat("is ", Shown(url),
                            "; it must begin with http:// or https://"));
}

void Checker::Links(absl::string_view field,
                    const google::protobuf::RepeatedPtrField<v1::Link>& links,
                    int count_max) {
  Count(field, links.size(), count_max);
  for (int i = 0; i < links.size(); ++i) {
    Link(absl::StrCat(field, "[", i, "]"), links[i].title(), links[i].url());
  }
}

void Checker::Link(absl::string_view field, absl::string_view title,
                   absl::string_view url) {
  // The names of its fields cost more than a look at them.
  if (IsWebUrl(url) && url.size() <= limits::kUrlBytesMax &&
      title.size() <= limits::kNameBytesMax) {
    return;
  }
  Text(absl::StrCat(field, ".title"), title, limits::kNameBytesMax);
  Needed(absl::StrCat(field, ".url"), url, limits::kUrlBytesMax);
  Url(absl::StrCat(field, ".url"), url);
}

void Checker::Time(absl::string_view field,
                   const google::protobuf::Timestamp& time) {
  if (IsValidTime(time)) return;
  Wrong(field, absl::StrCat("is ", Shown(time),
                            "; it must be of the years 1970 to 9999"));
}

void Checker::Id(absl::string_view field, const std::string& id) {
  if (!IdFromHex(id).empty()) return;
  Wrong(field,
        absl::StrCat("is ", Shown(id), "; an id has 32 lower-case hex digits"));
}

void Checker::MaskInto(const google::protobuf::Message& message,
                       const google::protobuf::FieldMask& mask,
                       absl::string_view updatable,
                       google::protobuf::Message* masked) {
  if (mask.paths().empty()) {
    Wrong("update_mask", "is empty; name the fields to change");
  }
  const std::vector<absl::string_view> allowed =
      absl::StrSplit(updatable, ", ");
  const std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  std::set<std::string> seen;
  for (const std::string& path : mask.paths()) {
    if (!seen.insert(path).second) continue;
    if (std::find(allowed.begin(), allowed.end(), path) == allowed.end()) {
      Wrong("update_mask", absl::StrCat("names ", Shown(path), "; one of ",
                                        updatable, " is allowed"));
      continue;
    }
    const google::protobuf::FieldDescriptor* field =
        message.GetDescriptor()->FindFieldByName(path);
    copy->GetReflection()->SwapFields(copy.get(), masked, {field});
  }
}

}  // namespace secondstory::incidentd
