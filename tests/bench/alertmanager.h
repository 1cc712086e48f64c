// Alertmanager, which holds alerts in memory only: nothing that it answers is
// on a disk. What it does not promise, it need not pay for.
#ifndef SECONDSTORY_TESTS_BENCH_ALERTMANAGER_H_
#define SECONDSTORY_TESTS_BENCH_ALERTMANAGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"
#include "tests/support/subprocess.h"

namespace secondstory::bench {

class Alertmanager {
 public:
  // Starts it, with a receiver that tells nobody.
  Alertmanager(const std::string& dir, Report* report);

  // Posts bodies of `bodies`, each of `batch` alerts, again and again, from
  // `client_count` clients, for the time of a round.
  Figures RunPosts(const BenchOptions& options,
                   const std::vector<std::string>& bodies, int batch,
                   int client_count);

  int pid() const { return process_ ? process_->pid() : 0; }

 private:
  Report* const report_;
  std::unique_ptr<support::Subprocess> process_;
  std::string url_;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_ALERTMANAGER_H_
