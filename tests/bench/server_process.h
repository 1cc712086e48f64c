// The servers that are measured.
#ifndef SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_
#define SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/machine.h"
#include "tests/bench/report.h"
#include "tests/support/subprocess.h"

namespace secondstory::bench {

// A server of ours with gRPC on a free port.
class ServerProcess {
 public:
  ServerProcess(const std::string& program,
                const std::vector<std::string>& args, Report* report) {
    auto started = support::Subprocess::Start(program, args);
    report->AddCheck(absl::StrCat(program, " starts"), started.ok());
    if (!started.ok()) return;
    process_ = *std::move(started);
    const auto port = process_->WaitForPort("grpc");
    report->AddCheck(absl::StrCat(program, " alone has its port"),
                     port.ok() && OwnsPort(process_->pid(), *port));
    address_ = absl::StrCat("127.0.0.1:", port.value_or(0));
  }

  const std::string& address() const { return address_; }
  int pid() const { return process_->pid(); }
  support::Subprocess& process() { return *process_; }

 private:
  std::unique_ptr<support::Subprocess> process_;
  std::string address_;
};

inline ServerProcess StartIncidentd(const std::string& data_dir,
                                    Report* report) {
  return ServerProcess(
      "services/incidentd/incidentd",
      {"--grpc_address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
       "--data_dir=" + data_dir},
      report);
}

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_SERVER_PROCESS_H_
