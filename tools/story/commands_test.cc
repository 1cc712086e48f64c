// Goal: what a person types becomes the request that they mean, and what comes
// back can be read.
// Method: whole calls against a gRPC server with what it knows in memory. The
// real incidentd is in //tests/integration/story:story_test.
#include "tools/story/commands.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/story/command_line.h"
#include "tools/story/fake_incidentd.h"

namespace secondstory::story {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kId[] = "4f2a0000000000000000000000000001";
constexpr char kOtherId[] = "4f2b0000000000000000000000000002";
constexpr char kEventId[] = "00112233445566778899aabbccddeeff";

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    for (const char* id : {kId, kOtherId}) {
      v1::Incident incident;
      incident.set_incident_id(id);
      incident.set_title("Launches fail");
      incident.set_state(v1::INCIDENT_STATE_OPEN);
      *incident.mutable_start_time() = FromTime(now_);
      incident.add_tags("hub");
      fake_.AddIncident(incident);
    }
  }

  int Story(std::vector<std::string> args, const std::string& input = "") {
    args.push_back("--address=" + fake_.address());
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = RunStory(args, AllCommands(),
                              {&in, &out, &err, now_, 80, "ana", asks_});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  // A line on the timeline; its id.
  std::string AddLine(const std::string& text) {
    EXPECT_EQ(Story({"incidents", "note", "4f2a", text, "--at=11:35"}), 0);
    EXPECT_EQ(Story({"timeline", "4f2a", "--json"}), 0);
    const size_t at = out_.rfind("\"entryId\":\"");
    return out_.substr(at + 11, 32);
  }

  std::string File(const std::string& text) {
    const std::string path = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::ofstream(path) << text;
    return path;
  }

  const absl::Time now_ = absl::FromUnixSeconds(1524051000);  // 11:30
  FakeIncidentd fake_;
  bool asks_ = false;
  std::string out_;
  std::string err_;
};

TEST_F(CommandsTest, CreatesAnIncidentWithWhatIsKnownOfIt) {
  EXPECT_EQ(
      Story({"incidents", "create", "Checkout is slow", "--start=10:00",
             "--detect=10:05", "--severity=2", "--services=cart, checkout",
             "--add-link=dash=https://example.com/d?x=1", "--summary=-",
             "--kind=near-miss", "--request-id=r1"},
            "Slow since the\nmorning.\n"),
      0)
      << err_;
  const auto request = fake_.Last<v1::CreateIncidentRequest>();
  EXPECT_EQ(request.author(), "ana");
  EXPECT_EQ(request.request_id(), "r1");
  EXPECT_EQ(request.incident().title(), "Checkout is slow");
  EXPECT_EQ(request.incident().summary(), "Slow since the\nmorning.");
  EXPECT_EQ(request.incident().severity(), 2u);
  EXPECT_EQ(request.incident().kind(), v1::INCIDENT_KIND_NEAR_MISS);
  EXPECT_THAT(request.incident().services(), ElementsAre("cart", "checkout"));
  EXPECT_EQ(request.incident().links(0).title(), "dash");
  EXPECT_EQ(request.incident().links(0).url(), "https://example.com/d?x=1");
  EXPECT_THAT(out_, HasSubstr("Noticed   2018-04-18 10:05:00 UTC"));
}

TEST_F(CommandsTest, ChangesOnlyWhatIsNamed) {
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--detect=11:32",
                   "--add-tags=proxy", "--remove-tags=hub",
                   "--narrative=@" + File("# What\n\nhappened\n")}),
            0)
      << err_;
  const auto request = fake_.Last<v1::UpdateIncidentRequest>();
  EXPECT_THAT(request.update_mask().paths(),
              ElementsAre("narrative", "detect_time", "tags"));
  EXPECT_THAT(out_, HasSubstr("Tags      proxy"));
  EXPECT_THAT(out_, HasSubstr("What happened\n  # What\n\n  happened\n"));
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--detect="}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("Noticed")));
  EXPECT_EQ(Story({"incidents", "edit", "4f2a"}), 2);
  EXPECT_THAT(err_, HasSubstr("say what to change"));
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--summary=@/no/file"}), 2);
  EXPECT_THAT(err_, HasSubstr("--summary: cannot read the file /no/file"));
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--add-link=dash"}), 2);
  EXPECT_THAT(err_, HasSubstr("expected a URL, or a title and a URL"));
}

