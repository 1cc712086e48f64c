// Goal: the search index says what the log says, whatever is told, in whatever
// order, over restarts and damage. Method: records of every kind go through a
// real log on each kind of tables, and an indexer follows it on its thread.
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "base/clock.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "gmock/gmock.h"
#include "storage/group_log.h"
#include "storage/search/indexer.h"
#include "tests/conformance/storage_under_test.h"
#include "tests/support/event_append.h"
#include "tests/support/seed.h"
#include "tests/support/wait_until.h"

namespace secondstory::storage {
namespace {

using stored::v1::Record;
using support::WaitUntil;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kStart = 1'700'000'000'000'000;

std::string IdOf(absl::string_view name) { return IdToHex(StableId({name})); }

Record OfIncident(const v1::Incident& incident) {
  Record record;
  *record.mutable_incident()->mutable_incident() = incident;
  record.mutable_incident()->set_author("kim");
  return record;
}

v1::Incident MakeIncident(absl::string_view name, const std::string& title) {
  v1::Incident incident;
  incident.set_incident_id(IdOf(name));
  incident.set_title(title);
  incident.set_state(v1::INCIDENT_STATE_OPEN);
  *incident.mutable_start_time() = FromMicros(kStart);
  return incident;
}

Record OfLine(absl::string_view incident, absl::string_view name,
              const std::string& title) {
  Record record;
  record.mutable_timeline_entry()->set_incident_id(IdOf(incident));
  v1::TimelineEntry* const entry =
      record.mutable_timeline_entry()->mutable_entry();
  entry->set_entry_id(IdOf(name));
  entry->set_title(title);
  *entry->mutable_event_time() = FromMicros(kStart);
  return record;
}

Record OfAccount(absl::string_view incident, absl::string_view name,
                 const std::string& words) {
  Record record;
  record.mutable_account()->set_author("quentin");
  v1::Account* const account = record.mutable_account()->mutable_account();
  account->set_account_id(IdOf(name));
  account->set_incident_id(IdOf(incident));
  account->set_role("on-call");
  account->set_words(words);
  *account->mutable_create_time() = FromMicros(kStart);
  return record;
}

Record OfAction(absl::string_view incident, absl::string_view name,
                const std::string& title) {
  Record record;
  v1::ActionItem* const action = record.mutable_action()->mutable_action();
  action->set_action_id(IdOf(name));
  action->set_incident_id(IdOf(incident));
  action->set_title(title);
  *action->mutable_create_time() = FromMicros(kStart);
  return record;
}

Record OfCandidate(absl::string_view incident, absl::string_view name,
                   uint64_t revision, const std::vector<std::string>& titles) {
  Record record;
  v1::Candidate* const candidate =
      record.mutable_candidate()->mutable_candidate();
  candidate->set_candidate_id(IdOf(name));
  candidate->set_revision(revision);
  if (!incident.empty()) candidate->set_incident_id(IdOf(incident));
  *candidate->mutable_onset_time() = FromMicros(kStart);
  for (const std::string& title : titles) {
    v1::CandidateEvent* const event = candidate->add_events();
    event->set_event_id(IdOf(title));
    event->set_title(title);
  }
  return record;
}

v1::Event MakeEvent(const std::string& title) {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id(title);
  event.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  event.set_title(title);
  *event.mutable_event_time() = FromMicros(kStart);
  return event;
}

class SearchFollowsLogTest : public testing::TestWithParam<const char*> {
 protected:
  SearchFollowsLogTest() : storage_(GetParam()) {
    static int count = 0;
    dir_ = absl::StrCat(testing::TempDir(), "/index", count++);
    std::filesystem::remove_all(dir_);
    Start();
  }
  ~SearchFollowsLogTest() override {
    Stop();
    std::filesystem::remove_all(dir_);
  }

  void Start() {
    store_ = std::make_unique<Store>(storage_.tables());
    auto log = GroupLog::Open(storage_.tables(), SystemClock());
    ASSERT_THAT(log, IsOk());
    log_ = *std::move(log);
    indexer_ = Follow(dir_);
  }
  void Stop() {
    indexer_.reset();
    log_.reset();
  }
  std::unique_ptr<Indexer> Follow(const std::string& dir) {
    IndexerOptions options;
    options.dir = dir;
    options.interval = absl::Milliseconds(1);
    return std::make_unique<Indexer>(options, store_.get(), log_.get(),
                                     SystemClock());
  }

  void Tell(const std::vector<Record>& records) {
    absl::Notification told;
    log_->Transact(
        {"all"}, [&](const Store&, int64_t) { return records; },
        [&](const absl::Status& status) {
          EXPECT_THAT(status, IsOk());
          told.Notify();
        });
    told.WaitForNotification();
  }
  void Append(const std::vector<v1::Event>& events) {
    absl::Notification stored;
    log_->AppendEvents(support::AppendOf(events), [&](const auto& result) {
      EXPECT_THAT(result, IsOk());
      stored.Notify();
    });
    stored.WaitForNotification();
  }

