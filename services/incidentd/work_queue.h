// Work for threads of its own: a fixed number of them, and a queue that ends
// somewhere.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_WORK_QUEUE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class WorkQueue {
 public:
  // With one thread, work is done in the order in which it was added. `name` is
  // that of each thread, as top -H shows it: at most 15 bytes. `size_max`
  // bounds the sum of the sizes of what waits. `begin` is called first by each
  // thread.
  WorkQueue(
      const std::string& name, int thread_count, size_t size_max,
      const std::function<void()>& begin = [] {});

  // Finishes what was taken, then returns.
  ~WorkQueue();

  // Takes `work`; false, and nothing happens, when there is no room for `size`
  // more. An empty queue has room for everything.
  bool Add(std::function<void()> work, size_t size = 1);

  // Whether nothing waits and nothing is being done.
  bool IsIdle() const;

 private:
  struct Work {
    std::function<void()> run;
    size_t size;
  };

  void Run();

  const size_t size_max_;
  mutable absl::Mutex mutex_;
  std::deque<Work> queue_ ABSL_GUARDED_BY(mutex_);
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t running_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_WORK_QUEUE_H_
