#include "services/incidentd/work_queue.h"

#include <pthread.h>

#include <utility>

namespace secondstory::incidentd {

WorkQueue::WorkQueue(const std::string& name, int thread_count, size_t size_max,
                     const std::function<void()>& begin)
    : size_max_(size_max) {
  for (int i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this, name, begin] {
      pthread_setname_np(pthread_self(), name.c_str());
      begin();
      Run();
    });
  }
}

WorkQueue::~WorkQueue() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::Add(std::function<void()> work, size_t size) {
  absl::MutexLock lock(&mutex_);
  if (!queue_.empty() && size_ + size > size_max_) return false;
  size_ += size;
  queue_.push_back({std::move(work), size});
  return true;
}

bool WorkQueue::IsIdle() const {
  absl::MutexLock lock(&mutex_);
  return queue_.empty() && running_count_ == 0;
}

void WorkQueue::Run() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue_.empty();
  };
  while (true) {
    Work work;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&ready));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
      size_ -= work.size;
      ++running_count_;
    }
    work.run();
    work.run = nullptr;
    absl::MutexLock lock(&mutex_);
    --running_count_;
  }
}

}  // namespace secondstory::incidentd
