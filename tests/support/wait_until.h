// Waiting for a condition that nothing announces.
#ifndef SECONDSTORY_TESTS_SUPPORT_WAIT_UNTIL_H_
#define SECONDSTORY_TESTS_SUPPORT_WAIT_UNTIL_H_

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace secondstory::support {

// Long enough that only a fault reaches it, on a busy machine too.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Asks until `condition` is true; fails with `description` when it is not
// within `patience`.
//
//   ASSERT_TRUE(WaitUntil("the candidate has 3 events", [&] {...}));
testing::AssertionResult WaitUntil(absl::string_view description,
                                   absl::FunctionRef<bool()> condition,
                                   absl::Duration patience = kPatience);

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_WAIT_UNTIL_H_
