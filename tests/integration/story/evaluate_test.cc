// Goal: an operator sees the quality of candidates on their own history with
// three commands and no converter.
// Method: real incidentd, assemblerd, story and evaluate; a month of incidents
// of which people decided in every way that there is.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::RunningIncidentd;
using support::Subprocess;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int kIncidentCount = 6;

absl::Time At(int incident, absl::Duration after) {
  return absl::FromUnixSeconds(1700000000) + absl::Hours(96 * incident) + after;
}

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() : folder_(NewFolder()), incidentd_(folder_ + "/data") {}

  static std::string NewFolder() {
    const std::string path = ::testing::TempDir() + "/evaluate_test";
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    return path;
  }

  // Returns its event id.
  std::string Append(const std::string& id, v1::EventKind kind, absl::Time time,
                     const std::string& service, const std::string& title) {
    v1::AppendEventsRequest request;
    v1::Event* event = request.add_events();
    event->set_source("test/prod");
    event->set_source_event_id(id);
    event->set_kind(kind);
    *event->mutable_event_time() = FromTime(time);
    event->set_service(service);
    event->set_title(title);
    grpc::ClientContext context;
    v1::AppendEventsResponse response;
    const grpc::Status status =
        incidentd_.events->AppendEvents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) return "";
    EXPECT_EQ(response.outcomes(0).outcome(), v1::APPEND_OUTCOME_STORED)
        << response.outcomes(0).ShortDebugString();
    return response.outcomes(0).event_id();
  }

  // A deploy, and two alerts of its service: opens one candidate.
  void AppendIncident(int number) {
    const std::string service = absl::StrCat("service-", number);
    deploys_.push_back(
        Append(absl::StrCat("d", number), v1::EVENT_KIND_CHANGE_FINISHED,
               At(number, absl::ZeroDuration()), service, "Deploy 1.2.3"));
    alerts_.push_back(Append(absl::StrCat("a", number),
                             v1::EVENT_KIND_ALERT_FIRED,
                             At(number, absl::Minutes(4)), service, "Slow"));
    Append(absl::StrCat("b", number), v1::EVENT_KIND_ALERT_FIRED,
           At(number, absl::Minutes(5)), service, "Failing");
  }

  struct Output {
    std::string out;
    std::string err;
  };
  static Output Run(const std::string& binary, std::vector<std::string> args) {
    const auto process = Subprocess::Start(binary, args);
    EXPECT_THAT(process, IsOk());
    EXPECT_THAT((*process)->Wait(), IsOkAndHolds(0))
        << absl::StrJoin(args, " ") << "\n"
        << (*process)->stderr_text();
    return {(*process)->stdout_text(), (*process)->stderr_text()};
  }

  Output Story(std::vector<std::string> args) {
    args.push_back("--address=" + incidentd_.address);
    return Run("tools/story/story", std::move(args));
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  const std::string folder_;
  RunningIncidentd incidentd_;
  std::vector<std::string> deploys_;
  std::vector<std::string>
      alerts_;  // the first one of each: the candidate's id
};

TEST_F(EvaluateTest, PrintsFiguresOfWhatPeopleConfirmedHere) {
  for (int i = 0; i < kIncidentCount - 1; ++i) AppendIncident(i);
  const std::string report =
      Append("r", v1::EVENT_KIND_USER_REPORT, At(4, absl::Hours(20)), "shop",
             "nothing loads");
  AppendIncident(kIncidentCount - 1);
  SS_ASSERT_OK_AND_ASSIGN(
      const auto assemblerd,
      Subprocess::Start("ingest/assembler/assemblerd",
                        {"--incidentd_address=" + incidentd_.address,
                         "--metrics_address=127.0.0.1:0"}));
  ASSERT_TRUE(support::WaitUntil("every incident has its candidate", [&] {
    const std::string list = Story({"candidates", "list", "--json"}).out;
    for (const std::string& alert : alerts_) {
      if (list.find(alert) == std::string::npos) return false;
    }
    return list.find(report) != std::string::npos;
  }));

  const std::string author = "--author=ana";
  // 0: confirmed. 1: none contributed. 2: promoted, then confirmed.
  Story({"candidates", "confirm", alerts_[0], "--changes=" + deploys_[0],
         author});
  Story({"candidates", "confirm", alerts_[1], "--none", author});
  Story({"promote", alerts_[2], author});
  Story({"candidates", "confirm", alerts_[2], "--changes=" + deploys_[2],
         author});
  // 3: promoted only. 4: with a report that no rule put there. 5: dismissed.
  Story({"promote", alerts_[3], author});
  const std::string promoted =
      Story({"promote", alerts_[4], author, "--json"}).out;
  const size_t at = promoted.find("\"incidentId\":\"") + 14;
  Story({"incidents", "attach", promoted.substr(at, 32), report, author});
  Story({"candidates", "confirm", alerts_[5], "--changes=" + deploys_[5],
         author});
  Story({"dismiss", alerts_[5], author});

  const Output incidents = Story({"candidates", "export"});
  EXPECT_EQ(incidents.err,
            "written: 5, of which people confirmed 3; without an alert or "
            "report: 0\n");
  const std::vector<std::string> lines =
      absl::StrSplit(incidents.out, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(5)) << incidents.out;
  EXPECT_THAT(lines[0],
              HasSubstr(absl::StrCat("{\"symptoms\": [\"", alerts_[0])));
  EXPECT_THAT(lines[0],
              HasSubstr(absl::StrCat("\"contributing\": [\"", deploys_[0])));
  EXPECT_THAT(lines[1], HasSubstr("\"contributing\": []"));
  EXPECT_THAT(lines[2],
              HasSubstr(absl::StrCat("\"contributing\": [\"", deploys_[2])));
  EXPECT_THAT(lines[3], HasSubstr("\"confirmed\": false"));
  EXPECT_THAT(lines[4], HasSubstr(report));
  EXPECT_THAT(incidents.out, Not(HasSubstr(alerts_[5])));

  const std::string events_file = Write(
      "events.jsonl", Story({"events", "list", "--json", "--limit=0"}).out);
  const std::vector<std::string> files = {
      "--events=" + events_file,
      "--incidents=" + Write("incidents.jsonl", incidents.out)};
  const Output figures = Run("tools/evaluate/evaluate", files);
  EXPECT_THAT(figures.out, HasSubstr("5 incidents, 19 events"));
  // Of seven pairs, the two with the report were not put together.
  EXPECT_THAT(figures.out, HasSubstr("precision 1.000  recall 0.714"));
  EXPECT_THAT(figures.out,
              HasSubstr("ranking: 2 incidents that name a change"));
  EXPECT_THAT(figures.out, HasSubstr("2 name a change, 1 name none; AUC "));

  std::vector<std::string> topology = files;
  topology.insert(topology.begin(), "topology");
  EXPECT_THAT(Run("tools/evaluate/evaluate", topology).out,
              HasSubstr("learnt from 5 incidents.\n"));

  // A range leaves out what began outside of it.
  EXPECT_THAT(Story({"candidates", "export",
                     absl::StrCat("--until=",
                                  absl::FormatTime(At(2, absl::ZeroDuration()),
                                                   absl::UTCTimeZone()))})
                  .err,
              HasSubstr("written: 2,"));
}

}  // namespace
}  // namespace secondstory
