#include "tools/story/learning_page.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

PageOptions Narrow() {
  PageOptions options;
  options.width = 80;
  return options;
}

v1::SearchResult Result(v1::SearchKind kind, const std::string& incident,
                        const std::string& snippet, uint32_t start,
                        uint32_t end) {
  v1::SearchResult result;
  result.set_kind(kind);
  result.set_incident_id(incident + "00001111222233334444");
  result.set_incident_title("Launches of new servers fail");
  result.set_id("cccc1111222233334444");
  *result.mutable_start_time() = FromTime(absl::FromUnixSeconds(1524051000));
  result.set_snippet(snippet);
  result.add_highlights(start);
  result.add_highlights(end);
  return result;
}

TEST(SearchPageTest, PutsWhatFollowsEachOtherUnderOneIncident) {
  EXPECT_EQ(
      SearchPage(
          {Result(v1::SEARCH_KIND_ENTRY, "aaaa",
                  "restarted the hub, and the launches that waited for "
                  "it went through one by one",
                  14, 17),
           Result(v1::SEARCH_KIND_ACCOUNT, "aaaa", "I took the hub for", 11,
                  14),
           Result(v1::SEARCH_KIND_ACTION, "bbbb", "Watch the hub", 10, 13)},
          Narrow()),
      R"(2018-04-18  Launches of new servers fail                            aaaa00001111
  line     restarted the [hub], and the launches that waited for it went through
           one by one
  account  I took the [hub] for

2018-04-18  Launches of new servers fail                            bbbb00001111
  action  Watch the [hub]
)");
}

TEST(SearchPageTest, LeavesASnippetAloneWhoseMarksDoNotFit) {
  EXPECT_THAT(SearchPage({Result(v1::SEARCH_KIND_ENTRY, "aaaa", "short", 4, 9)},
                         Narrow()),
              testing::HasSubstr("line  short\n"));
}

TEST(SearchPageTest, SaysHowToLookForMore) {
  EXPECT_THAT(SearchPage({}, Narrow()),
              testing::HasSubstr("Nothing was found."));
}

}  // namespace
}  // namespace secondstory::story
