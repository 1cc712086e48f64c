#include "timeline/known_event.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "timeline/affinity.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

// FNV-1a over length-prefixed parts, the same on every machine.
class Fingerprint {
 public:
  void Add(absl::string_view part) {
    const std::string size = absl::StrCat(part.size(), ":");
    Mix(size);
    Mix(part);
  }
  uint64_t value() const { return value_; }

 private:
  void Mix(absl::string_view bytes) {
    for (char c : bytes) {
      value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
  }
  uint64_t value_ = 14695981039346656037u;
};

uint64_t OccurrenceOf(const Event& event) {
  Fingerprint print;
  print.Add(event.source);
  print.Add(event.service);
  print.Add(AlertName(event));
  for (const auto& [key, value] : event.labels) {
    print.Add(key);
    print.Add(value);
  }
  return print.value();
}

uint64_t SignatureOf(const Event& event) {
  Fingerprint print;
  print.Add(event.service);
  print.Add(AlertName(event));
  return print.value();
}

std::vector<Word> NameWordsOf(const Event& event) {
  std::vector<Word> words;
  ForEachName(event, [&](absl::string_view name) {
    ForEachWord(name,
                [&](absl::string_view word) { words.push_back(HashOf(word)); });
  });
  SortUnique(&words);
  return words;
}

// How many reverts of reverts a title says that it is: `Revert "Revert "x""`
// brings x back.
bool RevertsOddly(absl::string_view title) {
  bool is_odd = false;
  while (absl::StartsWithIgnoreCase(title, "revert ")) {
    is_odd = !is_odd;
    title.remove_prefix(7);
    title = absl::StripPrefix(absl::StripLeadingAsciiWhitespace(title), "\"");
  }
  return is_odd;
}

bool IsUndo(const Event& event) {
  if (event.kind == EventKind::kChangeRolledBack) return true;
  return absl::StartsWithIgnoreCase(event.title, "revert ")
             ? RevertsOddly(event.title)
             : !FindLabel(event, "reverts").empty();
}

bool IsHarmlessPath(absl::string_view path) {
  return absl::EndsWith(path, ".md") || absl::EndsWith(path, ".rst") ||
         absl::StartsWith(path, "docs/") || absl::StrContains(path, "/docs/") ||
         absl::StartsWith(path, "test") || absl::StrContains(path, "/test") ||
         absl::StrContains(path, "/spec/");
}

bool IsHarmless(const Event& event) {
  const std::vector<std::string>& paths = event.change.paths;
  return !paths.empty() &&
         std::all_of(paths.begin(), paths.end(), IsHarmlessPath);
}

ChangeProfile ProfileOf(const Event& event) {
  ChangeProfile profile;
  const auto add = [&](absl::string_view text, bool with_traces) {
    ForEachWord(text, [&](absl::string_view word) {
      const std::string stem = StemOf(word);
      profile.words.push_back(HashOf(word));
      profile.subjects |= SubjectsOf(stem);
      if (with_traces) AppendTracesOfStem(stem, &profile.traces);
    });
  };
  add(event.title, true);
  ForEachName(event, [&](absl::string_view name) { add(name, true); });
  add(event.description, false);
  SortUnique(&profile.words);
  SortUnique(&profile.traces);
  profile.words.shrink_to_fit();
  profile.traces.shrink_to_fit();
  profile.works = WorksOf(event.title);
  profile.is_undo = IsUndo(event);
  profile.is_harmless = IsHarmless(event);
  return profile;
}

}  // namespace

KnownEvent::KnownEvent(Event e) : event(std::move(e)) {
  if (IsChange(event.kind)) {
    profile = ProfileOf(event);
  } else {
    occurrence = OccurrenceOf(event);
    signature = SignatureOf(event);
    words = WordsOf(
        {event.title, FindLabel(event, "alertname"), event.description});
    name_words = NameWordsOf(event);
  }
  if (IsSymptom(event.kind)) {
    pattern = PatternOf(event.service, DisplayTitle(event));
  }
  event.description.clear();
  event.description.shrink_to_fit();
}

void ForEachName(const Event& event,
                 absl::FunctionRef<void(absl::string_view)> visit) {
  // A change of a thousand files is about none of them.
  constexpr size_t kPathCountMax = 64;
  visit(event.service);
  for (const auto& [key, value] : event.labels) {
    if (!IsGradeLabel(key) && key != "alertname") visit(value);
  }
  for (const std::string& service : event.change.services) visit(service);
  const std::vector<std::string>& paths = event.change.paths;
  for (size_t i = 0; i < std::min(paths.size(), kPathCountMax); ++i) {
    visit(paths[i]);
  }
}

bool IsGradeLabel(absl::string_view key) {
  return key == "severity" || key == "priority" || key == "source" ||
         key == "prometheus" || key == "receiver" || key == "monitor" ||
         key == "stat" || key == "job";
}

}  // namespace secondstory::timeline
