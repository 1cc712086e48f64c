// Goal: an accepted event survives the death of the process, and a disk that
// fails is never mistaken for one that does not.
// Method: a child accepts events and writes the id of each accepted one into a
// pipe; it is killed at a random moment; the spool is opened again, and what
// incidentd then receives is compared with what the pipe received.
// Seed: printed on failure; set SECONDSTORY_SEED to replay.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/delivery/delivery.h"
#include "ingest/delivery/fake_incidentd.h"
#include "tests/support/seed.h"

namespace secondstory::ingest {
namespace {

v1::Event MakeEvent(const std::string& id, size_t bytes) {
  v1::Event event;
  event.set_source("test/a");
  event.set_source_event_id(id);
  event.set_description(std::string(bytes, 'x'));
  return event;
}

DeliveryOptions MakeOptions(const std::string& name) {
  DeliveryOptions options;
  options.spool_dir = absl::StrCat(testing::TempDir(), "/", name);
  return options;
}

// Accepts for ever; the parent ends it.
[[noreturn]] void AcceptUntilKilled(const DeliveryOptions& options, int round,
                                    int pipe) {
  FakeIncidentd incidentd;
  incidentd.SetAway(true);
  Metrics metrics("test");
  auto delivery = Delivery::Open(options, &incidentd, &metrics);
  if (!delivery.ok()) _exit(3);
  for (int i = 0;; ++i) {
    const std::string id = absl::StrCat(round, "/", i);
    const std::string cursor = absl::StrCat("after ", id);
    if (!(*delivery)
             ->Accept({MakeEvent(id, 700)}, WorkerCursor{"test/a", 0, cursor})
             .ok()) {
      _exit(4);
    }
    const std::string line = id + "\n";
    if (write(pipe, line.data(), line.size()) < 0) _exit(5);
  }
}

// Runs a child until it wrote at least `bytes`, kills it, and returns the ids
// that it acknowledged.
std::vector<std::string> RunAndKill(const DeliveryOptions& options, int round,
                                    size_t bytes) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    AcceptUntilKilled(options, round, ends[1]);
  }
  close(ends[1]);
  std::string text;
  char buffer[256];
  bool killed = false;
  for (;;) {
    const ssize_t size = read(ends[0], buffer, sizeof buffer);
    if (size <= 0) break;
    text.append(buffer, static_cast<size_t>(size));
    if (!killed && text.size() >= bytes) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  std::vector<std::string> ids = absl::StrSplit(text, '\n');
  ids.pop_back();
  return ids;
}

TEST(DeliveryCrashTest, LosesNothingAcceptedWhenKilled) {
  const uint64_t seed = support::Seed();
  std::mt19937_64 random(seed);
  const DeliveryOptions options = MakeOptions("killed");
  std::vector<std::string> accepted;
  for (int round = 0; round < 8; ++round) {
    for (std::string& id : RunAndKill(options, round, 1 + random() % 500)) {
      accepted.push_back(std::move(id));
    }
  }

  FakeIncidentd incidentd;
  Metrics metrics("test");
  SS_ASSERT_OK_AND_ASSIGN(auto delivery,
                          Delivery::Open(options, &incidentd, &metrics));
  ASSERT_TRUE(delivery->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
  const std::vector<std::string> stored = incidentd.event_ids();
  // Every acknowledged id, in order; besides, of each round, at most the one
  // whose acknowledgement the kill cut off.
  size_t next = 0;
  for (const std::string& id : stored) {
    if (next < accepted.size() && accepted[next] == id) ++next;
  }
  EXPECT_EQ(next, accepted.size());
  EXPECT_LE(stored.size(), accepted.size() + 8);
  EXPECT_EQ(incidentd.cursor("test/a"), "after " + stored.back());
}

// Accepts until the disk refuses and then, with the disk well again, goes on.
// Returns an exit code.
int AcceptOnAFailingDisk(const DeliveryOptions& options, int pipe) {
  signal(SIGXFSZ, SIG_IGN);
  FakeIncidentd incidentd;
  incidentd.SetAway(true);
  Metrics metrics("test");
  auto delivery = Delivery::Open(options, &incidentd, &metrics);
  if (!delivery.ok()) return 3;
  rlimit limit = {};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t unlimited = limit.rlim_cur;
  limit.rlim_cur = 100 << 10;
  setrlimit(RLIMIT_FSIZE, &limit);
  int failures = 0;
  for (int i = 0; i < 60; ++i) {
    const std::string id = absl::StrCat(i);
    const absl::Status status =
        (*delivery)->Accept({MakeEvent(id, 4000)}, std::nullopt);
    if (status.ok()) {
      const std::string line = id + "\n";
      if (write(pipe, line.data(), line.size()) < 0) return 5;
    } else if (!absl::IsUnavailable(status)) {
      return 6;
    } else if (++failures == 5) {
      limit.rlim_cur = unlimited;
      setrlimit(RLIMIT_FSIZE, &limit);
    }
  }
  return failures == 5 ? 0 : 7;
}

TEST(DeliveryCrashTest, PromisesNothingWhileTheDiskFailsAndRecovers) {
  const DeliveryOptions options = MakeOptions("disk");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) _exit(AcceptOnAFailingDisk(options, ends[1]));
  close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
  std::vector<std::string> accepted = absl::StrSplit(text, '\n');
  accepted.pop_back();
  EXPECT_EQ(accepted.size(), 55u);

  FakeIncidentd incidentd;
  Metrics metrics("test");
  SS_ASSERT_OK_AND_ASSIGN(auto delivery,
                          Delivery::Open(options, &incidentd, &metrics));
  ASSERT_TRUE(delivery->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
  EXPECT_EQ(incidentd.event_ids(), accepted);
}

}  // namespace
}  // namespace secondstory::ingest
