// Goal: what stood in Morgue stands in Second Story: from a real MariaDB, by
// the real mysqldump, through the real command into a real incidentd; twice,
// and stored once. Method: databases with the columns of an old and of the last
// Morgue, filled with what is hard: emoji, NUL bytes, markup, long texts,
// NULLs, deleted rows.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "google/protobuf/util/json_util.h"
#include "secondstory/v1/review_service.grpc.pb.h"
#include "tests/integration/morgue/mariadb.h"
#include "tests/support/running_incidentd.h"

namespace secondstory {
namespace {

using support::Context;
using support::MariaDb;
using support::RunningIncidentd;
using support::Subprocess;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The tables that every Morgue has, with the columns of the first.
constexpr char kOldSchema[] = R"sql(
CREATE TABLE postmortems (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  summary MEDIUMTEXT NOT NULL,
  starttime INT UNSIGNED NOT NULL,
  endtime INT UNSIGNED NOT NULL,
  etsystatustime INT UNSIGNED NOT NULL,
  detecttime INT UNSIGNED NOT NULL,
  severity INT UNSIGNED NOT NULL,
  gcal TEXT,
  contact VARCHAR(255) DEFAULT '',
  deleted TINYINT NOT NULL DEFAULT 0);
CREATE TABLE tags (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL);
CREATE TABLE postmortem_referenced_tags (
  postmortem_id BIGINT NOT NULL,
  tag_id BIGINT NOT NULL,
  deleted TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (postmortem_id, tag_id));
CREATE TABLE postmortem_history (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  auth_username VARCHAR(128) NOT NULL,
  action VARCHAR(32) NOT NULL,
  create_date INT UNSIGNED NOT NULL);
CREATE TABLE images (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  image_link VARCHAR(255) NOT NULL,
  deleted TINYINT NOT NULL DEFAULT 0);
CREATE TABLE forum_links (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  forum_link VARCHAR(255) NOT NULL,
  comment TEXT,
  deleted TINYINT NOT NULL DEFAULT 0);
CREATE TABLE jira (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  ticket VARCHAR(50) NOT NULL,
  deleted TINYINT NOT NULL DEFAULT 0);
CREATE TABLE irc (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  channel VARCHAR(50) NOT NULL,
  deleted TINYINT NOT NULL DEFAULT 0);
)sql";

// What later versions changed and added.
constexpr char kMigrations[] = R"sql(
ALTER TABLE postmortems CHANGE etsystatustime statustime INT UNSIGNED NOT NULL;
ALTER TABLE postmortems
  ADD why_surprised LONGTEXT NOT NULL,
  ADD tldr MEDIUMTEXT,
  ADD meeting_notes_link VARCHAR(255) NOT NULL DEFAULT '',
  ADD facilitator VARCHAR(255) NOT NULL DEFAULT '',
  ADD facilitator_email VARCHAR(255) NOT NULL DEFAULT '',
  ADD subsystem VARCHAR(50) NOT NULL DEFAULT '',
  ADD owner_team VARCHAR(50) NOT NULL DEFAULT '',
  ADD problem_type VARCHAR(50) NOT NULL DEFAULT '',
  ADD impact_type VARCHAR(50) NOT NULL DEFAULT '',
  ADD incident_cause VARCHAR(50) NOT NULL DEFAULT '',
  ADD created INT UNSIGNED NOT NULL,
  ADD modified INT UNSIGNED NOT NULL DEFAULT 0,
  ADD modifier VARCHAR(255) NOT NULL DEFAULT '';
ALTER TABLE tags ADD deleted TINYINT NOT NULL DEFAULT 0;
ALTER TABLE postmortem_history
  ADD summary LONGTEXT,
  ADD why_surprised LONGTEXT;
CREATE TABLE slack (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  postmortem_id BIGINT NOT NULL,
  channel_id VARCHAR(10) NOT NULL,
  channel_name VARCHAR(50) NOT NULL,
  message MEDIUMBLOB,
  deleted TINYINT NOT NULL DEFAULT 0);
CREATE VIEW pm_data AS
  SELECT id, MONTH(FROM_UNIXTIME(starttime)) AS month,
         DAY(FROM_UNIXTIME(starttime)) AS day FROM postmortems;
)sql";

