#include "tools/story/morgue.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Values = std::initializer_list<std::pair<const char*, std::string>>;

DumpRow Row(Values values) {
  DumpRow row;
  for (const auto& [column, value] : values) row[column] = value;
  return row;
}

// 2015-03-02 10:00 to 11:00.
DumpRow Postmortem() {
  return Row({{"id", "217"},
              {"title", "Checkout is slow"},
              {"summary", "# Timeline\n\n10:00 it began"},
              {"why_surprised", "we did not expect the cache"},
              {"tldr", "a cache was cold"},
              {"starttime", "1425290400"},
              {"endtime", "1425294000"},
              {"detecttime", "1425290700"},
              {"statustime", "1425291000"},
              {"severity", "2"},
              {"deleted", "0"},
              {"created", "1425300000"}});
}

class MorgueTest : public testing::Test {
 protected:
  MorguePostmortem Only(const DumpRow& row) {
    morgue_.Add("postmortems", row);
    const std::vector<MorguePostmortem> all = morgue_.Postmortems(options_);
    EXPECT_EQ(all.size(), 1u);
    return all[0];
  }

  void Add(const std::string& table, Values values) {
    DumpRow row = Row(values);
    row["postmortem_id"] = "217";
    if (row.count("deleted") == 0) row["deleted"] = "0";
    morgue_.Add(table, row);
  }

  Morgue morgue_;
  MorgueOptions options_;
};

std::string Time(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", ToTime(time), absl::UTCTimeZone());
}

std::vector<std::string> Urls(
    const google::protobuf::RepeatedPtrField<v1::Link>& links) {
  std::vector<std::string> urls;
  for (const v1::Link& link : links) {
    urls.push_back(absl::StrCat(link.title(), " ", link.url()));
  }
  return urls;
}

TEST_F(MorgueTest, GivesEveryColumnAHome) {
  DumpRow row = Postmortem();
  row["contact"] = "ana";
  row["facilitator"] = "cy";
  row["facilitator_email"] = "cy@example.com";
  row["problem_type"] = "capacity";
  row["impact_type"] = "degradation";
  row["incident_cause"] = "config change";
  row["subsystem"] = "cart";
  row["owner_team"] = "payments";
  const MorguePostmortem result = Only(row);
  EXPECT_EQ(result.request_id, "morgue/217");
  EXPECT_TRUE(result.status.ok());
  EXPECT_THAT(result.remarks, IsEmpty());
  EXPECT_FALSE(result.deleted);
  const v1::Incident& incident = result.story.incident();
  EXPECT_EQ(incident.title(), "Checkout is slow");
  EXPECT_EQ(incident.narrative(), "# Timeline\n\n10:00 it began");
  EXPECT_EQ(incident.surprise(), "we did not expect the cache");
  EXPECT_EQ(incident.summary(), "a cache was cold");
  EXPECT_EQ(incident.severity(), 2u);
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_PUBLISHED);
  EXPECT_EQ(Time(incident.start_time()), "2015-03-02 10:00");
  EXPECT_EQ(Time(incident.detect_time()), "2015-03-02 10:05");
  EXPECT_EQ(Time(incident.resolve_time()), "2015-03-02 11:00");
  EXPECT_EQ(Time(incident.create_time()), "2015-03-02 12:40");
  EXPECT_EQ(Time(incident.publish_time()), "2015-03-02 12:40");
  ASSERT_EQ(incident.participants_size(), 1);
  EXPECT_EQ(incident.participants(0).name(), "ana");
  EXPECT_EQ(incident.participants(0).role(), "contact");
  EXPECT_EQ(incident.facilitator(), "cy");
  EXPECT_THAT(
      incident.tags(),
      ElementsAre("problem:capacity", "impact:degradation",
                  "cause:config change", "subsystem:cart", "team:payments"));
  EXPECT_EQ(incident.annotations().at("morgue_id"), "217");
  EXPECT_EQ(incident.annotations().at("morgue_facilitator_email"),
            "cy@example.com");
  ASSERT_EQ(result.story.entries_size(), 1);
  EXPECT_EQ(Time(result.story.entries(0).event_time()), "2015-03-02 10:10");
  EXPECT_EQ(result.story.entries(0).title(), "posted on the status page");
}

