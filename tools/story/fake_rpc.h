// What the services of a FakeIncidentd have in common.
#ifndef SECONDSTORY_TOOLS_STORY_FAKE_RPC_H_
#define SECONDSTORY_TOOLS_STORY_FAKE_RPC_H_

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace secondstory::story::fake {

// Remembers the last request of each type.
//
// Threads: all methods may be called from any thread.
class Requests {
 public:
  void Keep(const google::protobuf::Message& request) {
    absl::MutexLock lock(&mutex_);
    bytes_[request.GetTypeName()] = request.SerializeAsString();
  }

  template <typename Request>
  Request Last() {
    Request request;
    absl::MutexLock lock(&mutex_);
    request.ParseFromString(bytes_[request.GetTypeName()]);
    return request;
  }

 private:
  absl::Mutex mutex_;
  std::map<std::string, std::string> bytes_ ABSL_GUARDED_BY(mutex_);
};

// As incidentd says that a field is wrong.
inline grpc::Status InvalidField(const std::string& field,
                                 const std::string& description) {
  google::rpc::BadRequest bad_request;
  auto* const violation = bad_request.add_field_violations();
  violation->set_field(field);
  violation->set_description(description);
  google::rpc::Status details;
  details.set_code(grpc::StatusCode::INVALID_ARGUMENT);
  details.add_details()->PackFrom(bad_request);
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                      "the request is wrong", details.SerializeAsString());
}

inline grpc::Status NotFound(const std::string& what) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, what);
}

// Cuts one page out of `all`; the token is the index of the next.
template <typename Message, typename Request>
std::vector<Message> Page(const std::vector<Message>& all,
                          const Request& request, std::string* next_token) {
  size_t first = 0;
  (void)absl::SimpleAtoi(request.page_token(), &first);
  const size_t size = request.page_size() == 0 ? 50 : request.page_size();
  const size_t end = std::min(all.size(), first + size);
  if (end < all.size()) *next_token = absl::StrCat(end);
  return {all.begin() + static_cast<std::ptrdiff_t>(std::min(first, end)),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

template <typename Values, typename Value>
bool Allows(const Values& values, const Value& value) {
  return values.empty() ||
         std::find(values.begin(), values.end(), value) != values.end();
}

// As incidentd answers a stale etag.
inline grpc::Status Stale() {
  return grpc::Status(grpc::StatusCode::ABORTED, "etag is not the stored one");
}

}  // namespace secondstory::story::fake

#endif  // SECONDSTORY_TOOLS_STORY_FAKE_RPC_H_
