// The servers that are measured.
#ifndef SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_
#define SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "tests/bench/report.h"
#include "tests/support/subprocess.h"

namespace secondstory::bench {

// A server of ours with gRPC on a free port. Threads: one.
class ServerProcess {
 public:
  // Starts it, and checks that it alone listens on its port. Ends the process
  // when it cannot be started: there is nothing to measure.
  ServerProcess(const std::string& program,
                const std::vector<std::string>& args, Report* report);

  const std::string& address() const { return address_; }
  int pid() const { return process_->pid(); }
  support::Subprocess& process() { return *process_; }
  // A new connection.
  std::shared_ptr<grpc::Channel> Connect() const;

  // A figure of its metrics, by the whole name with labels; -1: there is none.
  double Metric(const std::string& name) const;

 private:
  std::unique_ptr<support::Subprocess> process_;
  std::string address_;
  Report* report_;
};

ServerProcess StartIncidentd(const std::string& data_dir, Report* report,
                             const std::vector<std::string>& more_flags = {});

// How many records the log of an incidentd has.
int64_t RecordCount(const ServerProcess& incidentd);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_
