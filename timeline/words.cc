#include "timeline/words.h"

#include <algorithm>

#include "absl/container/fixed_array.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

// English function words, and the words of trouble and of work that are used of
// any subject.
constexpr absl::string_view kCommon[] = {
    "about",    "add",    "added",    "after",   "again",   "all",     "also",
    "and",      "any",    "are",      "because", "been",    "before",  "break",
    "breaking", "broke",  "broken",   "but",     "can",     "cause",   "caused",
    "causing",  "change", "com",      "commit",  "could",   "did",     "does",
    "due",      "error",  "fail",     "failed",  "failing", "failure", "fix",
    "for",      "from",   "get",      "had",     "has",     "have",    "http",
    "https",    "into",   "issue",    "its",     "may",     "more",    "need",
    "not",      "now",    "off",      "one",     "org",     "out",     "patch",
    "problem",  "revert", "reverted", "seem",    "set",     "should",  "some",
    "than",     "that",   "the",      "their",   "them",    "then",    "there",
    "these",    "they",   "this",     "those",   "too",     "until",   "use",
    "was",      "were",   "what",     "when",    "which",   "while",   "will",
    "with",     "work",   "working",  "would",   "www",     "yet",     "you",
};

bool IsCommon(Word word) {
  static const auto* const words = [] {
    auto* made = new absl::flat_hash_set<Word>;
    for (absl::string_view each : kCommon) made->insert(HashOf(each));
    return made;
  }();
  return words->contains(word);
}

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool IsCut(char before, char after) {
  return absl::ascii_islower(static_cast<unsigned char>(before)) &&
         absl::ascii_isupper(static_cast<unsigned char>(after));
}

bool IsNumber(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

using VisitWord = absl::FunctionRef<void(absl::string_view, Word)>;

void VisitRun(absl::string_view run, VisitWord visit) {
  constexpr size_t kUsual = 64;
  absl::FixedArray<char, kUsual> lower(run.size());
  std::transform(run.begin(), run.end(), lower.begin(), [](char c) {
    return absl::ascii_tolower(static_cast<unsigned char>(c));
  });
  absl::string_view word(lower.data(), lower.size());
  if (word.size() > 4 && word.back() == 's' && word[word.size() - 2] != 's') {
    word.remove_suffix(1);
  }
  if (word.size() < 3 || IsNumber(word)) return;
  const Word hash = HashOf(word);
  if (IsCommon(hash)) return;
  visit(word, hash);
  // "phab2001" is one of the machines called phab.
  if (!absl::ascii_isdigit(static_cast<unsigned char>(word.back()))) return;
  size_t letters = 0;
  while (absl::ascii_isalpha(static_cast<unsigned char>(word[letters]))) {
    ++letters;
  }
  if (letters < 3 || !IsNumber(word.substr(letters))) return;
  word = word.substr(0, letters);
  visit(word, HashOf(word));
}

}  // namespace

void AppendTraces(absl::string_view text, std::vector<Trace>* traces) {
  ForEachWord(text, [&](absl::string_view word) {
    AppendTracesOfStem(StemOf(word), traces);
  });
}

void AppendTracesOfStem(absl::string_view stem, std::vector<Trace>* traces) {
  constexpr size_t kLetters = 4;
  if (IsGeneric(stem)) return;
  // How a word begins says more.
  constexpr size_t kUsual = 64;
  absl::FixedArray<char, kUsual> letters(stem.size() + 1);
  letters[0] = '^';
  std::copy(stem.begin(), stem.end(), letters.begin() + 1);
  const absl::string_view marked(letters.data(), letters.size());
  size_t at = 0;
  do {
    const Word hash = HashOf(marked.substr(at, kLetters));
    traces->push_back(static_cast<Trace>(hash ^ (hash >> 32)));
  } while (++at + kLetters <= marked.size());
}

void ForEachWord(absl::string_view text, VisitWord visit) {
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool ends = i == text.size() || !IsWordByte(text[i]) ||
                      (i > start && IsCut(text[i - 1], text[i]));
    if (!ends) continue;
    if (i > start) VisitRun(text.substr(start, i - start), visit);
    start = i < text.size() && IsWordByte(text[i]) ? i : i + 1;
  }
}

void ForEachWord(absl::string_view text,
                 absl::FunctionRef<void(absl::string_view)> visit) {
  ForEachWord(text, [&](absl::string_view word, Word) { visit(word); });
}

std::vector<Word> WordsOf(std::initializer_list<absl::string_view> texts) {
  std::vector<Word> words;
  for (absl::string_view text : texts) {
    ForEachWord(text,
                [&](absl::string_view, Word word) { words.push_back(word); });
  }
  SortUnique(&words);
  words.shrink_to_fit();
  return words;
}

std::string FindWord(absl::string_view text, Word word) {
  std::string found;
  ForEachWord(text, [&](absl::string_view each, Word hash) {
    if (found.empty() && hash == word) found = std::string(each);
  });
  return found;
}

}  // namespace secondstory::timeline
