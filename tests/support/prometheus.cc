#include "tests/support/prometheus.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/http_client.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "tests/support/wait_until.h"

namespace secondstory::support {
namespace {

// The port in the log line that names it; 0 while there is none.
int PortIn(absl::string_view log) {
  constexpr absl::string_view kAddress = "address=127.0.0.1:";
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    if (!absl::StrContains(line, "msg=\"Listening on\"")) continue;
    const size_t at = line.find(kAddress);
    int port = 0;
    if (at != absl::string_view::npos &&
        absl::SimpleAtoi(line.substr(at + kAddress.size()), &port)) {
      return port;
    }
  }
  return 0;
}

}  // namespace

int WaitForListening(Subprocess* process) {
  int port = 0;
  EXPECT_TRUE(WaitUntil("the server listens", [&] {
    port = PortIn(process->stderr_text());
    return port != 0;
  }));
  return port;
}

std::string HttpGet(const std::string& url) {
  HttpCall call;
  call.url = url;
  const absl::StatusOr<HttpAnswer> answer = CallHttp(call);
  return answer.ok() && answer->status == 200 ? answer->body : "";
}

void ExpectPromtoolAccepts(const std::string& exposition) {
  EXPECT_NE(exposition, "");
  SS_ASSERT_OK_AND_ASSIGN(
      const auto promtool,
      Subprocess::Start("/usr/bin/promtool", {"check", "metrics"}, exposition));
  EXPECT_THAT(promtool->Wait(), IsOkAndHolds(0));
  EXPECT_EQ(promtool->stdout_text() + promtool->stderr_text(), "");
}

}  // namespace secondstory::support
