#include "services/incidentd/validator.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'600'000'000);

v1::Event GoodEvent() {
  v1::Event event;
  event.set_source("alertmanager/prod");
  event.set_source_event_id("f00d");
  event.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  event.set_title("shop-api 3.2.1");
  *event.mutable_event_time() = FromTime(kNow);
  return event;
}

std::optional<FieldViolation> Read(absl::string_view bytes) {
  const std::optional<storage::EventView> event = storage::ViewEvent(bytes);
  return event.has_value() ? Check(*event, kNow) : CheckUnreadableEvent(bytes);
}

std::optional<FieldViolation> Read(const v1::Event& event) {
  return Read(event.SerializeAsString());
}

TEST(CheckEventTest, LetsAGoodEventIn) {
  EXPECT_EQ(Read(GoodEvent()), std::nullopt);
  v1::Event full = GoodEvent();
  full.set_description(std::string(limits::kTextBytesMax, 'x'));
  full.mutable_change()->add_paths("a/b");
  full.add_links()->set_url("https://example.org/x");
  (*full.mutable_labels())["pod"] = "";
  EXPECT_EQ(Read(full), std::nullopt);
}

// One line a rule: what is done to a good event, the field that is named, and
// what the reason says.
struct BadEvent {
  std::string field;
  std::string reason;
  std::function<void(v1::Event*)> spoil;
};

TEST(CheckEventTest, NamesTheFieldAndTheReasonOfEveryRefusal) {
  const std::vector<BadEvent> cases = {
      {"source", "missing", [](auto* e) { e->clear_source(); }},
      {"source", "257 bytes",
       [](auto* e) { e->set_source(std::string(257, 'x')); }},
      {"source_event_id", "missing",
       [](auto* e) { e->clear_source_event_id(); }},
      {"kind", "is 0", [](auto* e) { e->clear_kind(); }},
      {"kind", "is 77",
       [](auto* e) { e->set_kind(static_cast<v1::EventKind>(77)); }},
      {"event_time", "missing", [](auto* e) { e->clear_event_time(); }},
      {"event_time", "1970 to 9999",
       [](auto* e) { e->mutable_event_time()->set_seconds(-1); }},
      {"event_time", "ahead of the server's clock",
       [](auto* e) {
         *e->mutable_event_time() = FromTime(kNow + absl::Hours(25));
       }},
      {"observe_time", "nanos -1",
       [](auto* e) { e->mutable_observe_time()->set_nanos(-1); }},
      {"service", "at most 256",
       [](auto* e) { e->set_service(std::string(257, 'x')); }},
      {"title", "say in one line", [](auto* e) { e->clear_title(); }},
      {"title", "alertname",
       [](auto* e) {
         e->clear_title();
         e->set_kind(v1::EVENT_KIND_ALERT_FIRED);
       }},
      {"description", "at most 16384",
       [](auto* e) { e->set_description(std::string(16385, 'x')); }},
      {"labels", "65 values",
       [](auto* e) {
         for (int i = 0; i < 65; ++i) {
           (*e->mutable_labels())[absl::StrCat(i)] = "";
         }
       }},
      {"labels[\"pod\"]", "at most 4096",
       [](auto* e) { (*e->mutable_labels())["pod"] = std::string(4097, 'x'); }},
      {"labels[\"\"]", "key of 0 bytes",
       [](auto* e) { (*e->mutable_labels())[""] = "x"; }},
      {"severity", "is 9",
       [](auto* e) { e->set_severity(static_cast<v1::Severity>(9)); }},
      {"links[0].url", "http://",
       [](auto* e) { e->add_links()->set_url("javascript:alert(1)"); }},
      {"change", "only EVENT_KIND_CHANGE_",
       [](auto* e) {
         e->mutable_change();
         e->set_kind(v1::EVENT_KIND_NOTE);
       }},
      {"change.paths[1]", "missing",
       [](auto* e) {
         e->mutable_change()->add_paths("a");
         e->mutable_change()->add_paths("");
       }},
      {"change.url", "http://",
       [](auto* e) { e->mutable_change()->set_url("ftp://x"); }},
  };
  for (const BadEvent& bad : cases) {
    v1::Event event = GoodEvent();
    bad.spoil(&event);
    const auto wrong = Read(event);
    ASSERT_TRUE(wrong.has_value()) << bad.field << " " << bad.reason;
    EXPECT_EQ(wrong->field, bad.field);
    EXPECT_THAT(wrong->description, HasSubstr(bad.reason));
  }
}

TEST(CheckEventTest, AcceptsAnAlertThatOnlyItsLabelNames) {
  v1::Event event = GoodEvent();
  event.clear_title();
  event.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  (*event.mutable_labels())["alertname"] = "HighLatency";
  EXPECT_EQ(Read(event), std::nullopt);
}