  // Ids and snippets in their order, of an index that has everything.
  std::vector<SearchHit> Hits(Indexer* indexer, const std::string& words) {
    SearchQuery query;
    query.terms = *ParseSearchTerms(words);
    query.limit = 1000;
    absl::StatusOr<Indexer::Found> found;
    EXPECT_TRUE(WaitUntil("the index is even with the log", [&] {
      found = indexer->Search(query);
      return found.ok() && found->through == log_->head();
    })) << found.status();
    return found.ok() ? found->page.items : std::vector<SearchHit>();
  }
  std::vector<std::string> Find(const std::string& words) {
    std::vector<std::string> ids;
    for (const SearchHit& hit : Hits(indexer_.get(), words)) {
      ids.push_back(hit.place.id);
    }
    return ids;
  }
  // Which incident shows the only thing that is found.
  std::string ShownWith(const std::string& words) {
    const std::vector<SearchHit> hits = Hits(indexer_.get(), words);
    return hits.size() == 1 ? hits[0].place.incident_id
                            : absl::StrCat(hits.size(), " hits");
  }

  StorageUnderTest storage_;
  std::string dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<GroupLog> log_;
  std::unique_ptr<Indexer> indexer_;
};

INSTANTIATE_TEST_SUITE_P(All, SearchFollowsLogTest,
                         testing::Values("memory", "rocksdb"),
                         [](const auto& kind) { return kind.param; });

TEST_P(SearchFollowsLogTest, FindsEverythingThatWasTold) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow")),
        OfLine("one", "line", "restarted the worker"),
        OfAccount("one", "account", "I expected a failover"),
        OfAction("one", "action", "alert on the queue")});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  EXPECT_THAT(Find("restarted"), ElementsAre(IdOf("line")));
  EXPECT_THAT(Find("failover"), ElementsAre(IdOf("account")));
  EXPECT_THAT(Find("queue"), ElementsAre(IdOf("action")));
  EXPECT_EQ(ShownWith("queue"), IdOf("one"));
  EXPECT_EQ(indexer_->stats().document_count, 4);
}

TEST_P(SearchFollowsLogTest, NeverFindsWhoGaveAnAccount) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow")),
        OfAccount("one", "account", "I expected a failover")});
  EXPECT_THAT(Find("failover"), ElementsAre(IdOf("account")));
  EXPECT_THAT(Find("quentin"), IsEmpty());
  EXPECT_THAT(Find("quen*"), IsEmpty());
}

TEST_P(SearchFollowsLogTest, FindsLinesOfCandidatesOncePromoted) {
  Tell({OfCandidate("", "candidate", 1, {"CheckoutSlow"})});
  EXPECT_THAT(Find("checkout"), IsEmpty());
  v1::Incident incident = MakeIncident("one", "an incident");
  incident.add_candidate_ids(IdOf("candidate"));
  Tell({OfIncident(incident),
        OfCandidate("one", "candidate", 2, {"CheckoutSlow"})});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("CheckoutSlow")));
  Tell({OfCandidate("one", "candidate", 3, {"CartSlow", "CartErrors"})});
  EXPECT_THAT(Find("checkout"), IsEmpty());
  EXPECT_THAT(Find("cart"),
              UnorderedElementsAre(IdOf("CartSlow"), IdOf("CartErrors")));
}

TEST_P(SearchFollowsLogTest, FindsAttachedEventsAndNoDetachedOnes) {
  Append({MakeEvent("DiskFull")});
  v1::Incident incident = MakeIncident("one", "an incident");
  incident.add_candidate_ids(IdOf("candidate"));
  incident.add_attached_event_ids(IdToHex(StableId({"test", "DiskFull"})));
  incident.add_detached_event_ids(IdOf("CartSlow"));
  Tell({OfCandidate("one", "candidate", 1, {"CartSlow", "CartErrors"}),
        OfIncident(incident)});
  EXPECT_EQ(ShownWith("disk"), IdOf("one"));
  EXPECT_THAT(Find("cart"), ElementsAre(IdOf("CartErrors")));
}

TEST_P(SearchFollowsLogTest, ForgetsWhatWasTakenBack) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow")),
        OfLine("one", "line", "restarted the worker"),
        OfAccount("one", "account", "I expected a failover"),
        OfAction("one", "action", "alert on the queue")});
  EXPECT_THAT(Find("failover"), ElementsAre(IdOf("account")));
  Record line = OfLine("one", "line", "restarted the worker");
  *line.mutable_timeline_entry()->mutable_entry()->mutable_delete_time() =
      FromMicros(1);
  Record account = OfAccount("one", "account", "");
  *account.mutable_account()->mutable_account()->mutable_withdraw_time() =
      FromMicros(1);
  Record action = OfAction("one", "action", "alert on the queue");
  *action.mutable_action()->mutable_action()->mutable_delete_time() =
      FromMicros(1);
  Tell({line, account, action});
  EXPECT_THAT(Find(""), ElementsAre(IdOf("one")));
}

