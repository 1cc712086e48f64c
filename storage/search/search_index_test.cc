#include "storage/search/search_index.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seed.h"

namespace secondstory::storage {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr int64_t kDay = 86'400'000'000;

IncidentDocuments Incident(const std::string& id, const std::string& title,
                           const std::string& body = "") {
  IncidentDocuments one;
  one.incident.set_incident_id(id);
  one.incident.set_title(title);
  one.incident.set_severity(2);
  *one.incident.mutable_start_time() = FromMicros(100 * kDay);
  one.documents = {{v1::SEARCH_KIND_INCIDENT, id, title, body}};
  return one;
}

Document Line(const std::string& id, const std::string& title,
              const std::string& body = "") {
  return {v1::SEARCH_KIND_ENTRY, id, title, body};
}

class SearchIndexTest : public testing::Test {
 protected:
  SearchIndexTest() {
    std::filesystem::remove_all(path_);
    Open();
  }
  void Open() {
    index_.reset();
    auto opened = SearchIndex::Open(path_);
    EXPECT_THAT(opened, IsOk());
    index_ = *std::move(opened);
  }

  void Write(const std::vector<IncidentDocuments>& incidents) {
    SS_EXPECT_OK(index_->Write(incidents, ++position_, true));
  }

  Page<SearchHit> Search(SearchQuery query, const std::string& words) {
    auto terms = ParseSearchTerms(words);
    EXPECT_THAT(terms, IsOk()) << words;
    query.terms = *std::move(terms);
    auto page = index_->Search(query);
    EXPECT_THAT(page, IsOk()) << words;
    return page.ok() ? *std::move(page) : Page<SearchHit>();
  }

  // Ids in their order.
  std::vector<std::string> Find(const std::string& words,
                                const SearchQuery& query = {}) {
    std::vector<std::string> ids;
    for (const SearchHit& hit : Search(query, words).items) {
      ids.push_back(hit.place.id);
    }
    return ids;
  }

