#include "base/batch_thread.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace secondstory {
namespace {

// The kernel's struct sched_attr, which Debian 12's C library does not have;
// see sched_setattr(2).
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;  // the length of a turn, in nanoseconds
  uint64_t deadline;
  uint64_t period;
};

}  // namespace

void BecomeBatchThread(Share share) {
  // Both are of the thread on Linux, whatever their names say.
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  if (share != Share::kFull) {
    setpriority(PRIO_PROCESS, 0, static_cast<int>(share));
  }
}

void SetTurn(absl::Duration turn) {
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) {
    return;
  }
  attributes.runtime = static_cast<uint64_t>(absl::ToInt64Nanoseconds(turn));
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace secondstory