TEST_F(MorgueTest, ReadsTheColumnsOfAnOlderMorgue) {
  DumpRow row = Postmortem();
  row["etsystatustime"] = "1425291600";
  for (const char* column :
       {"statustime", "why_surprised", "tldr", "created", "deleted"}) {
    row.erase(column);
  }
  row["gcal"] = std::nullopt;
  row["contact"] = std::nullopt;
  const MorguePostmortem result = Only(row);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(Time(result.story.entries(0).event_time()), "2015-03-02 10:20");
  EXPECT_EQ(Time(result.story.incident().publish_time()), "2015-03-02 11:00");
  EXPECT_EQ(result.story.incident().participants_size(), 0);
}

TEST_F(MorgueTest, KeepsWhatWasDeletedAsDeleted) {
  DumpRow row = Postmortem();
  row["deleted"] = "1";
  const MorguePostmortem result = Only(row);
  EXPECT_TRUE(result.deleted);
  EXPECT_EQ(Time(result.story.incident().delete_time()), "2015-03-02 12:40");
}

TEST_F(MorgueTest, StandsWhereItStood) {
  DumpRow row = Postmortem();
  row["endtime"] = "0";
  EXPECT_EQ(Only(row).story.incident().state(), v1::INCIDENT_STATE_OPEN);
  row = Postmortem();
  row["id"] = "218";
  row["summary"] = row["why_surprised"] = row["tldr"] = "";
  morgue_.Add("postmortems", row);
  EXPECT_EQ(morgue_.Postmortems(options_)[1].story.incident().state(),
            v1::INCIDENT_STATE_RESOLVED);
}

TEST_F(MorgueTest, KeepsWhatIsOddAndSaysSo) {
  DumpRow row = Postmortem();
  row["endtime"] = "1425280000";
  row["severity"] = "9";
  row["title"] = "";
  row["contact"] = "Cy";
  row["facilitator"] = "cy";
  const MorguePostmortem result = Only(row);
  const v1::Incident& incident = result.story.incident();
  EXPECT_FALSE(incident.has_resolve_time());
  EXPECT_EQ(incident.annotations().at("morgue_endtime"), "1425280000");
  EXPECT_EQ(incident.annotations().at("morgue_severity"), "9");
  EXPECT_EQ(incident.annotations().at("morgue_facilitator"), "cy");
  EXPECT_EQ(incident.facilitator(), "");
  EXPECT_EQ(incident.title(), "post-mortem 217 of Morgue");
  EXPECT_THAT(
      result.remarks,
      ElementsAre(HasSubstr("end lies before its start"),
                  HasSubstr("severity 9"), HasSubstr("facilitator was there")));
}

TEST_F(MorgueTest, RefusesWhatHasNoMoment) {
  DumpRow row = Postmortem();
  row["starttime"] = row["detecttime"] = "0";
  EXPECT_EQ(Time(Only(row).story.incident().start_time()), "2015-03-02 12:40");
  row["created"] = "0";
  row["id"] = "218";
  morgue_.Add("postmortems", row);
  EXPECT_THAT(std::string(morgue_.Postmortems(options_)[1].status.message()),
              HasSubstr("it has no start"));
}

TEST_F(MorgueTest, PutsWhatIsTooLongOnTheTimeline) {
  DumpRow row = Postmortem();
  std::string text;
  for (int i = 0; text.size() < 100000; ++i) {
    absl::StrAppend(&text, "line ", i, " of \u00e9tsy\n");
  }
  row["summary"] = text;
  const MorguePostmortem result = Only(row);
  std::string whole = result.story.incident().narrative();
  EXPECT_LE(whole.size(), 65536u);
  for (const v1::TimelineEntry& entry : result.story.entries()) {
    EXPECT_LE(entry.description().size(), 16384u);
    whole += entry.description();
  }
  EXPECT_EQ(whole + "\n", text);
  EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("summary is longer")));
}

