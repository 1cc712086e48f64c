#include "review/gaps.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/sample.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<Gap> Find(const Story& story) {
  return FindGaps(story, Roles(story));
}

std::vector<Gap> Find(const Story& story, absl::string_view rule) {
  std::vector<Gap> gaps = Find(story);
  gaps.erase(std::remove_if(gaps.begin(), gaps.end(),
                            [&](const Gap& gap) { return gap.rule != rule; }),
             gaps.end());
  return gaps;
}

// Moments that fall at random over a stretch of six hours.
std::vector<absl::Time> RandomMoments(int count, std::mt19937_64* random) {
  std::uniform_int_distribution<int64_t> micros(0, 6LL * 3600 * 1000000);
  std::vector<absl::Time> moments = {absl::UnixEpoch(),
                                     absl::UnixEpoch() + absl::Hours(6)};
  for (int i = 0; i < count; ++i) {
    moments.push_back(absl::UnixEpoch() + absl::Microseconds(micros(*random)));
  }
  std::sort(moments.begin(), moments.end());
  return moments;
}

TEST(SilenceTest, RarelyAsksAboutWhatChanceExplains) {
  std::mt19937_64 random(support::Seed());
  for (int count : {3, 10, 40, 200}) {
    int alarms = 0;
    constexpr int kRounds = 2000;
    for (int round = 0; round < kRounds; ++round) {
      if (!FindSilences(RandomMoments(count, &random)).empty()) ++alarms;
    }
    // Five standard deviations above the bound: 1 run in millions is unlucky.
    EXPECT_LT(alarms, kRounds * kSilenceProbabilityMax +
                          5 * std::sqrt(kRounds * kSilenceProbabilityMax))
        << count << " moments";
  }
}

TEST(SilenceTest, FindsHourWithoutAWordAmongMinutes) {
  std::vector<absl::Time> moments;
  for (int i = 0; i <= 20; ++i) {
    moments.push_back(absl::UnixEpoch() + absl::Minutes(3 * i));
    if (i >= 10) moments.back() += absl::Hours(1);
  }
  const std::vector<Silence> silences = FindSilences(moments);
  ASSERT_THAT(silences, SizeIs(1));
  EXPECT_EQ(silences[0].before, 9);
  EXPECT_EQ(silences[0].after, 10);
}

TEST(SilenceTest, MeasuresByTheIncidentsOwnRhythm) {
  // The same shape, a hundred times as slow or as fast.
  for (absl::Duration beat :
       {absl::Seconds(1), absl::Minutes(2), absl::Hours(3)}) {
    std::vector<absl::Time> moments;
    for (int i = 0; i <= 12; ++i) {
      moments.push_back(absl::UnixEpoch() + i * beat);
      if (i >= 6) moments.back() += 11 * beat;
    }
    EXPECT_THAT(FindSilences(moments), SizeIs(1)) << beat;
  }
}

TEST(SilenceTest, TakesRegularBurstsForARhythm) {
  std::vector<absl::Time> moments;
  for (int burst = 0; burst < 12; ++burst) {
    for (int alert = 0; alert < 20; ++alert) {
      moments.push_back(absl::UnixEpoch() + absl::Minutes(10 * burst) +
                        absl::Seconds(alert));
    }
  }
  EXPECT_THAT(FindSilences(moments), IsEmpty());
}

TEST(SilenceTest, AsksAboutAtMostFive) {
  std::vector<absl::Time> moments = {absl::UnixEpoch()};
  for (int hour = 0; hour < 9; ++hour) {
    moments.push_back(moments.back() + absl::Hours(5));
    for (int i = 0; i < 20; ++i) {
      moments.push_back(moments.back() + absl::Minutes(6));
    }
  }
  EXPECT_LE(FindSilences(moments).size(), size_t{kSilenceCountMax});
}

TEST(SilenceTest, NeedsMoreThanTwoMoments) {
  EXPECT_THAT(FindSilences({}), IsEmpty());
  EXPECT_THAT(FindSilences({absl::UnixEpoch()}), IsEmpty());
  EXPECT_THAT(
      FindSilences({absl::UnixEpoch(), absl::UnixEpoch() + absl::Hours(9)}),
      IsEmpty());
}

