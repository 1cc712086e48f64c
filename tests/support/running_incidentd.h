// A real incidentd as a child of a test, and the stubs to talk to it.
#ifndef SECONDSTORY_TESTS_SUPPORT_RUNNING_INCIDENTD_H_
#define SECONDSTORY_TESTS_SUPPORT_RUNNING_INCIDENTD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "secondstory/v1/learning_service.grpc.pb.h"
#include "secondstory/v1/review_service.grpc.pb.h"
#include "tests/support/subprocess.h"

namespace secondstory::support {

// REQUIRES: the test has //services/incidentd:incidentd among its `data`.
class RunningIncidentd {
 public:
  // Starts on `data_dir`, on a free port, or on `wanted_port` when not 0.
  explicit RunningIncidentd(const std::string& data_dir, int wanted_port = 0,
                            const std::vector<std::string>& more_flags = {}) {
    std::vector<std::string> flags = {
        absl::StrCat("--grpc_address=127.0.0.1:", wanted_port),
        "--metrics_address=127.0.0.1:0", "--disk_free_mib_min=1",
        "--data_dir=" + data_dir};
    flags.insert(flags.end(), more_flags.begin(), more_flags.end());
    auto started = Subprocess::Start("services/incidentd/incidentd", flags);
    EXPECT_THAT(started, IsOk());
    process = *std::move(started);
    auto grpc_port = process->WaitForPort("grpc");
    auto metrics_port = process->WaitForPort("metrics");
    EXPECT_THAT(grpc_port, IsOk());
    EXPECT_THAT(metrics_port, IsOk());
    EXPECT_THAT(process->WaitForLog("ready"), IsOk());
    address = absl::StrCat("127.0.0.1:", grpc_port.value_or(0));
    metrics_address = absl::StrCat("127.0.0.1:", metrics_port.value_or(0));
    port = grpc_port.value_or(0);
    channel = NewChannel();
    events = v1::EventService::NewStub(channel);
    candidates = v1::CandidateService::NewStub(channel);
    incidents = v1::IncidentService::NewStub(channel);
    learning = v1::LearningService::NewStub(channel);
    reviews = v1::ReviewService::NewStub(channel);
  }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    return grpc::CreateCustomChannel(
        address, grpc::InsecureChannelCredentials(), arguments);
  }

  std::unique_ptr<Subprocess> process;
  std::string address;
  std::string metrics_address;
  int port = 0;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::CandidateService::Stub> candidates;
  std::unique_ptr<v1::IncidentService::Stub> incidents;
  std::unique_ptr<v1::LearningService::Stub> learning;
  std::unique_ptr<v1::ReviewService::Stub> reviews;
};

// A context that gives up before the test does.
class Context : public grpc::ClientContext {
 public:
  Context() {
    set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  }
};

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_RUNNING_INCIDENTD_H_
