#include "base/http_client.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "curl/curl.h"

namespace secondstory {
namespace {

struct Body {
  std::string text;
  size_t bytes_max;
  bool too_large = false;
};

size_t OnBody(char* bytes, size_t size, size_t count, void* context) {
  auto* const body = static_cast<Body*>(context);
  body->too_large = body->text.size() + size * count > body->bytes_max;
  if (body->too_large) return 0;  // ends the transfer
  body->text.append(bytes, size * count);
  return size * count;
}

absl::Status ToStatus(CURLcode code, const Body& body, const HttpCall& call) {
  if (body.too_large) {
    return absl::ResourceExhaustedError(
        absl::StrCat(call.url, ": the answer is larger than ",
                     call.answer_bytes_max, " bytes"));
  }
  const std::string why =
      absl::StrCat(call.url, ": ", curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::InvalidArgumentError(why);
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(why);
    default:
      return absl::UnavailableError(why);
  }
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers MakeHeaders(const HttpCall& call) {
  // Waiting for permission to send a body costs a round trip.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  if (!call.content_type.empty()) {
    list = curl_slist_append(
        list, absl::StrCat("Content-Type: ", call.content_type).c_str());
  }
  return Headers(list, curl_slist_free_all);
}

void SetBody(CURL* handle, const HttpCall& call) {
  if (call.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (call.body.empty() && call.method != "POST") return;
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(call.body.size()));
}

}  // namespace

absl::StatusOr<HttpAnswer> CallHttp(const HttpCall& call) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Handle handle(curl_easy_init(), curl_easy_cleanup);
  if (started != CURLE_OK || handle == nullptr) {
    return absl::InternalError("libcurl does not start");
  }
  const Headers headers = MakeHeaders(call);
  Body body{"", call.answer_bytes_max};
  const int64_t timeout =
      std::max<int64_t>(absl::ToInt64Milliseconds(call.timeout), 1);
  CURL* const curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  SetBody(curl, call);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // threads
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return ToStatus(code, body, call);
  HttpAnswer answer;
  long status = 0;
  const char* content_type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &content_type);
  answer.status = static_cast<int>(status);
  if (content_type != nullptr) answer.content_type = content_type;
  answer.body = std::move(body.text);
  return answer;
}

}  // namespace secondstory
