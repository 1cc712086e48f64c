#include "base/batch_thread.h"

#include <sched.h>
#include <sys/resource.h>

namespace secondstory {

void BecomeBatchThread(Turns turns) {
  // Both are of the thread on Linux, whatever their names say.
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  if (turns != Turns::kFull) {
    setpriority(PRIO_PROCESS, 0, static_cast<int>(turns));
  }
}

}  // namespace secondstory
