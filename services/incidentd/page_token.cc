#include "services/incidentd/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/stable_id.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kCheckBytes = 8;

std::string CheckOf(absl::string_view filters, absl::string_view place) {
  return std::string(absl::string_view(StableId({"page", filters, place}))
                         .substr(0, kCheckBytes));
}

}  // namespace

std::string MakePageToken(absl::string_view filters, const PagePlace& place) {
  const std::string text = absl::StrCat(place.micros, ".", place.rest);
  return absl::BytesToHexString(absl::StrCat(CheckOf(filters, text), text));
}

absl::StatusOr<std::optional<PagePlace>> ReadPageToken(
    absl::string_view filters, absl::string_view token) {
  if (token.empty()) return std::optional<PagePlace>();
  const absl::Status foreign = BadRequest(
      "page_token",
      "is not one that this method returned for these filters; begin again "
      "without a token");
  if (token.size() % 2 != 0 ||
      token.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return foreign;
  }
  const std::string bytes = absl::HexStringToBytes(token);
  if (bytes.size() <= kCheckBytes) return foreign;
  const std::string text = bytes.substr(kCheckBytes);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  PagePlace place;
  if (bytes.substr(0, kCheckBytes) != CheckOf(filters, text) ||
      !absl::SimpleAtoi(parts.first, &place.micros)) {
    return foreign;
  }
  place.rest = std::string(parts.second);
  return std::optional<PagePlace>(std::move(place));
}

}  // namespace secondstory::incidentd
