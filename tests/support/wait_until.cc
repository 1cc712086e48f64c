#include "tests/support/wait_until.h"

#include "absl/time/clock.h"

namespace secondstory::support {

testing::AssertionResult WaitUntil(absl::string_view description,
                                   absl::FunctionRef<bool()> condition,
                                   absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() >= deadline) {
      return testing::AssertionFailure()
             << "not within " << absl::FormatDuration(patience) << ": "
             << std::string(description);
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  return testing::AssertionSuccess();
}

}  // namespace secondstory::support
