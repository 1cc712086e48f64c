// How long the language check takes for a text of limits::kTextBytesMax.
//   bazel run //review:language_benchmark
#include <string>

#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "benchmark/benchmark.h"
#include "review/english_rules.h"
#include "review/language.h"

namespace secondstory::review {
namespace {

std::string TextOf(absl::string_view sentences) {
  std::string text;
  while (text.size() + sentences.size() <= limits::kTextBytesMax) {
    text.append(sentences.data(), sentences.size());
  }
  return text;
}

void Check(benchmark::State& state, absl::string_view sentences) {
  const std::string text = TextOf(sentences);
  size_t findings = English().Check(text).size();
  for (auto _ : state) findings = English().Check(text).size();
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) *
                          state.iterations());
  state.counters["findings"] = static_cast<double>(findings);
}

// A report, with a finding in every fourth sentence.
BENCHMARK_CAPTURE(Check, report,
                  "At 14:02 the alert fired, and the on-call engineer opened "
                  "the dashboard. It was green, because its query averages "
                  "over a day. We should have tested the failover. The "
                  "replica was promoted at 14:20 and took over in 40 "
                  "seconds.\n\n");
BENCHMARK_CAPTURE(Check, only_findings, "We should have tested. ");
BENCHMARK_CAPTURE(Check, one_sentence, "the engineer, who ");
BENCHMARK_CAPTURE(Check, no_sentence, "`");

void Parse(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Language::Parse(EnglishRules(), "en.yaml").ok());
  }
}
BENCHMARK(Parse);

}  // namespace
}  // namespace secondstory::review
