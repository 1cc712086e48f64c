#include "services/incidentd/append_outcomes.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::EventOutcome Refusal(const std::string& reason) {
  v1::EventOutcome outcome;
  outcome.set_outcome(v1::APPEND_OUTCOME_REFUSED);
  outcome.set_event_id(IdToHex(StableId({"source", reason})));
  outcome.set_field("title");
  outcome.set_reason(reason);
  return outcome;
}

void AddAccepted(const Id& id, v1::AppendOutcome decision, uint64_t position,
                 v1::AppendEventsResponse* response) {
  v1::EventOutcome* outcome = response->add_outcomes();
  outcome->set_outcome(decision);
  outcome->set_event_id(IdToHex(id));
  outcome->set_position(position);
}

std::string Encoded(const AppendOutcomes& outcomes, bool streamed) {
  const grpc::Slice bytes = outcomes.Encode(streamed);
  return std::string(bytes.begin(), bytes.end());
}

class AppendOutcomesTest : public testing::Test {
 protected:
  // Stored, refused at length, known, refused, stored.
  void SetUp() override {
    const Id a = StableId({"a"}), b = StableId({"b"}), c = StableId({"c"});
    outcomes_.Reserve(5);
    outcomes_.AddAccepted(a);
    outcomes_.AddRefused(Refusal(std::string(300, 'x')));
    outcomes_.AddAccepted(b);
    outcomes_.AddRefused(Refusal("is missing"));
    outcomes_.AddAccepted(c);
    outcomes_.Decide({{1, false}, {300, true}, {kLast, false}});
    AddAccepted(a, v1::APPEND_OUTCOME_STORED, 1, &expected_);
    *expected_.add_outcomes() = Refusal(std::string(300, 'x'));
    AddAccepted(b, v1::APPEND_OUTCOME_KNOWN, 300, &expected_);
    *expected_.add_outcomes() = Refusal("is missing");
    AddAccepted(c, v1::APPEND_OUTCOME_STORED, kLast, &expected_);
  }

  static constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
  AppendOutcomes outcomes_;
  v1::AppendEventsResponse expected_;
};

TEST_F(AppendOutcomesTest, EncodesWhatTheMessageWouldBe) {
  EXPECT_EQ(Encoded(outcomes_, false), expected_.SerializeAsString());
}

TEST_F(AppendOutcomesTest, WrapsTheResponseOfAStream) {
  v1::StreamAppendEventsResponse response;
  ASSERT_TRUE(response.ParseFromString(Encoded(outcomes_, true)));
  EXPECT_TRUE(MessageDifferencer::Equals(response.batch(), expected_));
}

TEST_F(AppendOutcomesTest, CountsByOutcome) {
  EXPECT_EQ(outcomes_.stored_count(), 2);
  EXPECT_EQ(outcomes_.known_count(), 1);
  EXPECT_EQ(outcomes_.refused_count(), 2);
}

TEST(NoAppendOutcomesTest, IsAnEmptyMessage) {
  AppendOutcomes none;
  none.Decide({});
  EXPECT_EQ(Encoded(none, false), "");
  v1::StreamAppendEventsResponse response;
  ASSERT_TRUE(response.ParseFromString(Encoded(none, true)));
  EXPECT_TRUE(response.has_batch());
}

}  // namespace
}  // namespace secondstory::incidentd