TEST(GapsTest, FindsWhatTheCheckoutStoryDoesNotSay) {
  const std::vector<Gap> gaps = Find(CheckoutStory());
  std::vector<std::string> found;
  for (const Gap& gap : gaps) found.push_back(gap.rule + ": " + gap.text);
  EXPECT_THAT(
      found,
      ElementsAre(
          "never_finished: the change \"payments 2.9.0 canary\" of payments "
          "began at 09:31 UTC and is not known to have ended",
          "surprise: on-call, checkout was surprised: expected \"That they "
          "would stay fast, as in January when it was a memory leak.\", saw "
          "\"The two were fast for a minute, then as slow as the others.\"",
          "never_resolved: the alert \"PaymentTimeouts\" of payments fired at "
          "10:24 UTC and is not known to have resolved",
          "silence: nothing is known between 10:31 and 11:08 UTC",
          "surprise: database engineer was surprised: expected \"A handful of "
          "slow queries.\", saw \"Nearly all were idle in a transaction.\""));
}

TEST(GapsTest, FillsSilenceWithAccountsThatTellOfIt) {
  Story story = CheckoutStory();
  ASSERT_THAT(Find(story, "silence"), SizeIs(1));
  for (int minute : {38, 44, 51, 58}) {
    Account account;
    account.id = absl::StrCat("extra", minute);
    account.entry_id = "e09";
    account.words = "read logs";
    account.known_time = At("2026-03-01T10:00:00Z") + absl::Minutes(minute);
    story.accounts.push_back(account);
  }
  EXPECT_THAT(Find(story, "silence"), IsEmpty());
}

TEST(GapsTest, DoesNotAskAboutSilenceAfterMitigation) {
  Story story = MakeStory();
  for (int minute = 0; minute <= 20; minute += 2) {
    story.entries.push_back(
        MakeEvent(absl::StrCat("e", minute),
                  absl::StrCat("10:", minute / 10, minute % 10),
                  EventKind::kNote, "", "looked"));
  }
  EXPECT_THAT(Find(story, "silence"), SizeIs(1));
  story.incident.mitigate_time = At("2026-03-01T10:21:00Z");
  EXPECT_THAT(Find(story, "silence"), IsEmpty());
}

TEST(GapsTest, AsksAboutAlertOnlyOnceTheIncidentIsOver) {
  Story story = MakeStory();
  story.entries = {
      MakeEvent("1", "10:01", EventKind::kAlertFired, "cart", "Slow"),
      MakeEvent("2", "10:05", EventKind::kAlertFired, "cart", "Slow")};
  const std::vector<Gap> gaps = Find(story, "never_resolved");
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_THAT(gaps[0].entry_ids, ElementsAre("1"));
  story.incident.state = IncidentState::kOpen;
  story.incident.resolve_time.reset();
  EXPECT_THAT(Find(story, "never_resolved"), IsEmpty());
}

TEST(GapsTest, TakesAResolveOfItsOwnForTheAlertsEnd) {
  Story story = MakeStory();
  story.entries = {
      MakeEvent("1", "10:01", EventKind::kAlertFired, "cart", "Slow"),
      MakeEvent("2", "10:05", EventKind::kAlertResolved, "cart", "Slow"),
      MakeEvent("3", "10:07", EventKind::kAlertFired, "mail", "Slow")};
  const std::vector<Gap> gaps = Find(story, "never_resolved");
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_THAT(gaps[0].entry_ids, ElementsAre("3"));
}

TEST(GapsTest, EndsAChangeByItsRevisionWhereBothSayOne) {
  Story story = MakeStory();
  Entry start =
      MakeEvent("1", "10:01", EventKind::kChangeStarted, "cart", "cart 2");
  Entry end = MakeEvent("2", "10:05", EventKind::kChangeFailed, "cart",
                        "cart 2 gave up");
  story.entries = {start, end};
  EXPECT_THAT(Find(story, "never_finished"), IsEmpty());
  story.entries[0].revision = "2";
  EXPECT_THAT(Find(story, "never_finished"), IsEmpty());
  story.entries[1].revision = "1.9";
  EXPECT_THAT(Find(story, "never_finished"), SizeIs(1));
}

TEST(GapsTest, AsksWhatCameOfAnActionUntilSomebodySays) {
  Story story = MakeStory();
  story.entries = {
      MakeLine("1", "10:01", EventKind::kHumanAction, "bo", "restarted cart")};
  Account account;
  account.id = "a";
  account.entry_id = "1";
  account.author = "bo";
  account.action = "restarted it";
  const std::string id = Find(story, "no_effect").at(0).id;
  story.accounts = {account};
  ASSERT_THAT(Find(story, "no_effect"), SizeIs(1));
  EXPECT_EQ(Find(story, "no_effect")[0].id, id)
      << "an account that does not say either is the same question";
  story.accounts[0].observed_effect = "latency fell";
  EXPECT_THAT(Find(story, "no_effect"), IsEmpty());
  story.accounts.clear();
  story.entries[0].title = "restarted cart, no effect";
  EXPECT_THAT(Find(story, "no_effect"), IsEmpty());
}

