#include "storage/event_view.h"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/support/seed.h"

namespace secondstory::storage {
namespace {

v1::Event FullEvent() {
  v1::Event event;
  event.set_event_id("id");
  event.set_source("alertmanager/prod");
  event.set_source_event_id("f00d/1/fired");
  event.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  event.mutable_event_time()->set_seconds(1'700'000'000);
  event.mutable_event_time()->set_nanos(5);
  event.mutable_observe_time()->set_seconds(1'700'000'001);
  event.mutable_append_time()->set_seconds(1'700'000'002);
  event.set_service("checkout");
  event.set_environment("prod");
  event.set_title("Deployed");
  event.set_description("Longer");
  (*event.mutable_labels())["team"] = "payments";
  (*event.mutable_labels())["pod"] = "checkout-1";
  event.set_severity(v1::SEVERITY_WARNING);
  event.add_links()->set_url("http://a");
  event.mutable_links(0)->set_title("a");
  event.set_actor("on-call");
  v1::Change* change = event.mutable_change();
  change->set_revision("r2");
  change->set_previous_revision("r1");
  change->add_paths("a/b");
  change->add_paths("c");
  change->add_services("cart");
  change->set_url("http://b");
  change->set_outcome(v1::CHANGE_OUTCOME_SUCCEEDED);
  event.set_position(7);
  return event;
}

// The message that a view stands for.
v1::Event MessageOf(const EventView& view) {
  v1::Event event;
  event.set_event_id(std::string(view.event_id));
  event.set_source(std::string(view.source));
  event.set_source_event_id(std::string(view.source_event_id));
  event.set_kind(view.kind);
  if (view.event_time) *event.mutable_event_time() = *view.event_time;
  if (view.observe_time) *event.mutable_observe_time() = *view.observe_time;
  if (view.append_time) *event.mutable_append_time() = *view.append_time;
  event.set_service(std::string(view.service));
  event.set_environment(std::string(view.environment));
  event.set_title(std::string(view.title));
  event.set_description(std::string(view.description));
  for (const auto& [key, value] : view.labels) {
    (*event.mutable_labels())[std::string(key)] = std::string(value);
  }
  event.set_severity(view.severity);
  for (const EventView::Link& link : view.links) {
    event.add_links()->set_title(std::string(link.title));
    event.mutable_links()->rbegin()->set_url(std::string(link.url));
  }
  event.set_actor(std::string(view.actor));
  if (view.change) {
    v1::Change* change = event.mutable_change();
    change->set_revision(std::string(view.change->revision));
    change->set_previous_revision(std::string(view.change->previous_revision));
    for (const auto path : view.change->paths) {
      change->add_paths(std::string(path));
    }
    for (const auto service : view.change->services) {
      change->add_services(std::string(service));
    }
    change->set_url(std::string(view.change->url));
    change->set_outcome(view.change->outcome);
  }
  event.set_position(view.position);
  return event;
}

TEST(EventViewTest, SeesEveryField) {
  const v1::Event event = FullEvent();
  // A field that the view does not know must not be added unnoticed.
  std::vector<const google::protobuf::FieldDescriptor*> set;
  event.GetReflection()->ListFields(event, &set);
  ASSERT_EQ(static_cast<int>(set.size()), event.GetDescriptor()->field_count());
  const std::string bytes = event.SerializeAsString();
  const std::optional<EventView> view = ViewEvent(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      MessageOf(*view), event));
}

TEST(EventViewTest, TakesTheLastOfATextAndPutsMessagesTogether) {
  v1::Event first, second;
  first.set_title("first");
  first.mutable_event_time()->set_seconds(5);
  first.mutable_change()->add_paths("a");
  second.set_title("second");
  second.mutable_event_time()->set_nanos(6);
  second.mutable_change()->add_paths("b");
  const std::string bytes =
      first.SerializeAsString() + second.SerializeAsString();
  const std::optional<EventView> view = ViewEvent(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->title, "second");
  EXPECT_EQ(view->event_time->seconds(), 5);
  EXPECT_EQ(view->event_time->nanos(), 6);
  EXPECT_THAT(view->change->paths, testing::ElementsAre("a", "b"));
}

TEST(EventViewTest, AgreesWithProtobufOnAnyBytes) {
  std::mt19937_64 random(support::Seed());
  const std::string full = FullEvent().SerializeAsString();
  int readable = 0, stricter = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes = full;
    for (size_t n = random() % 4 + 1; n > 0; --n) {
      const size_t at = random() % bytes.size();
      switch (random() % 5) {
        case 4: {
          // The same number, or nearly, written longer.
          std::string longer(1, static_cast<char>(bytes[at] | 0x80));
          longer.append(random() % 9, '\x80');
          longer.push_back(static_cast<char>(random() % 3));
          bytes.replace(at, 1, longer);
          break;
        }
        case 0:
          bytes[at] = static_cast<char>(random() % 0x90);
          break;
        case 1:
          bytes.erase(at, random() % 3);
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          bytes += full.substr(random() % full.size(), random() % 40);
      }
      if (bytes.empty()) bytes = "x";
    }
    const std::optional<EventView> view = ViewEvent(bytes);
    const google::protobuf::LogSilencer silencer;
    v1::Event event;
    const bool read = event.ParseFromString(bytes);
    if (!view.has_value()) {
      stricter += read;
      continue;
    }
    // What is taken in must be readable for ever.
    ASSERT_TRUE(read) << absl::CHexEscape(bytes);
    ++readable;
    event.DiscardUnknownFields();
    ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
        MessageOf(*view), event))
        << event.DebugString();
  }
  EXPECT_GT(readable, 1000);
  EXPECT_LT(stricter, readable / 5);
}

}  // namespace
}  // namespace secondstory::storage