TEST_F(CommandsTest, SaysThatSomebodyElseWasFaster) {
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--title=x", "--etag=old"}), 1);
  EXPECT_THAT(err_, HasSubstr("somebody else was faster"));
  EXPECT_THAT(err_, HasSubstr("Nothing was changed. Read it again"));
}

TEST_F(CommandsTest, MovesAnIncidentWithItsTime) {
  EXPECT_EQ(Story({"incidents", "state", "4f2a", "mitigated", "--at=11:50"}),
            0);
  EXPECT_THAT(out_, HasSubstr("Mitigated  2018-04-18 11:50:00 UTC"));
  EXPECT_EQ(Story({"incidents", "state", "4f2a", "resolved"}), 0);
  EXPECT_THAT(out_, HasSubstr("Over       2018-04-18 11:30:00 UTC"));
  EXPECT_EQ(Story({"incidents", "state", "4f2a", "mitigated"}), 0);
  EXPECT_THAT(fake_.Last<v1::UpdateIncidentRequest>().update_mask().paths(),
              ElementsAre("state"));
  EXPECT_EQ(Story({"incidents", "state", "4f2a", "open", "--at=11:50"}), 2);
  EXPECT_EQ(Story({"incidents", "state", "4f2a", "over"}), 2);
  EXPECT_THAT(err_, HasSubstr("expected one of open, mitigated"));
}

TEST_F(CommandsTest, KeepsNamesOfParticipantsToOnePage) {
  EXPECT_EQ(Story({"incidents", "participants", "4f2a",
                   "--add=ana=on-call, payments", "--add=bo"}),
            0);
  EXPECT_EQ(out_, "NAME  ROLE\nana   on-call, payments\nbo    a participant\n");
  EXPECT_EQ(Story({"incidents", "get", "4f2a"}), 0);
  EXPECT_THAT(out_, HasSubstr("People    on-call, payments; a participant"));
  EXPECT_EQ(Story({"incidents", "participants", "4f2a", "--remove=bo",
                   "--add=ana=database"}),
            0);
  EXPECT_EQ(out_, "NAME  ROLE\nana   database\n");
  EXPECT_EQ(Story({"incidents", "participants", "4f2a", "--remove=cy"}), 2);
}

