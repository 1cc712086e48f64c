// Goal: what people write is found by whoever looks for it, over the API, for
// as long as the log holds it, whatever becomes of the process or of the
// index's file. Method: the real binary on a database of its own, killed and
// damaged.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/seed.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::Context;
using support::RunningIncidentd;
using support::WaitUntil;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kStart = 1'700'000'000'000'000;

class SearchProcessTest : public testing::Test {
 protected:
  SearchProcessTest()
      : dir_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(dir_);
    Start();
  }
  ~SearchProcessTest() override {
    service_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Start(const std::vector<std::string>& flags = {}) {
    service_.reset();
    service_ = std::make_unique<RunningIncidentd>(dir_, 0, flags);
  }

  std::string Create(const std::string& title) {
    v1::CreateIncidentRequest request;
    request.mutable_incident()->set_title(title);
    *request.mutable_incident()->mutable_start_time() = FromMicros(kStart);
    request.mutable_incident()->add_services("checkout");
    request.set_author("kim");
    Context context;
    v1::CreateIncidentResponse response;
    const grpc::Status status =
        service_->incidents->CreateIncident(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.incident().incident_id();
  }

  std::string AddLine(const std::string& incident, const std::string& title) {
    v1::AddTimelineEntryRequest request;
    request.set_incident_id(incident);
    request.mutable_entry()->set_title(title);
    *request.mutable_entry()->mutable_event_time() = FromMicros(kStart);
    request.set_author("kim");
    Context context;
    v1::AddTimelineEntryResponse response;
    const grpc::Status status =
        service_->incidents->AddTimelineEntry(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.entry().entry_id();
  }

  grpc::Status Search(const v1::SearchRequest& request,
                      v1::SearchResponse* response) {
    Context context;
    response->Clear();
    return service_->learning->Search(&context, request, response);
  }

  // The results, once there are `count`.
  v1::SearchResponse WaitFor(const std::string& query, int count) {
    v1::SearchRequest request;
    request.set_query(query);
    request.set_page_size(100);
    v1::SearchResponse response;
    grpc::Status status;
    EXPECT_TRUE(WaitUntil(absl::StrCat(count, " results of ", query),
                          [&] {
                            status = Search(request, &response);
                            return status.ok() &&
                                   response.results_size() == count;
                          }))
        << status.error_message() << response.results_size();
    return response;
  }

  const std::string dir_;
  std::unique_ptr<RunningIncidentd> service_;
};

TEST_F(SearchProcessTest, FindsWhatWasWritten) {
  const std::string incident = Create("CheckoutLatencyHigh in prod-eu");
  const std::string line = AddLine(incident, "rolled checkout-api back to 3.2");
  const v1::SearchResponse response = WaitFor("checkout-api", 1);
  EXPECT_EQ(response.results(0).kind(), v1::SEARCH_KIND_ENTRY);
  EXPECT_EQ(response.results(0).id(), line);
  EXPECT_EQ(response.results(0).incident_id(), incident);
  EXPECT_EQ(response.results(0).incident_title(),
            "CheckoutLatencyHigh in prod-eu");
  EXPECT_EQ(ToMicros(response.results(0).start_time()), kStart);
  EXPECT_EQ(response.results(0).snippet(), "rolled checkout-api back to 3.2");
  EXPECT_THAT(response.results(0).highlights(), ElementsAre(7, 19));
  EXPECT_GT(response.indexed_position(), 0);
  const v1::SearchResponse of_incident = WaitFor("latency", 1);
  EXPECT_EQ(of_incident.results(0).kind(), v1::SEARCH_KIND_INCIDENT);
  EXPECT_THAT(of_incident.results(0).id(), IsEmpty());
}

TEST_F(SearchProcessTest, SaysWhatIsWrongWithAQuery) {
  v1::SearchRequest request;
  request.set_query("pool \"connection");
  v1::SearchResponse response;
  grpc::Status status = Search(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              HasSubstr("query cannot be read at byte 5"));
  request.set_query("pool");
  request.set_page_token("0123");
  status = Search(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("page_token"));
}

TEST_F(SearchProcessTest, PagesThroughResultsOnce) {
  const std::string incident = Create("an incident");
  for (int i = 0; i < 7; ++i) AddLine(incident, absl::StrCat("queue ", i));
  WaitFor("queue", 7);
  v1::SearchRequest request;
  request.set_query("queue");
  request.set_page_size(3);
  std::vector<std::string> ids;
  v1::SearchResponse page;
  do {
    ASSERT_TRUE(Search(request, &page).ok());
    for (const v1::SearchResult& one : page.results()) ids.push_back(one.id());
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  EXPECT_THAT(ids, SizeIs(7));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(7));
}

TEST_F(SearchProcessTest, CanBeSwitchedOff) {
  Start({"--search_enabled=false"});
  Create("an incident");
  v1::SearchResponse response;
  const grpc::Status status = Search({}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("search_enabled"));
  Start();
  WaitFor("incident", 1);
}

// Goal: no kill loses what was to be found. Method: lines are added and the
// process is killed at once, again and again, most often with lines that are
// not indexed yet; in the end all that was acknowledged is found, once.
TEST_F(SearchProcessTest, LosesNothingWhenKilledWhileIndexing) {
  std::mt19937_64 random(support::Seed());
  const std::string incident = Create("an incident");
  int lines = 0;
  for (int kill = 0; kill < 6; ++kill) {
    for (uint64_t i = 1 + random() % 12; i > 0; --i) {
      AddLine(incident, absl::StrCat("queue ", lines++));
    }
    service_->process->Kill(SIGKILL);
    EXPECT_THAT(service_->process->Wait(), IsOkAndHolds(128 + SIGKILL));
    Start();
  }
  const v1::SearchResponse response = WaitFor("queue", lines);
  std::set<std::string> ids;
  for (const v1::SearchResult& one : response.results()) ids.insert(one.id());
  EXPECT_THAT(ids, SizeIs(lines));
}

TEST_F(SearchProcessTest, MakesADamagedOrLostIndexAgain) {
  Create("an incident");
  WaitFor("incident", 1);
  // Killed, it would leave everything in the write-ahead log as well.
  service_->process->Kill(SIGTERM);
  EXPECT_THAT(service_->process->Wait(), IsOkAndHolds(0));
  std::ofstream(dir_ + "/search/search.db") << std::string(10'000, 'x');
  Start();
  WaitFor("incident", 1);
  EXPECT_THAT(service_->process->WaitForLog(
                  "the search index is thrown away, and made again"),
              IsOk());
  service_.reset();
  std::filesystem::remove_all(dir_ + "/search");
  Start();
  WaitFor("incident", 1);
}

}  // namespace
}  // namespace secondstory