TEST_P(SearchFollowsLogTest, HidesADeletedIncidentUntilItIsRestored) {
  v1::Incident incident = MakeIncident("one", "the checkout was slow");
  Tell({OfIncident(incident), OfLine("one", "line", "restarted the worker")});
  EXPECT_THAT(Find("worker"), ElementsAre(IdOf("line")));
  *incident.mutable_delete_time() = FromMicros(1);
  Tell({OfIncident(incident)});
  EXPECT_THAT(Find(""), IsEmpty());
  incident.clear_delete_time();
  Tell({OfIncident(incident)});
  EXPECT_THAT(Find(""), UnorderedElementsAre(IdOf("one"), IdOf("line")));
}

TEST_P(SearchFollowsLogTest, ShowsWhatWasMergedWithTheOneThatGoesOn) {
  v1::Incident one = MakeIncident("one", "the checkout was slow");
  v1::Incident two = MakeIncident("two", "the cart was slow");
  Tell({OfIncident(one), OfIncident(two),
        OfLine("two", "line", "restarted the worker")});
  EXPECT_EQ(ShownWith("worker"), IdOf("two"));
  one.add_merged_incident_ids(IdOf("two"));
  two.set_merged_into_incident_id(IdOf("one"));
  two.set_state(v1::INCIDENT_STATE_MERGED);
  Tell({OfIncident(one), OfIncident(two)});
  EXPECT_EQ(ShownWith("worker"), IdOf("one"));
  EXPECT_EQ(ShownWith("cart"), IdOf("one"));
  // A candidate that came with the one that was merged goes on, too.
  one.add_candidate_ids(IdOf("candidate"));
  Tell({OfIncident(one), OfCandidate("two", "candidate", 1, {"DiskFull"})});
  EXPECT_EQ(ShownWith("disk"), IdOf("one"));
  Tell({OfCandidate("two", "candidate", 2, {"DiskFull", "PoolEmpty"})});
  EXPECT_EQ(ShownWith("pool"), IdOf("one"));
  EXPECT_EQ(ShownWith("disk"), IdOf("one"));
}

TEST_P(SearchFollowsLogTest, MovesWhatASplitTook) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow")),
        OfIncident(MakeIncident("two", "the cart was slow")),
        OfAccount("one", "account", "I expected a failover")});
  EXPECT_EQ(ShownWith("failover"), IdOf("one"));
  Record left = OfAccount("one", "account", "I expected a failover");
  left.mutable_account()->mutable_account()->set_moved_to_incident_id(
      IdOf("two"));
  Tell({left, OfAccount("two", "account", "I expected a failover")});
  EXPECT_EQ(ShownWith("failover"), IdOf("two"));
}

TEST_P(SearchFollowsLogTest, GoesOnWhereItStopped) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow"))});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  EXPECT_EQ(indexer_->stats().rebuild_count, 1);
  indexer_.reset();
  Tell({OfIncident(MakeIncident("two", "the cart was slow"))});
  Stop();
  storage_.Reopen();
  Start();
  EXPECT_THAT(Find("slow"), UnorderedElementsAre(IdOf("one"), IdOf("two")));
  EXPECT_EQ(indexer_->stats().rebuild_count, 0);
}

TEST_P(SearchFollowsLogTest, IsEvenWithALogOfEventsWithoutReadingThem) {
  Append({MakeEvent("DiskFull"), MakeEvent("CartSlow")});
  EXPECT_THAT(Find(""), IsEmpty());
  EXPECT_EQ(indexer_->stats().through, log_->head());
  EXPECT_EQ(indexer_->stats().lag, absl::ZeroDuration());
}

TEST_P(SearchFollowsLogTest, MakesADamagedFileAgain) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow"))});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  Stop();
  std::ofstream(dir_ + "/search.db") << std::string(10'000, 'x');
  Start();
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  EXPECT_EQ(indexer_->stats().rebuild_count, 1);
}

