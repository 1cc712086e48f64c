// Goal: what stands in a deploy log or in a Git history stands in the event
// log, once and in order, although any process dies at any moment. Method: the
// real deployd and the real incidentd as processes, real files that are
// rotated, a real repository; kill -9 at moments that a seed decides. Seed:
// printed on failure; set SECONDSTORY_SEED to replay.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/http_client.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "tests/support/prometheus.h"
#include "tests/support/seed.h"
#include "tests/support/subprocess.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

namespace fs = std::filesystem;
using support::Subprocess;
using support::WaitUntil;
using testing::ElementsAre;
using testing::HasSubstr;

class DeploysTest : public testing::Test {
 protected:
  DeploysTest()
      : folder_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        log_(folder_ + "/d.jsonl"),
        repository_(folder_ + "/shop") {
    fs::remove_all(folder_);
    fs::create_directories(repository_);
    Git("init -q -b main .");
    StartIncidentd();
  }

  void StartIncidentd() {
    SS_ASSERT_OK_AND_ASSIGN(
        incidentd_,
        Subprocess::Start(
            "services/incidentd/incidentd",
            {absl::StrCat("--grpc_address=127.0.0.1:", port_),
             "--metrics_address=127.0.0.1:0", "--disk_free_mib_min=1",
             "--data_dir=" + folder_ + "/incidentd"}));
    SS_ASSERT_OK_AND_ASSIGN(port_, incidentd_->WaitForPort("grpc"));
    SS_ASSERT_OK(incidentd_->WaitForLog("ready"));
  }

  void StartDeployd() {
    SS_ASSERT_OK_AND_ASSIGN(
        deployd_,
        Subprocess::Start(
            "ingest/deploys/deployd",
            {absl::StrCat("--incidentd_address=127.0.0.1:", port_),
             "--metrics_address=127.0.0.1:0", "--poll_interval=50ms",
             "--spool_dir=" + folder_ + "/deployd",
             "--logs=[{name: prod, path: " + log_ + "}]",
             "--repositories=[{name: shop, path: " + repository_ + "}]"}));
  }

  // Runs git in the repository.
  void Git(const std::string& arguments) {
    const std::string command = absl::StrCat(
        "cd '", repository_, "' && exec env -i PATH=\"$PATH\" HOME='", folder_,
        "' GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=Bo "
        "GIT_COMMITTER_EMAIL=b@x git ",
        arguments);
    EXPECT_EQ(system(command.c_str()), 0) << arguments;
  }

  void CommitFile(const std::string& title) {
    std::ofstream(repository_ + "/f") << title;
    Git("add -A");
    Git(absl::StrCat("commit -q -m '", title, "'"));
  }

  void Append(const std::string& text) {
    std::ofstream(log_, std::ios::app) << text;
  }

  std::string Line(absl::string_view title) {
    return absl::StrCat(R"({"time":)", absl::ToUnixSeconds(absl::Now()),
                        R"(,"service":"checkout","title":")", title, "\"}\n");
  }

  void Rotate() {
    int last = 0;
    while (fs::exists(absl::StrCat(log_, ".", last + 1))) ++last;
    for (int i = last; i > 0; --i) {
      fs::rename(absl::StrCat(log_, ".", i), absl::StrCat(log_, ".", i + 1));
    }
    fs::rename(log_, log_ + ".1");
  }

  // All of the event log, in its order.
  std::vector<v1::Event> Events() {
    const auto stub = v1::EventService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(absl::ToChronoTime(absl::Now() + support::kPatience));
    const auto stream = stub->WatchEvents(&context, v1::WatchEventsRequest());
    std::vector<v1::Event> events;
    v1::WatchEventsResponse response;
    while (stream->Read(&response)) {
      for (v1::Event& event : *response.mutable_events()) {
        events.push_back(std::move(event));
      }
      if (response.caught_up()) break;
    }
    context.TryCancel();
    return events;
  }

  std::vector<std::string> Titles(const std::string& source) {
    std::vector<std::string> titles;
    for (const v1::Event& event : Events()) {
      if (event.source() == source) titles.push_back(event.title());
    }
    return titles;
  }

  const std::string folder_;
  const std::string log_;
  const std::string repository_;
  int port_ = 0;
  std::unique_ptr<Subprocess> incidentd_;
  std::unique_ptr<Subprocess> deployd_;
};

