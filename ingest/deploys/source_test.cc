#include "ingest/deploys/source.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

// Answers Step() from a list, then sets `stop`.
class ScriptedSource final : public Source {
 public:
  ScriptedSource(std::vector<absl::StatusOr<bool>> answers, StopEvent* stop)
      : answers_(std::move(answers)), stop_(stop) {}

  const std::string& name() const override { return name_; }
  absl::StatusOr<bool> Step() override {
    const absl::StatusOr<bool> answer = answers_[step_count++];
    if (step_count == answers_.size()) stop_->Set();
    return answer;
  }
  void Wait(const StopEvent& stop, absl::Duration timeout) override {
    ++wait_count;
  }

  size_t step_count = 0;
  int wait_count = 0;

 private:
  const std::string name_ = "git/x";
  const std::vector<absl::StatusOr<bool>> answers_;
  StopEvent* const stop_;
};

TEST(StopEventTest, EndsAWaitAndStaysSet) {
  StopEvent stop;
  EXPECT_FALSE(stop.IsSet());
  stop.WaitFor(absl::Milliseconds(1));
  std::thread waiter([&] { stop.WaitFor(absl::Hours(24)); });
  stop.Set();
  waiter.join();
  EXPECT_TRUE(stop.IsSet());
  stop.WaitFor(absl::Hours(24));
}

TEST(FollowSourceTest, WaitsOnlyWhenThereIsNothingMore) {
  Metrics metrics("test");
  StopEvent stop;
  ScriptedSource source({true, true, false, true, false}, &stop);
  FollowSource(absl::Seconds(1), stop, SourceMetrics("git/x", &metrics),
               &source);
  EXPECT_EQ(source.step_count, 5u);
  EXPECT_EQ(source.wait_count, 2);
}

TEST(FollowSourceTest, CountsAFailureAndTriesAgain) {
  Metrics metrics("test");
  StopEvent stop;
  ScriptedSource source({absl::UnavailableError("disk"), true}, &stop);
  testing::internal::CaptureStderr();
  FollowSource(absl::Seconds(1), stop, SourceMetrics("git/x", &metrics),
               &source);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(testing::HasSubstr("git/x"),
                             testing::HasSubstr("UNAVAILABLE: disk")));
  EXPECT_EQ(source.step_count, 2u);
  EXPECT_THAT(metrics.Text(),
              testing::HasSubstr(
                  "secondstory_deploys_failures_total{source=\"git/x\"} 1"));
}

TEST(FollowSourceTest, EndsWhenTheStopReachesASourceFirst) {
  Metrics metrics("test");
  StopEvent stop;
  ScriptedSource source({absl::CancelledError("stopping"), true}, &stop);
  FollowSource(absl::Seconds(1), stop, SourceMetrics("git/x", &metrics),
               &source);
  EXPECT_EQ(source.step_count, 1u);
}

}  // namespace
}  // namespace secondstory::ingest
