#include "ingest/alerts/receiver.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/delivery/fake_incidentd.h"

namespace secondstory::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string AlertJson(const std::string& fingerprint,
                      const std::string& start = "2026-03-01T12:00:00Z") {
  return absl::StrCat(R"({"status": "firing", "labels": {"alertname": "A"},)",
                      R"("startsAt": ")", start, R"(", "fingerprint": ")",
                      fingerprint, "\"}");
}

std::string Body(const std::vector<std::string>& alerts, int truncated = 0) {
  return absl::StrCat(R"({"version": "4", "truncatedAlerts": )", truncated,
                      R"(, "alerts": [)", absl::StrJoin(alerts, ","), "]}");
}

class ReceiverTest : public testing::Test {
 protected:
  ReceiverTest() {
    options_.spool_dir = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    options_.spool_bytes_max = 400;
    auto delivery = Delivery::Open(options_, &incidentd_, &metrics_);
    SS_EXPECT_OK(delivery);
    delivery_ = *std::move(delivery);
    refusals_ = std::make_unique<Refusals>(options_.spool_dir, &metrics_);
    receiver_ = std::make_unique<Receiver>(ReceiverOptions(), delivery_.get(),
                                           refusals_.get(), &clock_, &metrics_,
                                           [this](const std::string& source) {
                                             polled_.push_back(source);
                                             return true;
                                           });
  }

  HttpResponse Post(const std::string& path, const std::string& body) {
    HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    return receiver_->Answer(request);
  }

  HttpResponse Post(const std::string& body) {
    return Post("/v1/alertmanager/prod", body);
  }

  std::vector<std::string> Delivered() {
    EXPECT_TRUE(delivery_->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
    return incidentd_.event_ids();
  }

  std::string Refused() const {
    std::stringstream text;
    text << std::ifstream(options_.spool_dir + "/refused_alerts.jsonl").rdbuf();
    return text.str();
  }

  DeliveryOptions options_;
  FakeIncidentd incidentd_;
  ManualClock clock_{absl::FromUnixSeconds(1772366460)};
  Metrics metrics_{"test"};
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<Refusals> refusals_;
  std::unique_ptr<Receiver> receiver_;
  std::vector<std::string> polled_;
};

TEST_F(ReceiverTest, TakesAWebhook) {
  const HttpResponse response = Post(Body({AlertJson("a"), AlertJson("b")}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"alerts\":2,\"events\":2,\"refused\":[]}\n");
  EXPECT_THAT(Delivered(), ElementsAre("a/2026-03-01T12:00:00.000000Z/fired",
                                       "b/2026-03-01T12:00:00.000000Z/fired"));
  EXPECT_EQ(incidentd_.events()[0].source(), "alertmanager/prod");
}

TEST_F(ReceiverTest, TakesGrafanasWebhook) {
  EXPECT_EQ(Post("/v1/grafana/eu.1", Body({AlertJson("a")})).status, 200);
  Delivered();
  EXPECT_EQ(incidentd_.events()[0].source(), "grafana/eu.1");
}

TEST_F(ReceiverTest, TakesTheGoodAlertsAndNamesTheBadOne) {
  const HttpResponse response =
      Post(Body({AlertJson("a"), AlertJson("b", "soon"), AlertJson("c")}));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body,
              HasSubstr("\"refused\":[{\"index\":1,\"field\":\"startsAt\","
                        "\"value\":\"soon\",\"reason\":\"is no RFC 3339"));
  EXPECT_THAT(Delivered(), testing::SizeIs(2));
  EXPECT_THAT(Refused(), HasSubstr("\"source\":\"alertmanager/prod\","
                                   "\"index\":1,\"field\":\"startsAt\""));
  EXPECT_THAT(Refused(), HasSubstr("\"alert\":{\"status\":\"firing\""));
}

TEST_F(ReceiverTest, AnswersBadRequestWhenNoAlertIsGood) {
  const HttpResponse response = Post(Body({AlertJson("a", "soon")}));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("{\"error\":\"none of the alerts"));
  EXPECT_THAT(response.body, HasSubstr("\"field\":\"startsAt\""));
}

TEST_F(ReceiverTest, AnswersBadRequestToABodyThatIsNoWebhookAndKeepsIt) {
  const HttpResponse response = Post("<alert>");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("{\"error\":\"the body is no JSON"));
  EXPECT_THAT(Refused(), HasSubstr("\"body\":\"<alert>\""));
}

TEST_F(ReceiverTest, TakesAWebhookWithNothingInIt) {
  EXPECT_EQ(Post(Body({})).status, 200);
}

TEST_F(ReceiverTest, AsksToComeAgainWhenTheSpoolIsFull) {
  incidentd_.SetAway(true);
  int taken = 0;
  HttpResponse response = Post(Body({AlertJson("0")}));
  for (; response.status == 200 && taken < 100; ++taken) {
    response = Post(Body({AlertJson(absl::StrCat(taken))}));
  }
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.headers, ElementsAre(Pair("Retry-After", "5")));
  EXPECT_THAT(response.body, HasSubstr("the spool is full"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_alerts_webhooks_total{code=\"503\"} 1"));
}

TEST_F(ReceiverTest, PollsAtOnceWhenTheSenderLeftAlertsOut) {
  EXPECT_EQ(Post(Body({AlertJson("a")}, 3)).status, 200);
  EXPECT_THAT(polled_, ElementsAre("alertmanager/prod"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_alerts_truncated_total 3"));
}

TEST_F(ReceiverTest, NamesThePathsThatThereAre) {
  for (const std::string& path :
       {std::string("/"), std::string("/v1/alertmanager"),
        std::string("/v1/alertmanager/"), std::string("/v1/alertmanager/a/b"),
        std::string("/v1/pager/a"), std::string("/v1/alertmanager/a%20b"),
        "/v1/alertmanager/" + std::string(201, 'x')}) {
    const HttpResponse response = Post(path, Body({}));
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.body, HasSubstr("/v1/alertmanager/NAME"));
  }
}

TEST_F(ReceiverTest, TakesPostsOnly) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/alertmanager/prod";
  const HttpResponse response = receiver_->Answer(request);
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers, ElementsAre(Pair("Allow", "POST")));
}

}  // namespace
}  // namespace secondstory::ingest