  const std::string path_ = absl::StrCat(
      testing::TempDir(), "/",
      testing::UnitTest::GetInstance()->current_test_info()->name(),
      "/search.db");
  std::unique_ptr<SearchIndex> index_;
  Position position_ = 0;
};

TEST_F(SearchIndexTest, FindsWordsPhrasesAndPrefixes) {
  Write({Incident("1", "Checkout slow", "the connection pool was exhausted"),
         Incident("2", "Cart slow", "a pool of connections")});
  EXPECT_THAT(Find("POOL"), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Find("\"connection pool\""), ElementsAre("1"));
  EXPECT_THAT(Find("connect*"), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Find("pool -exhausted"), ElementsAre("2"));
  EXPECT_THAT(Find("-exhausted"), ElementsAre("2"));
  EXPECT_THAT(Find("pool cart"), ElementsAre("2"));
  EXPECT_THAT(Find("nothing"), IsEmpty());
}

TEST_F(SearchIndexTest, FindsNamesWholeAndByPart) {
  Write({Incident("1", "checkout-api on db-3 runs 3.2.1"),
         Incident("2", "CheckoutLatencyHigh"),
         Incident("3", "payment_worker.go:47 at 10.0.0.12")});
  EXPECT_THAT(Find("checkout-api"), ElementsAre("1"));
  EXPECT_THAT(Find("checkout"), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Find("db-3"), ElementsAre("1"));
  EXPECT_THAT(Find("db"), ElementsAre("1"));
  EXPECT_THAT(Find("3.2.1"), ElementsAre("1"));
  EXPECT_THAT(Find("3.2"), ElementsAre("1"));
  EXPECT_THAT(Find("2.3"), IsEmpty());
  EXPECT_THAT(Find("checkoutlatencyhigh"), ElementsAre("2"));
  EXPECT_THAT(Find("CheckoutLat*"), ElementsAre("2"));
  EXPECT_THAT(Find("latency"), ElementsAre("2"));
  EXPECT_THAT(Find("payment_worker"), ElementsAre("3"));
  EXPECT_THAT(Find("worker"), ElementsAre("3"));
  EXPECT_THAT(Find("10.0.0.12"), ElementsAre("3"));
}

TEST_F(SearchIndexTest, FindsWordsWithoutTheirAccents) {
  Write({Incident("1", "Überlastung im Café")});
  EXPECT_THAT(Find("uberlastung cafe"), ElementsAre("1"));
}

TEST_F(SearchIndexTest, PutsTitlesFirstAndTheLatestFirstAmongEquals) {
  IncidentDocuments older = Incident("1", "queue", "x");
  IncidentDocuments later = Incident("2", "queue", "x");
  *later.incident.mutable_start_time() = FromMicros(200 * kDay);
  Write({Incident("3", "something else", "about a queue"), older, later,
         Incident("4", "unrelated"), Incident("5", "unrelated"),
         Incident("6", "unrelated"), Incident("7", "unrelated")});
  EXPECT_THAT(Find("queue"), ElementsAre("2", "1", "3"));
}

TEST_F(SearchIndexTest, FiltersByEveryField) {
  IncidentDocuments one = Incident("1", "queue");
  one.incident.add_services("checkout");
  one.incident.add_tags("database");
  one.documents.push_back(Line("line", "queue"));
  IncidentDocuments two = Incident("2", "queue");
  two.incident.set_severity(0);
  two.incident.add_services("cart");
  *two.incident.mutable_start_time() = FromMicros(200 * kDay);
  Write({one, two});
  SearchQuery query;
  query.kinds = {v1::SEARCH_KIND_ENTRY};
  EXPECT_THAT(Find("queue", query), ElementsAre("line"));
  query = {};
  query.services = {"cart", "other"};
  EXPECT_THAT(Find("queue", query), ElementsAre("2"));
  query = {};
  query.tags = {"database"};
  EXPECT_THAT(Find("", query), ElementsAre("1", "line"));
  query = {};
  query.severity_at_most = 2;
  EXPECT_THAT(Find("", query), ElementsAre("1", "line"));
  query.severity_at_most = 1;
  EXPECT_THAT(Find("", query), IsEmpty());
  query = {};
  query.start = {150 * kDay, 200 * kDay};
  EXPECT_THAT(Find("queue", query), IsEmpty());
  query.start = {200 * kDay, 200 * kDay + 1};
  EXPECT_THAT(Find("queue", query), ElementsAre("2"));
}

TEST_F(SearchIndexTest, MarksWhatWasFoundInTheSnippet) {
  Write({Incident("1", "Slow", "then the “CheckoutLatencyHigh” alert fired")});
  const Page<SearchHit> page = Search({}, "latency fired");
  ASSERT_THAT(page.items, SizeIs(1));
  const SearchHit& hit = page.items[0];
  EXPECT_EQ(hit.snippet, "then the “CheckoutLatencyHigh” alert fired");
  std::vector<std::string> found;
  for (size_t i = 0; i + 1 < hit.highlights.size(); i += 2) {
    found.push_back(hit.snippet.substr(
        hit.highlights[i], hit.highlights[i + 1] - hit.highlights[i]));
  }
  EXPECT_THAT(found, ElementsAre("CheckoutLatencyHigh", "fired"));
  EXPECT_EQ(hit.incident_title, "Slow");
  EXPECT_GT(hit.place.score, 0);
}

TEST_F(SearchIndexTest, ShowsTheBeginningWhenThereIsNothingToMark) {
  Write({Incident("1", "Slow", std::string(200, 'x'))});
  const Page<SearchHit> page = Search({}, "");
  ASSERT_THAT(page.items, SizeIs(1));
  EXPECT_EQ(page.items[0].snippet, std::string(160, 'x') + "…");
  EXPECT_THAT(page.items[0].highlights, IsEmpty());
}

TEST_F(SearchIndexTest, PagesThroughAllResultsOnce) {
  std::vector<IncidentDocuments> incidents;
  for (int i = 0; i < 7; ++i) {
    incidents.push_back(Incident(absl::StrCat("i", i), "queue"));
    for (int line = 0; line < 3; ++line) {
      incidents.back().documents.push_back(
          Line(absl::StrCat("line", i, line), "queue", "of work"));
    }
  }
  Write(incidents);
  for (const char* words : {"queue", ""}) {
    SearchQuery query;
    query.limit = 100;
    const std::vector<std::string> all = Find(words, query);
    EXPECT_THAT(all, SizeIs(28));
    query.limit = 5;
    std::vector<std::string> paged;
    for (bool more = true; more;) {
      const Page<SearchHit> page = Search(query, words);
      more = page.more;
      for (const SearchHit& hit : page.items) {
        paged.push_back(hit.place.id);
        query.after = hit.place;
      }
    }
    EXPECT_EQ(paged, all) << words;
  }
}

TEST_F(SearchIndexTest, ForgetsWhatAnIncidentNoLongerHolds) {
  IncidentDocuments one = Incident("1", "queue");
  one.documents.push_back(Line("line", "worker"));
  Write({one, Incident("2", "queue")});
  one.documents.pop_back();
  one.documents[0].title = "stack";
  Write({one});
  EXPECT_THAT(Find("worker"), IsEmpty());
  EXPECT_THAT(Find("queue"), ElementsAre("2"));
  EXPECT_THAT(Find("stack"), ElementsAre("1"));
  one.documents.clear();
  Write({one});
  EXPECT_THAT(Find(""), ElementsAre("2"));
  EXPECT_THAT(index_->DocumentCount(), IsOkAndHolds(1));
}

TEST_F(SearchIndexTest, KnowsItsPlaceAfterItIsOpenedAgain) {
  SS_ASSERT_OK(index_->Write({Incident("1", "queue")}, 7, false));
  Open();
  EXPECT_THAT(index_->Through(), IsOkAndHolds(std::pair(Position{7}, false)));
  SS_ASSERT_OK(index_->Write({}, 9, true));
  Open();
  EXPECT_THAT(index_->Through(), IsOkAndHolds(std::pair(Position{9}, true)));
  EXPECT_THAT(Find("queue"), ElementsAre("1"));
}

TEST_F(SearchIndexTest, SaysThatAFileIsDamaged) {
  Write({Incident("1", "queue")});
  index_.reset();
  std::filesystem::resize_file(path_, 4096 * 2);
  std::filesystem::remove(path_ + "-wal");
  EXPECT_THAT(SearchIndex::Open(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("search.db")));
  SearchIndex::Remove(path_);
  Open();
  EXPECT_THAT(Find("queue"), IsEmpty());
}

TEST_F(SearchIndexTest, FindsIncidentsThatCouldBeAlike) {
  IncidentDocuments alike = Incident("1", "CheckoutLatencyHigh");
  IncidentDocuments served = Incident("2", "something else");
  served.incident.add_services("checkout");
  Write({alike, served, Incident("3", "unrelated")});
  EXPECT_THAT(index_->Likely({"checkoutlatencyhigh", "\" OR unrelated"}, {}, 9),
              IsOkAndHolds(UnorderedElementsAre("1")));
  EXPECT_THAT(index_->Likely({"CheckoutLatencyHigh"}, {"checkout"}, 9),
              IsOkAndHolds(UnorderedElementsAre("1", "2")));
  EXPECT_THAT(index_->Likely({}, {}, 9), IsOkAndHolds(IsEmpty()));
}

// Goal: nothing that a caller writes is syntax to SQLite. Method: random
// strings of what is syntax there, among words; each is refused by the parser
// or answered by the index.
TEST_F(SearchIndexTest, AnswersAnyQueryThatTheParserTakes) {
  Write({Incident("1", "a b NEAR", "x AND y")});
  const std::vector<std::string> pieces = {
      "a",    "b",  "NEAR", "AND", "OR", "NOT",  "(",     ")",    "\"",
      "*",    "-",  "^",    ":",   "{",  "}",    "+",     " ",    "  ",
      "'",    ";",  "--",   "/*",  "\\", "%",    "title", "text", "\xc3\xa9",
      "\x01", "\n", ",",    "é*",  "…",  "日本", "🙂",  "0",    "3.2.1"};
  std::mt19937_64 random(support::Seed());
  int answered = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string query;
    for (uint64_t i = random() % 12; i > 0; --i) {
      query += random() % 20 == 0 ? std::string(1, '\0')
                                  : pieces[random() % pieces.size()];
    }
    const auto terms = ParseSearchTerms(query);
    if (!terms.ok()) {
      EXPECT_THAT(terms, StatusIs(absl::StatusCode::kInvalidArgument));
      continue;
    }
    SearchQuery asked;
    asked.terms = *terms;
    EXPECT_THAT(index_->Search(asked), IsOk())
        << "query \"" << query << "\" as " << terms->match;
    ++answered;
  }
  EXPECT_GT(answered, 500);
}