TEST_F(DeploysTest, BringsLinesAndCommitsIntoTheEventLog) {
  Append(absl::StrCat(
      Line("first"), "not json\n", "{\"service\":\"x\"}\n", R"({"time":)",
      absl::ToUnixSeconds(absl::Now()),
      R"(,"id":"7","kind":"rolled_back","service":"tax","title":"back",)"
      R"("revision":"1.0","pipeline":12})",
      "\n"));
  CommitFile("a");
  StartDeployd();
  SS_ASSERT_OK(deployd_->WaitForLog("ready"));
  ASSERT_TRUE(WaitUntil("three events are stored",
                        [&] { return Events().size() == 3; }));
  EXPECT_THAT(Titles("deploylog/prod"), ElementsAre("first", "back"));
  EXPECT_THAT(Titles("git/shop"), ElementsAre("a"));
  for (const v1::Event& event : Events()) {
    EXPECT_FALSE(event.event_id().empty());
    EXPECT_TRUE(IsValidTime(event.observe_time()));
    if (event.title() != "back") continue;
    EXPECT_EQ(event.source_event_id(), "7/rolled_back");
    EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE_ROLLED_BACK);
    EXPECT_EQ(event.service(), "tax");
    EXPECT_EQ(event.change().revision(), "1.0");
    EXPECT_EQ(event.labels().at("pipeline"), "12");
  }

  // A new line and a new commit are seen while it runs.
  Append(Line("second"));
  CommitFile("b");
  ASSERT_TRUE(WaitUntil("five events are stored",
                        [&] { return Events().size() == 5; }));

  // What was wrong can be found.
  EXPECT_EQ(deployd_->CountLogs("line refused"), 2);
  SS_EXPECT_OK(
      deployd_->WaitForLog("line refused", {{"file", log_}, {"line", "2"}}));
  std::ifstream file(folder_ + "/deployd/dead_letters.jsonl");
  std::ostringstream dead_letters;
  dead_letters << file.rdbuf();
  EXPECT_THAT(dead_letters.str(), testing::AllOf(HasSubstr("not json"),
                                                 HasSubstr("time is missing")));

  deployd_->Kill(SIGTERM);
  SS_ASSERT_OK_AND_ASSIGN(const int code, deployd_->Wait());
  EXPECT_EQ(code, 0);
}

TEST_F(DeploysTest, ShowsMetricsThatPrometheusAccepts) {
  Append(Line("first") + "wrong\n");
  StartDeployd();
  SS_ASSERT_OK_AND_ASSIGN(const int port, deployd_->WaitForPort("metrics"));
  ASSERT_TRUE(
      WaitUntil("an event is stored", [&] { return Events().size() == 1; }));
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", port, "/metrics");
  SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer answer, CallHttp(call));
  EXPECT_THAT(
      answer.body,
      testing::AllOf(
          HasSubstr("secondstory_deploys_events_total{source=\"deploylog/"
                    "prod\"} 1\n"),
          HasSubstr("secondstory_deploys_dead_letters_total{source="
                    "\"deploylog/prod\"} 1\n"),
          HasSubstr("secondstory_deploys_events_total{source=\"git/shop\"} "
                    "0\n")));
  support::ExpectPromtoolAccepts(answer.body);
  call.url = absl::StrCat("http://127.0.0.1:", port, "/readyz");
  SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer ready, CallHttp(call));
  EXPECT_EQ(ready.status, 200);
}

TEST_F(DeploysTest, RefusesAConfigurationInWhichTwoSourcesAreOne) {
  SS_ASSERT_OK_AND_ASSIGN(
      const auto deployd,
      Subprocess::Start("ingest/deploys/deployd",
                        {"--metrics_address=127.0.0.1:0",
                         "--spool_dir=" + folder_ + "/deployd",
                         "--logs=[{name: a, path: x}, {name: a, path: y}]"}));
  SS_ASSERT_OK_AND_ASSIGN(const int code, deployd->Wait());
  EXPECT_EQ(code, 1);
  EXPECT_THAT(deployd->stderr_text(), HasSubstr("two have the name"));
}

TEST_F(DeploysTest, StoresEveryLineOnceAlthoughProcessesAreKilled) {
  std::mt19937_64 random(support::Seed());
  std::vector<std::string> lines;
  std::vector<std::string> commits;
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    StartDeployd();
    const size_t stored_count = Events().size();
    std::string text;
    for (size_t i = 0, count = 200 + random() % 1500; i < count; ++i) {
      lines.push_back(absl::StrCat("line ", lines.size()));
      text += Line(lines.back());
    }
    // Half of a line is there when a process dies.
    const size_t cut = random() % text.size();
    Append(text.substr(0, cut));
    commits.push_back(absl::StrCat("commit ", round));
    CommitFile(commits.back());
    // Any moment: before anything of this round is stored, or after so much.
    const size_t wanted_count =
        stored_count +
        random() %
            (static_cast<size_t>(std::count(
                 text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut),
                 '\n')) +
             1);
    ASSERT_TRUE(WaitUntil("some are stored",
                          [&] { return Events().size() >= wanted_count; }));
    if (random() % 3 == 0) {
      incidentd_->Kill(SIGKILL);
      SS_ASSERT_OK(incidentd_->Wait());
    }
    if (random() % 4 != 0) {
      deployd_->Kill(SIGKILL);
      SS_ASSERT_OK(deployd_->Wait());
    }
    Append(text.substr(cut));
    if (random() % 2 == 0) Rotate();
    if (incidentd_->Wait(absl::ZeroDuration()).ok()) StartIncidentd();
    deployd_ = nullptr;
  }
  StartDeployd();
  ASSERT_TRUE(WaitUntil("all are stored", [&] {
    return Events().size() >= lines.size() + commits.size();
  }));
  EXPECT_EQ(Titles("deploylog/prod"), lines);
  EXPECT_EQ(Titles("git/shop"), commits);
}

}  // namespace
}  // namespace secondstory
