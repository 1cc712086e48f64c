// Goal: Prometheus scrapes every process without a complaint, and promtool has
// none either. Method: the four real processes, busy with an alert and a
// deploy, so that the metrics with labels are there too, and a real Prometheus.
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/prometheus.h"
#include "tests/support/subprocess.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::HttpGet;
using support::Subprocess;
using support::WaitUntil;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

class MetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/d.jsonl")
        << R"({"time":"2026-03-01T12:00:00Z","service":"shop","title":"4.2"})"
        << "\nnot json\n";
    ASSERT_NO_FATAL_FAILURE(
        Start("services/incidentd/incidentd",
              {"--grpc_address=127.0.0.1:0", "--disk_free_mib_min=1",
               "--data_dir=" + folder_}));
    SS_ASSERT_OK_AND_ASSIGN(const int port,
                            processes_.back()->WaitForPort("grpc"));
    const std::string incidentd =
        absl::StrCat("--incidentd_address=127.0.0.1:", port);
    Start("ingest/assembler/assemblerd", {incidentd});
    Start("ingest/deploys/deployd",
          {incidentd, "--spool_dir=" + folder_ + "/deployd",
           "--poll_interval=50ms",
           "--logs=[{name: prod, path: " + folder_ + "/d.jsonl}]"});
    Start("ingest/alerts/alertd",
          {incidentd, "--spool_dir=" + folder_ + "/alertd",
           "--http_address=127.0.0.1:0"});
  }

  void Start(const std::string& program, std::vector<std::string> flags) {
    flags.push_back("--metrics_address=127.0.0.1:0");
    SS_ASSERT_OK_AND_ASSIGN(auto process, Subprocess::Start(program, flags));
    SS_ASSERT_OK_AND_ASSIGN(const int port, process->WaitForPort("metrics"));
    SS_ASSERT_OK(process->WaitForLog("ready"));
    targets_.push_back(absl::StrCat("127.0.0.1:", port));
    processes_.push_back(std::move(process));
  }

  std::string Exposition(const std::string& target) {
    return HttpGet("http://" + target + "/metrics");
  }

  const std::string folder_ = testing::TempDir() + "/metrics";
  std::vector<std::string> targets_;  // metrics addresses, as processes_
  std::vector<std::unique_ptr<Subprocess>> processes_;
};

// Health and last error of each target that Prometheus has; "up ".
std::vector<std::string> Targets(const std::string& prometheus_url) {
  const std::string answer = HttpGet(prometheus_url + "/api/v1/targets");
  std::vector<std::string> targets;
  simdjson::dom::parser parser;
  simdjson::dom::array active;
  if (parser.parse(answer)["data"]["activeTargets"].get(active)) return targets;
  for (const auto target : active) {
    targets.push_back(absl::StrCat(target["health"].get_c_str().value(), " ",
                                   target["lastError"].get_c_str().value()));
  }
  return targets;
}

TEST_F(MetricsTest, OfEveryProcessAreScrapedByPrometheusWithoutAnError) {
  std::ofstream(folder_ + "/prometheus.yml")
      << "scrape_configs: [{job_name: second-story, scrape_interval: 200ms, "
         "scrape_timeout: 200ms, static_configs: [{targets: ['"
      << absl::StrJoin(targets_, "', '") << "']}]}]\n";
  SS_ASSERT_OK_AND_ASSIGN(
      const auto prometheus,
      Subprocess::Start("/usr/bin/prometheus",
                        {"--config.file=" + folder_ + "/prometheus.yml",
                         "--storage.tsdb.path=" + folder_ + "/prometheus",
                         "--web.listen-address=127.0.0.1:0"}));
  const std::string url = absl::StrCat(
      "http://127.0.0.1:", support::WaitForListening(prometheus.get()));
  std::vector<std::string> targets;
  EXPECT_TRUE(WaitUntil("every target was scraped", [&] {
    targets = Targets(url);
    return targets.size() == targets_.size() &&
           !absl::StrContains(absl::StrJoin(targets, ","), "unknown");
  }));
  EXPECT_THAT(targets, AllOf(SizeIs(4), Each("up ")));
}

TEST_F(MetricsTest, OfEveryProcessPassPromtool) {
  const std::map<std::string, std::string> signs = {
      {targets_[0], "secondstory_rpc_calls_total{"},
      {targets_[1], "secondstory_assembler_lag_seconds"},
      {targets_[2], "secondstory_deploys_dead_letters_total{"},
      {targets_[3], "secondstory_ingest_pending_events"}};
  for (const auto& [target, sign] : signs) {
    SCOPED_TRACE(sign);
    ASSERT_TRUE(WaitUntil("the process has counted", [&, sign = sign] {
      return absl::StrContains(Exposition(target), sign);
    }));
    support::ExpectPromtoolAccepts(Exposition(target));
  }
}

}  // namespace
}  // namespace secondstory
