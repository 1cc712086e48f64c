// What people told, side by side.
//
// Pure: the same messages give the same text. No account comes before another
// but by the time at which it was given.
#ifndef SECONDSTORY_TOOLS_STORY_ACCOUNT_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_ACCOUNT_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/account.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

// One account.
std::string AccountPage(const v1::Account& account, const PageOptions& options);

// Accounts of one moment in columns, as many beside each other as there is room
// for, each line after `indent` blanks; with their ids when `with_ids`.
std::string AccountColumns(absl::Span<const v1::Account> accounts,
                           const PageOptions& options, int indent,
                           bool with_ids);

// All accounts of an incident under the lines that they are about, in the order
// of `entries`; those about the incident as a whole come last.
std::string AccountList(absl::Span<const v1::Account> accounts,
                        absl::Span<const v1::TimelineEntry> entries,
                        const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_ACCOUNT_PAGE_H_
