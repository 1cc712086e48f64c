#include "services/incidentd/rpc_status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kMessageBytesMax = 4 << 10;
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";

// Cut where a UTF-8 character ends.
std::string Cut(absl::string_view text) {
  if (text.size() <= kMessageBytesMax) return std::string(text);
  size_t end = kMessageBytesMax - 4;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

bool IsWorthARetry(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsAborted(status);
}

}  // namespace

absl::Status BadRequest(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest details;
  std::vector<std::string> sentences;
  for (const FieldViolation& violation : violations) {
    google::rpc::BadRequest::FieldViolation* added =
        details.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
    sentences.push_back(
        absl::StrCat(violation.field, " ", violation.description));
  }
  absl::Status status =
      absl::InvalidArgumentError(absl::StrJoin(sentences, "; "));
  status.SetPayload(kBadRequestUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status BadRequest(absl::string_view field,
                        absl::string_view description) {
  return BadRequest(
      {FieldViolation{std::string(field), std::string(description)}});
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(Cut(status.message()));
  google::rpc::ErrorInfo info;
  info.set_reason(absl::StatusCodeToString(status.code()));
  info.set_domain(kErrorDomain);
  details.add_details()->PackFrom(info);
  if (IsWorthARetry(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(100'000'000);
    details.add_details()->PackFrom(retry);
  }
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    google::protobuf::Any* added = details.add_details();
    added->set_type_url(std::string(url));
    added->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      details.message(), details.SerializeAsString());
}

}  // namespace secondstory::incidentd
