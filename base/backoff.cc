#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace secondstory {

Backoff::Backoff(absl::Duration initial, absl::Duration max, uint64_t seed)
    : initial_(initial), max_(max), random_(seed) {}

absl::Duration Backoff::Next() {
  const absl::Duration most = std::min(max_, initial_ * std::exp2(tries_));
  if (most < max_) ++tries_;
  // In [0, 1); turned round, because a wait of zero would be a busy loop.
  const double share = std::uniform_real_distribution<double>()(random_);
  return most * (1.0 - share);
}

}  // namespace secondstory
