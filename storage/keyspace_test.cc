#include "storage/keyspace.h"

#include <random>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::storage {
namespace {

using testing::Ge;
using testing::Lt;

const char kId[] = "0123456789abcdef";  // 16 bytes

std::string Hex(absl::string_view key) { return absl::BytesToHexString(key); }

// Each layout byte by byte. A line that has to change here is a migration.
TEST(KeyspaceTest, StaysTheSameByteByByte) {
  const std::string id = "30313233343536373839616263646566";
  EXPECT_EQ(Hex(keys::Format()), "00666f726d6174");
  EXPECT_EQ(Hex(keys::Log(0x0102)), "010000000000000102");
  EXPECT_EQ(Hex(keys::EventId(kId)), "02" + id);
  EXPECT_EQ(Hex(keys::EventIdsThrough()), "02");
  EXPECT_EQ(Hex(keys::Cursor("ab", 7)),
            "0361620001"
            "00000007");
  EXPECT_EQ(Hex(keys::ByService("ab", 3, 9)),
            "0461620001"
            "00000003"
            "0000000000000009");
  EXPECT_EQ(Hex(keys::ByTime(3, 9)),
            "05"
            "00000003"
            "0000000000000009");
  EXPECT_EQ(Hex(keys::Candidate(kId)), "10" + id);
  EXPECT_EQ(Hex(keys::CandidateRevision(kId, 2)),
            "11" + id + "0000000000000002");
  EXPECT_EQ(Hex(keys::CandidateByOnset(1, kId)),
            "12"
            "fffffffffffffffe" +
                id);
  EXPECT_EQ(Hex(keys::Incident(kId)), "20" + id);
  EXPECT_EQ(Hex(keys::IncidentByStart(1, kId)),
            "21"
            "fffffffffffffffe" +
                id);
  EXPECT_EQ(Hex(keys::TimelineEntry(kId, 5, kId)),
            "22" + id + "0000000000000005" + id);
  EXPECT_EQ(Hex(keys::TimelineEntryId(kId, kId)), "23" + id + id);
  EXPECT_EQ(Hex(keys::IncidentHistory(kId, 9)), "24" + id + "0000000000000009");
  EXPECT_EQ(Hex(keys::Account(kId, kId)), "25" + id + id);
  EXPECT_EQ(Hex(keys::Action(kId, kId)), "26" + id + id);
  EXPECT_EQ(Hex(keys::ActionByDue(5, kId, kId)),
            "27"
            "0000000000000005" +
                id + id);
  EXPECT_EQ(Hex(keys::ActionByDue(std::nullopt, kId, kId)),
            "27"
            "ffffffffffffffff" +
                id + id);
  EXPECT_EQ(Hex(keys::GapAnswer(kId, kId)), "28" + id + id);
  EXPECT_EQ(Hex(keys::Told(9)), "290000000000000009");
  EXPECT_EQ(kFormatVersion, 3u);
}

TEST(KeyspaceTest, NeverMixesTextsThatShareBytes) {
  EXPECT_NE(keys::Cursor(absl::string_view("a\0", 2), 1), keys::Cursor("a", 1));
  EXPECT_NE(keys::ByService("ab", 0x63, 1), keys::ByService("abc", 0, 1));
  const KeyRange a = keys::ServiceMinutes("a", 0, 0xffffffff);
  for (absl::string_view other :
       {absl::string_view("a\0", 2), absl::string_view("a\0\1", 3),
        absl::string_view("aa"), absl::string_view("")}) {
    const std::string key = keys::ByService(other, 5, 5);
    EXPECT_TRUE(key < a.first || key >= a.last) << Hex(key);
  }
}

TEST(KeyspaceTest, SortsAsTheNumbersDo) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random() >> (random() % 64),
                   b = random() >> (random() % 64);
    EXPECT_EQ(a < b, keys::Log(a) < keys::Log(b));
    const auto ta = static_cast<int64_t>(a >> 1),
               tb = static_cast<int64_t>(b >> 1);
    EXPECT_EQ(ta < tb, keys::CandidateByOnset(tb, kId) <
                           keys::CandidateByOnset(ta, kId));
  }
}

