// Prometheus metrics: the only door to prometheus-cpp.
//
// Names are secondstory_<room>_<noun>_<unit>[_total], in base units; help is a
// full sentence; labels come from closed sets only. A look-up of a label costs
// more than counting, so keep the returned pointers.
#ifndef SECONDSTORY_BASE_METRICS_H_
#define SECONDSTORY_BASE_METRICS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace secondstory {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;
using MetricLabels = std::map<std::string, std::string>;

// All metrics of one process.
//
// Threads: all methods may be called from any thread, and so may those of the
// returned objects, which live as long as this one.
class Metrics {
 public:
  // Adds secondstory_build_info for `process`, and the metrics of the process
  // itself (resident bytes, CPU seconds, open files, start time) under the
  // names that Prometheus's own client libraries give them.
  explicit Metrics(const std::string& process);

  // Returns the metric of that name and those labels, the same one every time.
  // REQUIRES: one name always comes with one help text and one set of label
  // names.
  Counter* AddCounter(const std::string& name, const std::string& help,
                      const MetricLabels& labels = {});
  Gauge* AddGauge(const std::string& name, const std::string& help,
                  const MetricLabels& labels = {});
  // `bounds`: upper bounds of the buckets, ascending; see LatencyBounds().
  Histogram* AddHistogram(const std::string& name, const std::string& help,
                          const MetricLabels& labels = {},
                          const std::vector<double>& bounds = LatencyBounds());

  // Calls `update` before every scrape, to set gauges that would cost too much
  // to keep up to date. `update` must not block, and must work for as long as
  // this object lives.
  void OnScrape(std::function<void()> update);

  // What a scrape reads: Prometheus text format 0.0.4.
  std::string Text();

  // 100 us to 10 s, for calls; in seconds.
  static const std::vector<double>& LatencyBounds();

 private:
  prometheus::Registry registry_;
  absl::Mutex mutex_;  // one scrape at a time
  std::vector<std::function<void()>> updates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_METRICS_H_
