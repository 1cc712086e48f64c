// Goal: a post-mortem can be told from the first note to the closed review by
// the command line alone.
// Method: the real story against a real incidentd.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "tests/support/running_incidentd.h"

namespace secondstory {
namespace {

using support::RunningIncidentd;
using support::Subprocess;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class StoryTest : public testing::Test {
 protected:
  StoryTest()
      : key_file_(testing::TempDir() + "/reveal_key"),
        incidentd_(NewFolder("incidentd"), 0, {WriteKey()}) {}

  static std::string NewFolder(const std::string &name) {
    const std::string path = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name(), name);
    std::filesystem::remove_all(path);
    return path;
  }

  // The flag with the key.
  std::string WriteKey() {
    std::ofstream(key_file_) << "0123456789abcdef0123456789abcdef\n";
    return "--reveal_key_file=" + key_file_;
  }

  // What story wrote; a failure of the test when its exit code is another.
  std::string Story(std::vector<std::string> args, int code = 0,
                    const std::string &author = "ana") {
    args.push_back("--address=" + incidentd_.address);
    args.push_back("--author=" + author);
    return StoryAt(std::move(args), code);
  }

  // For commands that have no author.
  std::string Read(std::vector<std::string> args) {
    args.push_back("--address=" + incidentd_.address);
    return StoryAt(std::move(args), 0);
  }

  std::string StoryAt(const std::vector<std::string> &args, int code) {
    const auto process = Subprocess::Start("tools/story/story", args);
    EXPECT_THAT(process, IsOk());
    EXPECT_THAT((*process)->Wait(), IsOkAndHolds(code))
        << absl::StrJoin(args, " ");
    return (*process)->stdout_text() + (*process)->stderr_text();
  }

  // The value of a member of one JSON object.
  static std::string Member(const std::string &json, const std::string &name) {
    const std::string key = absl::StrCat("\"", name, "\":\"");
    const size_t at = json.find(key);
    if (at == std::string::npos) {
      ADD_FAILURE() << "no " << name << " in " << json;
      return "";
    }
    const size_t begin = at + key.size();
    return json.substr(begin, json.find('"', begin) - begin);
  }

  std::string Create() {
    return Member(
        Story({"incidents", "create", "Launches fail", "--json",
               "--start=2018-04-18 11:30", "--severity=2", "--services=hub"}),
        "incidentId");
  }

