#include "tools/story/candidate_page.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/learning.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;
using testing::Not;

google::protobuf::Timestamp At(const std::string& time) {
  absl::Time parsed;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, &error))
      << error;
  return FromTime(parsed);
}

void AddEvent(const std::string& time, v1::EventKind kind,
              const std::string& service, const std::string& title,
              const std::string& reason, v1::Candidate* candidate) {
  v1::CandidateEvent* const event = candidate->add_events();
  *event->mutable_event_time() = At(time);
  event->set_kind(kind);
  event->set_service(service);
  event->set_title(title);
  event->set_reason(reason);
}

v1::RankedChange* AddChange(const std::string& time, const std::string& service,
                            const std::string& title, double score,
                            v1::Candidate* candidate) {
  v1::RankedChange* const change = candidate->add_ranked_changes();
  *change->mutable_event_time() = At(time);
  change->set_service(service);
  change->set_title(title);
  change->set_score(score);
  return change;
}

void AddEvidence(const std::string& rule, const std::string& text,
                 double log_odds, v1::RankedChange* change) {
  v1::Evidence* const evidence = change->add_evidence();
  evidence->set_rule(rule);
  evidence->set_text(text);
  evidence->set_log_odds(log_odds);
}

v1::Candidate Example() {
  v1::Candidate candidate;
  candidate.set_candidate_id("00112233445566778899aabbccddeeff");
  candidate.set_revision(4);
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  candidate.set_title("launch success drops to zero (hub), then 2 more");
  candidate.set_severity(v1::SEVERITY_CRITICAL);
  candidate.add_services("hub");
  *candidate.mutable_onset_time() = At("2018-04-18T11:30:00Z");
  *candidate.mutable_last_activity_time() = At("2018-04-19T00:23:00Z");
  AddEvent("2018-04-18T11:30:00Z", v1::EVENT_KIND_ALERT_FIRED, "hub",
           "launch success drops to zero", "opened this candidate", &candidate);
  candidate.mutable_events(0)->set_severity(v1::SEVERITY_CRITICAL);
  candidate.mutable_events(0)->set_repeat_count(11);
  *candidate.mutable_events(0)->mutable_last_event_time() =
      At("2018-04-18T12:20:10Z");
  AddEvent("2018-04-18T12:35:00Z", v1::EVENT_KIND_HUMAN_ACTION, "proxy",
           "proxy and ingress pods restarted, no effect",
           "neighbour of hub, which alerted", &candidate);
  AddEvent("2018-04-19T00:23:00Z", v1::EVENT_KIND_USER_REPORT, "hub",
           "memory and CPU growth continues", "same service as an alert",
           &candidate);
  v1::RankedChange* const first =
      AddChange("2018-04-18T10:35:00Z", "binderhub",
                "jupyterhub and binderhub charts upgraded", 0.714, &candidate);
  first->set_revision("c937b3a28d46");
  AddEvidence("lag", "55 min before the first alert", -4.13, first);
  AddEvidence("rolled_back", "undone 4 h 52 min after the first alert", 4,
              first);
  AddEvidence("neighbour", "hub, which alerted, calls binderhub", 0.8, first);
  AddEvidence("frequency", "binderhub changed 5 times in 72 h", -0.48, first);
  AddChange("2018-04-16T22:09:08Z", "mybinder", "Reducing per repo limit", 0.06,
            &candidate);
  AddChange("2018-04-16T21:14:40Z", "mybinder", "Revert", 0.002, &candidate);
  candidate.set_no_change_score(0.2);
  candidate.set_no_change_reason("of 3 changes near the onset, ...");
  return candidate;
}

