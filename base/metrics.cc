#include "base/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/version.h"
#include "prometheus/text_serializer.h"

namespace secondstory {
namespace {

std::string ReadProcFile(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Fields of /proc/self/stat behind the program's name, which may hold spaces:
// the first one here is the third of proc(5).
double StatField(const std::vector<std::string>& stat, size_t proc5_number) {
  double value = 0;
  if (stat.size() > proc5_number - 3) {
    (void)absl::SimpleAtod(stat[proc5_number - 3], &value);
  }
  return value;
}

std::vector<std::string> ReadStat() {
  const std::string text = ReadProcFile("/proc/self/stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  return absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
}

double BootTimeSeconds() {
  for (absl::string_view line :
       absl::StrSplit(ReadProcFile("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") &&
        absl::SimpleAtod(line, &seconds)) {
      return seconds;
    }
  }
  return 0;
}

double CountOpenFiles() {
  DIR* const dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  int count = -3;  // ".", ".." and the handle of this look
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

double OpenFilesMax() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

void AddProcessMetrics(Metrics* metrics) {
  Counter* const cpu =
      metrics->AddCounter("process_cpu_seconds_total",
                          "Total user and system CPU time spent in seconds.");
  Gauge* const resident = metrics->AddGauge("process_resident_memory_bytes",
                                            "Resident memory size in bytes.");
  Gauge* const virtual_size = metrics->AddGauge(
      "process_virtual_memory_bytes", "Virtual memory size in bytes.");
  Gauge* const threads =
      metrics->AddGauge("process_threads", "Number of threads.");
  Gauge* const files =
      metrics->AddGauge("process_open_fds", "Number of open file descriptors.");
  Gauge* const files_max = metrics->AddGauge(
      "process_max_fds", "Maximum number of open file descriptors.");
  Gauge* const start = metrics->AddGauge(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.");
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  start->Set(BootTimeSeconds() + StatField(ReadStat(), 22) / ticks);
  metrics->OnScrape([=] {
    const std::vector<std::string> stat = ReadStat();
    const double used = (StatField(stat, 14) + StatField(stat, 15)) / ticks;
    cpu->Increment(used - cpu->Value());
    threads->Set(StatField(stat, 20));
    virtual_size->Set(StatField(stat, 23));
    resident->Set(StatField(stat, 24) *
                  static_cast<double>(sysconf(_SC_PAGESIZE)));
    files->Set(CountOpenFiles());
    files_max->Set(OpenFilesMax());
  });
}

}  // namespace

Metrics::Metrics(const std::string& process) {
  AddGauge("secondstory_build_info",
           "Always 1; the labels say which program and version this is.",
           {{"process", process}, {"version", kVersion}})
      ->Set(1);
  AddProcessMetrics(this);
}

Counter* Metrics::AddCounter(const std::string& name, const std::string& help,
                             const MetricLabels& labels) {
  return &prometheus::BuildCounter()
              .Name(name)
              .Help(help)
              .Register(registry_)
              .Add(labels);
}

Gauge* Metrics::AddGauge(const std::string& name, const std::string& help,
                         const MetricLabels& labels) {
  return &prometheus::BuildGauge()
              .Name(name)
              .Help(help)
              .Register(registry_)
              .Add(labels);
}

Histogram* Metrics::AddHistogram(const std::string& name,
                                 const std::string& help,
                                 const MetricLabels& labels,
                                 const std::vector<double>& bounds) {
  return &prometheus::BuildHistogram()
              .Name(name)
              .Help(help)
              .Register(registry_)
              .Add(labels, bounds);
}

void Metrics::OnScrape(std::function<void()> update) {
  absl::MutexLock lock(&mutex_);
  updates_.push_back(std::move(update));
}

std::string Metrics::Text() {
  absl::MutexLock lock(&mutex_);
  for (const std::function<void()>& update : updates_) update();
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

const std::vector<double>& Metrics::LatencyBounds() {
  static const auto* const bounds = new std::vector<double>{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return *bounds;
}

}  // namespace secondstory
