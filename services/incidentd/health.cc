#include "services/incidentd/health.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.pb.h"

namespace secondstory::incidentd {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

Health::Health(RpcServer* server, std::function<absl::Status()> check)
    : server_(server), check_(std::move(check)) {
  server_->AddRead<HealthCheckRequest, HealthCheckResponse>(
      "/grpc.health.v1.Health/Check",
      [this](const HealthCheckRequest& request)
          -> absl::StatusOr<HealthCheckResponse> {
        if (!Knows(request.service())) {
          return absl::NotFoundError(absl::StrCat(
              "there is no service \"", request.service(), "\" here"));
        }
        HealthCheckResponse response;
        response.set_status(
            static_cast<HealthCheckResponse::ServingStatus>(StatusFor(true)));
        return response;
      });
  server_->AddStreaming("/grpc.health.v1.Health/Watch",
                        [this](auto bytes, auto stream) {
                          Watch(std::move(bytes), std::move(stream));
                        });
  ticker_ = std::make_unique<Ticker>(absl::Milliseconds(200),
                                     [this] { UpdateAll(); });
}

Health::~Health() { Stop(); }

absl::Status Health::status() const {
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return absl::UnavailableError("the server stops");
  }
  return check_();
}

bool Health::Knows(const std::string& service) const {
  if (service.empty()) return true;
  const std::vector<std::string> services = server_->Services();
  return std::find(services.begin(), services.end(), service) != services.end();
}

int Health::StatusFor(bool known_service) const {
  if (!known_service) return HealthCheckResponse::SERVICE_UNKNOWN;
  return status().ok() ? HealthCheckResponse::SERVING
                       : HealthCheckResponse::NOT_SERVING;
}

void Health::Watch(grpc::ByteBuffer bytes, std::shared_ptr<RpcStream> stream) {
  HealthCheckRequest request;
  if (const absl::Status parsed = ParseMessage(bytes, &request); !parsed.ok()) {
    return stream->Finish(parsed);
  }
  auto watcher = std::make_shared<Watcher>();
  watcher->stream = std::move(stream);
  watcher->known_service = Knows(request.service());
  {
    absl::MutexLock lock(&mutex_);
    watchers_.insert(watcher);
  }
  watcher->stream->OnEnd([this, watcher] {
    absl::MutexLock lock(&mutex_);
    watchers_.erase(watcher);
  });
  Update(watcher);
}

// Sends the state if it is another than the one sent last.
void Health::Update(const WatcherPointer& watcher) {
  const int status = StatusFor(watcher->known_service);
  {
    absl::MutexLock lock(&mutex_);
    if (watcher->busy || watcher->sent == status) return;
    watcher->busy = true;
    watcher->sent = status;
  }
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(status));
  watcher->stream->Write(SerializeMessage(response), [this, watcher](bool ok) {
    if (!ok) {
      watcher->stream->Finish(absl::CancelledError("the client is gone"));
      return;
    }
    absl::MutexLock lock(&mutex_);
    watcher->busy = false;
  });
}

void Health::UpdateAll() {
  std::vector<WatcherPointer> watchers;
  {
    absl::MutexLock lock(&mutex_);
    watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const WatcherPointer& watcher : watchers) Update(watcher);
}

void Health::Stop() {
  ticker_.reset();
  std::vector<WatcherPointer> watchers;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const WatcherPointer& watcher : watchers) {
    watcher->stream->Finish(absl::UnavailableError("the server stops"));
  }
}

}  // namespace secondstory::incidentd