TEST_F(CommandsTest, DeletesAndRestores) {
  EXPECT_EQ(Story({"incidents", "delete", "4f2a", "--reason=a drill"}), 0);
  EXPECT_EQ(fake_.Last<v1::DeleteIncidentRequest>().reason(), "a drill");
  EXPECT_THAT(out_, HasSubstr("open; deleted 2018-04-18"));
  EXPECT_EQ(Story({"incidents", "list"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("4f2a")));
  EXPECT_EQ(Story({"incidents", "list", "--deleted"}), 0);
  EXPECT_THAT(out_, HasSubstr("4f2a"));
  EXPECT_EQ(Story({"incidents", "restore", "4f2a"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("deleted")));
}

TEST_F(CommandsTest, MergesSplitsAttachesAndDetaches) {
  const std::string line = AddLine("we restarted the proxy");
  EXPECT_EQ(Story({"incidents", "merge", "4f2a", "4f2b"}), 0) << err_;
  EXPECT_EQ(fake_.Last<v1::MergeIncidentsRequest>().source_incident_id(),
            kOtherId);
  EXPECT_EQ(Story({"incidents", "split", "4f2a", line.substr(0, 6),
                   "--title=Another story"}),
            0)
      << err_;
  EXPECT_THAT(fake_.Last<v1::SplitIncidentRequest>().entry_ids(),
              ElementsAre(line));
  EXPECT_THAT(out_, HasSubstr("Another story"));
  EXPECT_EQ(Story({"incidents", "attach", "4f2a", kEventId, kOtherId}), 0);
  EXPECT_THAT(fake_.Last<v1::AttachEventsRequest>().event_ids(),
              ElementsAre(kEventId, kOtherId));
  EXPECT_EQ(Story({"incidents", "detach", "4f2a", line.substr(0, 6)}), 0);
  EXPECT_THAT(fake_.Last<v1::DetachEventsRequest>().event_ids(),
              ElementsAre(line));
  EXPECT_EQ(Story({"incidents", "attach", "4f2a"}), 2);
  EXPECT_THAT(err_, HasSubstr("expected: story incidents attach ID EVENT..."));
}

TEST_F(CommandsTest, ShowsWhatBecameOfAnIncident) {
  EXPECT_EQ(Story({"incidents", "edit", "4f2a", "--title=Logins fail"}), 0);
  EXPECT_EQ(Story({"incidents", "history", "4f2a"}), 0);
  EXPECT_THAT(out_, HasSubstr("ana, incident\n"
                              "    title: \"Launches fail\" -> \"Logins "
                              "fail\"\n"));
}

TEST_F(CommandsTest, EditsAndRemovesALine) {
  const std::string line = AddLine("we restarted the proxy");
  EXPECT_EQ(Story({"entries", "edit", "4f2a", line.substr(0, 8), "--at=11:36",
                   "--title=we restarted both proxies", "--kind=human_action",
                   "--link=graph=https://example.com/1.png"}),
            0)
      << err_;
  EXPECT_THAT(out_,
              HasSubstr("11:36:00    action           we restarted both"));
  EXPECT_THAT(
      fake_.Last<v1::UpdateTimelineEntryRequest>().update_mask().paths(),
      ElementsAre("title", "event_time", "kind", "links"));
  EXPECT_EQ(Story({"entries", "remove", "4f2a", line.substr(0, 8)}), 0);
  EXPECT_TRUE(fake_.Last<v1::UpdateTimelineEntryRequest>().remove());
  EXPECT_EQ(Story({"timeline", "4f2a"}), 0);
  EXPECT_EQ(out_, "Nothing on the timeline yet.\n");
}

TEST_F(CommandsTest, SwitchesHindsightOff) {
  EXPECT_EQ(Story({"timeline", "4f2a", "--as-known-at=11:40", "--accounts"}),
            0);
  const auto request = fake_.Last<v1::GetTimelineRequest>();
  EXPECT_TRUE(request.with_accounts());
  EXPECT_EQ(absl::ToUnixSeconds(ToTime(request.as_known_at())), 1524051600);
  EXPECT_THAT(out_, HasSubstr("As it could be known at 2018-04-18 11:40:00"));
}

TEST_F(CommandsTest, TakesAnAccountFromOptions) {
  const std::string line = AddLine("we restarted the proxy");
  EXPECT_EQ(
      Story({"accounts", "give", "4f2a", "--entry=" + line.substr(0, 8),
             "--role=on-call, hub", "--action=restarted it", "--effect=nothing",
             "--expected=launches recover", "--assumed=a stale socket",
             "--also-known=a deploy at 10:35", "--surprised=yes"}),
      0)
      << err_;
  const auto request = fake_.Last<v1::GiveAccountRequest>();
  EXPECT_EQ(request.author(), "ana");
  EXPECT_EQ(request.account().entry_id(), line);
  EXPECT_EQ(request.account().observed_effect(), "nothing");
  EXPECT_EQ(request.account().also_known(), "a deploy at 10:35");
  EXPECT_TRUE(request.account().surprised());
  EXPECT_THAT(out_, Not(HasSubstr("ana")));
  EXPECT_EQ(Story({"accounts", "list", "4f2a"}), 0);
  EXPECT_THAT(out_, HasSubstr("on-call, hub"));
  EXPECT_THAT(out_, HasSubstr("we restarted the proxy"));
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--role=x"}), 2);
  EXPECT_THAT(err_, HasSubstr("on a terminal the questions are asked"));
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--words=x", "--role=y",
                   "--surprised=maybe"}),
            2);
}

TEST_F(CommandsTest, AsksForAnAccountOnATerminal) {
  asks_ = true;
  const std::string line = AddLine("we restarted the proxy");
  EXPECT_EQ(Story({"accounts", "give", "4f2a"},
                  absl::StrCat("zzzz\n", line.substr(0, 6),
                               "\n\non-call, hub\nrestarted it\nnothing\n"
                               "launches recover\n\n\n\nperhaps\nyes\n\n")),
            0)
      << err_ << out_;
  const auto request = fake_.Last<v1::GiveAccountRequest>();
  EXPECT_EQ(request.account().entry_id(), line);
  EXPECT_EQ(request.account().role(), "on-call, hub");
  EXPECT_EQ(request.account().action(), "restarted it");
  EXPECT_EQ(request.account().observed_effect(), "nothing");
  EXPECT_EQ(request.account().expectation(), "launches recover");
  EXPECT_THAT(request.account().assumption(), IsEmpty());
  EXPECT_TRUE(request.account().surprised());
  EXPECT_THAT(out_, HasSubstr("What did you take for granted?\n> "));
  EXPECT_THAT(out_, HasSubstr("The name is kept apart"));
  EXPECT_EQ(Story({"incidents", "participants", "4f2a", "--add=ana=database"}),
            0);
  EXPECT_EQ(Story({"accounts", "decline", "4f2a"}, "\n"), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("Enter for: database"));
  EXPECT_EQ(fake_.Last<v1::GiveAccountRequest>().account().role(), "database");
}

