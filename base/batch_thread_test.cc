#include "base/batch_thread.h"

#include <sched.h>
#include <sys/resource.h>

#include <thread>

#include "gtest/gtest.h"

namespace secondstory {
namespace {

TEST(BatchThreadTest, ConcernsTheCallingThreadAlone) {
  const int policy = sched_getscheduler(0);
  const int nice = getpriority(PRIO_PROCESS, 0);
  std::thread([] {
    BecomeBatchThread(Turns::kThird);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_GE(getpriority(PRIO_PROCESS, 0), 5);
  }).join();
  EXPECT_EQ(sched_getscheduler(0), policy);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
}

TEST(BatchThreadTest, LeavesFullTurnsAsTheyAre) {
  const int nice = getpriority(PRIO_PROCESS, 0);
  std::thread([nice] {
    BecomeBatchThread(Turns::kFull);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
  }).join();
}

}  // namespace
}  // namespace secondstory