TEST_F(MorgueTest, LinksImagesForumChannelsAndNotes) {
  DumpRow row = Postmortem();
  row["gcal"] = "https://cal.example.com/1";
  row["meeting_notes_link"] = "in the wiki, below \"March\"";
  Add("images", {{"image_link", "/uploads/1.png"}});
  Add("images",
      {{"image_link", "https://img.example.com/2.png"}, {"deleted", "1"}});
  Add("forum_links", {{"forum_link", "https://forum.example.com/t/1"},
                      {"comment", "people ask"}});
  Add("irc", {{"channel", "#warroom"}});
  Add("slack", {{"channel_id", "C123"}, {"channel_name", "ops"}});
  options_.morgue_url = "https://morgue.example.com/";
  const MorguePostmortem result = Only(row);
  EXPECT_THAT(Urls(result.story.incident().links()),
              ElementsAre("Morgue https://morgue.example.com/events/217",
                          "review meeting https://cal.example.com/1",
                          "people ask https://forum.example.com/t/1",
                          "#ops https://slack.com/app_redirect?channel=C123",
                          "image https://morgue.example.com/uploads/1.png"));
  EXPECT_THAT(result.story.incident().tags(), ElementsAre("irc:#warroom"));
  EXPECT_EQ(result.story.entries(1).title(), "meeting notes");
  EXPECT_EQ(result.story.entries(1).description(),
            "in the wiki, below \"March\"");
  EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("deleted there: 1 of")));
  options_.irc_url = "https://irc.example.com/";
  options_.slack_url = "https://acme.slack.com";
  const auto urls =
      Urls(morgue_.Postmortems(options_)[0].story.incident().links());
  EXPECT_EQ(urls[3], "#warroom https://irc.example.com/%23warroom");
  EXPECT_EQ(urls[4], "#ops https://acme.slack.com/archives/C123");
}

TEST_F(MorgueTest, PutsLinksBeyondTheLimitOnLines) {
  for (int i = 0; i < 100; ++i) {
    Add("images",
        {{"image_link", absl::StrCat("https://img.example.com/", i)}});
  }
  const MorguePostmortem result = Only(Postmortem());
  EXPECT_EQ(result.story.incident().links_size(), 64);
  int more = 0;
  for (const v1::TimelineEntry& entry : result.story.entries()) {
    EXPECT_LE(entry.links_size(), 16);
    more += entry.links_size();
  }
  EXPECT_EQ(more, 36);
}

TEST_F(MorgueTest, TakesTagsThatWereNotDeleted) {
  morgue_.Add("tags", Row({{"id", "1"}, {"title", "cache"}}));
  morgue_.Add("tags", Row({{"id", "2"}, {"title", "gone"}, {"deleted", "1"}}));
  morgue_.Add("tags", Row({{"id", "3"}, {"title", "\U0001F4A5"}}));
  Add("postmortem_referenced_tags", {{"tag_id", "3"}});
  Add("postmortem_referenced_tags", {{"tag_id", "1"}});
  Add("postmortem_referenced_tags", {{"tag_id", "2"}});
  Add("postmortem_referenced_tags", {{"tag_id", "99"}});
  EXPECT_THAT(Only(Postmortem()).story.incident().tags(),
              ElementsAre("cache", "\U0001F4A5"));
}

TEST_F(MorgueTest, MakesActionsOfTickets) {
  Add("jira", {{"ticket", "OPS-12"}});
  Add("jira", {{"ticket", "OPS-12"}});
  Add("jira", {{"ticket", "OPS-13"}, {"deleted", "1"}});
  options_.jira_url = "https://jira.example.com";
  options_.ticket_state = v1::ACTION_STATE_DONE;
  const MorguePostmortem result = Only(Postmortem());
  ASSERT_EQ(result.story.actions_size(), 2);
  EXPECT_EQ(result.story.actions(1).title(), "OPS-13");
  EXPECT_EQ(Time(result.story.actions(1).delete_time()), "2015-03-02 12:40");
  EXPECT_FALSE(result.story.actions(0).has_delete_time());
  EXPECT_EQ(result.story.actions(0).title(), "OPS-12");
  EXPECT_EQ(result.story.actions(0).state(), v1::ACTION_STATE_DONE);
  EXPECT_EQ(result.story.actions(0).tracker_url(),
            "https://jira.example.com/browse/OPS-12");
}

