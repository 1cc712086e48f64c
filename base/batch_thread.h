// Threads that do much work for nobody in particular, beside others that
// somebody waits for.
#ifndef SECONDSTORY_BASE_BATCH_THREAD_H_
#define SECONDSTORY_BASE_BATCH_THREAD_H_

#include "absl/time/time.h"

namespace secondstory {

// How much of the processor a batch thread gets beside others, as nice values.
enum class Share {
  kFull = 0,   // as any other thread's
  kThird = 5,  // a third of that: for what comes in floods
};

// Makes the calling thread one that takes the processor from no other when it
// has something to do, but waits for its turn (SCHED_BATCH). Where the kernel
// refuses it, the thread goes on as it was. What it brings:
// docs/performance.md, "The tail under full intake".
void BecomeBatchThread(Share share);

// Makes a turn of the calling thread `turn` long, 0.1 to 100 ms, in place of
// what the kernel gives (1.4 ms on two cores). With short ones a thread can
// yield often and still have its share, see there. Before Linux 6.12 it goes on
// as it was.
void SetTurn(absl::Duration turn);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_BATCH_THREAD_H_
