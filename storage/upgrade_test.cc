// Goal: an upgraded database reads as if this program had written all of it.
// Method: take its tables, take out what the older format lacks, upgrade, and
// compare all bytes; cut the upgrade off, too.
#include "storage/upgrade.h"

#include <map>
#include <memory>
#include <string>

#include "base/status_matchers.h"
#include "storage/apply.h"
#include "storage/keyspace.h"
#include "storage/memory/memory_tables.h"
#include "tests/support/event_append.h"

namespace secondstory::storage {
namespace {

constexpr char kHistory = 0x24;
constexpr char kTold = 0x29;

stored::v1::Record IncidentRecord(char digit) {
  stored::v1::Record record;
  record.mutable_incident()->mutable_incident()->set_incident_id(
      std::string(32, digit));
  return record;
}

stored::v1::Record LineRecord(char digit) {
  stored::v1::Record record;
  record.mutable_timeline_entry()->set_incident_id(std::string(32, digit));
  record.mutable_timeline_entry()->mutable_entry()->set_entry_id(
      std::string(32, 'e'));
  return record;
}

stored::v1::Record CandidateRecord(const std::string& incident_id) {
  stored::v1::Record record;
  v1::Candidate* candidate = record.mutable_candidate()->mutable_candidate();
  candidate->set_candidate_id(std::string(32, 'c'));
  candidate->set_incident_id(incident_id);
  return record;
}

// An event, a candidate of nobody's, then what people told.
void WriteLog(Tables* tables) {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id("a");
  const EventAppend append = support::AppendOf({event});
  SS_ASSERT_OK(tables->Write(
      Apply(1, {{7, append.events.data(), ""},
                EncodeRecord(CandidateRecord(""), 8),
                EncodeRecord(IncidentRecord('a'), 9),
                EncodeRecord(CandidateRecord(std::string(32, 'a')), 9),
                EncodeRecord(IncidentRecord('b'), 10),
                EncodeRecord(LineRecord('a'), 11)})));
}

// The tables as format `version` had them.
void Downgrade(uint32_t version, Tables* tables,
               const std::map<std::string, std::string>& contents) {
  Mutations mutations;
  for (const auto& [key, value] : contents) {
    if (key[0] == kHistory || key[0] == kTold) mutations.Delete(key);
  }
  mutations.Put(keys::Format(), EncodeUint32(version));
  SS_ASSERT_OK(tables->Write(mutations));
}

TEST(UpgradeTest, FillsInWhatPeopleToldBeforeItWasListed) {
  for (const uint32_t version : {1u, 2u}) {
    MemoryTables tables;
    SS_ASSERT_OK(Upgrade(&tables));
    WriteLog(&tables);
    const std::map<std::string, std::string> expected = tables.Contents();
    Downgrade(version, &tables, expected);
    ASSERT_NE(tables.Contents(), expected);
    SS_ASSERT_OK(Upgrade(&tables));
    EXPECT_EQ(tables.Contents(), expected);
    // Once more changes nothing.
    SS_ASSERT_OK(Upgrade(&tables));
    EXPECT_EQ(tables.Contents(), expected);
  }
}

TEST(UpgradeTest, BeginsAgainWhenItWasCutOff) {
  MemoryTables tables;
  SS_ASSERT_OK(Upgrade(&tables));
  WriteLog(&tables);
  const std::map<std::string, std::string> expected = tables.Contents();
  Downgrade(2, &tables, expected);
  // A part was written, the version was not.
  SS_ASSERT_OK(tables.Write({{keys::Told(3), ""}}));
  MemoryTables failing;
  Mutations copy;
  const std::map<std::string, std::string> part = tables.Contents();
  for (const auto& [key, value] : part) copy.Put(key, value);
  SS_ASSERT_OK(failing.Write(copy));
  failing.FailNextWrite();
  EXPECT_THAT(Upgrade(&failing), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(failing.Contents(), part);
  SS_ASSERT_OK(Upgrade(&tables));
  EXPECT_EQ(tables.Contents(), expected);
}

TEST(UpgradeTest, RefusesADatabaseOfANewerProgramAndSaysSo) {
  MemoryTables tables;
  SS_ASSERT_OK(
      tables.Write({{keys::Format(), EncodeUint32(kFormatVersion + 1)}}));
  EXPECT_THAT(Upgrade(&tables),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       testing::HasSubstr("start the newer program")));
}

}  // namespace
}  // namespace secondstory::storage
