// A file of rules for the language check: one language, in YAML.
//
//   format: 1         # of this file; kLanguageFileFormat
//   language: en      # BCP 47
//   name: English
//   words:            # lists to use in patterns, as {machine}
//     machine: [pod, 'nodes?', '{disk} array']
//     disk: [disk, volume]
//   rules:            # when two find the same place, the first has it
//   - id: omission    # lower case and hyphens
//     why: a sentence: why the words hinder learning
//     ask: a question to ask instead
//     find: ['failed to (check|tell)', ...]
//     unless: ['{machine} failed to', ...]  # may be left out
//
// A pattern is a regular expression of RE2, without regard to case, for whole
// words of one sentence as //review:prose gives it: one blank between words,
// plain apostrophes. Parentheses only group. What `find` finds counts unless it
// overlaps something that `unless` of the same rule finds; of several matches
// at one place the longest counts. A pattern may not match nothing.
#ifndef SECONDSTORY_REVIEW_LANGUAGE_FILE_H_
#define SECONDSTORY_REVIEW_LANGUAGE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace secondstory::review {

inline constexpr int kLanguageFileFormat = 1;

struct LanguageFile {
  struct Rule {
    std::string id;
    std::string why;
    std::string ask;
    // Patterns with the lists of words put in: regular expressions of RE2.
    std::vector<std::string> find;
    std::vector<std::string> unless;
  };
  std::string language;
  std::string name;
  std::vector<Rule> rules;
};

// Reads the file; `origin` names it in errors. INVALID_ARGUMENT: all that is
// wrong with it, one a line, as "en.yaml:12: rules[0].ask: is missing; ...".
absl::StatusOr<LanguageFile> ParseLanguageFile(absl::string_view yaml,
                                               absl::string_view origin);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_LANGUAGE_FILE_H_
