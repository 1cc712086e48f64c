#include "services/incidentd/work_queue.h"

#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using ::testing::ElementsAre;

TEST(WorkQueueTest, DoesWorkInItsOrderWithOneThread) {
  std::vector<int> done;
  {
    WorkQueue queue("work", 1, 10);
    for (int i = 0; i < 5; ++i) {
      while (!queue.Add([&done, i] { done.push_back(i); })) {
      }
    }
  }
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4));
}

TEST(WorkQueueTest, TakesNoMoreThanThereIsRoomFor) {
  absl::Notification begun, go_on;
  WorkQueue queue("work", 1, 10);
  ASSERT_TRUE(queue.Add([&] {
    begun.Notify();
    go_on.WaitForNotification();
  }));
  begun.WaitForNotification();
  // Larger than all the room, into an empty queue.
  EXPECT_TRUE(queue.Add([] {}, 11));
  EXPECT_FALSE(queue.Add([] {}));
  go_on.Notify();
}

TEST(WorkQueueTest, IsIdleOnlyWhenEverythingIsDone) {
  absl::Notification begun, go_on;
  WorkQueue queue("work", 1, 10);
  EXPECT_TRUE(queue.IsIdle());
  ASSERT_TRUE(queue.Add([&] {
    begun.Notify();
    go_on.WaitForNotification();
  }));
  EXPECT_FALSE(queue.IsIdle());
  begun.WaitForNotification();
  EXPECT_FALSE(queue.IsIdle());
  go_on.Notify();
}

TEST(WorkQueueTest, FinishesWhatItTookBeforeItGoes) {
  int done = 0;
  {
    WorkQueue queue("work", 1, 100);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(queue.Add([&done] { ++done; }));
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace secondstory::incidentd
