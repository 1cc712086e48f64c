#include "tests/bench/load.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace secondstory::bench {
namespace {

struct Call {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Time start;
};

std::unique_ptr<grpc::GenericStub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  return std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments));
}

}  // namespace

double LoadResult::LatencyMs(double fraction) const {
  if (latencies_ms.empty()) return 0;
  const auto index = static_cast<size_t>(
      fraction * static_cast<double>(latencies_ms.size() - 1));
  return latencies_ms[index];
}

LoadResult RunLoad(const Load& load,
                   const std::function<grpc::ByteBuffer()>& next_request) {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (int i = 0; i < load.connection_count; ++i) {
    stubs.push_back(Connect(load.address));
  }
  grpc::CompletionQueue queue;
  std::vector<Call> calls(static_cast<size_t>(load.in_flight));
  const auto start = [&](size_t i) {
    Call& call = calls[i];
    call.context = std::make_unique<grpc::ClientContext>();
    call.response.Clear();
    call.start = absl::Now();
    call.reader = stubs[i % stubs.size()]->PrepareUnaryCall(
        call.context.get(), load.method, next_request(), &queue);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status,
                        reinterpret_cast<void*>(i));
  };
  LoadResult result;
  const absl::Time begin = absl::Now(), end = begin + load.duration;
  for (size_t i = 0; i < calls.size(); ++i) start(i);
  void* tag = nullptr;
  bool ok = false;
  for (size_t open = calls.size(); open > 0 && queue.Next(&tag, &ok);) {
    const auto i = reinterpret_cast<size_t>(tag);
    const absl::Time now = absl::Now();
    if (now <= end) {
      ++(calls[i].status.ok() ? result.call_count : result.error_count);
      result.latencies_ms.push_back(
          absl::ToDoubleMilliseconds(now - calls[i].start));
      start(i);
    } else {
      --open;
    }
  }
  result.seconds = absl::ToDoubleSeconds(end - begin);
  std::sort(result.latencies_ms.begin(), result.latencies_ms.end());
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return result;
}

absl::Duration CpuTimeOf(int pid) {
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(stat, text)) return absl::ZeroDuration();
  // The name, in parentheses, may hold anything; fields 14 and 15 follow it.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return absl::Seconds((user + system) /
                       static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace secondstory::bench
