#include "storage/search/search_index.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "storage/search/name_tokenizer.h"

namespace secondstory::storage {
namespace {

// Rises with every change of the schema, of DocumentsOf or of the tokenizer: a
// file of another version is made again.
constexpr int kIndexVersion = 1;

// Ids are hex digits, as text.
constexpr char kSchema[] = R"sql(
  CREATE TABLE state (through INTEGER NOT NULL, complete INTEGER NOT NULL);
  INSERT INTO state VALUES (0, 0);
  CREATE TABLE incident (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    severity INTEGER NOT NULL,
    start_micros INTEGER NOT NULL
  );
  CREATE TABLE label (      -- what incidents are filtered by
    kind INTEGER NOT NULL,  -- 0 a service, 1 a tag
    value TEXT NOT NULL,
    incident INTEGER NOT NULL,
    PRIMARY KEY (kind, value, incident)
  ) WITHOUT ROWID;
  CREATE INDEX label_by_incident ON label (incident);
  CREATE TABLE document (
    number INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,
    kind INTEGER NOT NULL,  -- SearchKind
    id TEXT NOT NULL,
    digest BLOB NOT NULL,   -- of title and body
    UNIQUE (incident, kind, id)
  );
  CREATE VIRTUAL TABLE text USING fts5 (title, body, tokenize = 'names');
)sql";

enum LabelKind : int64_t { kService = 0, kTag = 1 };

// A title of a few words says more than a body of many.
constexpr char kScore[] = "CAST(round(-1e9 * bm25(text, 4.0, 1.0)) AS INTEGER)";

// Around what was found; no document holds them, see Document.
constexpr char kMarkStart = '\x01';
constexpr char kMarkEnd = '\x02';
constexpr size_t kSnippetBytesMax = 1024;
constexpr size_t kHeadBytes = 160;

// Cut at the beginning of a character.
std::string CutAt(std::string text, size_t size_max) {
  if (text.size() <= size_max) return text;
  size_t size = size_max;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  text.resize(size);
  return text + "…";
}

void ReadMarks(absl::string_view marked, SearchHit* hit) {
  for (const char c : marked) {
    if (c == kMarkStart || c == kMarkEnd) {
      hit->highlights.push_back(static_cast<uint32_t>(hit->snippet.size()));
    } else {
      hit->snippet.push_back(c);
    }
  }
  // A word without an end, which nobody can read anyway.
  if (hit->snippet.size() > kSnippetBytesMax) {
    hit->snippet = CutAt(hit->snippet, kSnippetBytesMax);
    hit->highlights.clear();
  }
}

std::string Digest(const Document& document) {
  return std::string(
      absl::string_view(StableId({document.title, document.body})));
}

// A statement that is put together with its values.
class Sql {
 public:
  explicit Sql(std::string text) : text_(std::move(text)) {}

  Sql& Add(absl::string_view text) {
    text_.append(text.data(), text.size());
    return *this;
  }
  Sql& Add(absl::string_view text, int64_t value) {
    numbers_.emplace_back(count_++, value);
    return Add(text);
  }
  Sql& Add(absl::string_view text, const std::string& value) {
    texts_.emplace_back(count_++, value);
    return Add(text);
  }
  // "text (?, ?, ?)".
  template <typename Range>
  Sql& AddIn(absl::string_view text, const Range& values) {
    Add(text).Add(" IN (");
    bool first = true;
    for (const auto& value : values) {
      Add(first ? "?" : ", ?", value);
      first = false;
    }
    return Add(")");
  }

  // The values live in this object, which must outlive the runs.
  absl::StatusOr<SqliteStatement> Prepare(SqliteDatabase* database) const {
    SS_ASSIGN_OR_RETURN(SqliteStatement statement,
                        database->Prepare(text_.c_str()));
    for (const auto& [index, value] : numbers_) statement.Bind(index, value);
    for (const auto& [index, value] : texts_) statement.BindText(index, value);
    return statement;
  }