TEST(GapsTest, BelievesTheTellerAboutBeingSurprised) {
  Account account;
  account.expectation = "errors stop";
  account.observed_effect = "they did not";
  EXPECT_TRUE(IsSurprise(account));
  account.surprised = false;
  EXPECT_FALSE(IsSurprise(account));
  account.surprised = true;
  account.observed_effect = "";
  EXPECT_TRUE(IsSurprise(account));
  account.surprised.reset();
  EXPECT_FALSE(IsSurprise(account));
  account.observed_effect = "errors stopped";
  EXPECT_FALSE(IsSurprise(account));
}

TEST(GapsTest, ShowsPeopleByRoleInItsOwnWords) {
  Story story = CheckoutStory();
  story.accounts.clear();
  const std::vector<Gap> gaps = Find(story, "no_account");
  ASSERT_THAT(gaps, SizeIs(4));
  for (const Gap& gap : gaps) {
    for (const Participant& each : story.incident.participants) {
      EXPECT_THAT(gap.text, Not(testing::HasSubstr(each.name)));
    }
  }
  EXPECT_EQ(gaps.back().text,
            "on-call, payments was there and has not told "
            "yet");
}

TEST(GapsTest, KeepsIdsWhileTheTimelineGrowsElsewhere) {
  Story story = CheckoutStory();
  std::set<std::string> before;
  for (const Gap& gap : Find(story)) before.insert(gap.id);
  story.entries.push_back(
      MakeLine("e14", "11:52", EventKind::kNote, "chen", "closed"));
  Action action;
  action.id = "later";
  story.actions.push_back(action);
  std::set<std::string> after;
  for (const Gap& gap : Find(story)) after.insert(gap.id);
  EXPECT_EQ(before, after);
  EXPECT_EQ(before.size(), Find(story).size()) << "ids are unique";
}

TEST(GapsTest, CarriesAnswersAndKeepsThoseWhoseQuestionIsGone) {
  Story story = CheckoutStory();
  Gap answered = Find(story, "never_resolved").at(0);
  answered.answer.emplace();
  answered.answer->text = "It was silenced; the graph was flat by 11:40.";
  story.answered_gaps = {answered};
  EXPECT_EQ(Find(story, "never_resolved").at(0).answer->text,
            answered.answer->text);
  story.entries[7].resolve_time = At("2026-03-01T11:40:00Z");
  const std::vector<Gap> gaps = Find(story, "never_resolved");
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].answer->text, answered.answer->text);
}

TEST(GapsTest, KeepsTheAnswerAndNotTheWordsOfAnAccountThatIsGone) {
  Story story = CheckoutStory();
  Gap answered;
  answered.id = "asked";
  answered.rule = "surprise";
  answered.account_ids = {"withdrawn"};
  answered.text = "on-call was surprised: expected \"the secret\"";
  answered.question = "What made that the natural thing to expect?";
  answered.answer.emplace();
  answered.answer->text = "It had helped before.";
  story.answered_gaps = {answered};
  const std::vector<Gap> gaps = Find(story, "surprise");
  const auto kept = std::find_if(gaps.begin(), gaps.end(), [](const Gap& gap) {
    return gap.id == "asked";
  });
  ASSERT_NE(kept, gaps.end());
  EXPECT_THAT(kept->text, testing::Not(testing::HasSubstr("secret")));
  EXPECT_EQ(kept->answer->text, "It had helped before.");
}

TEST(GapsTest, AsksNeverWhySomebodyDidNot) {
  Story story = CheckoutStory();
  story.accounts.pop_back();
  story.entries.push_back(
      MakeLine("e99", "11:50", EventKind::kHumanAction, "chen", "muted it"));
  for (const Gap& gap : Find(story)) {
    EXPECT_EQ(gap.question.back(), '?') << gap.question;
    for (const char* word : {"why", "Why", "should", "fail"}) {
      EXPECT_THAT(gap.question, Not(testing::HasSubstr(word)));
      EXPECT_THAT(gap.text, Not(testing::HasSubstr(word)));
    }
  }
}

TEST(GapsTest, GivesTheSameForAnyStoryTwice) {
  const Story story = LongStory(300, support::Seed());
  const std::vector<Gap> first = Find(story);
  const std::vector<Gap> second = Find(story);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].id, second[i].id);
    EXPECT_EQ(first[i].text, second[i].text);
  }
}

}  // namespace
}  // namespace secondstory::review
