// One HTTP call (libcurl): a webhook sent, an API polled.
#ifndef SECONDSTORY_BASE_HTTP_CLIENT_H_
#define SECONDSTORY_BASE_HTTP_CLIENT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace secondstory {

struct HttpCall {
  std::string method = "GET";
  std::string url;           // "http://127.0.0.1:7710/healthz"
  std::string content_type;  // of `body`; empty: none is sent
  std::string body;
  absl::Duration timeout = absl::Seconds(10);  // for all of it
  size_t answer_bytes_max = 64 << 20;
};

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Sends `call` and waits for the answer. Any status of the server's is an
// answer; redirects are not followed, and only http and https are spoken.
//
// INVALID_ARGUMENT: no such URL. UNAVAILABLE, DEADLINE_EXCEEDED: no whole
// answer; the server may have got the call. RESOURCE_EXHAUSTED: the answer is
// larger than allowed. Each names the URL.
//
// Threads: may be called from any thread.
absl::StatusOr<HttpAnswer> CallHttp(const HttpCall& call);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_HTTP_CLIENT_H_
