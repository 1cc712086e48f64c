#include "base/batch_thread.h"

#include <sched.h>
#include <sys/resource.h>

namespace secondstory {

void BecomeBatchThread(int nice) {
  // Both are of the thread on Linux, whatever their names say.
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  if (nice > 0) setpriority(PRIO_PROCESS, 0, nice);
}

}  // namespace secondstory
