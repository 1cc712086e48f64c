// What every main() of the house does around its own work, so that it stays a
// doorbell: configuration, logs, signals, metrics and health.
#ifndef SECONDSTORY_BASE_PROCESS_H_
#define SECONDSTORY_BASE_PROCESS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http_server.h"
#include "base/metrics.h"
#include "google/protobuf/message.h"

namespace secondstory {

// Reads configuration, answers --help, --version and --check_config, sets up
// logging, ignores SIGPIPE, blocks SIGINT and SIGTERM in all threads, then
// calls `run` and returns its exit code.
//
// REQUIRES: `config` has a string field `log_level`; called first in main().
// A second SIGINT or SIGTERM ends the process at once. Exit codes: 0 stopped as
// asked; 1 `run` failed (the status is logged); 2 the
// configuration is wrong (the errors are on stderr, in plain text).
int RunProcess(absl::string_view name, absl::string_view about,
               absl::string_view descriptor_set, int argc, char** argv,
               google::protobuf::Message* config,
               const std::function<absl::Status()>& run);

// Blocks until SIGINT or SIGTERM arrives, or RequestStop() is called. For good:
// a stop that was asked for stays asked for.
void WaitForStop();

// Makes WaitForStop() return, from any thread: when a process has to give up.
void RequestStop();

// Sleeps for `duration` or until a stop was asked for; false in that case.
bool SleepUnlessStopped(absl::Duration duration);

// True once WaitForStop() would return at once.
bool StopRequested();

// Serves /metrics, /healthz (200 while the process lives) and /readyz on
// `address`. `ready` returns OK when the process can do its work; otherwise
// /readyz answers 503 with the status as text. `metrics` must outlive it.
absl::StatusOr<std::unique_ptr<HttpServer>> StartMetricsServer(
    const std::string& address, Metrics* metrics,
    std::function<absl::Status()> ready);

// Answers /metrics, /healthz and /readyz for a process that has an HTTP server
// of its own; false when the path is none of them.
bool AnswerMetricsRequest(const HttpRequest& request, Metrics* metrics,
                          const std::function<absl::Status()>& ready,
                          const HttpRespond& respond);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_PROCESS_H_
