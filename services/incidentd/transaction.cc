#include "services/incidentd/transaction.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace secondstory::incidentd {

std::string NewId(absl::string_view what, const std::string& author,
                  const std::string& request_id) {
  return IdToHex(request_id.empty() ? RandomId()
                                    : StableId({what, author, request_id}));
}

std::string CandidateObject(const std::string& candidate_id) {
  return "candidate/" + candidate_id;
}

std::string IncidentObject(const std::string& incident_id) {
  return "incident/" + incident_id;
}

std::string StableBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace secondstory::incidentd