// 217 is rich, 218 was deleted, 219 has nothing but what is required, and 220
// has no moment at which it was.
constexpr char kOldRows[] = R"sql(
INSERT INTO postmortems (id, title, summary, starttime, endtime, etsystatustime,
                         detecttime, severity, gcal, contact, deleted) VALUES
  (217, 'Checkout <slow> & "cold" 💥', '# Timeline\n\n10:00 it *began*\r\n',
   1425290400, 1425294000, 1425291000, 1425290700, 2,
   'https://cal.example.com/1', 'ana', 0),
  (218, 'A drill', 'we stopped a host', 1425376800, 1425377400, 0, 0, 5, NULL,
   NULL, 1),
  (219, 'Bare', '', 1425463200, 0, 0, 0, 0, NULL, NULL, 0),
  (220, 'Nowhere', 'text', 0, 0, 0, 0, 0, NULL, NULL, 0);
INSERT INTO tags (id, title) VALUES (1, 'cache'), (2, 'größe 💥');
INSERT INTO postmortem_referenced_tags VALUES (217, 1, 0), (217, 2, 0);
INSERT INTO postmortem_history (postmortem_id, auth_username, action,
                                create_date) VALUES
  (217, 'ana', 'add', 1425297600), (217, 'ana', 'edit', 1425298000);
INSERT INTO images (postmortem_id, image_link, deleted) VALUES
  (217, 'https://img.example.com/1.png?a=1&b=2', 0),
  (217, 'https://img.example.com/gone.png', 1);
INSERT INTO forum_links (postmortem_id, forum_link, comment) VALUES
  (217, 'https://forum.example.com/t/1', NULL);
INSERT INTO jira (postmortem_id, ticket, deleted) VALUES
  (217, 'OPS-1', 0), (217, 'OPS-2', 0), (217, 'OPS-3', 1);
INSERT INTO irc (postmortem_id, channel) VALUES (217, '#warroom');
)sql";

constexpr char kNewRows[] = R"sql(
UPDATE postmortems SET why_surprised = 'we did not expect a cold cache',
  tldr = 'a cache was cold', facilitator = 'cy', problem_type = 'capacity',
  owner_team = 'payments', created = 1425297600 WHERE id = 217;
UPDATE postmortems SET summary = REPEAT('every line counts 💥\n', 5000)
  WHERE id = 219;
UPDATE postmortem_history SET summary = 'it <ins>began</ins>' WHERE id = 2;
INSERT INTO slack (postmortem_id, channel_id, channel_name, message) VALUES
  (217, 'C123', 'ops', CONCAT(
    '<h4>Conversation from #ops</h4><div class="messages" id="C123">',
    '<div><img src="x" /><div class="message"><div class="username">ana</div>',
    '<div class="time">2015-03-02 10:15AM</div><div class="msg">5 &lt; 6',
    X'0001', ' 💥</div></div></div><br/>\n',
    '<div><img src="x" /><div class="message"><div class="username">bo</div>',
    '<div class="time">2015-03-02 10:15AM</div><div class="msg">and now?</div>',
    '</div></div><br/>\n<div>')),
  (217, 'C124', 'never', NULL);
)sql";

class MorgueImportTest : public testing::Test {
 protected:
  void SetUp() override {
    auto db = MariaDb::Start();
    ASSERT_THAT(db, IsOk());
    db_ = *std::move(db);
  }

  // The path of a dump of a database with these statements run in it.
  std::string Dump(const std::string& name,
                   const std::vector<std::string>& statements,
                   const std::vector<std::string>& flags = {}) {
    EXPECT_THAT(db_->Execute("", "CREATE DATABASE " + name), IsOk());
    for (const std::string& sql : statements) {
      EXPECT_THAT(db_->Execute(name, sql), IsOk());
    }
    const auto dump = db_->Dump(name, flags);
    EXPECT_THAT(dump, IsOk());
    const std::string path =
        absl::StrCat(testing::TempDir(), "/", name, ".xml");
    std::ofstream(path, std::ios::binary) << dump.value_or("");
    return path;
  }

