#include "base/metrics.h"

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

TEST(MetricsTest, SaysWhichProgramThisIs) {
  Metrics metrics("alertd");
  EXPECT_THAT(metrics.Text(),
              HasSubstr("secondstory_build_info{process=\"alertd\",version="));
}

TEST(MetricsTest, MeasuresTheProcessItself) {
  Metrics metrics("alertd");
  const std::string text = metrics.Text();
  EXPECT_THAT(text, ContainsRegex("\nprocess_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_virtual_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_open_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_max_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_threads [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_start_time_seconds [12]"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter"));
}

TEST(MetricsTest, GivesTheSameMetricForTheSameNameAndLabels) {
  Metrics metrics("alertd");
  Counter* const first = metrics.AddCounter("a_total", "A.", {{"code", "1"}});
  EXPECT_EQ(metrics.AddCounter("a_total", "A.", {{"code", "1"}}), first);
  EXPECT_NE(metrics.AddCounter("a_total", "A.", {{"code", "2"}}), first);
  first->Increment();
  EXPECT_THAT(metrics.Text(), HasSubstr("a_total{code=\"1\"} 1"));
}

TEST(MetricsTest, UpdatesExpensiveGaugesBeforeEveryScrape) {
  Metrics metrics("alertd");
  Gauge* const gauge = metrics.AddGauge("age_seconds", "Age.");
  int scrapes = 0;
  metrics.OnScrape([&] { gauge->Set(++scrapes); });
  metrics.Text();
  EXPECT_THAT(metrics.Text(), HasSubstr("age_seconds 2"));
}

TEST(MetricsTest, CountsLatenciesInBuckets) {
  Metrics metrics("alertd");
  metrics.AddHistogram("call_duration_seconds", "Call.")->Observe(0.002);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("call_duration_seconds_bucket{le=\"0.001\"} 0"));
  EXPECT_THAT(text, HasSubstr("call_duration_seconds_bucket{le=\"0.0025\"} 1"));
}

TEST(MetricsTest, MayBeScrapedWhileMetricsAreAdded) {
  Metrics metrics("alertd");
  std::thread adder([&metrics] {
    for (int i = 0; i < 200; ++i) {
      metrics.AddCounter("b_total", "B.", {{"n", std::to_string(i)}})
          ->Increment();
    }
  });
  for (int i = 0; i < 20; ++i) metrics.Text();
  adder.join();
  EXPECT_THAT(metrics.Text(), HasSubstr("b_total{n=\"199\"} 1"));
}

}  // namespace
}  // namespace secondstory
