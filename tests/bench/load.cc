#include "tests/bench/load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace secondstory::bench {
namespace {

using NextRequest = std::function<grpc::ByteBuffer()>;
using OnResponse = std::function<void(const grpc::ByteBuffer&)>;

std::unique_ptr<grpc::GenericStub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments));
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Notes calls that end while the load runs.
class Tally {
 public:
  Tally(absl::Duration duration, const OnResponse& on_response)
      : begin_(absl::Now()),
        end_(begin_ + duration),
        cpu_(OwnCpuSeconds()),
        on_response_(on_response) {}

  absl::Time begin() const { return begin_; }
  absl::Time end() const { return end_; }

  // False when the time is up.
  bool Add(absl::Time due, const grpc::Status& status,
           const grpc::ByteBuffer& response) {
    const absl::Time now = absl::Now();
    if (!status.ok()) {
      if (++result_.error_count == 1) {
        result_.first_error = status.error_message();
      }
    } else {
      ++result_.answer_count;
      if (on_response_) on_response_(response);
    }
    if (now > end_) return false;
    result_.call_count += status.ok();
    result_.latencies_ms.push_back(absl::ToDoubleMilliseconds(now - due));
    return true;
  }

  LoadResult Result() {
    result_.seconds =
        absl::ToDoubleSeconds(std::min(end_, absl::Now()) - begin_);
    result_.client_cpu_seconds = OwnCpuSeconds() - cpu_;
    return std::move(result_);
  }

 private:
  const absl::Time begin_;
  const absl::Time end_;
  const double cpu_;
  const OnResponse& on_response_;
  LoadResult result_;
};

struct Call {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Time due;
};

// The times at which an open loop's requests are due.
class Schedule {
 public:
  Schedule(const Load& load, absl::Time begin)
      : random_(load.seed), gap_(load.rate > 0 ? load.rate : 1), next_(begin) {}
  absl::Time next() const { return next_; }
  void Advance() { next_ += absl::Seconds(gap_(random_)); }

 private:
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_;
  absl::Time next_;
};

LoadResult RunUnary(const Load& load, const NextRequest& next_request,
                    const OnResponse& on_response) {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (int i = 0; i < load.connection_count; ++i) {
    stubs.push_back(Connect(load.address));
  }
  grpc::CompletionQueue queue;
  std::vector<Call> calls(static_cast<size_t>(load.in_flight));
  const auto start = [&](size_t i, absl::Time due) {
    Call& call = calls[i];
    call.context = std::make_unique<grpc::ClientContext>();
    call.response.Clear();
    call.due = due;
    call.reader = stubs[i % stubs.size()]->PrepareUnaryCall(
        call.context.get(), load.method, next_request(), &queue);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status,
                        reinterpret_cast<void*>(i));
  };
  Tally tally(load.call_count > 0 ? absl::InfiniteDuration() : load.duration,
              on_response);
  Schedule schedule(load, tally.begin());
  std::vector<size_t> idle;
  for (size_t i = 0; i < calls.size(); ++i) idle.push_back(i);
  int64_t started = 0;
  const auto over = [&] {
    return load.call_count > 0 ? started == load.call_count
                               : absl::Now() >= tally.end();
  };
  const auto start_due = [&] {
    while (!idle.empty() && !over()) {
      absl::Time due = absl::Now();
      if (load.rate > 0) {
        if (schedule.next() > due) return;
        due = schedule.next();
        schedule.Advance();
      }
      const size_t i = idle.back();
      idle.pop_back();
      ++started;
      start(i, due);
    }
  };
  start_due();
  while (idle.size() < calls.size() || !over()) {
    // An open loop wakes up for what is due next; far off, for the end.
    const absl::Time wake = load.rate > 0 && !idle.empty()
                                ? std::min(schedule.next(), tally.end())
                                : absl::InfiniteFuture();
    void* tag = nullptr;
    bool ok = false;
    if (queue.AsyncNext(&tag, &ok, absl::ToChronoTime(wake)) ==
        grpc::CompletionQueue::GOT_EVENT) {
      const auto i = reinterpret_cast<size_t>(tag);
      tally.Add(calls[i].due, calls[i].status, calls[i].response);
      idle.push_back(i);
    }
    start_due();
  }
  LoadResult result = tally.Result();
  queue.Shutdown();
  return result;
}

// One stream: at most one write and one read under way, answers in order.
struct Stream {
  enum Op { kStart, kWrite, kRead, kDone };
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> calls;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::deque<absl::Time> sent;
  bool started = false;
  bool writing = false;
  bool closing = false;
};