 private:
  std::string text_;
  int count_ = 0;
  std::vector<std::pair<int, int64_t>> numbers_;
  std::vector<std::pair<int, std::string>> texts_;
};

void AddFilters(const SearchQuery& query, Sql* sql) {
  if (!query.terms.exclude.empty()) {
    sql->Add(
        " AND document.number NOT IN"
        " (SELECT rowid FROM text WHERE text MATCH ?)",
        query.terms.exclude);
  }
  if (!query.kinds.empty()) {
    sql->AddIn(" AND document.kind",
               std::vector<int64_t>(query.kinds.begin(), query.kinds.end()));
  }
  for (const auto& [kind, values] :
       {std::pair(kService, &query.services), std::pair(kTag, &query.tags)}) {
    if (values->empty()) continue;
    sql->Add(
        " AND incident.number IN"
        " (SELECT incident FROM label WHERE kind = ?",
        int64_t{kind});
    sql->AddIn(" AND value", *values).Add(")");
  }
  if (query.severity_at_most > 0) {
    sql->Add(" AND severity BETWEEN 1 AND ?", int64_t{query.severity_at_most});
  }
  if (query.start.start_micros > 0) {
    sql->Add(" AND start_micros >= ?", query.start.start_micros);
  }
  if (query.start.end_micros < TimeRange().end_micros) {
    sql->Add(" AND start_micros < ?", query.start.end_micros);
  }
}

// The joins are written in the order in which they are to be made: the engine
// has to be asked first, because only there does it score.
Sql PageSql(const SearchQuery& query) {
  const bool by_words = !query.terms.match.empty();
  Sql sql(absl::StrCat(
      "WITH found AS MATERIALIZED (SELECT document.number AS number,"
      " document.kind AS kind, document.id AS id, incident.id AS incident_id,"
      " incident.title AS title, start_micros, ",
      by_words ? kScore : "0", " AS score FROM ",
      by_words ? "text CROSS JOIN document ON document.number = text.rowid"
                 " CROSS JOIN incident ON incident.number = document.incident"
               : "incident CROSS JOIN document"
                 " ON document.incident = incident.number",
      " WHERE 1"));
  if (by_words) sql.Add(" AND text MATCH ?", query.terms.match);
  AddFilters(query, &sql);
  sql.Add(
      ") SELECT number, kind, id, incident_id, title, start_micros, score"
      " FROM found");
  if (query.after.has_value()) {
    sql.Add(" WHERE (-score, -start_micros, incident_id, kind, id) > (?",
            -query.after->score)
        .Add(", ?", -query.after->start_micros)
        .Add(", ?", query.after->incident_id)
        .Add(", ?", int64_t{query.after->kind})
        .Add(", ?)", query.after->id);
  }
  sql.Add(
      " ORDER BY score DESC, start_micros DESC, incident_id, kind, id LIMIT ?",
      static_cast<int64_t>(query.limit) + 1);
  return sql;
}

// The text around what was found; without terms, the beginning.
absl::Status AddSnippets(const SearchQuery& query,
                         const std::vector<int64_t>& numbers,
                         SqliteDatabase* database,
                         std::vector<SearchHit>* hits) {
  const bool by_words = !query.terms.match.empty();
  SS_ASSIGN_OR_RETURN(
      SqliteStatement read,
      database->Prepare(
          by_words ? "SELECT snippet(text, -1, char(1), char(2), '…', 24)"
                     " FROM text WHERE rowid = ? AND text MATCH ?"
                   : "SELECT title, body FROM text WHERE rowid = ?"));
  for (size_t i = 0; i < hits->size(); ++i) {
    SearchHit& hit = (*hits)[i];
    read.Bind(0, numbers[i]);
    if (by_words) read.BindText(1, query.terms.match);
    SS_RETURN_IF_ERROR(read.Run([&] {
      if (by_words) {
        ReadMarks(read.Bytes(0), &hit);
      } else {
        // An incident's title is beside the snippet already.
        const bool title =
            hit.place.kind != v1::SEARCH_KIND_INCIDENT || read.Bytes(1).empty();
        hit.snippet = CutAt(read.Bytes(title ? 0 : 1), kHeadBytes);
      }
      return false;
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadNumber(SqliteDatabase* database, const char* sql) {
  SS_ASSIGN_OR_RETURN(SqliteStatement read, database->Prepare(sql));
  int64_t number = 0;
  SS_RETURN_IF_ERROR(read.Run([&] {
    number = read.Int64(0);
    return false;
  }));
  return number;
}

}  // namespace

class SearchIndex::Reader {
 public:
  explicit Reader(const SearchIndex* index) : index_(index) {}
  // A connection that failed may have seen a page that is wrong; it goes.
  ~Reader() {
    if (database_ == nullptr || !database_->Execute("COMMIT").ok()) return;
    absl::MutexLock lock(&index_->mutex_);
    index_->readers_.push_back(std::move(database_));
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Everything that is read afterwards is of one moment.
  absl::StatusOr<SqliteDatabase*> Begin() {
    {
      absl::MutexLock lock(&index_->mutex_);
      if (!index_->readers_.empty()) {
        database_ = std::move(index_->readers_.back());
        index_->readers_.pop_back();
      }
    }
    if (database_ == nullptr) {
      SS_ASSIGN_OR_RETURN(database_,
                          SqliteDatabase::OpenReader(index_->options_));
    }
    SS_RETURN_IF_ERROR(database_->Execute("BEGIN"));
    return database_.get();
  }

 private:
  const SearchIndex* const index_;
  std::unique_ptr<SqliteDatabase> database_;
};

absl::StatusOr<std::unique_ptr<SearchIndex>> SearchIndex::Open(
    const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.format_version = kIndexVersion;
  options.schema = kSchema;
  options.derived = true;
  options.extend = AddNameTokenizer;
  SS_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> writer,
                      SqliteDatabase::Open(options));
  auto index = std::unique_ptr<SearchIndex>(
      new SearchIndex(std::move(options), std::move(writer)));
  // Looks at more than the header.
  SS_RETURN_IF_ERROR(index->Through().status());
  SS_RETURN_IF_ERROR(index->DocumentCount().status());
  return index;
}

void SearchIndex::Remove(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm"}) {
    std::error_code error;  // what is not there need not go
    std::filesystem::remove(path + end, error);
  }
}

absl::Status SearchIndex::Write(absl::Span<const IncidentDocuments> incidents,
                                Position through, bool complete) {
  return writer_->Transact([&]() -> absl::Status {
    for (const IncidentDocuments& one : incidents) {
      SS_RETURN_IF_ERROR(Replace(one));
    }
    SS_ASSIGN_OR_RETURN(
        SqliteStatement move,
        writer_->Prepare("UPDATE state SET through = ?, complete = ?"));
    return move.Bind(0, static_cast<int64_t>(through))
        .Bind(1, int64_t{complete})
        .Run();
  });
}

absl::Status SearchIndex::Replace(const IncidentDocuments& one) {
  const v1::Incident& incident = one.incident;
  const std::string& id = incident.incident_id();
  SS_ASSIGN_OR_RETURN(
      SqliteStatement put,
      writer_->Prepare(
          "INSERT INTO incident (id, title, severity, start_micros)"
          " VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
          " title = excluded.title, severity = excluded.severity,"
          " start_micros = excluded.start_micros"));
  SS_RETURN_IF_ERROR(put.BindText(0, id)
                         .BindText(1, incident.title())
                         .Bind(2, int64_t{incident.severity()})
                         .Bind(3, ToMicros(incident.start_time()))
                         .Run());
  SS_ASSIGN_OR_RETURN(
      SqliteStatement find,
      writer_->Prepare("SELECT number FROM incident WHERE id = ?"));
  int64_t number = 0;
  SS_RETURN_IF_ERROR(find.BindText(0, id).Run([&] {
    number = find.Int64(0);
    return false;
  }));
  SS_ASSIGN_OR_RETURN(SqliteStatement clear,
                      writer_->Prepare("DELETE FROM label WHERE incident = ?"));
  SS_RETURN_IF_ERROR(clear.Bind(0, number).Run());
  SS_RETURN_IF_ERROR(ReplaceDocuments(number, one.documents));
  if (one.documents.empty()) {
    SS_ASSIGN_OR_RETURN(
        SqliteStatement remove,
        writer_->Prepare("DELETE FROM incident WHERE number = ?"));
    return remove.Bind(0, number).Run();
  }
  SS_ASSIGN_OR_RETURN(
      SqliteStatement label,
      writer_->Prepare("INSERT OR IGNORE INTO label VALUES (?, ?, ?)"));
  for (const auto& [kind, values] : {std::pair(kService, &incident.services()),
                                     std::pair(kTag, &incident.tags())}) {
    for (const std::string& value : *values) {
      SS_RETURN_IF_ERROR(label.Bind(0, int64_t{kind})
                             .BindText(1, value)
                             .Bind(2, number)
                             .Run());
    }
  }
  return absl::OkStatus();
}

// Writes only what differs: a line that is added to a long timeline costs a
// line.
absl::Status SearchIndex::ReplaceDocuments(
    int64_t incident, const std::vector<Document>& documents) {
  SS_ASSIGN_OR_RETURN(
      SqliteStatement list,
      writer_->Prepare("SELECT number, kind, id, digest FROM document"
                       " WHERE incident = ?"));
  std::map<std::pair<int64_t, std::string>, std::pair<int64_t, std::string>>
      stored;
  SS_RETURN_IF_ERROR(list.Bind(0, incident).Run([&] {
    stored[{list.Int64(1), list.Bytes(2)}] = {list.Int64(0), list.Bytes(3)};
    return true;
  }));
  std::vector<std::pair<const Document*, std::string>> added;
  for (const Document& document : documents) {
    std::string digest = Digest(document);
    const auto it = stored.find({document.kind, document.id});
    if (it != stored.end() && it->second.second == digest) {
      stored.erase(it);
    } else {
      added.emplace_back(&document, std::move(digest));
    }
  }
  SS_ASSIGN_OR_RETURN(
      SqliteStatement remove,
      writer_->Prepare("DELETE FROM document WHERE number = ?"));
  SS_ASSIGN_OR_RETURN(SqliteStatement remove_text,
                      writer_->Prepare("DELETE FROM text WHERE rowid = ?"));
  for (const auto& [place, number_and_digest] : stored) {
    SS_RETURN_IF_ERROR(remove.Bind(0, number_and_digest.first).Run());
    SS_RETURN_IF_ERROR(remove_text.Bind(0, number_and_digest.first).Run());
  }
  SS_ASSIGN_OR_RETURN(
      SqliteStatement add,
      writer_->Prepare("INSERT INTO document (incident, kind, id, digest)"
                       " VALUES (?, ?, ?, ?)"));
  SS_ASSIGN_OR_RETURN(SqliteStatement add_text,
                      writer_->Prepare("INSERT INTO text (rowid, title, body)"
                                       " VALUES (last_insert_rowid(), ?, ?)"));
  for (const auto& [document, digest] : added) {
    SS_RETURN_IF_ERROR(add.Bind(0, incident)
                           .Bind(1, int64_t{document->kind})
                           .BindText(2, document->id)
                           .Bind(3, digest)
                           .Run());
    SS_RETURN_IF_ERROR(add_text.BindText(0, document->title)
                           .BindText(1, document->body)
                           .Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::pair<Position, bool>> SearchIndex::Through() const {
  SS_ASSIGN_OR_RETURN(const int64_t through,
                      ReadNumber(writer_.get(), "SELECT through FROM state"));
  SS_ASSIGN_OR_RETURN(const int64_t complete,
                      ReadNumber(writer_.get(), "SELECT complete FROM state"));
  return std::pair(static_cast<Position>(through), complete != 0);
}

absl::StatusOr<int64_t> SearchIndex::DocumentCount() const {
  return ReadNumber(writer_.get(), "SELECT count(*) FROM document");
}

absl::StatusOr<Page<SearchHit>> SearchIndex::Search(
    const SearchQuery& query) const {
  Reader reader(this);
  SS_ASSIGN_OR_RETURN(SqliteDatabase* const database, reader.Begin());
  const Sql sql = PageSql(query);
  SS_ASSIGN_OR_RETURN(SqliteStatement read, sql.Prepare(database));
  Page<SearchHit> page;
  std::vector<int64_t> numbers;
  SS_RETURN_IF_ERROR(read.Run([&] {
    if (page.items.size() == query.limit) {
      page.more = true;
      return false;
    }
    SearchHit hit;
    numbers.push_back(read.Int64(0));
    hit.place.kind = static_cast<int>(read.Int64(1));
    hit.place.id = read.Bytes(2);
    hit.place.incident_id = read.Bytes(3);
    hit.incident_title = read.Bytes(4);
    hit.place.start_micros = read.Int64(5);
    hit.place.score = read.Int64(6);
    page.items.push_back(std::move(hit));
    return true;
  }));
  SS_RETURN_IF_ERROR(AddSnippets(query, numbers, database, &page.items));
  return page;
}

absl::StatusOr<std::vector<std::string>> SearchIndex::Likely(
    absl::Span<const std::string> words, absl::Span<const std::string> services,
    size_t limit) const {
  Reader reader(this);
  SS_ASSIGN_OR_RETURN(SqliteDatabase* const database, reader.Begin());
  std::vector<std::string> ids;
  const auto run = [&](const Sql& sql) -> absl::Status {
    SS_ASSIGN_OR_RETURN(SqliteStatement read, sql.Prepare(database));
    return read.Run([&] {
      std::string id = read.Bytes(0);
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
        ids.push_back(std::move(id));
      }
      return ids.size() < limit;
    });
  };
  const std::string match = MatchAnyOf(words);
  if (!match.empty()) {
    Sql sql(absl::StrCat("WITH found AS MATERIALIZED (SELECT incident, ",
                         kScore,
                         " AS score FROM text CROSS JOIN document"
                         " ON document.number = text.rowid"));
    sql.Add(" WHERE text MATCH ?", match)
        .Add(
            ") SELECT id FROM found JOIN incident ON number = incident"
            " GROUP BY incident ORDER BY max(score) DESC, id LIMIT ?",
            static_cast<int64_t>(services.empty() ? limit : limit / 2));
    SS_RETURN_IF_ERROR(run(sql));
  }
  if (!services.empty() && ids.size() < limit) {
    Sql sql(
        "SELECT DISTINCT incident.id FROM label JOIN incident"
        " ON number = incident WHERE kind = 0");
    sql.AddIn(" AND value", services)
        .Add(" ORDER BY start_micros DESC, id LIMIT ?",
             static_cast<int64_t>(limit));
    SS_RETURN_IF_ERROR(run(sql));
  }
  return ids;
}

}  // namespace secondstory::storage
