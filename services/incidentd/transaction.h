// What handlers that change something have in common.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_TRANSACTION_H_
#define SECONDSTORY_SERVICES_INCIDENTD_TRANSACTION_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/stable_id.h"
#include "google/protobuf/message.h"
#include "secondstory/stored/v1/record.pb.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

using Records = std::vector<stored::v1::Record>;

template <typename Response>
using Done = std::function<void(absl::StatusOr<Response>)>;

// Decides on records and fills the response, on the log's thread.
template <typename Response>
using Decision = std::function<absl::StatusOr<Records>(
    const storage::Store& store, int64_t now_micros, Response* response)>;

// Log::Transact that answers with the response once the records are durable.
template <typename Response>
void Transact(storage::Log* log, std::vector<std::string> objects,
              Decision<Response> decide, Done<Response> done) {
  auto response = std::make_shared<Response>();
  log->Transact(
      std::move(objects),
      [response, decide = std::move(decide)](const storage::Store& store,
                                             int64_t now_micros) {
        return decide(store, now_micros, response.get());
      },
      [response, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(std::move(*response));
      });
}

// The id of something that a caller creates: the same for a repeated request.
std::string NewId(absl::string_view what, const std::string& author,
                  const std::string& request_id);

// The objects that a transaction on a candidate or an incident claims. All that
// belongs to an incident is its object.
std::string CandidateObject(const std::string& candidate_id);
std::string IncidentObject(const std::string& incident_id);

// The same bytes for equal messages, maps included.
std::string StableBytes(const google::protobuf::Message& message);

// A function of all that a message says but its etag.
template <typename Message>
std::string EtagOf(Message message) {
  message.clear_etag();
  return IdToHex(StableId({"etag", StableBytes(message)})).substr(0, 16);
}

// ABORTED when `given` is not the etag of the `stored` one.
template <typename Message>
absl::Status CheckEtag(absl::string_view what, const Message& stored,
                       const std::string& given) {
  if (stored.etag() == given) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "etag is \"", given, "\", and the ", what, " has \"", stored.etag(),
      "\": somebody else changed it. Read it again, look, retry"));
}

// Takes the fields of `paths` from `from`, lists and messages as a whole.
template <typename Paths>
void TakeFields(const google::protobuf::Message& from, const Paths& paths,
                google::protobuf::Message* to) {
  const std::unique_ptr<google::protobuf::Message> copy(from.New());
  for (const std::string& path : paths) {
    const google::protobuf::FieldDescriptor* field =
        to->GetDescriptor()->FindFieldByName(path);
    copy->CopyFrom(from);
    to->GetReflection()->ClearField(to, field);
    to->GetReflection()->SwapFields(copy.get(), to, {field});
  }
}

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_TRANSACTION_H_
