// Goal: what people type does what its help says, and says what went wrong.
// Method: whole calls against a gRPC server with what it knows in memory.
#include "tools/story/command_line.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/story/commands.h"
#include "tools/story/fake_incidentd.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kCandidateId[] = "00112233445566778899aabbccddeeff";
constexpr char kOtherId[] = "0011ffffffffffffffffffffffffffff";

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    for (const char* id : {kCandidateId, kOtherId}) {
      v1::Candidate candidate;
      candidate.set_candidate_id(id);
      candidate.set_revision(1);
      candidate.set_state(v1::CANDIDATE_STATE_QUIET);
      candidate.set_title(absl::StrCat("candidate ", id));
      *candidate.mutable_onset_time() = FromTime(now_ - absl::Hours(1));
      *candidate.mutable_last_activity_time() = FromTime(now_);
      fake_.AddCandidate(candidate);
    }
  }

  // Runs story against the fake; the exit code.
  int Story(std::vector<std::string> args, const std::string& input = "") {
    args.push_back("--address=" + fake_.address());
    return StoryWithoutServer(args, input);
  }

  int StoryWithoutServer(const std::vector<std::string>& args,
                         const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = RunStory(args, AllCommands(),
                              {&in, &out, &err, now_, 100, "ana", asks_});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  int AppendEvents(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&lines, R"({"source":"s","sourceEventId":")", i,
                      R"(","kind":"EVENT_KIND_NOTE",)",
                      R"("eventTime":"2018-04-18T11:30:00Z","title":"n)", i,
                      "\"}\n");
    }
    return Story({"events", "append"}, lines);
  }

  const absl::Time now_ = absl::FromUnixSeconds(1524051000);
  FakeIncidentd fake_;
  bool asks_ = false;
  std::string out_;
  std::string err_;
};

TEST_F(CommandLineTest, ExplainsItself) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{}, {"--help"}, {"-h"}}) {
    EXPECT_EQ(StoryWithoutServer(args), 0);
    EXPECT_THAT(out_, HasSubstr("\n  promote CANDIDATE   makes an incident"));
    EXPECT_THAT(out_, HasSubstr("list, get, create, edit, state"));
    EXPECT_THAT(out_, HasSubstr("\n  import morgue FILE "));
    EXPECT_THAT(out_, HasSubstr("Exit codes: 0 done"));
  }
}

TEST_F(CommandLineTest, ExplainsEveryCommand) {
  for (const Command& command : AllCommands()) {
    std::vector<std::string> args = absl::StrSplit(command.name, ' ');
    args.emplace_back("--help");
    EXPECT_EQ(StoryWithoutServer(args), 0) << command.name;
    EXPECT_THAT(out_, StartsWith("story " + command.name));
    for (const Option& option : command.options) {
      EXPECT_THAT(out_, HasSubstr("--" + option.name));
    }
  }
}

