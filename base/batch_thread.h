// Threads that do much work for nobody in particular, beside others that
// somebody waits for.
#ifndef SECONDSTORY_BASE_BATCH_THREAD_H_
#define SECONDSTORY_BASE_BATCH_THREAD_H_

namespace secondstory {

// Makes the calling thread one that takes the processor from no other when it
// has something to do, but waits for its turn (SCHED_BATCH), and whose turns
// are as long as `nice` says: 0 as any other's, 5 a third of it; 0 to 19. Where
// the kernel refuses it, the thread goes on as it was.
void BecomeBatchThread(int nice);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_BATCH_THREAD_H_
