#include "base/process.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/debugging/failure_signal_handler.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/config.h"
#include "base/logging.h"
#include "base/version.h"
#include "google/protobuf/descriptor.h"

namespace secondstory {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitWrongConfig = 2;

struct StopFlag {
  absl::Mutex mutex;
  bool requested ABSL_GUARDED_BY(mutex) = false;
};

StopFlag& Stop() {
  static auto* const stop = new StopFlag;
  return *stop;
}

// One thread takes the signals, so that nothing of ours ever runs in a signal
// handler. Threads that start later inherit the blocked set.
void TakeSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    log::Info("stopping", {{"signal", strsignal(signal_number)}});
    RequestStop();
    sigwait(&signals, &signal_number);
    log::Warning("ending at once", {{"signal", strsignal(signal_number)}});
    _exit(128 + signal_number);
  }).detach();
}

std::string LogLevel(const google::protobuf::Message& config) {
  return config.GetReflection()->GetString(
      config, config.GetDescriptor()->FindFieldByName("log_level"));
}

int Run(absl::string_view name, const std::string& log_level,
        const std::function<absl::Status()>& run) {
  if (const absl::Status status = log::Init(name, log_level); !status.ok()) {
    std::cerr << name << ": " << status.message() << "\n";
    return kExitWrongConfig;
  }
  // Debian's Abseil is built with assertions: every lock would look for cycles,
  // which makes it three to four times as dear, and one found would be a crash.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  absl::InstallFailureSignalHandler({});
  signal(SIGPIPE, SIG_IGN);
  TakeSignals();
  log::Info("starting", {{"version", kVersion}});
  if (const absl::Status status = run(); !status.ok()) {
    log::Error("failed", {{"status", status}});
    return kExitFailed;
  }
  log::Info("stopped");
  return 0;
}

void RespondText(int status, std::string text, const HttpRespond& respond) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  respond(std::move(response));
}

void RespondReadiness(const absl::Status& status, const HttpRespond& respond) {
  if (status.ok()) return RespondText(200, "ready\n", respond);
  RespondText(503, absl::StrCat(status.ToString(), "\n"), respond);
}

void RespondMetrics(Metrics* metrics, const HttpRespond& respond) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics->Text();
  respond(std::move(response));
}

}  // namespace

int RunProcess(absl::string_view name, absl::string_view about,
               absl::string_view descriptor_set, int argc, char** argv,
               google::protobuf::Message* config,
               const std::function<absl::Status()>& run) {
  const absl::StatusOr<ConfigAction> action =
      LoadConfig(std::vector<std::string>(argv + 1, argv + argc), config);
  if (!action.ok()) {
    std::cerr << name << ": the configuration is wrong:\n"
              << action.status().message() << "\n"
              << "See " << name << " --help.\n";
    return kExitWrongConfig;
  }
  switch (*action) {
    case ConfigAction::kHelp:
      std::cout << ConfigHelp(name, about, *config, descriptor_set);
      return 0;
    case ConfigAction::kVersion:
      std::cout << name << " " << kVersion << "\n";
      return 0;
    case ConfigAction::kCheck:
      std::cout << name << ": the configuration is OK\n";
      return 0;
    case ConfigAction::kRun:
      break;
  }
  return Run(name, LogLevel(*config), run);
}

void WaitForStop() {
  StopFlag& stop = Stop();
  absl::MutexLock lock(&stop.mutex);
  stop.mutex.Await(absl::Condition(&stop.requested));
}

void RequestStop() {
  StopFlag& stop = Stop();
  absl::MutexLock lock(&stop.mutex);
  stop.requested = true;
}

bool SleepUnlessStopped(absl::Duration duration) {
  StopFlag& stop = Stop();
  absl::MutexLock lock(&stop.mutex);
  return !stop.mutex.AwaitWithTimeout(absl::Condition(&stop.requested),
                                      duration);
}

bool StopRequested() {
  StopFlag& stop = Stop();
  absl::MutexLock lock(&stop.mutex);
  return stop.requested;
}

bool AnswerMetricsRequest(const HttpRequest& request, Metrics* metrics,
                          const std::function<absl::Status()>& ready,
                          const HttpRespond& respond) {
  const bool metrics_path = request.path == "/metrics";
  const bool health_path = request.path == "/healthz";
  const bool ready_path = request.path == "/readyz";
  if (!metrics_path && !health_path && !ready_path) return false;
  if (request.method != "GET" && request.method != "HEAD") {
    RespondText(405, "this path answers GET\n", respond);
  } else if (metrics_path) {
    RespondMetrics(metrics, respond);
  } else if (health_path) {
    RespondText(200, "alive\n", respond);
  } else {
    RespondReadiness(ready(), respond);
  }
  return true;
}

absl::StatusOr<std::unique_ptr<HttpServer>> StartMetricsServer(
    const std::string& address, Metrics* metrics,
    std::function<absl::Status()> ready) {
  HttpLimits limits;
  limits.body_bytes_max = 0;  // nobody has to send one
  limits.connection_count_max = 100;
  auto server = HttpServer::Start(
      address,
      [metrics, ready = std::move(ready)](const HttpRequest& request,
                                          const HttpRespond& respond) {
        if (AnswerMetricsRequest(request, metrics, ready, respond)) return;
        RespondText(404, "known here: /metrics, /healthz, /readyz\n", respond);
      },
      limits);
  if (server.ok()) {
    log::Info("listening",
              {{"protocol", "metrics"}, {"port", (*server)->port()}});
  }
  return server;
}

}  // namespace secondstory