TEST(CandidatePageTest, ReadsFromWhatHappenedToWhatWasNear) {
  EXPECT_EQ(CandidatePage(Example(), {}),
            R"(launch success drops to zero (hub), then 2 more

  State      open: events may still join
  Severity   critical
  Services   hub
  Onset      2018-04-18 11:30:00 UTC
  Lasted     12 h 53 min, to the last event at 2018-04-19 00:23:00
  Candidate  00112233445566778899aabbccddeeff, revision 4

Timeline (UTC)
  TIME      KIND            SERVICE  WHAT                                 WHY IT IS HERE
  2018-04-18
  11:30:00  critical alert  hub      launch success drops to zero (x 12,  opened this candidate
                                     the last at 12:20:10; still firing)
  12:35:00  action          proxy    proxy and ingress pods restarted,    neighbour of hub, which
                                     no effect                            alerted
  2018-04-19
  00:23:00  user report     hub      memory and CPU growth continues      same service as an alert

Changes near the onset
  The likeliest first; several may have contributed. + speaks for it, - against; twice: strongly.

  1.  71 %  likely       jupyterhub and binderhub charts upgraded
                         binderhub, 2018-04-18 10:35:00 UTC, 55 min before the first alert, revision
                         c937b3a28d46
                         ++ undone 4 h 52 min after the first alert
                          + hub, which alerted, calls binderhub
                          - binderhub changed 5 times in 72 h

  2.   6 %  possible     Reducing per repo limit
                         mybinder, 2018-04-16 22:09:08 UTC

  3.  <1 %  unlikely     Revert
                         mybinder, 2018-04-16 21:14:40 UTC

      20 %  plausible    None of these
                         Of 3 changes near the onset, ...

story promote 001122334455   makes an incident of it
story dismiss 001122334455   says that it is none
story candidates get 001122334455 --ids   shows ids, to split or confirm
)");
}

TEST(CandidatePageTest, SaysWhereAMergedCandidateGoesOn) {
  v1::Candidate candidate;
  candidate.set_candidate_id("00112233445566778899aabbccddeeff");
  candidate.set_revision(2);
  candidate.set_state(v1::CANDIDATE_STATE_MERGED);
  candidate.set_title("queue is long");
  candidate.set_merged_into_candidate_id("ffeeddccbbaa99887766554433221100");
  *candidate.mutable_onset_time() = At("2018-04-18T11:30:00Z");
  *candidate.mutable_last_activity_time() = At("2018-04-18T11:30:00Z");
  EXPECT_EQ(CandidatePage(candidate, {}), R"(queue is long

  State      merged: another candidate goes on with its events
  Decided    candidate ffeeddccbbaa99887766554433221100 goes on
  Onset      2018-04-18 11:30:00 UTC
  Candidate  00112233445566778899aabbccddeeff, revision 2

story candidates get ffeeddccbbaa   shows the one that goes on
)");
}

TEST(CandidatePageTest, ShowsTheIdsOfEventsToWhomeverWantsToNameThem) {
  v1::Candidate candidate = Example();
  candidate.mutable_events(0)->set_event_id("0a1b2c3d4e5f60718293a4b5c6d7e8f9");
  candidate.mutable_ranked_changes(0)->set_event_id(
      "112233445566778899aabbccddeeff00");
  PageOptions options;
  options.ids = true;
  const std::string page = CandidatePage(candidate, options);
  EXPECT_THAT(page, HasSubstr("11:30:00  0a1b2c3d4e5f  critical alert"));
  EXPECT_THAT(page, HasSubstr("event 112233445566778899aabbccddeeff00"));
  EXPECT_THAT(page, HasSubstr("story candidates split 001122334455 EVENT..."));
}

