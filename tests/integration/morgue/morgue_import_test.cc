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

using support::MariaDb;
using support::Subprocess;
using testing::HasSubstr;
using testing::IsEmpty;

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
