#include "services/incidentd/reflection.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpcpp/support/status.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

// `file` and all that it imports, each once.
void AddFiles(const FileDescriptor* file, std::set<std::string>* seen,
              ServerReflectionResponse* response) {
  if (!seen->insert(file->name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response->mutable_file_descriptor_response()->add_file_descriptor_proto(
      proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddFiles(file->dependency(i), seen, response);
  }
}

void AnswerFile(const FileDescriptor* file, const std::string& name,
                ServerReflectionResponse* response) {
  if (file == nullptr) {
    response->mutable_error_response()->set_error_code(grpc::NOT_FOUND);
    response->mutable_error_response()->set_error_message(
        absl::StrCat("nothing here is called ", name));
    return;
  }
  std::set<std::string> seen;
  AddFiles(file, &seen, response);
}

const FileDescriptor* FileOfExtension(
    const grpc::reflection::v1::ExtensionRequest& request) {
  const DescriptorPool* pool = DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName(request.containing_type());
  if (type == nullptr) return nullptr;
  const auto* extension =
      pool->FindExtensionByNumber(type, request.extension_number());
  return extension == nullptr ? nullptr : extension->file();
}

void AnswerExtensionNumbers(const std::string& name,
                            ServerReflectionResponse* response) {
  const DescriptorPool* pool = DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName(name);
  if (type == nullptr) return AnswerFile(nullptr, name, response);
  auto* answer = response->mutable_all_extension_numbers_response();
  answer->set_base_type_name(name);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool->FindAllExtensions(type, &extensions);
  for (const auto* extension : extensions) {
    answer->add_extension_number(extension->number());
  }
}

}  // namespace

ServerReflectionResponse AnswerReflection(
    const ServerReflectionRequest& request,
    const std::vector<std::string>& services) {
  const DescriptorPool* pool = DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      AnswerFile(pool->FindFileByName(request.file_by_filename()),
                 request.file_by_filename(), &response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AnswerFile(
          pool->FindFileContainingSymbol(request.file_containing_symbol()),
          request.file_containing_symbol(), &response);
      break;
    case ServerReflectionRequest::kFileContainingExtension:
      AnswerFile(FileOfExtension(request.file_containing_extension()),
                 request.file_containing_extension().containing_type(),
                 &response);
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      AnswerExtensionNumbers(request.all_extension_numbers_of_type(),
                             &response);
      break;
    case ServerReflectionRequest::kListServices:
      for (const std::string& service : services) {
        response.mutable_list_services_response()->add_service()->set_name(
            service);
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message(
          "message_request is not set; ask for something");
      break;
  }
  return response;
}

void AddReflection(RpcServer* server) {
  for (const char* version : {"v1", "v1alpha"}) {
    server->AddPipelined(
        absl::StrCat("/grpc.reflection.", version,
                     ".ServerReflection/ServerReflectionInfo"),
        [server](const grpc::ByteBuffer& bytes, const RpcReply& reply) {
          ServerReflectionRequest request;
          const absl::Status parsed = ParseMessage(bytes, &request);
          if (!parsed.ok()) return reply(parsed);
          reply(
              SerializeMessage(AnswerReflection(request, server->Services())));
        });
  }
}

}  // namespace secondstory::incidentd
