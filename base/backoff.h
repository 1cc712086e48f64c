// How long to wait before the next try: exponential with full jitter, so that
// a thousand workers that lost one server do not come back at one moment.
#ifndef SECONDSTORY_BASE_BACKOFF_H_
#define SECONDSTORY_BASE_BACKOFF_H_

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace secondstory {

// Threads: one at a time.
class Backoff {
 public:
  // The n-th wait is uniform in (0, min(max, initial * 2^n)].
  // REQUIRES: 0 < initial <= max.
  Backoff(absl::Duration initial, absl::Duration max, uint64_t seed);

  // The next wait; each may be longer than the one before.
  absl::Duration Next();

  // Call after a success.
  void Reset() { tries_ = 0; }

 private:
  const absl::Duration initial_;
  const absl::Duration max_;
  int tries_ = 0;
  std::mt19937_64 random_;
};

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_BACKOFF_H_