TEST(CheckEventTest, NamesTheTextThatIsNotUtf8) {
  v1::Event event = GoodEvent();
  event.set_title("needle");
  event.mutable_change()->add_paths("needle");
  std::string bytes = event.SerializeAsString();
  const size_t in_title = bytes.find("needle");
  std::string bad_title = bytes, bad_path = bytes;
  bad_title[in_title] = '\xff';
  bad_path[bytes.find("needle", in_title + 1)] = '\xff';
  EXPECT_EQ(Read(bad_title)->field, "title");
  EXPECT_EQ(Read(bad_path)->field, "change.paths");
  EXPECT_THAT(Read("\xff\xff")->description, HasSubstr("cannot be read"));
}

TEST(CheckEventTest, SurvivesAnyBytes) {
  const int seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::string good = GoodEvent().SerializeAsString();
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (size_t n = random() % 4 + 1; n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (Read(bytes).has_value()) continue;
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(bytes));
    EXPECT_EQ(Read(event), std::nullopt);
  }
}

TEST(ClearOutputOnlyTest, LeavesOnlyWhatACallerMaySay) {
  const std::string good = GoodEvent().SerializeAsString();
  EXPECT_FALSE(HasOutputOnly(*storage::ViewEvent(good)));
  const std::vector<std::function<void(v1::Event*)>> additions = {
      [](v1::Event* event) { event->set_position(7); },
      [](v1::Event* event) { event->set_event_id("x"); },
      [](v1::Event* event) { *event->mutable_append_time() = FromTime(kNow); }};
  for (const auto& add : additions) {
    v1::Event event = GoodEvent();
    add(&event);
    const std::string bytes = event.SerializeAsString();
    EXPECT_TRUE(HasOutputOnly(*storage::ViewEvent(bytes)));
    EXPECT_EQ(ClearOutputOnly(bytes), good);
  }
}

TEST(CheckTest, FindsAllThatIsWrongWithACandidate) {
  v1::SubmitCandidateRequest request;
  v1::Candidate* candidate = request.mutable_candidate();
  candidate->set_candidate_id("x");
  candidate->set_state(v1::CANDIDATE_STATE_PROMOTED);
  candidate->set_no_change_score(1.5);
  candidate->add_events();
  candidate->add_ranked_changes()->set_event_id(std::string(32, 'a'));
  candidate->mutable_ranked_changes(0)->set_score(-1);
  EXPECT_THAT(
      Check(request),
      ElementsAre(
          Field(&FieldViolation::field, "candidate.candidate_id"),
          Field(&FieldViolation::field, "candidate.state"),
          Field(&FieldViolation::field, "candidate.title"),
          Field(&FieldViolation::field, "candidate.onset_time"),
          Field(&FieldViolation::field, "candidate.no_change_score"),
          Field(&FieldViolation::field, "candidate.events[0].event_id"),
          Field(&FieldViolation::field, "candidate.ranked_changes[0].score")));
}

TEST(CheckTest, FindsACandidateThatIsMergedIntoItself) {
  v1::SubmitCandidateRequest request;
  v1::Candidate* candidate = request.mutable_candidate();
  candidate->set_candidate_id(std::string(32, 'a'));
  candidate->set_state(v1::CANDIDATE_STATE_MERGED);
  candidate->set_merged_into_candidate_id(std::string(32, 'a'));
  candidate->set_title("checkout slow");
  *candidate->mutable_onset_time() = FromMicros(1);
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field,
                                "candidate.merged_into_candidate_id")));
  candidate->set_merged_into_candidate_id(std::string(32, 'b'));
  EXPECT_THAT(Check(request), IsEmpty());
}

TEST(CheckTest, FindsAllThatIsWrongWithASplit) {
  v1::SplitCandidateRequest request;
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "candidate_id"),
                          Field(&FieldViolation::field, "event_ids"),
                          Field(&FieldViolation::field, "author")));
  request.set_candidate_id(std::string(32, 'a'));
  request.add_event_ids("x");
  request.set_author("sam");
  request.set_reason(std::string(1025, 'x'));
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "event_ids[0]"),
                          Field(&FieldViolation::field, "reason")));
}

TEST(CheckTest, FindsAllThatIsWrongWithAMerge) {
  v1::MergeCandidatesRequest request;
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "candidate_id"),
                          Field(&FieldViolation::field, "other_candidate_ids"),
                          Field(&FieldViolation::field, "author")));
  request.set_candidate_id(std::string(32, 'a'));
  request.add_other_candidate_ids(std::string(32, 'a'));
  request.set_author("sam");
  EXPECT_THAT(Check(request), ElementsAre(Field(&FieldViolation::field,
                                                "other_candidate_ids[0]")));
}

TEST(CheckTest, RefusesAnEmptyTimeRange) {
  v1::QueryEventsRequest request;
  *request.mutable_start_time() = FromTime(kNow);
  *request.mutable_end_time() = FromTime(kNow);
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "end_time")));
  request.clear_start_time();
  EXPECT_THAT(Check(request), IsEmpty());
}

}  // namespace
}  // namespace secondstory::incidentd
