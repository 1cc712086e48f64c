// Page tokens: where a list goes on, bound to the filters it was made for.
// Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_PAGE_TOKEN_H_
#define SECONDSTORY_SERVICES_INCIDENTD_PAGE_TOKEN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace secondstory::incidentd {

// The last item of a page: its time and what tells it from others of that time.
struct PagePlace {
  int64_t micros = 0;
  std::string rest;
};

// `filters` is any text that is the same for the same filters.
std::string MakePageToken(absl::string_view filters, const PagePlace& place);

// Nothing for an empty token. INVALID_ARGUMENT: MakePageToken did not make
// `token` for `filters`.
absl::StatusOr<std::optional<PagePlace>> ReadPageToken(
    absl::string_view filters, absl::string_view token);

// The filters of a list request: all of it but the page.
template <typename Request>
std::string FiltersOf(Request request) {
  request.clear_page_token();
  request.clear_page_size();
  return request.GetTypeName() + request.SerializeAsString();
}

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_PAGE_TOKEN_H_
