// Goal: the check finds what a facilitator would point at, and little else.
// Method: testdata/language_corpus.tsv, whose header says what it holds. Units
//   are findings: one is right when a label of its rule overlaps it; a label is
//   found when a finding of its rule overlaps it. A second finding of a
//   labelled rule in one sentence is the same remark again and counts neither
//   way.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/language.h"

namespace secondstory::review {
namespace {

constexpr char kCorpus[] = "review/testdata/language_corpus.tsv";

struct Label {
  std::string rule;
  size_t begin;
  size_t end;
};

struct Sample {
  std::string id;
  std::string split;
  std::string kind;
  std::string text;
  std::vector<Label> labels;
};

// The label's fields, or none when they do not fit the sentence.
std::vector<Label> ParseLabels(const std::string& field,
                               const std::string& text) {
  std::vector<Label> labels;
  if (field == "innocent") return labels;
  for (const absl::string_view part : absl::StrSplit(field, "; ")) {
    const std::pair<std::string, std::string> label =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    const size_t begin = text.find(label.second);
    EXPECT_NE(begin, text.npos) << part << " is not in: " << text;
    labels.push_back({label.first, begin, begin + label.second.size()});
  }
  return labels;
}

const std::vector<Sample>& Corpus() {
  static const auto* const corpus = [] {
    auto* const samples = new std::vector<Sample>;
    std::ifstream file(kCorpus);
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      const std::vector<std::string> fields = absl::StrSplit(line, '\t');
      EXPECT_EQ(fields.size(), 5) << line;
      const std::string text =
          absl::StrReplaceAll(fields.at(4), {{"\\\\", "\\"}, {"\\n", "\n"}});
      samples->push_back({fields[0], fields[1], fields[2], text,
                          ParseLabels(fields.at(3), text)});
    }
    return samples;
  }();
  return *corpus;
}

bool Overlap(const Label& label, const LanguageFinding& finding) {
  return label.begin < finding.end && finding.begin < label.end;
}

struct Score {
  int labels = 0;
  int found = 0;     // labels
  int findings = 0;  // without repeated remarks
  int right = 0;     // findings
  int placed = 0;    // found labels of which most is underlined
  std::vector<std::string> misses;
  std::map<std::string, std::pair<int, int>> found_of_rule;

