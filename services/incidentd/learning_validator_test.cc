#include "services/incidentd/learning_validator.h"

#include <string>

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <typename Request>
std::vector<std::string> FieldsOf(const Request& request) {
  std::vector<std::string> fields;
  for (const FieldViolation& one : Check(request)) fields.push_back(one.field);
  return fields;
}

TEST(LearningValidatorTest, TakesASearchWithoutAnything) {
  EXPECT_THAT(FieldsOf(v1::SearchRequest()), IsEmpty());
}

TEST(LearningValidatorTest, NamesEveryFieldOfASearchThatIsWrong) {
  v1::SearchRequest request;
  request.set_query(std::string(513, 'a'));
  request.add_kinds(v1::SEARCH_KIND_ACCOUNT);
  request.add_kinds(v1::SEARCH_KIND_UNSPECIFIED);
  request.add_kinds(static_cast<v1::SearchKind>(99));
  request.add_services("");
  request.add_tags(std::string(129, 'a'));
  request.set_severity_at_most(6);
  *request.mutable_start_time() = FromMicros(2);
  *request.mutable_end_time() = FromMicros(2);
  EXPECT_THAT(FieldsOf(request),
              ElementsAre("query", "kinds[1]", "kinds[2]", "severity_at_most",
                          "services[0]", "tags[0]", "end_time"));
}

TEST(LearningValidatorTest, WantsACandidateOrAnIncident) {
  v1::FindSimilarIncidentsRequest request;
  EXPECT_THAT(FieldsOf(request), ElementsAre("candidate_id"));
  request.set_incident_id("x");
  EXPECT_THAT(FieldsOf(request), ElementsAre("incident_id"));
  request.set_incident_id(std::string(32, 'a'));
  EXPECT_THAT(FieldsOf(request), IsEmpty());
  request.set_candidate_id(std::string(32, 'a'));
  EXPECT_THAT(FieldsOf(request), ElementsAre("candidate_id"));
}

TEST(LearningValidatorTest, NamesAnEmptyRangeOfInsights) {
  v1::GetInsightsRequest request;
  *request.mutable_start_time() = FromMicros(2);
  *request.mutable_end_time() = FromMicros(1);
  EXPECT_THAT(FieldsOf(request), ElementsAre("end_time"));
}

}  // namespace
}  // namespace secondstory::incidentd
