#include "storage/search/name_tokenizer.h"

#include <sqlite3.h>

#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace secondstory::storage {
namespace {

bool IsUpper(char c) {
  return absl::ascii_isupper(static_cast<unsigned char>(c));
}
bool IsLower(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c));
}

// SQLite's own tokenizer, which ours asks.
struct Unicode61 {
  fts5_tokenizer methods{};
  void* context = nullptr;
};

// What SQLite knows as a tokenizer of ours.
struct NameTokenizer {
  Unicode61 inner;
  Fts5Tokenizer* tokenizer = nullptr;
};

NameTokenizer* Ours(Fts5Tokenizer* tokenizer) {
  return reinterpret_cast<NameTokenizer*>(tokenizer);
}

using OnToken = int (*)(void*, int, const char*, int, int, int);

// One text on its way through.
struct Pass {
  const char* text;
  void* context;
  OnToken on_token;
};

// A word, and at the same place its parts: a phrase goes on behind the word,
// and what is marked as found is the word.
int PassOn(void* pass_context, int flags, const char* token, int token_size,
           int start, int end) {
  const Pass& pass = *static_cast<const Pass*>(pass_context);
  int code = pass.on_token(pass.context, flags, token, token_size, start, end);
  const absl::string_view word(pass.text + start,
                               static_cast<size_t>(end - start));
  for (const absl::string_view part : PartsOfName(word)) {
    if (code != SQLITE_OK) break;
    const std::string lower = absl::AsciiStrToLower(part);
    code = pass.on_token(pass.context, FTS5_TOKEN_COLOCATED, lower.data(),
                         static_cast<int>(lower.size()), start, end);
  }
  return code;
}

int Create(void* context, const char** arguments, int count,
           Fts5Tokenizer** result) {
  auto tokenizer = std::make_unique<NameTokenizer>();
  tokenizer->inner = *static_cast<const Unicode61*>(context);
  const int code = tokenizer->inner.methods.xCreate(
      tokenizer->inner.context, arguments, count, &tokenizer->tokenizer);
  if (code != SQLITE_OK) return code;
  *result = reinterpret_cast<Fts5Tokenizer*>(tokenizer.release());
  return SQLITE_OK;
}

void Delete(Fts5Tokenizer* tokenizer) {
  const std::unique_ptr<NameTokenizer> ours(Ours(tokenizer));
  ours->inner.methods.xDelete(ours->tokenizer);
}

int Tokenize(Fts5Tokenizer* tokenizer, void* context, int flags,
             const char* text, int size, OnToken on_token) {
  NameTokenizer* const ours = Ours(tokenizer);
  // A query says the whole name, or a part, and finds both as they are.
  if ((flags & FTS5_TOKENIZE_QUERY) != 0) {
    return ours->inner.methods.xTokenize(ours->tokenizer, context, flags, text,
                                         size, on_token);
  }
  Pass pass{text, context, on_token};
  return ours->inner.methods.xTokenize(ours->tokenizer, &pass, flags, text,
                                       size, PassOn);
}

// The way that SQLite documents for getting at the interface of FTS5.
fts5_api* FindFts5(sqlite3* database) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, "SELECT fts5(?1)", -1, &statement,
                         nullptr) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  return api;
}

}  // namespace

std::vector<absl::string_view> PartsOfName(absl::string_view word) {
  std::vector<absl::string_view> parts;
  size_t start = 0;
  for (size_t i = 1; i < word.size(); ++i) {
    const bool begins =
        IsUpper(word[i]) && (!IsUpper(word[i - 1]) ||
                             (i + 1 < word.size() && IsLower(word[i + 1])));
    if (!begins) continue;
    parts.push_back(word.substr(start, i - start));
    start = i;
  }
  if (start == 0) return {};
  parts.push_back(word.substr(start));
  // Other letters have a case of their own, which only unicode61 knows.
  for (const char c : word) {
    if (!absl::ascii_isascii(static_cast<unsigned char>(c))) return {};
  }
  return parts;
}

absl::Status AddNameTokenizer(sqlite3* database) {
  fts5_api* const api = FindFts5(database);
  if (api == nullptr) {
    return absl::UnavailableError("this SQLite was built without FTS5");
  }
  auto inner = std::make_unique<Unicode61>();
  int code =
      api->xFindTokenizer(api, "unicode61", &inner->context, &inner->methods);
  if (code == SQLITE_OK) {
    fts5_tokenizer ours{Create, Delete, Tokenize};
    code = api->xCreateTokenizer(
        api, "names", inner.get(), &ours,
        [](void* context) { delete static_cast<Unicode61*>(context); });
    if (code == SQLITE_OK) inner.release();
  }
  return code == SQLITE_OK
             ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat(
                   "SQLite takes no tokenizer: ", sqlite3_errstr(code)));
}

}  // namespace secondstory::storage