// Goal: an index that was changed many times answers as one that was made of
// the last state at once. Method: random changes of a few incidents, then every
// word is asked of both.
TEST_F(SearchIndexTest, AnswersAsOneThatIsMadeAnew) {
  const std::vector<std::string> words = {"queue", "pool",  "checkout-api",
                                          "db-3",  "retry", "CartErrorsHigh"};
  std::mt19937_64 random(support::Seed());
  const auto text = [&] {
    std::string result;
    for (uint64_t i = 1 + random() % 6; i > 0; --i) {
      absl::StrAppend(&result, words[random() % words.size()], " ");
    }
    return result;
  };
  std::map<std::string, IncidentDocuments> last;
  for (int round = 0; round < 200; ++round) {
    const std::string id = absl::StrCat("incident", random() % 8);
    IncidentDocuments one = Incident(id, text(), text());
    *one.incident.mutable_start_time() =
        FromMicros(static_cast<int64_t>(random() % 5) * kDay);
    if (random() % 4 == 0) one.documents.clear();
    for (uint64_t i = random() % 5; i > 0 && !one.documents.empty(); --i) {
      one.documents.push_back(
          Line(absl::StrCat(id, "line", i), text(), text()));
    }
    Write({one});
    last[id] = one;
  }
  std::vector<IncidentDocuments> all;
  for (const auto& [id, one] : last) all.push_back(one);
  auto anew = SearchIndex::Open(path_ + ".anew");
  SS_ASSERT_OK(anew);
  SS_ASSERT_OK((*anew)->Write(all, 1, true));
  std::vector<std::string> queries = words;
  queries.insert(queries.end(), {"", "queue -pool", "errors", "ch*",
                                 "\"pool db-3\"", "retry checkout"});
  for (const std::string& words_of_query : queries) {
    SearchQuery query;
    query.terms = *ParseSearchTerms(words_of_query);
    query.limit = 1000;
    std::vector<std::string> found[2];
    int which = 0;
    for (const SearchIndex* index : {index_.get(), anew->get()}) {
      const auto page = index->Search(query);
      SS_ASSERT_OK(page);
      for (const SearchHit& hit : page->items) {
        found[which].push_back(
            absl::StrCat(hit.place.score, " ", hit.place.start_micros, " ",
                         hit.place.incident_id, " ", hit.place.id, " ",
                         hit.snippet, " ", absl::StrJoin(hit.highlights, ",")));
      }
      ++which;
    }
    EXPECT_THAT(found[0], ElementsAreArray(found[1])) << words_of_query;
  }
  SearchIndex::Remove(path_ + ".anew");
}

}  // namespace
}  // namespace secondstory::storage