  int Story(const std::vector<std::string>& args) {
    const auto process = Subprocess::Start("tools/story/story", args);
    EXPECT_THAT(process, IsOk());
    const int code = (*process)->Wait().value_or(-1);
    out_ = (*process)->stdout_text();
    err_ = (*process)->stderr_text();
    return code;
  }

  std::unique_ptr<MariaDb> db_;
  std::string out_;
  std::string err_;
};

// Incidents by what they are called.
std::map<std::string, v1::Incident> Incidents(RunningIncidentd* incidentd) {
  v1::ListIncidentsRequest request;
  request.set_with_deleted(true);
  v1::ListIncidentsResponse response;
  Context context;
  EXPECT_TRUE(
      incidentd->incidents->ListIncidents(&context, request, &response).ok());
  std::map<std::string, v1::Incident> incidents;
  for (const v1::Incident& incident : response.incidents()) {
    incidents[incident.title()] = incident;
  }
  return incidents;
}

std::vector<v1::TimelineEntry> Timeline(RunningIncidentd* incidentd,
                                        const v1::Incident& incident) {
  v1::GetTimelineRequest request;
  request.set_incident_id(incident.incident_id());
  v1::GetTimelineResponse response;
  Context context;
  EXPECT_TRUE(
      incidentd->incidents->GetTimeline(&context, request, &response).ok());
  return {response.entries().begin(), response.entries().end()};
}

MATCHER_P2(IsLine, when, title, "") {
  return absl::FormatTime("%H:%M", ToTime(arg.event_time()),
                          absl::UTCTimeZone()) == when &&
         arg.title() == title;
}

