#include "review/people.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/sample.h"

namespace secondstory::review {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

Story WithParticipants(std::vector<Participant> participants) {
  Story story = MakeStory();
  story.incident.participants = std::move(participants);
  return story;
}

TEST(RolesTest, NumbersPeopleWhoShareARole) {
  const Story story = WithParticipants({{"alice", "on-call"},
                                        {"bo", "on-call"},
                                        {"chen", ""},
                                        {"dana", "lead"}});
  const Roles roles(story);
  EXPECT_EQ(roles.LabelOf("alice"), "on-call 1");
  EXPECT_EQ(roles.LabelOf("bo"), "on-call 2");
  EXPECT_EQ(roles.LabelOf("chen"), "a participant");
  EXPECT_EQ(roles.LabelOf("dana"), "lead");
  EXPECT_EQ(roles.LabelOf("nobody known"), "nobody known");
}

TEST(RolesTest, KeepsTeamsAndHidesOwnersWhoArePeople) {
  Story story = MakeStory();
  story.incident.services = {"checkout"};
  for (const char* owner : {"team payments", "checkout", "frida", "gus"}) {
    Action action;
    action.owner = owner;
    story.actions.push_back(action);
  }
  const Roles roles(story);
  EXPECT_EQ(roles.LabelOf("team payments"), "team payments");
  EXPECT_EQ(roles.LabelOf("checkout"), "checkout");
  EXPECT_EQ(roles.LabelOf("frida"), "owner 1");
  EXPECT_EQ(roles.LabelOf("gus"), "owner 2");
}

TEST(RolesTest, HidesNamesInTextAsWholeWordsOnly) {
  const Story story = WithParticipants(
      {{"ann", "on-call"}, {"Bo Lindqvist", "database engineer"}});
  const Roles roles(story);
  EXPECT_EQ(roles.Hide("Ann asked @ann, not joann or annex or ann-svc"),
            "on-call asked on-call, not joann or annex or ann-svc");
  EXPECT_EQ(roles.Hide("Bo Lindqvist; Bo; Lindqvist's; bo."),
            "database engineer; database engineer; database engineer's; bo.");
  EXPECT_EQ(roles.Hide("(ann)"), "(on-call)");
  EXPECT_EQ(roles.Hide("ann."), "on-call.");
  EXPECT_EQ(roles.Hide(""), "");
}

TEST(RolesTest, TakesTheLongerNameWhereOneBeginsAnother) {
  const Story story =
      WithParticipants({{"ann", "first"}, {"ann lee", "second"}});
  EXPECT_EQ(Roles(story).Hide("ann lee and ann"), "second and first");
}

TEST(RolesTest, HidesWholeAddressesAndNamesThatAreNotAscii) {
  const Story story = WithParticipants(
      {{"ann@example.org", "on-call"}, {"Jürgen Weiß", "lead"}});
  EXPECT_EQ(Roles(story).Hide("ann@example.org wrote to Jürgen Weiß"),
            "on-call wrote to lead");
}

TEST(PeopleTest, AreParticipantsAuthorsAndActorsButNeitherFacilitatorNorBots) {
  Story story = WithParticipants({{"alice", "on-call"}});
  story.incident.facilitator = "emre";
  story.entries = {
      MakeLine("1", "10:01", EventKind::kNote, "bo", "saw it"),
      MakeLine("2", "10:02", EventKind::kNote, "emre", "added in the review"),
      MakeEvent("3", "10:03", EventKind::kHumanAction, "cart", "restarted"),
      MakeEvent("4", "10:04", EventKind::kHumanAction, "cart", "scaled"),
      MakeEvent("5", "10:05", EventKind::kChangeFinished, "cart", "2.0"),
      MakeLine("6", "10:06", EventKind::kNote, "alice", "agreed"),
  };
  story.entries[2].actor = "chen";
  story.entries[3].actor = "deploy-bot";
  story.entries[4].actor = "dana";
  const Roles roles(story);
  const std::vector<Person> people = PeopleOf(story, roles);
  EXPECT_THAT(people, ElementsAre(Field(&Person::name, "alice"),
                                  Field(&Person::name, "bo"),
                                  Field(&Person::name, "chen")));
  EXPECT_THAT(people[0].entry_ids, ElementsAre("6"));
  EXPECT_EQ(people[1].label, "a contributor");
}

TEST(PeopleTest, HaveToldByTheirNameOrWhereItIsUnknownByTheirRole) {
  Story story = WithParticipants({{"alice", "on-call"},
                                  {"bo", "lead"},
                                  {"chen", "database engineer"},
                                  {"dana", "writer"}});
  Account by_name;
  by_name.author = "Alice";
  by_name.role = "an engineer";
  Account by_role;
  by_role.role = "Lead";
  by_role.state = AccountState::kDeclined;
  Account of_somebody_else;
  of_somebody_else.author = "alice";
  of_somebody_else.role = "database engineer";
  Account by_role_of_unknown_name;
  by_role_of_unknown_name.author = "dana@example.org";
  by_role_of_unknown_name.role = "writer";
  story.accounts = {by_name, by_role, of_somebody_else,
                    by_role_of_unknown_name};
  const std::vector<Person> people = PeopleOf(story, Roles(story));
  EXPECT_THAT(people, ElementsAre(Field(&Person::told, Told::kGiven),
                                  Field(&Person::told, Told::kDeclined),
                                  Field(&Person::told, Told::kNotYet),
                                  Field(&Person::told, Told::kGiven)));
}

}  // namespace
}  // namespace secondstory::review