TEST_F(CommandsTest, StoresNothingWhenThePersonLeaves) {
  asks_ = true;
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--role=on-call"}, "\nhm\n"), 1);
  EXPECT_THAT(err_, HasSubstr("nothing was stored"));
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--role=on-call"},
                  "\nrestarted it\n\n\n\n\n\n\nno\n"),
            1);
  EXPECT_EQ(fake_.Last<v1::GiveAccountRequest>().author(), "");
}

TEST_F(CommandsTest, DeclinesEditsAndWithdrawsAnAccount) {
  EXPECT_EQ(Story({"accounts", "decline", "4f2a", "--role=database"}), 0);
  EXPECT_EQ(fake_.Last<v1::GiveAccountRequest>().account().state(),
            v1::ACCOUNT_STATE_DECLINED);
  EXPECT_THAT(out_, HasSubstr("database (would rather not tell)"));
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--role=on-call", "--words=hm",
                   "--json"}),
            0);
  const std::string id = out_.substr(out_.find("\"accountId\":\"") + 13, 32);
  EXPECT_EQ(Story({"accounts", "edit", "4f2a", id.substr(0, 8),
                   "--words=I looked at the proxy"}),
            0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("I looked at the proxy"));
  EXPECT_EQ(Story({"accounts", "edit", "4f2a", id, "--words=x", "--author=bo"}),
            1);
  EXPECT_THAT(err_, HasSubstr("somebody else's account"));
  EXPECT_EQ(Story({"accounts", "withdraw", "4f2a", id.substr(0, 8)}), 0);
  EXPECT_EQ(Story({"accounts", "list", "4f2a"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("on-call")));
}

TEST_F(CommandsTest, RevealsOnlyWithReasonAndKey) {
  EXPECT_EQ(Story({"accounts", "give", "4f2a", "--role=on-call", "--words=hm",
                   "--json"}),
            0);
  const std::string id = out_.substr(out_.find("\"accountId\":\"") + 13, 32);
  EXPECT_EQ(Story({"accounts", "reveal", "4f2a", id, "--author=bo"}), 2);
  EXPECT_THAT(err_, HasSubstr("the look is recorded"));
  EXPECT_EQ(Story({"accounts", "reveal", "4f2a", id, "--author=bo",
                   "--reason=a court asks", "--key-file=" + File("wrong\n")}),
            1);
  EXPECT_EQ(Story({"accounts", "reveal", "4f2a", id, "--author=bo",
                   "--reason=a court asks", "--key-file=-"},
                  "open sesame\n"),
            0);
  EXPECT_EQ(out_, "ana\n");
  EXPECT_EQ(fake_.Last<v1::RevealAuthorRequest>().reader(), "bo");
}

