#include "services/incidentd/difference.h"

#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "secondstory/v1/incident_service.pb.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Incident Parsed(const std::string& text) {
  v1::Incident incident;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &incident));
  return incident;
}

TEST(DifferencesTest, NamesEachFieldThatChangedWithBothValues) {
  EXPECT_THAT(
      Differences(Parsed(R"pb(title: "checkout"
                              state: INCIDENT_STATE_OPEN
                              severity: 3
                              summary: "slow")pb"),
                  Parsed(R"pb(title: "checkout and cart"
                              state: INCIDENT_STATE_IN_REVIEW
                              severity: 3
                              resolve_time { seconds: 1524073200 })pb")),
      ElementsAre("title: \"checkout\" -> \"checkout and cart\"",
                  "summary: \"slow\" cleared", "state: open -> in review",
                  "resolve_time: set to 2018-04-18 17:40:00 UTC"));
}

TEST(DifferencesTest, SaysOfListsAndMapsWhatCameAndWhatWent) {
  EXPECT_THAT(
      Differences(Parsed(R"pb(tags: "dns"
                              tags: "cache"
                              participants { name: "sam" role: "on-call" }
                              annotations { key: "a" value: "1" })pb"),
                  Parsed(R"pb(tags: "cache"
                              tags: "tls"
                              participants { name: "sam" role: "on-call, web" }
                              annotations { key: "a" value: "2" })pb")),
      ElementsAre("tags: added \"tls\"; removed \"dns\"",
                  "participants: added (name: \"sam\", role: \"on-call, "
                  "web\"); removed (name: \"sam\", role: \"on-call\")",
                  "annotations: added (key: \"a\", value: \"2\"); removed "
                  "(key: \"a\", value: \"1\")"));
  EXPECT_THAT(
      Differences(Parsed("tags: 'a' tags: 'b'"), Parsed("tags: 'b' tags: 'a'")),
      ElementsAre("tags: in another order"));
}

TEST(DifferencesTest, FindsNothingWhereOnlyTheStampsDiffer) {
  EXPECT_THAT(Differences(Parsed(R"pb(etag: "a" title: "x")pb"),
                          Parsed(R"pb(etag: "b"
                                      title: "x"
                                      update_time { seconds: 5 })pb")),
              IsEmpty());
}

TEST(DifferencesTest, CutsLongTextsAndStillTellsThemApart) {
  v1::Incident before, after;
  before.set_narrative(std::string(199, 'x') + "\xc3\xa4 and then");
  after.set_narrative(std::string(199, 'x') + "\xc3\xa4 and later");
  const auto differences = Differences(before, after);
  EXPECT_THAT(differences, ElementsAre("narrative: changed behind its first "
                                       "200 bytes: 210 -> 211 bytes"));
  after.set_narrative("short");
  const auto cut = Differences(before, after);
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_TRUE(absl::StrContains(cut[0], "x\"... -> \"short\"")) << cut[0];
}

}  // namespace
}  // namespace secondstory::incidentd
