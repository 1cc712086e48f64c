// Tells ThreadSanitizer how Debian's Abseil and gRPC synchronise.
//
// It sees only code that was built with it, and the packages were not: to it,
// an absl::Mutex protects nothing, and what one thread hands to another through
// a completion queue was never handed over. Every test would be a report, and
// suppressing them would hide our own races. So the functions that matter are
// defined once more here, in the program itself, where the linker finds them
// first: each says what it does, in the words of tsan_interface.h, and calls
// the packaged one. Abseil does the same when it is built with the sanitizer.
//
// Linked into everything by `--config=tsan`, see .bazelrc.
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace {

// The packaged function of that mangled name.
template <typename Function>
Function* Packaged(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

#define PACKAGED(type, name)                            \
  (*[] {                                                \
    static auto* const packaged = Packaged<type>(name); \
    return packaged;                                    \
  }())

constexpr unsigned kShared = __tsan_mutex_read_lock;

// One call from our code into Abseil. What Abseil calls from there, of itself
// and conditions of other threads, is its own affair.
class Call {
 public:
  Call() : outermost_(depth_++ == 0) {}
  ~Call() { --depth_; }

  bool outermost() const { return outermost_; }

 private:
  static thread_local int depth_;
  const bool outermost_;
};
thread_local int Call::depth_ = 0;

// `mutex` is taken.
class Locking {
 public:
  explicit Locking(absl::Mutex* mutex, unsigned flags = 0)
      : mutex_(mutex), flags_(flags) {
    if (call_.outermost()) __tsan_mutex_pre_lock(mutex_, flags_);
  }
  ~Locking() {
    if (call_.outermost()) __tsan_mutex_post_lock(mutex_, flags_, 0);
  }

  // Of a try: whether it is held now.
  bool Locked(bool locked) {
    if (!locked) flags_ |= __tsan_mutex_try_lock_failed;
    return locked;
  }

 private:
  const Call call_;
  absl::Mutex* const mutex_;
  unsigned flags_;
};

// `mutex` is let go.
class Unlocking {
 public:
  explicit Unlocking(absl::Mutex* mutex, unsigned flags = 0)
      : mutex_(mutex), flags_(flags) {
    if (call_.outermost()) __tsan_mutex_pre_unlock(mutex_, flags_);
  }
  ~Unlocking() {
    if (call_.outermost()) __tsan_mutex_post_unlock(mutex_, flags_);
  }

 private:
  const Call call_;
  absl::Mutex* const mutex_;
  const unsigned flags_;
};

// `mutex` is let go, and taken again when a wait is over.
class Waiting {
 public:
  explicit Waiting(absl::Mutex* mutex) : locking_(LetGo(mutex)) {}

 private:
  static absl::Mutex* LetGo(absl::Mutex* mutex) {
    Unlocking unlocking(mutex);
    return mutex;
  }
  const Locking locking_;
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

#define MUTEX(name) "_ZN4absl7debian35Mutex" name
#define CONDITION "ERKNS0_9ConditionE"

Mutex::~Mutex() {
  PACKAGED(void(Mutex*), MUTEX("D1Ev"))(this);
  __tsan_mutex_destroy(this, 0);
}
void Mutex::Lock() {
  Locking locking(this);
  PACKAGED(void(Mutex*), MUTEX("4LockEv"))(this);
}
void Mutex::Unlock() {
  Unlocking unlocking(this);
  PACKAGED(void(Mutex*), MUTEX("6UnlockEv"))(this);
}
bool Mutex::TryLock() {
  Locking locking(this, __tsan_mutex_try_lock);
  return locking.Locked(PACKAGED(bool(Mutex*), MUTEX("7TryLockEv"))(this));
}
void Mutex::ReaderLock() {
  Locking locking(this, kShared);
  PACKAGED(void(Mutex*), MUTEX("10ReaderLockEv"))(this);
}
void Mutex::ReaderUnlock() {
  Unlocking unlocking(this, kShared);
  PACKAGED(void(Mutex*), MUTEX("12ReaderUnlockEv"))(this);
}
bool Mutex::ReaderTryLock() {
  Locking locking(this, kShared | __tsan_mutex_try_lock);
  return locking.Locked(
      PACKAGED(bool(Mutex*), MUTEX("13ReaderTryLockEv"))(this));
}
void Mutex::LockWhen(const Condition& condition) {
  Locking locking(this);
  PACKAGED(void(Mutex*, const Condition*), MUTEX("8LockWhen" CONDITION))
  (this, &condition);
}
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  Locking locking(this);
  return PACKAGED(bool(Mutex*, const Condition*, Duration),
                  MUTEX("19LockWhenWithTimeout" CONDITION "NS0_8DurationE"))(
      this, &condition, timeout);
}
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  Locking locking(this);
  return PACKAGED(bool(Mutex*, const Condition*, Time),
                  MUTEX("20LockWhenWithDeadline" CONDITION "NS0_4TimeE"))(
      this, &condition, deadline);
}
void Mutex::Await(const Condition& condition) {
  Waiting waiting(this);
  PACKAGED(void(Mutex*, const Condition*), MUTEX("5Await" CONDITION))
  (this, &condition);
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  Waiting waiting(this);
  return PACKAGED(bool(Mutex*, const Condition*, Duration),
                  MUTEX("16AwaitWithTimeout" CONDITION "NS0_8DurationE"))(
      this, &condition, timeout);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  Waiting waiting(this);
  return PACKAGED(bool(Mutex*, const Condition*, Time),
                  MUTEX("17AwaitWithDeadline" CONDITION "NS0_4TimeE"))(
      this, &condition, deadline);
}

#define COND_VAR(name) "_ZN4absl7debian37CondVar" name

void CondVar::Wait(Mutex* mutex) {
  Waiting waiting(mutex);
  PACKAGED(void(CondVar*, Mutex*), COND_VAR("4WaitEPNS0_5MutexE"))
  (this, mutex);
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  Waiting waiting(mutex);
  return PACKAGED(bool(CondVar*, Mutex*, Duration),
                  COND_VAR("15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE"))(
      this, mutex, timeout);
}
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  Waiting waiting(mutex);
  return PACKAGED(bool(CondVar*, Mutex*, Time),
                  COND_VAR("16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"))(
      this, mutex, deadline);
}