TEST_F(MorgueImportTest, StoresAnOldAndALastMorgueOnce) {
  RunningIncidentd incidentd(testing::TempDir() + "/data");
  const std::string address = "--address=" + incidentd.address;
  const std::string path =
      Dump("last", {kOldSchema, kOldRows, kMigrations, kNewRows});
  const std::vector<std::string> import = {
      "import", "morgue",       path,
      address,  "--author=dee", "--jira-url=https://jira.example.com"};

  EXPECT_EQ(Story(import), 1) << err_;
  EXPECT_THAT(out_, HasSubstr("4 post-mortems: 3 stored, 0 known, 1 refused; 1 "
                              "kept as deleted"));
  EXPECT_THAT(err_, AllOf(HasSubstr("post-mortem 220: it has no start"),
                          HasSubstr("became U+FFFD: 2"),
                          HasSubstr("post-mortem 219: its summary is longer")));

  const auto incidents = Incidents(&incidentd);
  ASSERT_EQ(incidents.size(), 3u);
  const v1::Incident& rich = incidents.at("Checkout <slow> & \"cold\" 💥");
  EXPECT_EQ(rich.narrative(), "# Timeline\n\n10:00 it *began*");
  EXPECT_EQ(rich.summary(), "a cache was cold");
  EXPECT_EQ(rich.surprise(), "we did not expect a cold cache");
  EXPECT_EQ(rich.severity(), 2u);
  EXPECT_EQ(rich.state(), v1::INCIDENT_STATE_PUBLISHED);
  EXPECT_EQ(rich.detect_time().seconds(), 1425290700);
  EXPECT_EQ(rich.resolve_time().seconds(), 1425294000);
  EXPECT_EQ(rich.facilitator(), "cy");
  EXPECT_EQ(rich.participants(0).name(), "ana");
  EXPECT_THAT(rich.tags(), ElementsAre("cache", "größe 💥", "problem:capacity",
                                       "team:payments", "irc:#warroom"));
  EXPECT_EQ(rich.annotations().at("morgue_id"), "217");
  EXPECT_EQ(rich.links(3).url(), "https://slack.com/app_redirect?channel=C124");
  EXPECT_EQ(rich.links(4).url(), "https://img.example.com/1.png?a=1&b=2");
  EXPECT_FALSE(rich.has_delete_time());
  EXPECT_TRUE(incidents.at("A drill").has_delete_time());
  EXPECT_EQ(incidents.at("Bare").state(), v1::INCIDENT_STATE_OPEN);

  const std::vector<v1::TimelineEntry> lines = Timeline(&incidentd, rich);
  EXPECT_THAT(lines,
              ElementsAre(IsLine("10:10", "posted on the status page"),
                          IsLine("10:15", "5 < 6\uFFFD\uFFFD 💥"),
                          IsLine("10:15", "and now?"),
                          IsLine("12:06", "written in Morgue: add, edit")));
  std::string whole = incidents.at("Bare").narrative();
  for (const v1::TimelineEntry& line :
       Timeline(&incidentd, incidents.at("Bare"))) {
    whole += line.description();
  }
  std::string expected;
  for (int i = 0; i < 5000; ++i)
    absl::StrAppend(&expected, "every line counts 💥\n");
  expected.pop_back();
  EXPECT_EQ(whole, expected);

  EXPECT_EQ(Story({"actions", "list", "--json", address}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("https://jira.example.com/browse/OPS-1"),
                          HasSubstr("https://jira.example.com/browse/OPS-2"),
                          Not(HasSubstr("OPS-3"))));

  EXPECT_EQ(Story(import), 1);
  EXPECT_THAT(out_, HasSubstr("4 post-mortems: 0 stored, 3 known, 1 refused"));
  const auto again = Incidents(&incidentd);
  ASSERT_EQ(again.size(), 3u);
  for (const auto& [title, incident] : incidents) {
    EXPECT_EQ(again.at(title).etag(), incident.etag()) << title;
  }
  EXPECT_EQ(Timeline(&incidentd, rich).size(), lines.size());

  // What somebody changed since is theirs.
  EXPECT_EQ(Story({"incidents", "edit", rich.incident_id(), "--title=Ours",
                   "--author=dee", address}),
            0)
      << err_;
  EXPECT_EQ(
      Story({"incidents", "restore", incidents.at("A drill").incident_id(),
             "--author=dee", address}),
      0)
      << err_;
  EXPECT_EQ(Story(import), 1);
  EXPECT_EQ(Incidents(&incidentd).count("Ours"), 1u);
  EXPECT_FALSE(Incidents(&incidentd).at("A drill").has_delete_time());
}

TEST_F(MorgueImportTest, PlansTheSameWhateverTheFlagsOfTheDump) {
  const std::string plain = Dump("plain", {kOldSchema, kOldRows});
  EXPECT_EQ(Story({"import", "morgue", plain, "--dry-run", "--json"}), 0);
  const std::string expected = out_;
  v1::IncidentExport story;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                  expected.substr(0, expected.find('\n')), &story)
                  .ok());
  EXPECT_EQ(story.incident().title(), "Checkout <slow> & \"cold\" 💥");
  EXPECT_EQ(story.entries(0).title(), "posted on the status page");
  EXPECT_EQ(story.incident().surprise(), "");
  const auto hex = db_->Dump("plain", {"--hex-blob", "--skip-opt"});
  ASSERT_THAT(hex, IsOk());
  const std::string path = testing::TempDir() + "/hex.xml";
  std::ofstream(path, std::ios::binary) << *hex;
  EXPECT_EQ(Story({"import", "morgue", path, "--dry-run", "--json"}), 0);
  EXPECT_EQ(out_, expected);
}

TEST_F(MorgueImportTest, StoresNothingOfADumpThatIsCutOff) {
  const std::string path = Dump("cut", {kOldSchema, kOldRows});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 30);
  EXPECT_EQ(Story({"import", "morgue", path, "--dry-run"}), 2);
  EXPECT_THAT(err_, HasSubstr("the dump is cut off"));
  EXPECT_THAT(out_, IsEmpty());
}

}  // namespace
}  // namespace secondstory
