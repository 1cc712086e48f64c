#include "base/config.h"

#include <fstream>
#include <string>

#include "absl/strings/str_split.h"
#include "base/deployd_config_protos_for_test.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/config/v1/alertd.pb.h"
#include "secondstory/config/v1/deployd.pb.h"
#include "secondstory/config/v1/incidentd.pb.h"

namespace secondstory {
namespace {

using config::v1::AlertdConfig;
using config::v1::DeploydConfig;
using config::v1::IncidentdConfig;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// The lines of the error that `yaml` gives.
template <typename Config>
std::vector<std::string> Errors(const std::string& yaml) {
  Config config;
  const absl::Status status = ReadYamlConfig(yaml, "a.yaml", &config);
  if (status.ok()) return {};
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  return absl::StrSplit(status.message(), '\n');
}

std::string FlagError(const std::vector<std::string>& flags) {
  AlertdConfig config;
  return std::string(LoadConfig(flags, &config).status().message());
}

std::string WriteFile(const std::string& text) {
  const std::string path = testing::TempDir() + "/config.yaml";
  std::ofstream(path) << text;
  return path;
}

TEST(ConfigTest, HasTheDefaultsOfTheSchema) {
  AlertdConfig config;
  SS_ASSERT_OK(ReadYamlConfig("# nothing\n", "a.yaml", &config));
  EXPECT_EQ(config.http_address(), "127.0.0.1:7710");
  EXPECT_EQ(config.poll_interval().seconds(), 30);
}

TEST(ConfigTest, ReadsWhatTheFileSays) {
  DeploydConfig config;
  SS_ASSERT_OK(ReadYamlConfig(R"(
poll_interval: 250ms
repositories:
- name: shop
  path: /srv/git/shop
  services:
  - {path: apps/cart/, service: cart}
  history: 1h30m
)",
                              "a.yaml", &config));
  EXPECT_EQ(config.poll_interval().nanos(), 250000000);
  ASSERT_THAT(config.repositories(), SizeIs(1));
  const config::v1::GitRepository& repository = config.repositories(0);
  EXPECT_EQ(repository.branch(), "main");
  EXPECT_EQ(repository.services(0).service(), "cart");
  EXPECT_EQ(repository.history().seconds(), 5400);
}

TEST(ConfigTest, GivesEntriesOfAListTheirDefaults) {
  DeploydConfig config;
  SS_ASSERT_OK(
      ReadYamlConfig("repositories: [{name: a, path: b}]", "a.yaml", &config));
  EXPECT_EQ(config.repositories(0).history().seconds(), 168 * 3600);
}

TEST(ConfigTest, NamesFileLineKeyAndTheKnownKeys) {
  EXPECT_THAT(Errors<AlertdConfig>("log_level: info\npoll_intervall: 5s\n"),
              ElementsAre(StartsWith("a.yaml:2: poll_intervall: unknown key; "
                                     "known here: http_address, ")));
  EXPECT_THAT(
      Errors<DeploydConfig>("repositories:\n- {name: a, path: b}\n"
                            "- name: c\n  path: d\n  colour: red\n"),
      ElementsAre(StartsWith("a.yaml:5: repositories[1].colour: unknown key")));
}

TEST(ConfigTest, NamesTheValueAndWhatWasExpected) {
  EXPECT_THAT(
      Errors<AlertdConfig>("poll_interval: 5\n"),
      ElementsAre("a.yaml:1: poll_interval: \"5\"; expected duration such as "
                  "30s or 1h30m, from 100ms to 24h"));
  EXPECT_THAT(Errors<AlertdConfig>("poll_interval: 1ms\n"), SizeIs(1));
  EXPECT_THAT(Errors<AlertdConfig>("poll_interval: inf\n"), SizeIs(1));
  EXPECT_THAT(Errors<AlertdConfig>("http_address: 7710\n"),
              ElementsAre("a.yaml:1: http_address: \"7710\"; expected "
                          "host:port"));
  EXPECT_THAT(Errors<AlertdConfig>("http_address: \"h:65536\"\n"), SizeIs(1));
  EXPECT_THAT(Errors<AlertdConfig>("log_level: loud\n"),
              ElementsAre("a.yaml:1: log_level: \"loud\"; expected one of "
                          "debug, info, warning, error"));
  EXPECT_THAT(
      Errors<AlertdConfig>(
          "alertmanagers: [{name: a b, urls: [\"h:9093\"]}]\n"),
      ElementsAre("a.yaml:1: alertmanagers[0].name: \"a b\"; expected text "
                  "that matches [A-Za-z0-9._-]{1,200}",
                  "a.yaml:1: alertmanagers[0].urls[0]: \"h:9093\"; expected "
                  "text that matches https?://.+"));
  EXPECT_THAT(Errors<IncidentdConfig>("block_cache_mib: 0\n"),
              ElementsAre("a.yaml:1: block_cache_mib: \"0\"; expected whole "
                          "number, at least 1"));
  EXPECT_THAT(Errors<IncidentdConfig>("block_cache_mib: many\n"), SizeIs(1));
  EXPECT_THAT(Errors<IncidentdConfig>("block_cache_mib: 5000000000\n"),
              SizeIs(1));
  EXPECT_THAT(Errors<IncidentdConfig>("block_cache_mib: -1\n"), SizeIs(1));
  EXPECT_THAT(Errors<IncidentdConfig>("accept_data_loss: maybe\n"),
              ElementsAre(HasSubstr("expected true or false")));
}

TEST(ConfigTest, RefusesOneShapeInPlaceOfAnother) {
  EXPECT_THAT(Errors<AlertdConfig>("spool_dir: [a]\n"),
              ElementsAre("a.yaml:1: spool_dir: a list; expected text"));
  EXPECT_THAT(Errors<AlertdConfig>("spool_dir:\n"),
              ElementsAre("a.yaml:1: spool_dir: no value; expected text"));
  EXPECT_THAT(
      Errors<AlertdConfig>("alertmanagers: {name: a}\n"),
      ElementsAre("a.yaml:1: alertmanagers: a mapping; expected list of "
                  "{name, urls}"));
  EXPECT_THAT(Errors<AlertdConfig>("alertmanagers: [prod]\n"),
              ElementsAre("a.yaml:1: alertmanagers[0]: \"prod\"; expected a "
                          "mapping of keys to values"));
  EXPECT_THAT(Errors<AlertdConfig>("- a\n"),
              ElementsAre(HasSubstr("a list; expected a mapping")));
}

TEST(ConfigTest, NamesWhatIsMissingAndWhere) {
  EXPECT_THAT(
      Errors<AlertdConfig>("alertmanagers:\n- urls: [\"http://a\"]\n"),
      ElementsAre("a.yaml:2: alertmanagers[0].name: is missing; expected "
                  "text that matches [A-Za-z0-9._-]{1,200}"));
  EXPECT_THAT(Errors<AlertdConfig>("alertmanagers:\n- name: a\n"),
              ElementsAre("a.yaml:2: alertmanagers[0].urls: has 0 entries; "
                          "expected a list of text that matches https?://.+, "
                          "at least 1"));
}

TEST(ConfigTest, TellsAllThatIsWrongAtOnce) {
  EXPECT_THAT(Errors<AlertdConfig>("a: 1\nlog_level: x\npoll_interval: y\n"),
              SizeIs(3));
}

TEST(ConfigTest, RefusesAKeyGivenTwice) {
  EXPECT_THAT(Errors<AlertdConfig>("log_level: info\nlog_level: debug\n"),
              ElementsAre("a.yaml:2: log_level: given twice; keep one"));
}

TEST(ConfigTest, NamesThePlaceWhereAFileIsNoYaml) {
  EXPECT_THAT(Errors<AlertdConfig>("log_level: info\nspool_dir: [a\n"),
              ElementsAre(StartsWith("a.yaml: no YAML: line ")));
  EXPECT_THAT(Errors<AlertdConfig>("log_level: info\n---\nlog_level: info\n"),
              ElementsAre(HasSubstr("second document")));
}

TEST(ConfigTest, LetsFlagsReplaceWhatTheFileSays) {
  const std::string path = WriteFile(
      "poll_interval: 5s\nlog_level: debug\n"
      "alertmanagers: [{name: a, urls: [\"http://u\"]}]\n");
  AlertdConfig config;
  EXPECT_THAT(
      LoadConfig(
          {"--config", path, "--poll-interval=7s", "--http_address", "[::1]:0",
           R"(--alertmanagers=[{name: b, urls: ["http://h:1"]}])"},
          &config),
      IsOkAndHolds(ConfigAction::kRun));
  EXPECT_EQ(config.poll_interval().seconds(), 7);
  EXPECT_EQ(config.log_level(), "debug");
  EXPECT_EQ(config.http_address(), "[::1]:0");
  ASSERT_THAT(config.alertmanagers(), SizeIs(1));
  EXPECT_EQ(config.alertmanagers(0).name(), "b");
}

TEST(ConfigTest, LetsASwitchStandAlone) {
  IncidentdConfig config;
  EXPECT_THAT(LoadConfig({"--accept_data_loss", "--check-config"}, &config),
              IsOkAndHolds(ConfigAction::kCheck));
  EXPECT_TRUE(config.accept_data_loss());
  EXPECT_THAT(LoadConfig({"--accept_data_loss=false"}, &config),
              IsOkAndHolds(ConfigAction::kRun));
  EXPECT_FALSE(config.accept_data_loss());
}

TEST(ConfigTest, AnswersHelpAndVersionWhateverElseIsWrong) {
  AlertdConfig config;
  EXPECT_THAT(LoadConfig({"--help", "--nonsense"}, &config),
              IsOkAndHolds(ConfigAction::kHelp));
  EXPECT_THAT(LoadConfig({"-h"}, &config), IsOkAndHolds(ConfigAction::kHelp));
  EXPECT_THAT(LoadConfig({"--version"}, &config),
              IsOkAndHolds(ConfigAction::kVersion));
}

TEST(ConfigTest, NamesTheFlagThatIsWrong) {
  EXPECT_THAT(FlagError({"--nonsense=1"}),
              StartsWith("--nonsense: unknown flag; known: config"));
  EXPECT_THAT(FlagError({"--poll_interval=soon"}),
              StartsWith("--poll_interval: \"soon\"; expected duration"));
  EXPECT_THAT(FlagError({"--poll_interval"}),
              StartsWith("--poll_interval: no value; expected duration"));
  EXPECT_THAT(FlagError({"--log_level=loud"}),
              StartsWith("--log_level: \"loud\"; expected one of"));
  EXPECT_THAT(FlagError({"start"}), StartsWith("start: expected flags only"));
  EXPECT_THAT(FlagError({"--alertmanagers=[{name: x}]"}),
              StartsWith("--alertmanagers[0].urls: has 0 entries"));
}

TEST(ConfigTest, NamesTheFileThatIsNotThere) {
  AlertdConfig config;
  const absl::Status status =
      LoadConfig({"--config=/nowhere/a.yaml"}, &config).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/a.yaml"));
  EXPECT_THAT(LoadConfig({"--config=/tmp"}, &config).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ConfigTest, ExplainsEveryKeyInTheHelp) {
  const std::string help =
      ConfigHelp("deployd", "The deploy worker.", DeploydConfig(),
                 DeploydConfigProtosForTest());
  EXPECT_THAT(help, StartsWith("The deploy worker.\n\nUsage: deployd "));
  EXPECT_THAT(help, HasSubstr("--poll_interval: duration such as 30s or "
                              "1h30m, from 10ms to 24h; default 10s\n"
                              "      Time between two looks at a source that "
                              "cannot notify us.\n"));
  EXPECT_THAT(help, HasSubstr("--repositories: list of {name, path, branch"));
  EXPECT_THAT(help, HasSubstr("      branch: text; default main\n"
                              "          The branch whose history"));
  EXPECT_THAT(help, HasSubstr("path: text; needed\n"));
}

}  // namespace
}  // namespace secondstory
