// One of our programs as a child of a test.
#ifndef SECONDSTORY_TESTS_SUPPORT_SUBPROCESS_H_
#define SECONDSTORY_TESTS_SUPPORT_SUBPROCESS_H_

#include <signal.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace secondstory::support {

// The members of a log line; text without quotes, all else as it was written.
using LogFields = std::map<std::string, std::string>;

// A file of the `data` of a test, or of a program under `bazel run`:
// "services/incidentd/incidentd".
std::string RunfilePath(const std::string& path);

// Threads: all methods may be called from any thread. The child is killed when
// this object goes, and when the thread that started it ends, however that
// comes about; so start it on the thread of the test.
class Subprocess {
 public:
  // Starts `program`, a path of the test's `data` or an absolute one, and gives
  // it `input` to read. NOT_FOUND: no such program.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(
      const std::string& program, const std::vector<std::string>& args,
      const std::string& input = "");

  // Kills the child if it still runs. Prints what it wrote to stderr when the
  // test has failed.
  ~Subprocess();

  // Waits for the first line, since the start, with `message` and all of
  // `fields`, and returns it. DEADLINE_EXCEEDED: none came.
  // FAILED_PRECONDITION: the child ended without one. Both quote the last
  // lines.
  absl::StatusOr<LogFields> WaitForLog(
      absl::string_view message, const LogFields& fields = {},
      absl::Duration patience = absl::Seconds(60));

  // The port of the line "listening" for `protocol`: "grpc", "http", "metrics".
  absl::StatusOr<int> WaitForPort(absl::string_view protocol);

  // How many lines so far have `message` and all of `fields`.
  int CountLogs(absl::string_view message, const LogFields& fields = {});

  // Sends a signal; nothing happens when the child has ended.
  void Kill(int signal_number);

  // Waits for the end and for all output: the exit code, or 128 and the number
  // of the signal that ended it. DEADLINE_EXCEEDED: it goes on.
  absl::StatusOr<int> Wait(absl::Duration patience = absl::Seconds(60));

  // What it wrote to stdout and stderr so far.
  std::string stdout_text();
  std::string stderr_text();

  int pid() const { return pid_; }

 private:
  Subprocess(int pid, int stdout_end, int stderr_end);

  void Collect(int end, std::string* text);
  void AwaitEnd();
  const LogFields* Find(absl::string_view message, const LogFields& fields)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string LastLines() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int pid_;
  absl::Mutex mutex_;
  std::string stdout_ ABSL_GUARDED_BY(mutex_);
  std::string stderr_ ABSL_GUARDED_BY(mutex_);
  size_t parsed_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of stderr_
  std::vector<LogFields> logs_ ABSL_GUARDED_BY(mutex_);
  int open_outputs_ ABSL_GUARDED_BY(mutex_) = 2;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  int exit_code_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_SUBPROCESS_H_