TEST_F(CommandsTest, FollowsAnActionFromIdeaToDone) {
  EXPECT_EQ(Story({"actions", "add", "4f2a", "Alert on launch time",
                   "--owner=hub team", "--due=14d",
                   "--tracker=https://example.com/T-1", "--json"}),
            0);
  const std::string id = out_.substr(out_.find("\"actionId\":\"") + 12, 32);
  EXPECT_EQ(Story({"actions", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("2018-05-02  open   hub team  Alert on launch"));
  EXPECT_EQ(Story({"actions", "edit", id.substr(0, 8), "--due=2018-04-01",
                   "--state=in_progress"}),
            0)
      << err_;
  EXPECT_EQ(Story({"actions", "list", "--owner=hub team"}), 0);
  EXPECT_THAT(out_, HasSubstr("2018-04-01  overdue"));
  EXPECT_EQ(Story({"actions", "list", "--overdue", "--state=done"}), 0);
  EXPECT_TRUE(fake_.Last<v1::ListActionsRequest>().overdue_only());
  EXPECT_EQ(Story({"actions", "done", id.substr(0, 8)}), 0);
  EXPECT_THAT(out_, HasSubstr("State     done"));
  EXPECT_EQ(Story({"actions", "drop", id.substr(0, 8)}), 0);
  EXPECT_EQ(Story({"actions", "remove", id.substr(0, 8)}), 0);
  EXPECT_TRUE(fake_.Last<v1::UpdateActionRequest>().remove());
  EXPECT_EQ(Story({"actions", "edit", id}), 2);
}

TEST_F(CommandsTest, LeadsAReviewToItsEnd) {
  v1::Gap gap;
  gap.set_gap_id("9c010000000000000000000000000003");
  gap.set_rule("never_resolved");
  gap.set_text("an alert never resolved");
  gap.set_question("What told people that it was over?");
  fake_.AddGap(gap);
  EXPECT_EQ(Story({"review", "start", "4f2a", "--facilitator=cy"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("What told people that it was over?"));
  EXPECT_EQ(Story({"review", "answer", "4f2a", "9c01"}), 2);
  EXPECT_EQ(Story({"review", "answer", "4f2a", "9c01", "--text=a user"}), 0);
  EXPECT_THAT(out_, HasSubstr("Answered by ana: a user"));
  EXPECT_EQ(Story({"review", "show", "4f2a"}), 0);
  EXPECT_THAT(out_, HasSubstr("Questions (1 answered; --all shows them)"));
  EXPECT_EQ(Story({"review", "publish", "4f2a"}), 1);
  EXPECT_THAT(err_, HasSubstr("1 of 2 is open"));
  EXPECT_EQ(Story({"review", "publish", "4f2a", "--word=we looked"}), 0);
  EXPECT_EQ(Story({"review", "close", "4f2a", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("INCIDENT_STATE_CLOSED"));
  EXPECT_EQ(Story({"review", "reopen", "4f2a", "--reason=a new fact"}), 0);
  EXPECT_EQ(fake_.Last<v1::ReopenReviewRequest>().reason(), "a new fact");
}

TEST_F(CommandsTest, WritesAReportWhereItIsWanted) {
  EXPECT_EQ(Story({"report", "4f2a", "--names"}), 0);
  EXPECT_EQ(out_, "# The report\n");
  EXPECT_TRUE(fake_.Last<v1::GetReportRequest>().with_names());
  const std::string path = File("");
  EXPECT_EQ(Story({"report", "4f2a", "--format=html", "--out=" + path}), 0);
  EXPECT_EQ(fake_.Last<v1::GetReportRequest>().format(),
            v1::REPORT_FORMAT_HTML);
  EXPECT_THAT(out_, IsEmpty());
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  EXPECT_EQ(line, "# The report");
  EXPECT_EQ(Story({"report", "4f2a", "--out=/no/folder/x"}), 1);
  EXPECT_EQ(Story({"report", "4f2a", "--format=word"}), 2);
}

TEST_F(CommandsTest, ImportsAnExportOnce) {
  const std::string path = File(R"({"incident":{"title":"Old one"}})");
  EXPECT_EQ(Story({"import", path}), 2);
  EXPECT_THAT(err_, HasSubstr("--request-id=TOOL/NUMBER"));
  EXPECT_EQ(Story({"import", path, "--request-id=tool/1"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("Old one"));
  EXPECT_EQ(err_, "Stored.\n");
  EXPECT_EQ(Story({"import", path, "--request-id=tool/1"}), 0);
  EXPECT_EQ(err_, "All of it was stored before.\n");
  EXPECT_EQ(Story({"import", "-"}, "{\"colour\":1}"), 2);
  EXPECT_THAT(err_, HasSubstr("is no report in JSON"));
}

constexpr char kMorgue[] =
    "<?xml version=\"1.0\"?>\n<mysqldump "
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><database "
    "name=\"morgue\"><table_data name=\"postmortems\">"
    "<row><field name=\"id\">217</field><field name=\"title\">Slow</field>"
    "<field name=\"starttime\">1425290400</field></row>"
    "<row><field name=\"id\">218</field><field name=\"title\">Odd</field>"
    "<field name=\"tldr\">refuse me</field>"
    "<field name=\"starttime\">1425290400</field></row>"
    "<row><field name=\"id\">219</field><field name=\"title\">Gone</field>"
    "<field name=\"starttime\">1425290400</field>"
    "<field name=\"deleted\">1</field></row>"
    "</table_data></database></mysqldump>\n";

TEST_F(CommandsTest, ImportsMorgueAndNamesWhatIsRefused) {
  EXPECT_EQ(Story({"import", "morgue", "-"}, kMorgue), 1);
  EXPECT_THAT(out_, HasSubstr("217     stored"));
  EXPECT_THAT(out_, HasSubstr("3 post-mortems: 2 stored, 0 known, 1 refused; "
                              "1 kept as deleted\n"));
  EXPECT_THAT(err_, HasSubstr("post-mortem 218: the request is wrong"));
  EXPECT_TRUE(fake_.Last<v1::ImportIncidentRequest>()
                  .export_()
                  .incident()
                  .has_delete_time());
  EXPECT_EQ(Story({"import", "morgue", "-"}, kMorgue), 1);
  EXPECT_THAT(out_, HasSubstr("0 stored, 2 known, 1 refused"));
}

TEST_F(CommandsTest, SendsNothingInADryRun) {
  EXPECT_EQ(Story({"import", "morgue", "-", "--dry-run"}, kMorgue), 0);
  EXPECT_THAT(out_, HasSubstr("217     2015-03-02 10:00:00  open           0"));
  EXPECT_THAT(out_, HasSubstr("3 post-mortems, 3 would be imported; nothing "
                              "was sent"));
  EXPECT_EQ(fake_.Last<v1::ImportIncidentRequest>().author(), "");
  EXPECT_EQ(Story({"import", "morgue", "-", "--jira-url=jira"}, kMorgue), 2);
  EXPECT_EQ(Story({"import", "morgue", "-", "--time-zone=Mars"}, kMorgue), 2);
  EXPECT_EQ(Story({"import", "morgue", "/no/file"}), 2);
  EXPECT_EQ(Story({"import", "morgue", "-"}, "INSERT INTO x"), 2);
  EXPECT_THAT(err_, HasSubstr("-: line 1: no XML"));
}

TEST_F(CommandsTest, SearchesForWordsAsTheyAreTyped) {
  v1::SearchResult result;
  result.set_kind(v1::SEARCH_KIND_ENTRY);
  result.set_incident_id(kId);
  result.set_incident_title("Launches fail");
  result.set_id(kEventId);
  result.set_snippet("restarted the hub");
  result.add_highlights(14);
  result.add_highlights(17);
  fake_.AddResult(result);
  EXPECT_EQ(Story({"search", "\"connection pool\"", "hub", "-deploy",
                   "--kind=entry,account", "--tag=hub", "--severity=2",
                   "--service=cart,checkout"}),
            0)
      << err_;
  const auto request = fake_.Last<v1::SearchRequest>();
  EXPECT_EQ(request.query(), "\"connection pool\" hub -deploy");
  EXPECT_THAT(request.kinds(),
              ElementsAre(v1::SEARCH_KIND_ENTRY, v1::SEARCH_KIND_ACCOUNT));
  EXPECT_THAT(request.services(), ElementsAre("cart", "checkout"));
  EXPECT_THAT(request.tags(), ElementsAre("hub"));
  EXPECT_EQ(request.severity_at_most(), 2u);
  EXPECT_THAT(out_, HasSubstr("line  restarted the [hub]"));
  EXPECT_EQ(Story({"search", "hub", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"snippet\":\"restarted the hub\""));
  EXPECT_EQ(Story({"search"}), 2);
  EXPECT_EQ(Story({"search", "hub", "--kind=people"}), 2);
}

TEST_F(CommandsTest, LooksForWhatIsLikeACandidateOrAnIncident) {
  EXPECT_EQ(Story({"similar", "4f2a"}), 0) << err_;
  EXPECT_EQ(fake_.Last<v1::FindSimilarIncidentsRequest>().incident_id(), kId);
  EXPECT_EQ(out_, "Nothing before was like it.\n");
  EXPECT_EQ(Story({"similar", kId}), 0) << err_;
  EXPECT_EQ(fake_.Last<v1::FindSimilarIncidentsRequest>().incident_id(), kId);
  v1::Candidate candidate;
  candidate.set_candidate_id(kEventId);
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  candidate.set_title("Launches fail");
  fake_.AddCandidate(candidate);
  v1::SimilarIncident similar;
  similar.mutable_incident()->set_title("The year before");
  similar.add_reasons("same alert: HubDown");
  fake_.AddSimilar(similar);
  EXPECT_EQ(Story({"similar", "0011", "--limit=3"}), 0) << err_;
  EXPECT_EQ(fake_.Last<v1::FindSimilarIncidentsRequest>().candidate_id(),
            kEventId);
  EXPECT_EQ(fake_.Last<v1::FindSimilarIncidentsRequest>().limit(), 3u);
  EXPECT_THAT(out_, HasSubstr("same alert: HubDown"));
  EXPECT_EQ(Story({"candidates", "get", "0011"}), 0);
  EXPECT_THAT(out_, HasSubstr("The year before"));
  EXPECT_EQ(Story({"candidates", "get", "0011", "--json"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("The year before")));
}

// A candidate with the alerts 00..., 01... and 02....
v1::Candidate ThreeAlerts() {
  v1::Candidate candidate;
  candidate.set_candidate_id("00" + std::string(30, '0'));
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  candidate.set_title("Launches fail");
  for (const char* begin : {"00", "01", "02"}) {
    v1::CandidateEvent* line = candidate.add_events();
    line->set_kind(v1::EVENT_KIND_ALERT_FIRED);
    line->set_event_id(begin + std::string(30, '0'));
  }
  return candidate;
}

TEST_F(CommandsTest, SplitsACandidateAndShowsBoth) {
  fake_.AddCandidate(ThreeAlerts());
  EXPECT_EQ(Story({"candidates", "split", "0000", "0100", "0200",
                   "--reason=another outage"}),
            0)
      << err_;
  const auto request = fake_.Last<v1::SplitCandidateRequest>();
  EXPECT_EQ(request.author(), "ana");
  EXPECT_THAT(request.event_ids(), ElementsAre("01" + std::string(30, '0'),
                                               "02" + std::string(30, '0')));
  EXPECT_THAT(out_, HasSubstr("2 of 3 alerts and reports split off by ana: "
                              "another outage\n"));
  EXPECT_THAT(out_, HasSubstr("two candidates now"));
  EXPECT_THAT(out_, HasSubstr("000000000000\n"));
  EXPECT_THAT(out_, HasSubstr("010000000000\n"));
  // Whoever is not sure that it went through says it again.
  EXPECT_EQ(Story({"candidates", "split", "0000", "0100", "--wait=0"}), 0)
      << err_;
}

TEST_F(CommandsTest, SaysSoWhenNothingFollowsFromASplitYet) {
  fake_.StopAssembling();
  fake_.AddCandidate(ThreeAlerts());
  EXPECT_EQ(Story({"candidates", "split", "0000", "0100", "--wait=0"}), 0);
  EXPECT_THAT(out_, HasSubstr("assemblerd has not taken it up yet"));
  EXPECT_THAT(out_, HasSubstr("story candidates get 000000000000"));
}

TEST_F(CommandsTest, FindsNoEventThatIsNotOfTheCandidate) {
  fake_.AddCandidate(ThreeAlerts());
  EXPECT_NE(Story({"candidates", "split", "0000", "0300"}), 0);
  EXPECT_THAT(err_, HasSubstr("0300"));
}

TEST_F(CommandsTest, MergesCandidatesAndShowsTheOneThatGoesOn) {
  fake_.AddCandidate(ThreeAlerts());
  v1::Candidate other = ThreeAlerts();
  other.set_candidate_id("aa" + std::string(30, '0'));
  fake_.AddCandidate(other);
  EXPECT_EQ(Story({"candidates", "merge", "0000", "aa00"}), 0) << err_;
  EXPECT_THAT(fake_.Last<v1::MergeCandidatesRequest>().other_candidate_ids(),
              ElementsAre(other.candidate_id()));
  EXPECT_THAT(out_, HasSubstr("2 candidates merged by ana.\n"));
  EXPECT_THAT(out_, HasSubstr("one candidate now"));
  EXPECT_THAT(out_, Not(HasSubstr("aa0000000000\n")));
}

TEST_F(CommandsTest, AsksForInsightsOfATime) {
  EXPECT_EQ(Story({"insights", "--since=2018-01-01", "--service=cart"}), 0);
  const auto request = fake_.Last<v1::GetInsightsRequest>();
  EXPECT_EQ(ToTime(request.start_time()), absl::FromUnixSeconds(1514764800));
  EXPECT_THAT(request.services(), ElementsAre("cart"));
  EXPECT_THAT(out_, HasSubstr("1 incident\n"));
}

}  // namespace
}  // namespace secondstory::story
