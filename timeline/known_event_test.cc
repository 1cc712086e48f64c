#include "timeline/known_event.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAreArray;

Event MakeDeploy(const std::string& title) {
  Event event;
  event.kind = EventKind::kChangeFinished;
  event.title = title;
  return event;
}

std::vector<Trace> TracesOf(absl::string_view text) {
  std::vector<Trace> traces;
  AppendTraces(text, &traces);
  SortUnique(&traces);
  return traces;
}

TEST(KnownEventTest, KnowsWordsOfAllTextsOfChangeOnce) {
  Event event = MakeDeploy("Varnish: raise the varnish timeout");
  event.service = "varnish";
  event.change.paths = {"modules/varnish/init.pp", "modules/varnish/params.pp",
                        "modules/squid/init.pp"};
  event.description = "The squid times out";
  EXPECT_THAT(
      KnownEvent(std::move(event)).profile.words,
      UnorderedElementsAreArray(WordsOf(
          {"varnish raise timeout modules init params squid times pp"})));
}

TEST(KnownEventTest, HasTracesOfAllButTheDescription) {
  Event event = MakeDeploy("Raise the varnish timeout");
  event.change.paths = {"modules/squid.pp"};
  event.description = "varnish haproxy";
  EXPECT_THAT(KnownEvent(std::move(event)).profile.traces,
              UnorderedElementsAreArray(
                  TracesOf("raise varnish timeout module squid pp")));
}

TEST(KnownEventTest, KnowsChangeOfManyWords) {
  std::string title;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&title, "word", i, "x ");
  const KnownEvent known(MakeDeploy(title));
  EXPECT_THAT(known.profile.words, UnorderedElementsAreArray(WordsOf({title})));
  EXPECT_THAT(known.profile.traces, UnorderedElementsAreArray(TracesOf(title)));
}

TEST(KnownEventTest, KnowsPathsOfWhichOneBeginsTheOther) {
  Event event = MakeDeploy("x");
  event.change.paths = {"web/cart", "web/cart/total", "web/carton/box"};
  EXPECT_THAT(KnownEvent(std::move(event)).profile.words,
              IsSupersetOf(WordsOf({"web cart total carton box"})));
}

}  // namespace
}  // namespace secondstory::timeline
