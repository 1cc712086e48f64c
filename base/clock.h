// The time, as a dependency: whoever needs it is given a Clock, so that tests
// decide what time it is.
#ifndef SECONDSTORY_BASE_CLOCK_H_
#define SECONDSTORY_BASE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace secondstory {

// Threads: all methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Now. May go backwards when somebody sets the machine's clock.
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Lives for ever.
const Clock& SystemClock();

// A clock that a test moves.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  void Set(absl::Time now) {
    absl::MutexLock lock(&mutex_);
    now_ = now;
  }
  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_CLOCK_H_