TEST(CandidatePageTest, FitsTheTerminal) {
  for (const int width : {80, 100, 160}) {
    PageOptions options;
    options.width = width;
    const std::string page = CandidatePage(Example(), options);
    for (absl::string_view line : absl::StrSplit(page, '\n')) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(CandidatePageTest, SaysHowLongAgoWhenItIsRecent) {
  PageOptions options;
  options.now = ToTime(At("2018-04-18T12:00:00Z"));
  EXPECT_THAT(CandidatePage(Example(), options),
              HasSubstr("2018-04-18 11:30:00 UTC, 30 min ago"));
  options.now = ToTime(At("2026-04-18T12:00:00Z"));
  EXPECT_THAT(CandidatePage(Example(), options), Not(HasSubstr("ago")));
}

TEST(CandidatePageTest, SaysWhenAnAlertResolved) {
  v1::Candidate candidate = Example();
  *candidate.mutable_events(0)->mutable_resolve_time() =
      At("2018-04-18T12:21:00Z");
  EXPECT_THAT(
      CandidatePage(candidate, {}),
      HasSubstr("resolved at\n                                     12:21:00)"));
}

TEST(CandidatePageTest, ShowsBothEndsOfALongTimelineUnlessAskedForAll) {
  v1::Candidate candidate = Example();
  for (int i = 0; i < 97; ++i) {
    AddEvent("2018-04-19T00:30:00Z", v1::EVENT_KIND_NOTE, "hub",
             absl::StrCat("note ", i, "."), "", &candidate);
  }
  const std::string page = CandidatePage(candidate, {});
  EXPECT_THAT(page, HasSubstr("... 40 more; --all shows them"));
  EXPECT_THAT(page, HasSubstr("note 36."));
  EXPECT_THAT(page, Not(HasSubstr("note 37.")));
  EXPECT_THAT(page, Not(HasSubstr("note 76.")));
  EXPECT_THAT(page, HasSubstr("note 77."));
  EXPECT_THAT(page, HasSubstr("note 96."));
  PageOptions all;
  all.all = true;
  EXPECT_THAT(CandidatePage(candidate, all), HasSubstr("note 50."));
}

TEST(CandidatePageTest, SaysWithWhatWasLearntItWasRanked) {
  v1::Candidate candidate = Example();
  EXPECT_THAT(CandidatePage(candidate, {}), Not(HasSubstr("Weighed with")));
  timeline::Learning learning;
  learning.decision_count = 12;
  candidate.set_learning(timeline::FormatLearning(learning));
  EXPECT_THAT(CandidatePage(candidate, {}),
              HasSubstr("\n  Weighed with what 12 earlier decisions "
                        "taught.\n"));
  candidate.set_learning("of another version");
  EXPECT_THAT(CandidatePage(candidate, {}), Not(HasSubstr("Weighed with")));
}

TEST(CandidatePageTest, FoldsUnlikelyChanges) {
  v1::Candidate candidate = Example();
  AddEvidence("words", "for the third", 1, candidate.mutable_ranked_changes(2));
  AddChange("2018-04-16T21:14:40Z", "mybinder", "the fourth", 0, &candidate);
  AddChange("2018-04-16T21:14:40Z", "mybinder", "the fifth", 0, &candidate);
  const std::string page = CandidatePage(candidate, {});
  EXPECT_THAT(page, HasSubstr("the fourth"));
  EXPECT_THAT(page, Not(HasSubstr("the fifth")));
  EXPECT_THAT(page, Not(HasSubstr("for the third")));
  EXPECT_THAT(page, HasSubstr("... and 1 less likely; --all shows them"));
  PageOptions all;
  all.all = true;
  EXPECT_THAT(CandidatePage(candidate, all), HasSubstr("the fifth"));
  EXPECT_THAT(CandidatePage(candidate, all), HasSubstr("for the third"));
}

TEST(CandidatePageTest, SaysSoWhenNoChangeIsKnown) {
  v1::Candidate candidate = Example();
  candidate.clear_ranked_changes();
  candidate.set_no_change_reason("none is known from the 72 h before");
  EXPECT_THAT(CandidatePage(candidate, {}),
              HasSubstr("Changes near the onset\n"
                        "  None is known from the 72 h before.\n"));
}

TEST(CandidatePageTest, TellsWhatPeopleDecided) {
  v1::Candidate candidate = Example();
  candidate.set_state(v1::CANDIDATE_STATE_DISMISSED);
  candidate.set_decided_by("ana");
  candidate.set_dismiss_reason("a load test");
  const std::string page = CandidatePage(candidate, {});
  EXPECT_THAT(page, HasSubstr("Decided    by ana: a load test"));
  EXPECT_THAT(page, Not(HasSubstr("story promote")));
}

TEST(CandidatePageTest, BearsACandidateThatSaysNothing) {
  v1::Candidate candidate;
  candidate.add_events();
  candidate.add_ranked_changes()->add_evidence();
  EXPECT_THAT(CandidatePage(candidate, {}),
              HasSubstr("  1.   0 %  unlikely     -\n"));
}

TEST(CandidatePageTest, ObeysNothingThatATitleSays) {
  v1::Candidate candidate = Example();
  candidate.set_title("\x1b[2J\nforged");
  candidate.mutable_events(0)->set_title("\x1b]0;x\x07");
  candidate.mutable_ranked_changes(0)->set_service("\x1b[31m");
  const std::string page = CandidatePage(candidate, {});
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, HasSubstr("\uFFFD[2J forged"));
}

TEST(CandidateListTest, GivesOneLineForEach) {
  const v1::Candidate candidate = Example();
  EXPECT_EQ(
      CandidateList({candidate}, {}),
      R"(ONSET (UTC)          LASTED       STATE  SEVERITY  WHAT                                 ID
2018-04-18 11:30:00  12 h 53 min  open   critical  launch success drops to zero (hub),  001122334455
                                                   then 2 more
)");
  EXPECT_EQ(CandidateList({}, {}), "No candidates.\n");
}

}  // namespace
}  // namespace secondstory::story
