#include "tools/story/script.h"

#include <simdjson.h>

#include <string>

#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/story/demo_script.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;

Script DemoIncident() {
  auto script = ParseScript(DemoScript());
  EXPECT_THAT(script, IsOk());
  return *std::move(script);
}

const Step& StepOf(const Script& script, const std::string& id) {
  for (const Step& step : script.steps) {
    if (step.id == id) return step;
  }
  ADD_FAILURE() << "no step " << id;
  return script.steps.front();
}

TEST(ScriptTest, NamesTheSourceAndLicenceOfTheDemo) {
  const Script script = DemoIncident();
  EXPECT_THAT(script.source, HasSubstr("jupyterhub/mybinder.org-deploy"));
  EXPECT_EQ(script.licence, "BSD-3-Clause");
  EXPECT_EQ(script.steps.size(), 14u);
}

TEST(ScriptTest, WritesTheWebhookThatAlertmanagerWouldPost) {
  const Script script = DemoIncident();
  const std::string body = WebhookBody(StepOf(script, "LaunchSuccess"));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(body).get(root), simdjson::SUCCESS) << body;
  std::string_view text;
  ASSERT_EQ(root.at_pointer("/alerts/0/startsAt").get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "2018-04-18T11:30:00Z");
  ASSERT_EQ(root.at_pointer("/alerts/0/labels/service").get(text),
            simdjson::SUCCESS);
  EXPECT_EQ(text, "hub");
  ASSERT_EQ(root["version"].get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "4");
}

TEST(ScriptTest, WritesALineThatDeploydReads) {
  const Script script = DemoIncident();
  EXPECT_EQ(DeployLogLine(script, StepOf(script, "pr-555")),
            R"({"time":"2018-04-16T21:14:40Z",)"
            R"("id":"mybinder-2018-04-18/pr-555","kind":"rolled_back",)"
            R"("service":"mybinder",)"
            R"("title":"Revert \"Bring in updated JupyerHub chart\"",)"
            R"("revision":"87342f951fc3","services":["hub"]})"
            "\n");
}

TEST(ScriptTest, TellsWhatPeopleSaidAsTheSameEventEveryTime) {
  const Script script = DemoIncident();
  const Step& step = StepOf(script, "report-1");
  const v1::Event event = PeopleEvent(script, step);
  EXPECT_EQ(event.source(), "demo/people");
  EXPECT_EQ(event.source_event_id(), "mybinder-2018-04-18/report-1");
  EXPECT_TRUE(IsEventOf(step, event));
  EXPECT_FALSE(IsEventOf(StepOf(script, "report-2"), event));
}

TEST(ScriptTest, NamesWhatIsWrongWithAScript) {
  const auto error = [](const std::string& step) {
    return std::string(
        ParseScript(R"({"onset":"2018-04-18T11:30:00Z","steps":[)" + step +
                    "]}")
            .status()
            .message());
  };
  EXPECT_THAT(error(R"({"via":"mail"})"), HasSubstr("via, kind: \"mail \""));
  EXPECT_THAT(error(R"({"via":"alert","time":"noon"})"),
              HasSubstr("time: \"noon\""));
  EXPECT_THAT(ParseScript("{}").status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace secondstory::story