TEST_F(CommandLineTest, ExplainsTheCommandsOfOneNoun) {
  EXPECT_EQ(StoryWithoutServer({"events", "--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("events append"));
  EXPECT_THAT(out_, Not(HasSubstr("candidates")));
}

TEST_F(CommandLineTest, NamesWhatItDoesNotUnderstand) {
  EXPECT_EQ(Story({"candidate", "list"}), 2);
  EXPECT_THAT(err_, HasSubstr("\"candidate list\" is no command"));
  EXPECT_EQ(Story({"candidates"}), 2);
  EXPECT_THAT(err_, HasSubstr("\n  story candidates get ID\n"));
  EXPECT_EQ(Story({"candidates", "list", "--stat=open"}), 2);
  EXPECT_THAT(err_, HasSubstr("--stat: unknown option; known here: "));
  EXPECT_EQ(Story({"candidates", "get"}), 2);
  EXPECT_THAT(err_, HasSubstr("expected: story candidates get ID"));
  EXPECT_EQ(Story({"promote", "0011", "--title=\xff"}), 2);
  EXPECT_THAT(err_, HasSubstr("is not UTF-8"));
  EXPECT_EQ(Story({"candidates", "list", "--since=noonish"}), 2);
  EXPECT_EQ(Story({"events", "list", "--kind=alarm"}), 2);
  EXPECT_EQ(Story({"events", "list", "--limit=few"}), 2);
}

TEST_F(CommandLineTest, SaysThatNobodyAnswers) {
  EXPECT_EQ(StoryWithoutServer({"candidates", "list", "--address=127.0.0.1:1"}),
            3);
  EXPECT_THAT(err_, HasSubstr("no answer from incidentd at 127.0.0.1:1"));
  EXPECT_THAT(err_, HasSubstr("--address says where it is"));
}

TEST_F(CommandLineTest, ShowsWhichFieldsTheServerRefuses) {
  EXPECT_EQ(Story({"events", "get", "xyz"}), 2);
  EXPECT_THAT(err_, HasSubstr("story: the request is wrong\n"
                              "  event_id: expected 32 lower-case hex"));
}

TEST_F(CommandLineTest, SaysWhatIsNotThere) {
  EXPECT_EQ(Story({"events", "get", kOtherId}), 1);
  EXPECT_THAT(err_, HasSubstr("no event 0011ff"));
}

TEST_F(CommandLineTest, ShowsACandidateByTheBeginningOfItsId) {
  EXPECT_EQ(Story({"candidates", "get", "00112233"}), 0);
  EXPECT_THAT(out_, HasSubstr(std::string("candidate ") + kCandidateId));
  EXPECT_EQ(Story({"candidates", "get", "0011"}), 2);
  EXPECT_THAT(err_, HasSubstr("2 ids begin with 0011"));
  EXPECT_EQ(Story({"candidates", "get", "001"}), 2);
  EXPECT_EQ(Story({"candidates", "get", "abcd"}), 1);
}

TEST_F(CommandLineTest, WritesOneJsonObjectALineForMachines) {
  EXPECT_EQ(Story({"--json", "candidates", "list"}), 0);
  EXPECT_THAT(out_, StartsWith("{\"candidateId\":\"00112233"));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
}

TEST_F(CommandLineTest, StoresEventsLineByLineAndNamesTheLinesThatAreWrong) {
  const std::string good =
      R"({"source":"s","sourceEventId":"1","kind":"EVENT_KIND_NOTE",)"
      R"("eventTime":"2018-04-18T11:30:00Z","title":"t"})";
  EXPECT_EQ(Story({"events", "append"}, good + "\n\n" + good + "\n"), 0);
  EXPECT_EQ(out_, "1 stored, 1 known, 0 refused\n");
  EXPECT_EQ(
      Story({"events", "append"},
            "no json\n" + good + "\n{\"source\":\"s\"}\n{\"colour\":1}\n"),
      1);
  EXPECT_EQ(out_, "0 stored, 1 known, 3 refused\n");
  EXPECT_THAT(err_, HasSubstr("line 1: no event"));
  EXPECT_THAT(err_, HasSubstr("line 3: title: is missing"));
  EXPECT_THAT(err_, HasSubstr("line 4: no event"));
}

TEST_F(CommandLineTest, ReadsAsManyPagesAsItNeeds) {
  ASSERT_EQ(AppendEvents(1201), 0);
  EXPECT_EQ(Story({"events", "list", "--json", "--limit=0"}), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1201);
  EXPECT_THAT(err_, IsEmpty());
  EXPECT_EQ(Story({"events", "list", "--json"}), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 100);
  EXPECT_THAT(err_, HasSubstr("--limit=0 shows all"));
}

TEST_F(CommandLineTest, AsksOnlyForWhatIsWanted) {
  ASSERT_EQ(AppendEvents(3), 0);
  EXPECT_EQ(Story({"events", "list", "--kind=alert_fired"}), 0);
  EXPECT_EQ(out_, "No events.\n");
  EXPECT_EQ(Story({"events", "list", "--since=2018-04-18", "--until",
                   "2018-04-18 11:31", "--source=s"}),
            0);
  EXPECT_THAT(out_, HasSubstr("n2"));
  EXPECT_EQ(Story({"events", "list", "--since=2018-04-19"}), 0);
  EXPECT_EQ(out_, "No events.\n");
}

TEST_F(CommandLineTest, WatchesUntilEnoughOrTheServerEnds) {
  ASSERT_EQ(AppendEvents(3), 0);
  EXPECT_EQ(Story({"events", "watch", "--after=1", "--count=1"}), 0);
  EXPECT_THAT(out_, HasSubstr("n1\n"));
  EXPECT_THAT(out_, Not(HasSubstr("n2\n")));
  EXPECT_EQ(Story({"events", "watch"}), 3);
  EXPECT_THAT(err_, HasSubstr("To go on: --after=3"));
  EXPECT_EQ(Story({"candidates", "watch", "--count=2"}), 0);
  EXPECT_THAT(out_, HasSubstr("quiet"));
}

TEST_F(CommandLineTest, PromotesInTheNameOfTheUser) {
  EXPECT_EQ(Story({"promote", "00112233", "--title=Launches fail", "--json"}),
            0);
  EXPECT_THAT(out_, HasSubstr(R"("title":"Launches fail")"));
  EXPECT_THAT(out_, HasSubstr(R"("createdBy":"ana")"));
  EXPECT_EQ(Story({"incidents", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("Launches fail"));
}

TEST_F(CommandLineTest, ConfirmsWhichChangesContributed) {
  const std::string change(32, 'c');
  EXPECT_EQ(Story({"candidates", "confirm", "00112233", "--changes=" + change,
                   "--author=bo", "--json"}),
            0);
  EXPECT_THAT(out_, HasSubstr("\"contributingEventIds\":[\"" + change));
  EXPECT_EQ(
      Story({"candidates", "confirm", "00112233", "--none", "--author=bo"}), 0);
  EXPECT_THAT(out_, HasSubstr("bo found that no change contributed."));
}

TEST_F(CommandLineTest, ConfirmsAListedChangeByTheBeginningOfItsId) {
  v1::Candidate candidate;
  candidate.set_candidate_id("ab" + std::string(30, '0'));
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  const std::string change = "cd" + std::string(30, '1');
  candidate.add_ranked_changes()->set_event_id(change);
  fake_.AddCandidate(candidate);
  EXPECT_EQ(Story({"candidates", "confirm", "ab00", "--changes=cd11",
                   "--author=bo", "--json"}),
            0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("\"contributingEventIds\":[\"" + change));
  EXPECT_EQ(
      Story({"candidates", "confirm", "ab00", "--changes=cd22", "--author=bo"}),
      1);
  EXPECT_THAT(err_, HasSubstr("nothing has an id that begins with cd22"));
}

TEST_F(CommandLineTest, AsksWhichChangesContributedOrWhetherNoneDid) {
  for (const std::vector<std::string>& what :
       std::vector<std::vector<std::string>>{
           {}, {"--changes="}, {"--changes=cd11", "--none"}}) {
    std::vector<std::string> words = {"candidates", "confirm", "ab00"};
    words.insert(words.end(), what.begin(), what.end());
    EXPECT_EQ(Story(words), 2);
    EXPECT_THAT(err_, HasSubstr("either --changes=EVENT,... or --none"));
  }
}

TEST_F(CommandLineTest, ReadsNoFolderAsAnEmptyFile) {
  EXPECT_EQ(Story({"check", "--fail", testing::TempDir()}), 2);
  EXPECT_THAT(err_, HasSubstr("which is a folder"));
}

TEST_F(CommandLineTest, ExportsWhatWasConfirmedOfTheCandidateThatGoesOn) {
  v1::Candidate owner;
  owner.set_candidate_id("ab" + std::string(30, '0'));
  owner.set_state(v1::CANDIDATE_STATE_OPEN);
  v1::CandidateEvent* const alert = owner.add_events();
  alert->set_event_id(owner.candidate_id());
  alert->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  const std::string change(32, 'c');
  owner.mutable_confirmation()->add_contributing_event_ids(change);
  fake_.AddCandidate(owner);
  v1::Candidate merged = owner;
  merged.set_candidate_id("ac" + std::string(30, '0'));
  merged.set_state(v1::CANDIDATE_STATE_MERGED);
  merged.set_merged_into_candidate_id(owner.candidate_id());
  fake_.AddCandidate(merged);
  EXPECT_EQ(Story({"candidates", "export"}), 0) << err_;
  EXPECT_EQ(out_, "{\"symptoms\": [\"" + owner.candidate_id() +
                      "\"], \"contributing\": [\"" + change + "\"]}\n");
}

TEST_F(CommandLineTest, DismissesWithAReason) {
  EXPECT_EQ(Story({"dismiss", "00112233", "--reason=a load test", "--author=bo",
                   "--json"}),
            0);
  EXPECT_THAT(out_, HasSubstr(R"("decidedBy":"bo")"));
  EXPECT_THAT(out_, HasSubstr(R"("dismissReason":"a load test")"));
}

TEST_F(CommandLineTest, AddsANoteToTheTimeline) {
  v1::Incident incident;
  incident.set_incident_id(kCandidateId);
  fake_.AddIncident(incident);
  EXPECT_EQ(Story({"incidents", "note", "00112233", "we restarted the proxy",
                   "--at=2018-04-18T12:35:00Z", "--kind=human_action"}),
            0);
  EXPECT_EQ(Story({"timeline", "00112233"}), 0);
  EXPECT_THAT(out_, HasSubstr("12:35:00    action           we restarted the "
                              "proxy  added by a person"));
  EXPECT_EQ(Story({"incidents", "note", "00112233", ""}), 2);
  EXPECT_THAT(err_, HasSubstr("entry.title: is missing"));
}

TEST_F(CommandLineTest, ChecksTheLanguageOfATextWithoutAServer) {
  const std::string text = "We should have tested.\n";
  EXPECT_EQ(StoryWithoutServer({"check", "-"}, text), 0);
  EXPECT_THAT(out_, StartsWith("-:1: counterfactual\n"
                               "    We should have tested.\n"
                               "    ^^^^^^^^^^^^^^^^^^^^^\n"
                               "    why  "));
  EXPECT_THAT(out_, HasSubstr("1 place to look at again.\n"));
  EXPECT_EQ(StoryWithoutServer({"check", "-", "--fail"}, text), 1);
  EXPECT_EQ(err_, "story: 1 place to look at again.\n");
  EXPECT_EQ(StoryWithoutServer({"check", "--fail", "-"}, "All is well."), 0);
  EXPECT_EQ(out_, "Nothing found that hinders learning.\n");
  EXPECT_EQ(StoryWithoutServer({"check", "/nowhere.md"}), 2);
  EXPECT_EQ(err_, "story: check: cannot read the file /nowhere.md\n");
}

TEST_F(CommandLineTest, ChecksWithRulesThatItIsGiven) {
  const std::string file = testing::TempDir() + "/rules.yaml";
  std::ofstream(file) << "format: 1\nlanguage: x\nname: X\nrules:\n"
                         "- {id: blame, why: W., ask: 'A?', find: [schuld]}\n";
  EXPECT_EQ(StoryWithoutServer({"check", "--rules", file, "-", "--json"},
                               "Wer ist schuld?"),
            0);
  EXPECT_THAT(out_, HasSubstr(R"("begin":8,"end":14,"rule":"blame")"));
  std::ofstream(file) << "format: 1\n";
  EXPECT_EQ(StoryWithoutServer({"check", "--rules", file, "-"}, ""), 2);
  EXPECT_THAT(err_, HasSubstr("rules.yaml:1: language: is missing"));
}

}  // namespace
}  // namespace secondstory::story
