// Stories to test with.
#ifndef SECONDSTORY_REVIEW_SAMPLE_H_
#define SECONDSTORY_REVIEW_SAMPLE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "review/story.h"

namespace secondstory::review {

// "2026-03-01T10:05:00Z". Dies on anything else.
absl::Time At(absl::string_view time);

// A line at 2026-03-01 `clock` ("10:05"), known and taken a minute later.
Entry MakeEvent(absl::string_view id, absl::string_view clock, EventKind kind,
                absl::string_view service, absl::string_view title);
// The same, by a person.
Entry MakeLine(absl::string_view id, absl::string_view clock, EventKind kind,
               absl::string_view author, absl::string_view title);

// An incident of 2026-03-01 from 10:00 to 12:00 without a line.
Story MakeStory();

// The incident that the documentation shows: a checkout whose connections ran
// out, with accounts, surprises, gaps and actions.
Story CheckoutStory();

// An incident with `count` lines over some services.
Story LongStory(int count, uint64_t seed);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_SAMPLE_H_
