#include "timeline/words.h"

#include <algorithm>

#include "absl/container/fixed_array.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

// English function words, and the words of trouble and of work that are used of
// any subject. What else has two letters is mostly a name: db, ci, vm.
constexpr absl::string_view kCommon[] = {
    "about",   "add",      "added",   "after",   "again",   "al",    "all",
    "also",    "am",       "an",      "and",     "any",     "are",   "as",
    "at",      "be",       "because", "been",    "before",  "break", "breaking",
    "broke",   "broken",   "but",     "by",      "can",     "cause", "caused",
    "causing", "change",   "co",      "com",     "commit",  "could", "de",
    "did",     "do",       "does",    "due",     "eg",      "en",    "error",
    "et",      "fail",     "failed",  "failing", "failure", "fix",   "for",
    "from",    "get",      "go",      "had",     "has",     "have",  "he",
    "hi",      "http",     "https",   "id",      "ie",      "if",    "in",
    "into",    "is",       "issue",   "it",      "its",     "ll",    "may",
    "me",      "more",     "my",      "nd",      "need",    "no",    "not",
    "now",     "of",       "off",     "oh",      "ok",      "on",    "one",
    "or",      "org",      "out",     "patch",   "problem", "rd",    "re",
    "revert",  "reverted", "seem",    "set",     "should",  "so",    "some",
    "st",      "th",       "than",    "that",    "the",     "their", "them",
    "then",    "there",    "these",   "they",    "this",    "those", "to",
    "too",     "until",    "up",      "us",      "use",     "ve",    "vs",
    "was",     "we",       "were",    "what",    "when",    "which", "while",
    "will",    "with",     "work",    "working", "would",   "www",   "yet",
    "you",
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

bool IsLetters(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isalpha);
}

// "jobs" and "VMs", but not "pass" or "dns".
bool IsPlural(absl::string_view run, absl::string_view word) {
  const size_t size = word.size();
  if (size < 3 || word[size - 1] != 's' || word[size - 2] == 's') return false;
  return size > 3 || (run[2] == 's' && absl::ascii_isupper(run[0]) &&
                      absl::ascii_isupper(run[1]));
}

// Shorter ones are counts and sizes, longer ones are ports, tickets and times.
constexpr size_t kDigitsMin = 4;

using VisitWord = absl::FunctionRef<void(absl::string_view, Word)>;

void VisitRun(absl::string_view run, VisitWord visit) {
  constexpr size_t kUsual = 64;
  absl::FixedArray<char, kUsual> lower(run.size());
  std::transform(run.begin(), run.end(), lower.begin(), [](char c) {
    return absl::ascii_tolower(static_cast<unsigned char>(c));
  });
  absl::string_view word(lower.data(), lower.size());
  if (word.size() < 2 || (word.size() == 2 && !IsLetters(word))) return;
  if (IsNumber(word) && word.size() < kDigitsMin) return;
  Word hash = HashOf(word);
  if (IsCommon(hash)) return;
  if (IsPlural(run, word)) {
    word.remove_suffix(1);
    hash = HashOf(word);
    if (IsCommon(hash)) return;
  }
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

// "3.17.1", "10.64.0.1".
void VisitDotted(absl::string_view text, VisitWord visit) {
  const auto is_digit = [&](size_t at) {
    return at < text.size() && absl::ascii_isdigit(text[at]);
  };
  size_t end = 0;
  for (size_t dot = text.find('.'); dot != absl::string_view::npos;
       dot = text.find('.', end)) {
    size_t begin = dot;
    end = dot + 1;
    if (dot == 0 || !is_digit(dot - 1) || !is_digit(end)) continue;
    while (begin > 0 && is_digit(begin - 1)) --begin;
    while (is_digit(end) ||
           (end < text.size() && text[end] == '.' && is_digit(end + 1))) {
      ++end;
    }
    const absl::string_view word = text.substr(begin, end - begin);
    visit(word, HashOf(word));
  }
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
  VisitDotted(text, visit);
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