TEST(KeyspaceTest, RangesHoldTheirEndsAsDocumented) {
  const KeyRange log = keys::LogAfter(7);
  EXPECT_THAT(keys::Log(7), Lt(log.first));
  EXPECT_THAT(keys::Log(8), Ge(log.first));
  EXPECT_THAT(keys::Log(~0ull), Lt(log.last));

  const KeyRange minutes = keys::Minutes(2, 0xffffffff);
  EXPECT_THAT(keys::ByTime(1, ~0ull), Lt(minutes.first));
  EXPECT_THAT(keys::ByTime(2, 0), Ge(minutes.first));
  EXPECT_THAT(keys::ByTime(0xffffffff, ~0ull), Lt(minutes.last));

  const std::string last_id(16, '\xff');
  const KeyRange onset = keys::CandidatesByOnset(10, 20);
  EXPECT_THAT(keys::CandidateByOnset(20, last_id), Lt(onset.first));
  EXPECT_THAT(keys::CandidateByOnset(19, kId), Ge(onset.first));
  EXPECT_THAT(keys::CandidateByOnset(10, last_id), Lt(onset.last));
  EXPECT_THAT(keys::CandidateByOnset(9, std::string(16, '\0')), Ge(onset.last));

  const KeyRange due = keys::ActionsByDue(10);
  EXPECT_THAT(keys::ActionByDue(9, last_id, last_id), Lt(due.last));
  EXPECT_THAT(keys::ActionByDue(10, kId, kId), Ge(due.last));
  EXPECT_THAT(keys::ActionByDue(std::nullopt, last_id, last_id),
              Lt(keys::AllActionsByDue().last));
  const KeyRange history = keys::IncidentHistoryAfter(kId, 7);
  EXPECT_THAT(keys::IncidentHistory(kId, 7), Lt(history.first));
  EXPECT_THAT(keys::IncidentHistory(kId, ~0ull), Lt(history.last));
}

TEST(KeyspaceTest, ReadsBackWhatItWrote) {
  EXPECT_EQ(keys::LogPosition(keys::Log(77)), 77u);
  EXPECT_EQ(keys::MinuteOf(keys::ByService("x", 5, 9)), 5u);
  EXPECT_EQ(keys::ListPosition(keys::ByTime(5, 9)), 9u);
  EXPECT_EQ(keys::IdOf(keys::IncidentByStart(3, kId)), kId);
  const std::string other = "fedcba9876543210";
  EXPECT_EQ(keys::OuterIdOf(keys::ActionByDue(3, other, kId)), other);
  EXPECT_EQ(keys::ToldPosition(keys::Told(8)), 8u);
  EXPECT_EQ(keys::OnsetMicrosOf(keys::CandidateByOnset(123, kId)), 123);
  EXPECT_EQ(DecodeUint64(EncodeUint64(1ull << 63)), 1ull << 63);
  EXPECT_EQ(DecodeUint32("123"), std::nullopt);
}

TEST(KeyspaceTest, KeepsTheFamiliesApart) {
  EXPECT_EQ(FamilyOf(keys::Log(1)), Family::kLog);
  EXPECT_EQ(FamilyOf(keys::EventId(kId)), Family::kIds);
  EXPECT_EQ(FamilyOf(keys::ByService("a", 1, 1)), Family::kIndex);
  EXPECT_EQ(FamilyOf(keys::ByTime(1, 1)), Family::kIndex);
  EXPECT_EQ(FamilyOf(keys::Candidate(kId)), Family::kTables);
  EXPECT_EQ(FamilyOf(keys::Format()), Family::kTables);
}

}  // namespace
}  // namespace secondstory::storage