TEST_P(SearchFollowsLogTest, MakesAFileOfAnotherVersionAgain) {
  Tell({OfIncident(MakeIncident("one", "the checkout was slow"))});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  Stop();
  {
    // The version is 4 bytes of the header that SQLite documents.
    std::fstream file(dir_ + "/search.db",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.write("\0\0\0\x63", 4);
  }
  Start();
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  EXPECT_EQ(indexer_->stats().rebuild_count, 1);
}

TEST_P(SearchFollowsLogTest, MakesAFileAgainThatASearchFoundDamaged) {
  v1::Incident incident = MakeIncident("one", "the checkout was slow");
  for (int i = 0; i < 500; ++i) {
    absl::StrAppend(incident.mutable_summary(), " word", i);
  }
  Tell({OfIncident(incident)});
  EXPECT_THAT(Find("checkout"), ElementsAre(IdOf("one")));
  Stop();
  // Everything but the pages that opening looks at.
  const auto size = std::filesystem::file_size(dir_ + "/search.db");
  {
    std::fstream file(dir_ + "/search.db",
                      std::ios::in | std::ios::out | std::ios::binary);
    for (uintmax_t page = 12; (page + 1) * 4096 <= size; ++page) {
      file.seekp(static_cast<std::streamoff>(page * 4096));
      file.write(std::string(4096, '\xee').data(), 4096);
    }
  }
  Start();
  EXPECT_THAT(Find("word499"), ElementsAre(IdOf("one")));
  EXPECT_EQ(indexer_->stats().rebuild_count, 1);
}

// Goal: following and making anew give the same index. Method: random records
// about a few things, told in random groups while the indexer runs; then one
// that begins with nothing is asked the same.
TEST_P(SearchFollowsLogTest, AnswersAsOneThatIsMadeAnew) {
  std::mt19937_64 random(support::Seed());
  const std::vector<std::string> words = {"checkout-api", "db-3",  "CartSlow",
                                          "failover",     "queue", "retry"};
  const auto text = [&] {
    return absl::StrCat(words[random() % words.size()], " ",
                        words[random() % words.size()]);
  };
  std::map<std::string, v1::Incident> incidents;
  for (const char* name : {"i0", "i1", "i2", "i3", "i4", "i5"}) {
    incidents[name] = MakeIncident(name, text());
    incidents[name].add_candidate_ids(IdOf(absl::StrCat("candidate ", name)));
    Tell({OfIncident(incidents[name])});
  }
  uint64_t revision = 0;
  for (int group = 0; group < 60; ++group) {
    std::vector<Record> records;
    for (uint64_t i = 1 + random() % 4; i > 0; --i) {
      const std::string name = absl::StrCat("i", random() % 6);
      const std::string thing = absl::StrCat(name, " ", random() % 3);
      v1::Incident& incident = incidents[name];
      switch (random() % 7) {
        case 0:
          incident.set_summary(text());
          records.push_back(OfIncident(incident));
          break;
        case 1:
          random() % 2 == 0
              ? *incident.mutable_delete_time() = FromMicros(1)
              : *incident.mutable_start_time() = FromMicros(kStart);
          records.push_back(OfIncident(incident));
          break;
        case 2:
          records.push_back(OfLine(name, "line " + thing, text()));
          break;
        case 3:
          records.push_back(OfAccount(name, "account " + thing, text()));
          if (random() % 3 == 0) {
            *records.back()
                 .mutable_account()
                 ->mutable_account()
                 ->mutable_withdraw_time() = FromMicros(1);
          }
          break;
        case 4:
          records.push_back(OfAction(name, "action " + thing, text()));
          break;
        case 5:
          records.push_back(OfCandidate(name, "candidate " + name, ++revision,
                                        {text(), text()}));
          break;
        case 6:
          // Merges never make a circle: into a lower number.
          if (incident.merged_into_incident_id().empty() && name != "i0" &&
              random() % 4 == 0) {
            v1::Incident& into = incidents["i0"];
            incident.set_merged_into_incident_id(into.incident_id());
            incident.set_state(v1::INCIDENT_STATE_MERGED);
            into.add_merged_incident_ids(incident.incident_id());
            into.add_candidate_ids(incident.candidate_ids(0));
            records.push_back(OfIncident(into));
            records.push_back(OfIncident(incident));
          }
          break;
      }
    }
    Tell(records);
  }
  const std::unique_ptr<Indexer> anew = Follow(dir_ + "/anew");
  std::vector<std::string> queries = words;
  queries.insert(queries.end(), {"", "slow", "queue -retry", "\"db 3 retry\""});
  for (const std::string& query : queries) {
    std::vector<std::string> found[2];
    int which = 0;
    for (Indexer* const indexer : {indexer_.get(), anew.get()}) {
      for (const SearchHit& hit : Hits(indexer, query)) {
        found[which].push_back(absl::StrCat(
            hit.place.score, " ", hit.place.incident_id, " ", hit.place.id, " ",
            hit.snippet, " ", absl::StrJoin(hit.highlights, ",")));
      }
      ++which;
    }
    EXPECT_EQ(found[0], found[1]) << query;
  }
  EXPECT_EQ(indexer_->stats().document_count, anew->stats().document_count);
}

}  // namespace
}  // namespace secondstory::storage
