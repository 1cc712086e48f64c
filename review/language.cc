#include "review/language.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "re2/re2.h"
#include "review/english_rules.h"
#include "review/language_file.h"
#include "review/prose.h"

namespace secondstory::review {
namespace {

// What may stand before and behind the words of a match: no letter, digit,
// apostrophe, hyphen or underscore. The Unicode classes of RE2 say it better,
// and make the automata a hundred times as large.
constexpr char kNoWord[] =
    R"([\x00-&(-,./:-@\[-^`{-\x{BF}\x{2000}-\x{206F}\x{3000}-\x{303F}])";

// One automaton for all patterns of a list: a sentence is read once for each
// rule, not once for each pattern. Memory is for its states, made as needed:
// with 8 MiB, diverse texts made them again and again, and took ten times as
// long.
constexpr int64_t kAutomatonBytesMax = 32 << 20;

struct Span {
  size_t begin;
  size_t end;
};

bool Overlap(const Span& a, const Span& b) {
  return a.begin < b.end && b.begin < a.end;
}

absl::StatusOr<std::unique_ptr<RE2>> Compile(
    const std::vector<std::string>& patterns) {
  RE2::Options options(RE2::Quiet);
  options.set_case_sensitive(false);
  options.set_longest_match(true);
  options.set_never_capture(true);
  options.set_max_mem(kAutomatonBytesMax);
  auto compiled = std::make_unique<RE2>(
      absl::StrCat("(?:^|", kNoWord, ")(?:", absl::StrJoin(patterns, "|"),
                   ")(?:$|", kNoWord, ")"),
      options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(compiled->error());
  }
  return compiled;
}

// Takes from `span` what Compile() put around the words.
Span WithoutEdges(const std::string& text, Span span) {
  static const RE2* const edge = new RE2(kNoWord);
  const re2::StringPiece all(text);
  re2::StringPiece found;
  if (edge->Match(all, span.begin, span.end, RE2::ANCHOR_START, &found, 1)) {
    span.begin += found.size();
  }
  size_t last = span.end - 1;
  while (last > span.begin && (text[last] & 0xC0) == 0x80) --last;
  if (edge->Match(all, last, span.end, RE2::ANCHOR_START, &found, 1)) {
    span.end = last;
  }
  return span;
}

std::vector<Span> FindAll(const RE2& pattern, const std::string& text) {
  std::vector<Span> spans;
  const re2::StringPiece all(text);
  re2::StringPiece found;
  for (size_t at = 0;
       pattern.Match(all, at, all.size(), RE2::UNANCHORED, &found, 1);) {
    const auto begin = static_cast<size_t>(found.data() - all.data());
    const Span span = WithoutEdges(text, {begin, begin + found.size()});
    spans.push_back(span);
    at = span.end;  // what follows the words may begin the next ones
  }
  return spans;
}

}  // namespace

struct Language::CompiledRule {
  LanguageRule rule;
  std::unique_ptr<RE2> find;
  std::unique_ptr<RE2> unless;  // may be null
};

Language::Language() = default;
Language::Language(Language&&) noexcept = default;
Language& Language::operator=(Language&&) noexcept = default;
Language::~Language() = default;

absl::StatusOr<Language> Language::Parse(absl::string_view yaml,
                                         absl::string_view origin) {
  SS_ASSIGN_OR_RETURN(LanguageFile file, ParseLanguageFile(yaml, origin));
  Language language;
  language.language_ = std::move(file.language);
  language.name_ = std::move(file.name);
  for (LanguageFile::Rule& rule : file.rules) {
    auto compiled = std::make_unique<CompiledRule>();
    SS_ASSIGN_OR_RETURN(compiled->find, Compile(rule.find));
    if (!rule.unless.empty()) {
      SS_ASSIGN_OR_RETURN(compiled->unless, Compile(rule.unless));
    }
    compiled->rule = {std::move(rule.id), std::move(rule.why),
                      std::move(rule.ask)};
    language.rules_.push_back(std::move(compiled));
  }
  return language;
}

std::vector<const LanguageRule*> Language::rules() const {
  std::vector<const LanguageRule*> rules;
  for (const auto& rule : rules_) rules.push_back(&rule->rule);
  return rules;
}

std::vector<LanguageFinding> Language::Check(absl::string_view text) const {
  std::vector<LanguageFinding> findings;
  for (const Sentence& sentence : SentencesOf(text)) {
    std::vector<std::pair<Span, const LanguageRule*>> found;
    for (const auto& rule : rules_) {
      const std::vector<Span> spans = FindAll(*rule->find, sentence.text);
      if (spans.empty()) continue;
      std::vector<Span> innocent;
      if (rule->unless) innocent = FindAll(*rule->unless, sentence.text);
      for (const Span& span : spans) {
        if (std::none_of(
                innocent.begin(), innocent.end(),
                [&span](const Span& other) { return Overlap(span, other); })) {
          found.emplace_back(span, &rule->rule);
        }
      }
    }
    // The first, then the longest, then the first rule of the file.
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) {
                       return std::make_pair(a.first.begin, b.first.end) <
                              std::make_pair(b.first.begin, a.first.end);
                     });
    size_t end = 0;
    for (const auto& [span, rule] : found) {
      if (span.begin < end) continue;
      end = span.end;
      findings.push_back(
          {sentence.begin[span.begin], sentence.end[span.end - 1], rule});
    }
  }
  return findings;
}

const Language& English() {
  static const Language* const english = [] {
    absl::StatusOr<Language> parsed =
        Language::Parse(EnglishRules(), "review/language/en.yaml");
    // A test reads the same bytes: they are part of this program.
    return new Language(*std::move(parsed));
  }();
  return *english;
}

std::vector<NamedFinding> CheckTexts(const Language& language,
                                     absl::Span<const NamedText> texts) {
  std::vector<NamedFinding> findings;
  for (const NamedText& text : texts) {
    for (const LanguageFinding& finding : language.Check(text.text)) {
      findings.push_back({text.name, finding});
    }
  }
  return findings;
}

}  // namespace secondstory::review
