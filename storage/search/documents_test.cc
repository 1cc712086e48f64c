#include "storage/search/documents.h"

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::storage {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

IncidentParts Parts() {
  IncidentParts parts;
  parts.incident.set_incident_id("incident");
  parts.incident.set_title("Checkout slow");
  parts.incident.set_state(v1::INCIDENT_STATE_OPEN);
  return parts;
}

v1::TimelineEntry Line(const std::string& id, const std::string& title) {
  v1::TimelineEntry entry;
  entry.set_entry_id(id);
  entry.set_title(title);
  entry.set_author("kim");
  return entry;
}

testing::Matcher<Document> Is(v1::SearchKind kind, const std::string& id) {
  return AllOf(Field(&Document::kind, kind), Field(&Document::id, id));
}

TEST(DocumentsTest, HoldAllWordsOfAnIncident) {
  IncidentParts parts = Parts();
  v1::Incident& incident = parts.incident;
  incident.set_summary("the summary\nof two lines");
  incident.set_surprise("the surprise");
  incident.set_narrative("the narrative");
  incident.add_services("checkout");
  incident.add_tags("database");
  incident.add_links()->set_title("the dashboard");
  (*incident.mutable_annotations())["morgue_id"] = "217";
  const std::vector<Document> documents = DocumentsOf(parts);
  ASSERT_THAT(documents, ElementsAre(Is(v1::SEARCH_KIND_INCIDENT, "incident")));
  EXPECT_EQ(documents[0].title, "Checkout slow");
  EXPECT_EQ(documents[0].body,
            "the summary of two lines / the surprise / the narrative / "
            "checkout / database / the dashboard / morgue_id 217");
}

TEST(DocumentsTest, NameParticipantsByRoleOnly) {
  IncidentParts parts = Parts();
  v1::Participant* const one = parts.incident.add_participants();
  one->set_name("kim");
  one->set_role("on-call, payments");
  parts.incident.set_facilitator("lee");
  parts.incident.set_created_by("lee");
  EXPECT_EQ(DocumentsOf(parts)[0].body, "on-call, payments");
}

TEST(DocumentsTest, HoldLinesThatWereNotDeleted) {
  IncidentParts parts = Parts();
  parts.entries = {Line("1", "looked at the graphs"), Line("2", "gone")};
  parts.entries[0].set_service("checkout");
  parts.entries[0].set_description("the one of queues");
  *parts.entries[1].mutable_delete_time() = FromMicros(1);
  const std::vector<Document> documents = DocumentsOf(parts);
  ASSERT_THAT(documents, ElementsAre(Is(v1::SEARCH_KIND_INCIDENT, "incident"),
                                     Is(v1::SEARCH_KIND_ENTRY, "1")));
  EXPECT_EQ(documents[1].title, "looked at the graphs");
  EXPECT_EQ(documents[1].body, "checkout / the one of queues");
}

TEST(DocumentsTest, HoldEachEventOnceUnlessItWasDetached) {
  IncidentParts parts = Parts();
  parts.candidates.resize(2);
  for (v1::Candidate& candidate : parts.candidates) {
    for (const char* id : {"1", "2"}) {
      v1::CandidateEvent* const event = candidate.add_events();
      event->set_event_id(id);
      event->set_title("HighLatency");
    }
  }
  parts.attached.resize(1);
  parts.attached[0].set_event_id("3");
  parts.incident.add_detached_event_ids("2");
  EXPECT_THAT(DocumentsOf(parts),
              ElementsAre(Is(v1::SEARCH_KIND_INCIDENT, "incident"),
                          Is(v1::SEARCH_KIND_ENTRY, "1"),
                          Is(v1::SEARCH_KIND_ENTRY, "3")));
}

TEST(DocumentsTest, HoldAccountsThatAreToldHere) {
  IncidentParts parts = Parts();
  parts.accounts.resize(4);
  for (size_t i = 0; i < parts.accounts.size(); ++i) {
    parts.accounts[i].set_account_id(std::string(1, '0' + i));
    parts.accounts[i].set_role("on-call");
    parts.accounts[i].set_expectation("expected less load");
    parts.accounts[i].set_assumption("assumed a spare");
  }
  *parts.accounts[1].mutable_withdraw_time() = FromMicros(1);
  parts.accounts[2].set_state(v1::ACCOUNT_STATE_DECLINED);
  parts.accounts[3].set_moved_to_incident_id("other");
  const std::vector<Document> documents = DocumentsOf(parts);
  ASSERT_THAT(documents, ElementsAre(Is(v1::SEARCH_KIND_INCIDENT, "incident"),
                                     Is(v1::SEARCH_KIND_ACCOUNT, "0")));
  EXPECT_EQ(documents[1].title, "on-call");
  EXPECT_EQ(documents[1].body, "expected less load / assumed a spare");
}

TEST(DocumentsTest, HoldActionsThatWereNotDeleted) {
  IncidentParts parts = Parts();
  parts.actions.resize(2);
  parts.actions[0].set_action_id("1");
  parts.actions[0].set_title("Alert on the queue");
  parts.actions[0].set_owner("payments");
  parts.actions[1].set_action_id("2");
  *parts.actions[1].mutable_delete_time() = FromMicros(1);
  EXPECT_THAT(DocumentsOf(parts),
              ElementsAre(Is(v1::SEARCH_KIND_INCIDENT, "incident"),
                          Is(v1::SEARCH_KIND_ACTION, "1")));
}

TEST(DocumentsTest, AreNoneOfADeletedOrMergedIncident) {
  IncidentParts parts = Parts();
  parts.entries = {Line("1", "a line")};
  parts.incident.set_state(v1::INCIDENT_STATE_MERGED);
  EXPECT_THAT(DocumentsOf(parts), IsEmpty());
  parts = Parts();
  *parts.incident.mutable_delete_time() = FromMicros(1);
  EXPECT_THAT(DocumentsOf(parts), IsEmpty());
}

TEST(DocumentsTest, SayTheWordsOfWhatWasMerged) {
  IncidentParts parts = Parts();
  parts.merged.resize(1);
  parts.merged[0].set_title("Cart slow");
  parts.merged[0].set_summary("carts were empty");
  const std::vector<Document> documents = DocumentsOf(parts);
  ASSERT_THAT(documents, SizeIs(1));
  EXPECT_THAT(documents[0].body, "Cart slow / carts were empty");
}

TEST(DocumentsTest, HaveNoControlCharacters) {
  IncidentParts parts = Parts();
  parts.incident.set_title(std::string("a\0b\x01\x02 c\td", 9));
  EXPECT_EQ(DocumentsOf(parts)[0].title, "a b c d");
}

}  // namespace
}  // namespace secondstory::storage
