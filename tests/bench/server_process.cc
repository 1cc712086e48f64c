#include "tests/bench/server_process.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/http_client.h"
#include "grpcpp/grpcpp.h"
#include "tests/bench/machine.h"

namespace secondstory::bench {

ServerProcess::ServerProcess(const std::string& program,
                             const std::vector<std::string>& args,
                             Report* report)
    : report_(report) {
  auto started = support::Subprocess::Start(program, args);
  if (!started.ok()) {
    std::fprintf(stderr, "%s does not start: %s; `bazel run` finds it\n",
                 program.c_str(), started.status().ToString().c_str());
    std::exit(2);
  }
  process_ = *std::move(started);
  const auto port = process_->WaitForPort("grpc");
  report->AddCheck(
      absl::StrCat(program, " alone has its port: ", port.status().ToString()),
      port.ok() && OwnsPort(process_->pid(), *port));
  address_ = absl::StrCat("127.0.0.1:", port.value_or(0));
}

std::shared_ptr<grpc::Channel> ServerProcess::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(),
                                   arguments);
}

double ServerProcess::Metric(const std::string& name) const {
  const auto port = process_->WaitForPort("metrics");
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", port.value_or(0), "/metrics");
  const absl::StatusOr<HttpAnswer> answer = CallHttp(call);
  report_->AddCheck("metrics can be read", answer.ok());
  if (!answer.ok()) return -1;
  for (absl::string_view line : absl::StrSplit(answer->body, '\n')) {
    double value = 0;
    if (absl::ConsumePrefix(&line, name + " ") &&
        absl::SimpleAtod(line, &value)) {
      return value;
    }
  }
  return -1;
}

ServerProcess StartIncidentd(const std::string& data_dir, Report* report,
                             const std::vector<std::string>& more_flags) {
  std::vector<std::string> flags = {"--grpc_address=127.0.0.1:0",
                                    "--metrics_address=127.0.0.1:0",
                                    "--data_dir=" + data_dir};
  flags.insert(flags.end(), more_flags.begin(), more_flags.end());
  return ServerProcess("services/incidentd/incidentd", flags, report);
}

int64_t RecordCount(const ServerProcess& incidentd) {
  return static_cast<int64_t>(
      incidentd.Metric("secondstory_storage_log_position_records"));
}

}  // namespace secondstory::bench