  double precision() const { return findings == 0 ? 1 : 1. * right / findings; }
  double recall() const { return labels == 0 ? 1 : 1. * found / labels; }
};

std::string Words(const Sample& sample, size_t begin, size_t end) {
  return sample.text.substr(begin, end - begin);
}

// The share of the label's bytes that the finding underlines.
double Coverage(const Label& label, const LanguageFinding& finding) {
  if (!Overlap(label, finding)) return 0;
  const size_t both =
      std::min(label.end, finding.end) - std::max(label.begin, finding.begin);
  return static_cast<double>(both) /
         static_cast<double>(label.end - label.begin);
}

void AddLabels(const Sample& sample,
               const std::vector<LanguageFinding>& findings, Score* score) {
  for (const Label& label : sample.labels) {
    bool found = false;
    double coverage = 0;
    for (const LanguageFinding& finding : findings) {
      if (finding.rule->id != label.rule || !Overlap(label, finding)) continue;
      found = true;
      coverage = std::max(coverage, Coverage(label, finding));
    }
    ++score->labels;
    score->found += found ? 1 : 0;
    score->placed += coverage > 0.5 ? 1 : 0;
    std::pair<int, int>& of_rule = score->found_of_rule[label.rule];
    of_rule.first += found ? 1 : 0;
    ++of_rule.second;
    if (coverage <= 0.5) {
      score->misses.push_back(absl::StrCat(
          sample.id,
          found ? ": found elsewhere: " : ": not found: ", label.rule, " \"",
          Words(sample, label.begin, label.end), "\" in: ", sample.text));
    }
  }
}

void AddFindings(const Sample& sample,
                 const std::vector<LanguageFinding>& findings, Score* score) {
  for (const LanguageFinding& finding : findings) {
    bool right = false;
    bool repeated = false;
    for (const Label& label : sample.labels) {
      if (label.rule != finding.rule->id) continue;
      repeated = true;
      right |= Overlap(label, finding);
    }
    if (repeated && !right) continue;
    ++score->findings;
    score->right += right ? 1 : 0;
    if (!right) {
      score->misses.push_back(absl::StrCat(
          sample.id, ": found for nothing: ", finding.rule->id, " \"",
          Words(sample, finding.begin, finding.end), "\" in: ", sample.text));
    }
  }
}

Score Measure(const std::string& split) {
  Score score;
  for (const Sample& sample : Corpus()) {
    if (sample.split != split) continue;
    const std::vector<LanguageFinding> findings = English().Check(sample.text);
    AddLabels(sample, findings, &score);
    AddFindings(sample, findings, &score);
  }
  return score;
}

// What of a split is right, and every miss.
std::string Report(const std::string& split, const Score& score) {
  std::string text = absl::StrCat(
      split, " part: precision ", score.precision(), " (", score.right, " of ",
      score.findings, " findings), recall ", score.recall(), " (", score.found,
      " of ", score.labels, " labels), ", score.placed,
      " of them with most of their words\n");
  for (const auto& [rule, found] : score.found_of_rule) {
    absl::StrAppend(&text, "  ", rule, ": ", found.first, " of ", found.second,
                    "\n");
  }
  return absl::StrCat(text, absl::StrJoin(score.misses, "\n"), "\n");
}

std::string HexSha256(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         hash.data());
  std::string hex;
  for (const unsigned char byte : hash) {
    absl::StrAppend(&hex, absl::Hex(byte, absl::kZeroPad2));
  }
  return hex;
}

TEST(LanguageCorpusTest, IsDividedByIdAlone) {
  std::set<std::string> ids;
  for (const Sample& sample : Corpus()) {
    EXPECT_TRUE(ids.insert(sample.id).second) << sample.id << " is there twice";
    EXPECT_EQ(sample.split, HexSha256(sample.id)[0] < '8' ? "tuning" : "test")
        << sample.id;
  }
}

TEST(LanguageCorpusTest, IsLargeAndHalfInnocent) {
  std::map<std::string, int> count;
  std::set<std::string> kinds;
  for (const Sample& sample : Corpus()) {
    ++count[sample.labels.empty() ? "innocent" : "hinders"];
    kinds.insert(sample.kind);
  }
  const int all = count["innocent"] + count["hinders"];
  EXPECT_GE(all, 700);
  EXPECT_GE(kinds.size(), 15);
  EXPECT_NEAR(count["innocent"], all / 2, all / 20);
}

TEST(LanguageCorpusTest, LabelsOnlyWithRulesThatExist) {
  std::set<std::string> rules;
  for (const LanguageRule* rule : English().rules()) rules.insert(rule->id);
  for (const Sample& sample : Corpus()) {
    for (const Label& label : sample.labels) {
      EXPECT_EQ(rules.count(label.rule), 1) << sample.id << " " << label.rule;
    }
  }
}

TEST(LanguageCorpusTest, DoesNotSlipOnTheTuningPart) {
  const Score score = Measure("tuning");
  std::cout << Report("tuning", score);
  EXPECT_GE(score.precision(), 0.98);
  EXPECT_GE(score.recall(), 0.95);
}

TEST(LanguageCorpusTest, HoldsItsPromiseOnTheTestPart) {
  const Score score = Measure("test");
  std::cout << Report("test", score);
  EXPECT_GE(score.precision(), 0.95);
  EXPECT_GE(score.recall(), 0.90);
  // Spans: what is underlined is what one would write anew.
  EXPECT_GE(score.placed, 0.95 * score.found);
}

}  // namespace
}  // namespace secondstory::review
