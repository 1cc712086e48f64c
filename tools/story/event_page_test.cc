#include "tools/story/event_page.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Event Example() {
  v1::Event event;
  event.set_event_id("00112233445566778899aabbccddeeff");
  event.set_source("deploylog/prod");
  event.set_source_event_id("1842/finished");
  event.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  *event.mutable_event_time() = FromTime(absl::FromUnixSeconds(1524051000));
  event.set_service("checkout");
  event.set_title("checkout 4.2.0");
  event.set_actor("ana");
  event.mutable_change()->set_revision("9f3c2d1");
  event.mutable_change()->set_previous_revision("77ab210");
  event.mutable_change()->add_paths("apps/checkout/values.yaml");
  (*event.mutable_labels())["strategy"] = "canary";
  return event;
}

TEST(EventListTest, ShowsTheDateOnce) {
  v1::Event later = Example();
  later.set_title("checkout 4.2.1");
  EXPECT_EQ(EventList({Example(), later}, {}),
            "TIME (UTC)  KIND    SERVICE   WHAT            SOURCE\n"
            "2018-04-18\n"
            "11:30:00    change  checkout  checkout 4.2.0  deploylog/prod\n"
            "11:30:00    change  checkout  checkout 4.2.1  deploylog/prod\n");
  EXPECT_EQ(EventList({}, {}), "No events.\n");
}

TEST(EventListTest, NamesAnAlertThatHasNoTitle) {
  v1::Event event = Example();
  event.clear_title();
  (*event.mutable_labels())["alertname"] = "LaunchFails";
  EXPECT_THAT(EventList({event}, {}), HasSubstr("LaunchFails"));
}

TEST(EventPageTest, TellsEverythingButWhoActed) {
  EXPECT_EQ(EventPage(Example(), {}), R"(checkout 4.2.0

  Kind            change
  Service         checkout
  Happened        2018-04-18 11:30:00 UTC
  Revision        9f3c2d1, before it 77ab210
  Paths           apps/checkout/values.yaml
  Source          deploylog/prod
  Known there as  1842/finished
  Event           00112233445566778899aabbccddeeff
  Actor           given; --all shows who

Labels
  strategy  canary
)");
  EXPECT_THAT(EventPage(Example(), {}), Not(HasSubstr("ana\n")));
  PageOptions all;
  all.all = true;
  EXPECT_THAT(EventPage(Example(), all), HasSubstr("Actor           ana\n"));
}

TEST(EventLineTest, IsOneLineWhateverTheTitle) {
  v1::Event event = Example();
  event.set_title("two\nlines");
  EXPECT_EQ(EventLine(event),
            "2018-04-18 11:30:00  change          checkout              "
            "two lines\n");
}

}  // namespace
}  // namespace secondstory::story