LoadResult RunStreamed(const Load& load, const NextRequest& next_request,
                       const OnResponse& on_response) {
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  std::vector<std::unique_ptr<Stream>> streams;
  const auto tag_of = [](size_t stream, Stream::Op op) {
    return reinterpret_cast<void*>(stream << 2 | op);
  };
  Tally tally(load.duration, on_response);
  const auto window =
      static_cast<size_t>(std::max(1, load.in_flight / load.connection_count));
  for (size_t i = 0; i < static_cast<size_t>(load.connection_count); ++i) {
    stubs.push_back(Connect(load.address));
    streams.push_back(std::make_unique<Stream>());
    streams[i]->calls =
        stubs[i]->PrepareCall(&streams[i]->context, load.method, &queue);
    streams[i]->calls->StartCall(tag_of(i, Stream::kStart));
  }
  // The next request, or the end of them. Requests that can follow each other
  // go out in one packet.
  const auto write = [&](size_t i) {
    Stream& stream = *streams[i];
    if (!stream.started || stream.writing || stream.closing) return;
    if (absl::Now() >= tally.end()) {
      stream.closing = true;
      stream.calls->WritesDone(tag_of(i, Stream::kWrite));
      return;
    }
    if (stream.sent.size() >= window) return;
    stream.writing = true;
    stream.sent.push_back(absl::Now());
    grpc::WriteOptions options;
    if (stream.sent.size() < window) options.set_buffer_hint();
    stream.calls->Write(next_request(), options, tag_of(i, Stream::kWrite));
  };
  void* tag = nullptr;
  bool ok = false;
  for (size_t open = streams.size(); open > 0;) {
    // Answers that are there are all taken before more is asked.
    if (queue.AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC)) ==
        grpc::CompletionQueue::TIMEOUT) {
      for (size_t i = 0; i < streams.size(); ++i) write(i);
      queue.Next(&tag, &ok);
    }
    const size_t i = reinterpret_cast<size_t>(tag) >> 2;
    Stream& stream = *streams[i];
    switch (static_cast<Stream::Op>(reinterpret_cast<size_t>(tag) & 3)) {
      case Stream::kStart:
        stream.started = true;
        stream.calls->Read(&stream.response, tag_of(i, Stream::kRead));
        break;
      case Stream::kWrite:
        stream.writing = false;
        write(i);
        break;
      case Stream::kRead:
        if (!ok) {
          stream.calls->Finish(&stream.status, tag_of(i, Stream::kDone));
          break;
        }
        tally.Add(stream.sent.front(), grpc::Status::OK, stream.response);
        stream.sent.pop_front();
        stream.response.Clear();
        stream.calls->Read(&stream.response, tag_of(i, Stream::kRead));
        break;
      case Stream::kDone:
        if (!stream.status.ok()) {
          tally.Add(absl::Now(), stream.status, stream.response);
        }
        --open;
        break;
    }
  }
  LoadResult result = tally.Result();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return result;
}

// Field `number` (from 1) of /proc/PID/stat and those behind it; the name, in
// parentheses, may hold anything.
std::istringstream StatFrom(int pid, int number) {
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(stat, text);
  const size_t name_end = text.rfind(')');
  std::istringstream fields(
      name_end == std::string::npos ? "" : text.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < number; ++i) fields >> skipped;
  return fields;
}

}  // namespace

LoadResult RunLoad(const Load& load, const NextRequest& next_request,
                   const OnResponse& on_response) {
  return load.streamed ? RunStreamed(load, next_request, on_response)
                       : RunUnary(load, next_request, on_response);
}

void AddLatencies(const std::vector<double>& latencies_ms, Figures* figures) {
  (*figures)["p50_ms"] = Quantile(latencies_ms, 0.5);
  (*figures)["p99_ms"] = Quantile(latencies_ms, 0.99);
  (*figures)["p999_ms"] = Quantile(latencies_ms, 0.999);
}

absl::Duration CpuTimeOf(int pid, bool children) {
  std::istringstream fields = StatFrom(pid, 14);
  double user = 0, system = 0, ended_user = 0, ended_system = 0;
  fields >> user >> system >> ended_user >> ended_system;
  absl::Duration time = absl::Seconds(
      (user + system + (children ? ended_user + ended_system : 0)) /
      static_cast<double>(sysconf(_SC_CLK_TCK)));
  if (!children) return time;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc", error)) {
    const int child = std::atoi(entry.path().filename().c_str());
    int parent = 0;
    if (child > 0 && StatFrom(child, 4) >> parent && parent == pid) {
      time += CpuTimeOf(child, true);
    }
  }
  return time;
}

double ResidentMib(int pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  std::string word;
  while (status >> word && word != "VmRSS:") {
  }
  double kib = 0;
  status >> kib;
  return kib / 1024;
}

}  // namespace secondstory::bench
