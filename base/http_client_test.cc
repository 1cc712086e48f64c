#include "base/http_client.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/http_server.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {
namespace {

using testing::HasSubstr;

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    auto server = HttpServer::Start(
        "127.0.0.1:0", [this](HttpRequest request, HttpRespond respond) {
          if (request.path == "/silent") {
            silent_ = std::move(respond);
            silent_came_.Notify();
            return;
          }
          respond({418,
                   "text/x",
                   absl::StrCat(request.method, " ", request.path, " ",
                                request.content_type, " ", request.body),
                   {}});
        });
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", server_->port(), path);
  }

  HttpRespond silent_;
  absl::Notification silent_came_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpClientTest, ReturnsWhateverTheServerAnswers) {
  HttpCall call;
  call.url = Url("/a");
  SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer answer, CallHttp(call));
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.content_type, "text/x");
  EXPECT_EQ(answer.body, "GET /a  ");
}

TEST_F(HttpClientTest, SendsABodyOfAnySize) {
  HttpCall call;
  call.method = "POST";
  call.url = Url("/p");
  call.content_type = "application/json";
  for (const size_t bytes : {0, 1, 2 << 20}) {
    call.body = std::string(bytes, 'x');
    SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer answer, CallHttp(call));
    EXPECT_EQ(answer.body, "POST /p application/json " + call.body);
  }
}

TEST_F(HttpClientTest, SaysWhenNobodyAnswersInTime) {
  HttpCall call;
  call.url = Url("/silent");
  call.timeout = absl::Milliseconds(50);
  EXPECT_THAT(CallHttp(call).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  silent_came_.WaitForNotification();
  silent_({});
}

TEST_F(HttpClientTest, RefusesAnAnswerThatIsTooLarge) {
  HttpCall call;
  call.method = "POST";
  call.url = Url("/p");
  call.body = std::string(2000, 'x');
  call.answer_bytes_max = 1000;
  EXPECT_THAT(CallHttp(call).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(HttpClientTest, NamesTheServerThatIsNotThere) {
  HttpCall call;
  call.url = Url("/");
  server_.reset();
  const absl::Status status = CallHttp(call).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr(call.url));
}

TEST_F(HttpClientTest, SpeaksOnlyHttp) {
  HttpCall call;
  call.url = "file:///etc/passwd";
  EXPECT_THAT(CallHttp(call).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace secondstory
