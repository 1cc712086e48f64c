#include "tests/bench/webhook.h"

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/http_client.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "tests/bench/alert_json.h"
#include "tests/bench/events.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {
namespace {

constexpr char kProbe[] = "probe-";
// A storm: so many webhooks a second, of so many alerts each.
constexpr int kWebhooksPerSecond = 10;
constexpr int kAlertsPerWebhook = 50;

// Notes which probes are in any candidate.
class Follower {
 public:
  explicit Follower(const ServerProcess& incidentd)
      : stub_(v1::CandidateService::NewStub(incidentd.Connect())),
        thread_([this] { Run(); }) {}
  ~Follower() {
    context_.TryCancel();
    thread_.join();
  }

  bool Await(const std::string& service) const {
    const auto seen = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return seen_.contains(service);
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&seen), absl::Minutes(1));
  }

 private:
  void Run() {
    const auto reader =
        stub_->WatchCandidates(&context_, v1::WatchCandidatesRequest());
    v1::WatchCandidatesResponse response;
    while (reader->Read(&response)) {
      absl::MutexLock lock(&mutex_);
      for (const v1::CandidateEvent& event : response.candidate().events()) {
        if (absl::StartsWith(event.service(), kProbe)) {
          seen_.insert(event.service());
        }
      }
    }
    reader->Finish();
  }

  const std::unique_ptr<v1::CandidateService::Stub> stub_;
  grpc::ClientContext context_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> seen_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class Webhook {
 public:
  Webhook(const BenchOptions& options, Report* report)
      : options_(options),
        report_(report),
        incidentd_(StartIncidentd(options.dir + "/webhook", report)),
        probes_(options.seed + 100),
        storm_(options.seed + 101) {
    alertd_ = Start("ingest/alerts/alertd",
                    {"--http_address=127.0.0.1:0",
                     "--spool_dir=" + options.dir + "/webhook-alertd"});
    assemblerd_ = Start("ingest/assembler/assemblerd", {});
    if (alertd_ == nullptr || assemblerd_ == nullptr) return;
    const auto port = alertd_->WaitForPort("http");
    report->AddCheck("alertd alone has its port",
                     port.ok() && OwnsPort(alertd_->pid(), *port));
    url_ = absl::StrCat("http://127.0.0.1:", port.value_or(0),
                        "/v1/alertmanager/bench");
    report->AddCheck("assemblerd follows",
                     assemblerd_->WaitForLog("ready").ok());
  }

  void Run() {
    if (url_.empty()) return;
    const Follower follower(incidentd_);
    AddMemory("at rest");
    const auto probe = [&] {
      return ProbeSync(options_.dir, options_.smoke ? 5 : 200);
    };
    const auto one_by_one = [&] { return RunProbes(follower); };
    // First all idle rounds: the candidates of a storm stay with us.
    const Rounds idle = Rounds::Run(options_, probe, {{"idle", one_by_one}});
    const std::vector<std::string> metrics = {"p50_ms", "p99_ms", "p999_ms"};
    report_->AddRounds("Webhook to visible candidate, idle", idle, metrics);
    Interval p99 = idle.MedianOf("idle", "p99_ms");
    report_->AddGate({"webhook to visible candidate, idle, p99: seconds",
                      {p99.median / 1000, p99.low / 1000, p99.high / 1000},
                      1,
                      0.2,
                      false});
    report_->AddRounds(
        absl::StrCat("Webhook to visible candidate, while ",
                     kWebhooksPerSecond * kAlertsPerWebhook,
                     " other alerts arrive each second"),
        Rounds::Run(options_, probe,
                    {{"storm",
                      [&] {
                        absl::Notification over;
                        std::thread storm([&] { RunStorm(&over); });
                        Figures figures = one_by_one();
                        over.Notify();
                        storm.join();
                        return figures;
                      }}}),
        metrics);
    AddMemory("after a storm");
  }

 private:
  std::unique_ptr<support::Subprocess> Start(const std::string& program,
                                             std::vector<std::string> args) {
    args.push_back("--metrics_address=127.0.0.1:0");
    args.push_back("--incidentd_address=" + incidentd_.address());
    auto started = support::Subprocess::Start(program, args);
    report_->AddCheck(absl::StrCat(program, " starts"), started.ok());
    return started.ok() ? *std::move(started) : nullptr;
  }

  bool Post(const std::string& body) {
    HttpCall call;
    call.method = "POST";
    call.url = url_;
    call.content_type = "application/json";
    call.body = body;
    const auto answer = CallHttp(call);
    return answer.ok() && answer->status == 200;
  }

  Figures RunProbes(const Follower& follower) {
    std::vector<double> latencies_ms;
    bool right = true;
    const absl::Time end = absl::Now() + options_.round_time;
    do {
      const std::string service = absl::StrCat(kProbe, ++probe_count_);
      const absl::Time start = absl::Now();
      right = right &&
              Post(WebhookJson(&probes_, probe_count_, 1, start, service)) &&
              follower.Await(service);
      latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    } while (right && absl::Now() < end);
    report_->AddCheck("every alert shows in a candidate", right);
    Figures figures;
    AddLatencies(latencies_ms, &figures);
    return figures;
  }

  void RunStorm(absl::Notification* over) {
    absl::Time due = absl::Now();
    bool right = true;
    while (!over->WaitForNotificationWithDeadline(due)) {
      due += absl::Seconds(1) / kWebhooksPerSecond;
      storm_count_ += kAlertsPerWebhook;
      right = Post(WebhookJson(&storm_, (int64_t{1} << 40) + storm_count_,
                               kAlertsPerWebhook, absl::Now())) &&
              right;
    }
    report_->AddCheck("every webhook of the storm is taken", right);
  }

  void AddMemory(const std::string& when) {
    for (const auto& [name, pid] :
         std::map<std::string, int>{{"incidentd", incidentd_.pid()},
                                    {"alertd", alertd_->pid()},
                                    {"assemblerd", assemblerd_->pid()}}) {
      report_->AddFigure(absl::StrCat("resident set of ", name, ", ", when),
                         ResidentMib(pid), "MiB");
    }
  }

  const BenchOptions& options_;
  Report* const report_;
  const ServerProcess incidentd_;
  std::unique_ptr<support::Subprocess> alertd_;
  std::unique_ptr<support::Subprocess> assemblerd_;
  std::string url_;
  EventGenerator probes_;
  EventGenerator storm_;
  int64_t probe_count_ = 0;
  int64_t storm_count_ = 0;
};

}  // namespace

void RunWebhook(const BenchOptions& options, Report* report) {
  Webhook(options, report).Run();
}

}  // namespace secondstory::bench
