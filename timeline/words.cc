#include "timeline/words.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

bool IsCommon(absl::string_view word) {
  constexpr size_t kLongest = 8;
  static const auto* const words = new absl::flat_hash_set<absl::string_view>(
      std::begin(kCommon), std::end(kCommon));
  return word.size() <= kLongest && words->contains(word);
}

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool IsCut(char before, char after) {
  return absl::ascii_islower(static_cast<unsigned char>(before)) &&
         absl::ascii_isupper(static_cast<unsigned char>(after));
}

void VisitRun(absl::string_view run,
              absl::FunctionRef<void(absl::string_view)> visit) {
  std::string word = absl::AsciiStrToLower(run);
  if (word.size() > 4 && word.back() == 's' && word[word.size() - 2] != 's') {
    word.pop_back();
  }
  if (word.size() < 3) return;
  if (std::all_of(word.begin(), word.end(), absl::ascii_isdigit)) return;
  if (IsCommon(word)) return;
  visit(word);
  // "phab2001" is one of the machines called phab.
  size_t letters = 0;
  while (letters < word.size() &&
         absl::ascii_isalpha(static_cast<unsigned char>(word[letters]))) {
    ++letters;
  }
  if (letters < 3 || letters == word.size()) return;
  if (std::all_of(word.begin() + static_cast<std::ptrdiff_t>(letters),
                  word.end(), absl::ascii_isdigit)) {
    visit(absl::string_view(word).substr(0, letters));
  }
}

}  // namespace

Word HashOf(absl::string_view word) {
  Word hash = 14695981039346656037u;
  for (char c : word) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return hash;
}

void AppendTraces(absl::string_view text, std::vector<Trace>* traces) {
  ForEachWord(text, [&](absl::string_view word) {
    AppendTracesOfStem(StemOf(word), traces);
  });
}

void AppendTracesOfStem(absl::string_view stem, std::vector<Trace>* traces) {
  constexpr size_t kLetters = 4;
  if (IsGeneric(stem)) return;
  // How a word begins says more.
  const std::string marked = absl::StrCat("^", stem);
  size_t at = 0;
  do {
    const Word hash = HashOf(absl::string_view(marked).substr(at, kLetters));
    traces->push_back(static_cast<Trace>(hash ^ (hash >> 32)));
  } while (++at + kLetters <= marked.size());
}

void ForEachWord(absl::string_view text,
                 absl::FunctionRef<void(absl::string_view)> visit) {
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool ends = i == text.size() || !IsWordByte(text[i]) ||
                      (i > start && IsCut(text[i - 1], text[i]));
    if (!ends) continue;
    if (i > start) VisitRun(text.substr(start, i - start), visit);
    start = i < text.size() && IsWordByte(text[i]) ? i : i + 1;
  }
}

std::vector<Word> WordsOf(std::initializer_list<absl::string_view> texts) {
  std::vector<Word> words;
  for (absl::string_view text : texts) {
    ForEachWord(text,
                [&](absl::string_view word) { words.push_back(HashOf(word)); });
  }
  SortUnique(&words);
  return words;
}

std::string FindWord(absl::string_view text, Word word) {
  std::string found;
  ForEachWord(text, [&](absl::string_view each) {
    if (found.empty() && HashOf(each) == word) found = std::string(each);
  });
  return found;
}

}  // namespace secondstory::timeline