TEST_F(MorgueTest, KeepsTheOrderOfAConversation) {
  std::string html = "<h4>Conversation from #ops</h4><div>";
  for (int i = 0; i < 3; ++i) {
    absl::StrAppend(&html,
                    "<div><div class=\"message\"><div class=\"username\">ana"
                    "</div><div class=\"time\">2015-03-02 10:15AM</div><div "
                    "class=\"msg\">message ",
                    i, "</div></div></div><br/>\n");
  }
  Add("slack",
      {{"channel_id", "C1"}, {"channel_name", "ops"}, {"message", html}});
  Add("slack", {{"channel_id", "C2"},
                {"channel_name", "web"},
                {"message", "10:20 bo: and now?"}});
  const MorguePostmortem result = Only(Postmortem());
  ASSERT_EQ(result.story.entries_size(), 5);
  for (int i = 1; i < 4; ++i) {
    const v1::TimelineEntry& entry = result.story.entries(i);
    EXPECT_EQ(entry.title(), absl::StrCat("message ", i - 1));
    EXPECT_EQ(entry.author(), "ana");
    EXPECT_EQ(ToMicros(entry.event_time()), 1425291300000000 + i - 1);
  }
  EXPECT_EQ(result.story.entries(4).title(), "conversation in #web");
  EXPECT_EQ(result.story.entries(4).description(), "10:20 bo: and now?");
}

TEST_F(MorgueTest, TellsTheHistoryByPersonAndDay) {
  for (const char* time : {"1425300000", "1425303600", "1425390000"}) {
    Add("postmortem_history",
        {{"auth_username", "ana"},
         {"action", time[5] == '0' && time[6] == '0' ? "add" : "edit"},
         {"create_date", time},
         {"summary", "it <ins>began</ins>"}});
  }
  const MorguePostmortem result = Only(Postmortem());
  EXPECT_EQ(result.story.incident().created_by(), "ana");
  EXPECT_EQ(Time(result.story.incident().publish_time()), "2015-03-03 13:40");
  ASSERT_EQ(result.story.entries_size(), 3);
  EXPECT_EQ(result.story.entries(1).title(), "written in Morgue: add, edit");
  EXPECT_EQ(result.story.entries(1).description(),
            "summary:\nit {+began+}\n\nsummary:\nit {+began+}");
  EXPECT_EQ(result.story.entries(1).author(), "ana");
  EXPECT_EQ(result.story.entries(2).title(), "written in Morgue: edit");
}

TEST_F(MorgueTest, IsTheSameInWhateverOrderRowsCome) {
  const auto fill = [](Morgue* morgue, bool backwards) {
    std::vector<std::pair<std::string, DumpRow>> rows = {
        {"tags", Row({{"id", "1"}, {"title", "cache"}})},
        {"postmortem_referenced_tags",
         Row({{"postmortem_id", "217"}, {"tag_id", "1"}})},
        {"postmortems", Postmortem()},
        {"view_of_mine", Row({{"id", "1"}})},
        {"jira", Row({{"postmortem_id", "217"}, {"ticket", "A-1"}})}};
    if (backwards) std::reverse(rows.begin(), rows.end());
    for (const auto& [table, row] : rows) morgue->Add(table, row);
  };
  Morgue forwards;
  Morgue backwards;
  fill(&forwards, false);
  fill(&backwards, true);
  EXPECT_EQ(forwards.Postmortems(options_)[0].story.DebugString(),
            backwards.Postmortems(options_)[0].story.DebugString());
  EXPECT_TRUE(Morgue().empty());
}

}  // namespace
}  // namespace secondstory::story
