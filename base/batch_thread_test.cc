#include "base/batch_thread.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "gtest/gtest.h"

namespace secondstory {
namespace {

TEST(BatchThreadTest, ConcernsTheCallingThreadAlone) {
  const int policy = sched_getscheduler(0);
  const int nice = getpriority(PRIO_PROCESS, 0);
  std::thread([] {
    BecomeBatchThread(Share::kThird);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_GE(getpriority(PRIO_PROCESS, 0), 5);
  }).join();
  EXPECT_EQ(sched_getscheduler(0), policy);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
}

TEST(BatchThreadTest, LeavesAFullShareAsItIs) {
  const int nice = getpriority(PRIO_PROCESS, 0);
  std::thread([nice] {
    BecomeBatchThread(Share::kFull);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
  }).join();
}

// In nanoseconds; 0 where the kernel does not show it.
int64_t TurnOfThisThread() {
  std::ifstream scheduling("/proc/thread-self/sched");
  std::string word;
  while (scheduling >> word && word != "se.slice") {
  }
  int64_t turn = 0;
  scheduling >> word >> turn;
  return turn;
}

bool KernelIsAtLeast(int major, int minor) {
  utsname kernel{};
  int is_major = 0, is_minor = 0;
  EXPECT_EQ(uname(&kernel), 0);
  EXPECT_EQ(std::sscanf(kernel.release, "%d.%d", &is_major, &is_minor), 2);
  return std::pair(is_major, is_minor) >= std::pair(major, minor);
}

TEST(BatchThreadTest, HasTurnsAsLongAsItSays) {
  const int64_t usual = TurnOfThisThread();
  std::thread([usual] {
    BecomeBatchThread(Share::kThird);
    SetTurn(absl::Microseconds(400));
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_GE(getpriority(PRIO_PROCESS, 0), 5);
    EXPECT_EQ(TurnOfThisThread(),
              usual != 0 && KernelIsAtLeast(6, 12) ? 400'000 : usual);
  }).join();
  EXPECT_EQ(TurnOfThisThread(), usual);
}

}  // namespace
}  // namespace secondstory