#define NOTIFICATION(name) "_ZN4absl7debian312Notification" name

void Notification::Notify() {
  __tsan_release(this);
  PACKAGED(void(Notification*), NOTIFICATION("6NotifyEv"))(this);
}

#undef NOTIFICATION
#define NOTIFICATION(name) "_ZNK4absl7debian312Notification" name

void Notification::WaitForNotification() const {
  PACKAGED(void(const Notification*), NOTIFICATION("19WaitForNotificationEv"))
  (this);
  __tsan_acquire(const_cast<Notification*>(this));
}
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  const bool notified =
      PACKAGED(bool(const Notification*, Duration),
               NOTIFICATION("30WaitForNotificationWithTimeoutENS0_8DurationE"))(
          this, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}
bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  const bool notified =
      PACKAGED(bool(const Notification*, Time),
               NOTIFICATION("31WaitForNotificationWithDeadlineENS0_4TimeE"))(
          this, deadline);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl

// A tag carries what its starter wrote to whoever takes it from the queue.
extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops,
                                      size_t nops, void* tag, void* reserved) {
  __tsan_release(tag);
  return PACKAGED(
      grpc_call_error(grpc_call*, const grpc_op*, size_t, void*, void*),
      "grpc_call_start_batch")(call, ops, nops, tag, reserved);
}

grpc_call_error grpc_server_request_registered_call(
    grpc_server* server, void* registered_method, grpc_call** call,
    gpr_timespec* deadline, grpc_metadata_array* request_metadata,
    grpc_byte_buffer** optional_payload,
    grpc_completion_queue* cq_bound_to_call,
    grpc_completion_queue* cq_for_notification, void* tag_new) {
  __tsan_release(tag_new);
  return PACKAGED(
      grpc_call_error(grpc_server*, void*, grpc_call**, gpr_timespec*,
                      grpc_metadata_array*, grpc_byte_buffer**,
                      grpc_completion_queue*, grpc_completion_queue*, void*),
      "grpc_server_request_registered_call")(
      server, registered_method, call, deadline, request_metadata,
      optional_payload, cq_bound_to_call, cq_for_notification, tag_new);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* cq,
                                      gpr_timespec deadline, void* reserved) {
  const grpc_event event =
      PACKAGED(grpc_event(grpc_completion_queue*, gpr_timespec, void*),
               "grpc_completion_queue_next")(cq, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"
