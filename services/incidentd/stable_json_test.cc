#include "services/incidentd/stable_json.h"

#include <string>

#include "base/status_matchers.h"
#include "google/protobuf/util/json_util.h"
#include "secondstory/v1/review_service.pb.h"

namespace secondstory::incidentd {
namespace {

TEST(StableJsonTest, SortsKeysAndWritesOneValueALine) {
  v1::Incident incident;
  incident.set_title("a \"quoted\" title\n");
  incident.set_severity(2);
  incident.add_tags("x");
  (*incident.mutable_annotations())["b"] = "2";
  (*incident.mutable_annotations())["a"] = "1";
  EXPECT_THAT(StableJson(incident), IsOkAndHolds(R"({
  "annotations": {
    "a": "1",
    "b": "2"
  },
  "severity": 2,
  "tags": [
    "x"
  ],
  "title": "a \"quoted\" title\n"
}
)"));
  EXPECT_THAT(StableJson(v1::Incident()), IsOkAndHolds("{}\n"));
}

TEST(StableJsonTest, ComesBackAsTheSameMessage) {
  v1::IncidentExport before, after;
  before.set_format_version(1);
  before.mutable_incident()->set_narrative(
      "\xc3\xa4\xe2\x82\xac \x01 </script>");
  before.mutable_incident()->mutable_start_time()->set_seconds(1524071700);
  before.mutable_incident()->mutable_start_time()->set_nanos(123456000);
  v1::RankedChange* change = before.add_candidates()->add_ranked_changes();
  change->set_score(0.1 + 0.2);
  before.mutable_candidates(0)->set_revision(1ull << 60);
  before.add_accounts()->set_surprised(false);
  const auto json = StableJson(before);
  SS_ASSERT_OK(json);
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*json, &after).ok());
  EXPECT_EQ(before.SerializeAsString(), after.SerializeAsString());
  EXPECT_EQ(*StableJson(after), *json);
}

}  // namespace
}  // namespace secondstory::incidentd