  const std::string key_file_;
  RunningIncidentd incidentd_;
};

TEST_F(StoryTest, ChangesEveryFieldOfAnIncident) {
  const std::string id = Create().substr(0, 8);
  EXPECT_THAT(
      Story({"incidents", "edit", id, "--detect=11:35", "--acknowledge=11:40",
             "--tags=hub,culler", "--summary=nobody could start a server",
             "--narrative=# What\n\nhappened", "--surprise=the culler",
             "--facilitator=cy", "--kind=near_miss",
             "--add-link=chat=https://chat.example.com/1", "--review-due=14d"}),
      AllOf(HasSubstr("Noticed      2018-04-18 11:35:00 UTC, said by ana"),
            HasSubstr("Taken on     2018-04-18 11:40:00 UTC"),
            HasSubstr("near miss"), HasSubstr("What surprised people"),
            HasSubstr("in 14 d")));
  EXPECT_THAT(Story({"incidents", "state", id, "mitigated", "--at=12:00"}),
              HasSubstr("Mitigated    2018-04-18 12:00:00 UTC"));
  EXPECT_THAT(Story({"incidents", "state", id, "closed"}, 1),
              HasSubstr("RESOLVED"));
  EXPECT_THAT(Story({"incidents", "participants", id, "--add=ana=on-call, hub",
                     "--add=bo"}),
              HasSubstr("ana   on-call, hub"));
  EXPECT_THAT(Story({"incidents", "edit", id, "--title=x", "--etag=stale"}, 1),
              HasSubstr("somebody else was faster"));
  EXPECT_THAT(
      Read({"incidents", "history", id}),
      AllOf(HasSubstr("detect_time"), HasSubstr("state: open -> mitigated")));
  EXPECT_THAT(Story({"incidents", "delete", id, "--reason=a drill"}),
              HasSubstr("deleted"));
  EXPECT_THAT(Read({"incidents", "list"}), HasSubstr("No incidents."));
  EXPECT_THAT(Story({"incidents", "restore", id}), Not(HasSubstr("deleted")));
}

TEST_F(StoryTest, MergesAndSplits) {
  const std::string id = Create();
  const std::string other = Member(
      Story({"incidents", "create", "Logins fail", "--json"}), "incidentId");
  const std::string line =
      Member(Story({"incidents", "note", other, "the proxy was restarted",
                    "--kind=human_action", "--json"}),
             "entryId");
  EXPECT_THAT(Story({"entries", "edit", other, line.substr(0, 8),
                     "--title=both proxies were restarted"}),
              HasSubstr("both proxies were restarted"));
  EXPECT_THAT(Story({"incidents", "merge", id, other, "--reason=one story"}),
              HasSubstr("Took in"));
  EXPECT_THAT(Read({"timeline", id}), HasSubstr("both proxies"));
  EXPECT_THAT(Story({"incidents", "split", id, line.substr(0, 8),
                     "--title=The proxies"}),
              AllOf(HasSubstr("The proxies"), HasSubstr("Split from")));
  EXPECT_THAT(Read({"timeline", id}), HasSubstr("Nothing on the timeline"));
}

TEST_F(StoryTest, CollectsAccountsUnderRoles) {
  const std::string id = Create();
  const std::string line =
      Member(Story({"incidents", "note", id, "we restarted the proxy",
                    "--at=11:50", "--kind=human_action", "--json"}),
             "entryId");
  Story({"incidents", "participants", id, "--add=ana=on-call, hub"});
  const std::string account =
      Member(Story({"accounts", "give", id, "--entry=" + line.substr(0, 8),
                    "--role=on-call, hub", "--action=restarted the proxy",
                    "--effect=nothing changed", "--expected=launches recover",
                    "--assumed=a stale socket", "--surprised=yes", "--json"}),
             "accountId");
  EXPECT_THAT(Story({"accounts", "edit", id, account, "--words=x"}, 1, "bo"),
              HasSubstr("story: "));
  EXPECT_THAT(Story({"accounts", "edit", id, account.substr(0, 8),
                     "--also-known=a deploy at 10:35"}),
              HasSubstr("a deploy at 10:35"));
  Story({"accounts", "decline", id, "--role=database on-call"}, 0, "bo");
  EXPECT_THAT(Read({"accounts", "list", id}),
              AllOf(HasSubstr("a stale socket"),
                    HasSubstr("database on-call (would rather not tell)"),
                    Not(HasSubstr("ana"))));
  EXPECT_THAT(Read({"timeline", id, "--accounts"}),
              HasSubstr("a stale socket"));
  EXPECT_THAT(Read({"timeline", id, "--as-known-at=11:45"}),
              Not(HasSubstr("restarted")));
  EXPECT_THAT(Story({"accounts", "reveal", id, account, "--reason=thanks",
                     "--key-file=" + key_file_},
                    0, "cy"),
              HasSubstr("ana\n"));
}

TEST_F(StoryTest, FollowsAnActionUntilItIsDone) {
  const std::string id = Create();
  const std::string action =
      Member(Story({"actions", "add", id, "Alert on launch time",
                    "--owner=hub team", "--due=2018-05-02", "--json"}),
             "actionId");
  EXPECT_THAT(Read({"actions", "list", "--overdue"}),
              HasSubstr("overdue  hub team  Alert on launch time"));
  EXPECT_THAT(Story({"actions", "edit", action.substr(0, 8), "--due=14d",
                     "--state=in_progress"}),
              HasSubstr("in progress"));
  EXPECT_THAT(Read({"actions", "list", "--overdue"}), HasSubstr("No actions."));
  EXPECT_THAT(Story({"actions", "done", action.substr(0, 8)}),
              HasSubstr("done"));
  EXPECT_THAT(Read({"actions", "list"}), HasSubstr("No actions."));
  EXPECT_THAT(Story({"actions", "remove", action.substr(0, 8)}),
              HasSubstr("removed"));
}

TEST_F(StoryTest, LeadsAReviewToItsEnd) {
  const std::string id = Create();
  const std::string line =
      Member(Story({"incidents", "note", id, "we restarted the proxy",
                    "--at=11:50", "--kind=human_action", "--json"}),
             "entryId");
  Story({"incidents", "participants", id, "--add=ana=on-call, hub"});
  const std::string action = Member(
      Story({"actions", "add", id, "Alert on launch time", "--owner=hub team",
             "--due=14d", "--entry=" + line.substr(0, 8), "--json"}),
      "actionId");
  EXPECT_THAT(Read({"actions", "list"}), HasSubstr("Alert on launch time"));

  Story({"incidents", "state", id, "resolved", "--at=12:30"});
  EXPECT_THAT(Story({"review", "start", id, "--facilitator=ana"}, 1),
              HasSubstr("ana"));
  const std::string review = Story({"review", "start", id, "--facilitator=cy"});
  EXPECT_THAT(review, AllOf(HasSubstr("in review"), HasSubstr("Checklist"),
                            HasSubstr("Questions")));
  const std::string gap =
      Member(Read({"review", "show", id, "--json"}), "gapId");
  EXPECT_THAT(Story({"review", "answer", id, gap.substr(0, 8),
                     "--text=we looked at the proxy"}),
              HasSubstr("Answered by ana"));
  EXPECT_THAT(Story({"review", "publish", id}, 1, "cy"), HasSubstr("story: "));
  EXPECT_THAT(
      Story({"review", "publish", id, "--word=the rest can wait"}, 0, "cy"),
      HasSubstr("published"));
  EXPECT_THAT(Story({"review", "close", id}, 1),
              HasSubstr("Alert on launch time"));
  Story({"actions", "done", action.substr(0, 8)});
  EXPECT_THAT(Story({"review", "close", id}), HasSubstr("closed"));
  EXPECT_THAT(Story({"review", "reopen", id, "--reason=a new fact"}),
              HasSubstr("in review"));
}

TEST_F(StoryTest, ImportsWhatItExported) {
  const std::string id = Create();
  Story({"incidents", "note", id, "we restarted the proxy", "--at=11:50"});
  Story({"accounts", "give", id, "--role=on-call", "--words=it looked fine"});
  Story({"actions", "add", id, "Alert on launch time"});
  const std::string path = testing::TempDir() + "/export.json";
  Read({"report", id, "--format=json", "--names", "--out=" + path});
  RunningIncidentd other(NewFolder("other"));
  const std::vector<std::string> import = {"import", path, "--author=dee",
                                           "--address=" + other.address};
  EXPECT_THAT(StoryAt(import, 0), HasSubstr("Stored."));
  EXPECT_THAT(StoryAt(import, 0), HasSubstr("All of it was stored before."));
  for (const std::vector<std::string> &args :
       std::vector<std::vector<std::string>>{{"timeline", id, "--accounts"},
                                             {"accounts", "list", id},
                                             {"actions", "list"}}) {
    std::vector<std::string> there = args;
    there.push_back("--address=" + other.address);
    EXPECT_EQ(StoryAt(there, 0), Read(args));
  }
}

}  // namespace
}  // namespace secondstory
