// The language check: phrases that close a question which a review wants open.
//
// "The engineer should have checked" describes a day that did not take place,
// and says nothing about the one that did. Each finding says why its words
// hinder learning and what to ask instead. It is advice: nothing here judges a
// text, or its author.
//
// What is found is data: review/language/en.yaml, in the format of
// //review:language_file. docs/language.md tells what is found and what is
// not, and how well.
#ifndef SECONDSTORY_REVIEW_LANGUAGE_H_
#define SECONDSTORY_REVIEW_LANGUAGE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace secondstory::review {

// What a finding has to say; lives as long as its Language.
struct LanguageRule {
  std::string id;   // "counterfactual"
  std::string why;  // a sentence: why such words hinder learning
  std::string ask;  // a question to ask instead
};

// The bytes from `begin` to `end` of a text, whole characters.
struct LanguageFinding {
  size_t begin;
  size_t end;
  const LanguageRule* rule;
};

// The rules of one language. Pure; any number of threads may use it at a time.
class Language {
 public:
  // Reads a file of rules; `origin` names it in errors. INVALID_ARGUMENT: all
  // that is wrong with it, by line. Cost: tens of milliseconds.
  static absl::StatusOr<Language> Parse(absl::string_view yaml,
                                        absl::string_view origin);

  Language(Language&&) noexcept;
  Language& operator=(Language&&) noexcept;
  ~Language();

  const std::string& language() const { return language_; }  // "en"
  const std::string& name() const { return name_; }          // "English"
  std::vector<const LanguageRule*> rules() const;

  // The findings in `text`, Markdown or plain, in the order of the text; no two
  // overlap. Bytes that are not UTF-8 are never part of one. Cost: linear; a
  // text of limits::kTextBytesMax takes a few milliseconds.
  std::vector<LanguageFinding> Check(absl::string_view text) const;

 private:
  struct CompiledRule;

  Language();

  std::string language_;
  std::string name_;
  std::vector<std::unique_ptr<CompiledRule>> rules_;
};

// English, which is built in.
const Language& English();

// A text with the name that its reader knows it by ("summary").
struct NamedText {
  std::string name;
  absl::string_view text;
};

struct NamedFinding {
  std::string name;
  LanguageFinding finding;
};

// The findings of several texts: in the order of the texts, and of each text.
std::vector<NamedFinding> CheckTexts(const Language& language,
                                     absl::Span<const NamedText> texts);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_LANGUAGE_H_
