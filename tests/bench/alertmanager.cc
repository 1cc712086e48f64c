#include "tests/bench/alertmanager.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/support/prometheus.h"

namespace secondstory::bench {
namespace {

size_t Drop(char* /*bytes*/, size_t size, size_t count, void* /*nothing*/) {
  return size * count;
}

}  // namespace

Alertmanager::Alertmanager(const std::string& dir, Report* report)
    : report_(report) {
  std::filesystem::create_directories(dir);
  std::ofstream(dir + "/config.yml")
      << "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n";
  auto started = support::Subprocess::Start(
      "/usr/bin/prometheus-alertmanager",
      {"--config.file=" + dir + "/config.yml", "--storage.path=" + dir,
       "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="});
  report->AddCheck("Alertmanager starts", started.ok());
  if (!started.ok()) return;
  process_ = *std::move(started);
  const int port = support::WaitForListening(process_.get());
  report->AddCheck("Alertmanager alone has its port",
                   OwnsPort(process_->pid(), port));
  url_ = absl::StrCat("http://127.0.0.1:", port, "/api/v2/alerts");
}

Figures Alertmanager::RunPosts(const BenchOptions& options,
                               const std::vector<std::string>& bodies,
                               int batch, int client_count) {
  std::vector<std::vector<double>> latencies_ms(
      static_cast<size_t>(client_count));
  std::atomic<size_t> next{0};
  std::atomic<int> failed_count{0}, answer_count{0};
  const absl::Duration before = CpuTimeOf(pid());
  const absl::Time begin = absl::Now();
  const auto run = [&](size_t client) {
    // One connection each, kept open.
    CURL* const curl = curl_easy_init();
    curl_slist* const headers =
        curl_slist_append(nullptr, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Drop);
    for (absl::Time start = begin; start < begin + options.round_time;) {
      const std::string& body = bodies[next++ % bodies.size()];
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
                       static_cast<long>(body.size()));
      long code = 0;
      const bool sent = curl_easy_perform(curl) == CURLE_OK;
      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
      if (sent && code == 200) {
        ++answer_count;
      } else {
        ++failed_count;
      }
      const absl::Time end = absl::Now();
      if (end <= begin + options.round_time) {
        latencies_ms[client].push_back(absl::ToDoubleMilliseconds(end - start));
      }
      start = end;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < latencies_ms.size(); ++i) threads.emplace_back(run, i);
  for (std::thread& thread : threads) thread.join();
  const absl::Duration cpu = CpuTimeOf(pid()) - before;
  std::vector<double> all_ms;
  for (const std::vector<double>& some : latencies_ms) {
    all_ms.insert(all_ms.end(), some.begin(), some.end());
  }
  report_->AddCheck("Alertmanager takes every post",
                    failed_count == 0 && answer_count > 0);
  const auto alerts = static_cast<double>(all_ms.size()) * batch;
  Figures figures = {
      {"events_per_second", alerts / absl::ToDoubleSeconds(options.round_time)},
      {"cpu_us", absl::ToDoubleMicroseconds(cpu) / std::max(1.0, alerts)}};
  AddLatencies(all_ms, &figures);
  return figures;
}

}  // namespace secondstory::bench
