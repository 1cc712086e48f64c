#include "timeline/known_event.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
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
                [&](absl::string_view, Word word) { words.push_back(word); });
  });
  SortUnique(&words);
  words.shrink_to_fit();
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

// Values in the order in which they came, each once.
template <typename T>
class Distinct {
 public:
  Distinct() { seen_.reserve(kUsual); }

  // False when it was there.
  bool Add(T value) {
    if (!seen_.insert(value).second) return false;
    values_.push_back(value);
    return true;
  }

  std::vector<T> Copy() const { return {values_.begin(), values_.end()}; }

 private:
  static constexpr size_t kUsual = 128;
  absl::InlinedVector<T, kUsual> values_;
  absl::flat_hash_set<T> seen_;
};

// What two names have in common up to a slash: a path's directory.
size_t SharedFolders(absl::string_view a, absl::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  const auto end = std::mismatch(a.begin(), a.begin() + size, b.begin()).first;
  const size_t slash =
      a.substr(0, static_cast<size_t>(end - a.begin())).rfind('/');
  return slash == absl::string_view::npos ? 0 : slash;
}

ChangeProfile ProfileOf(const Event& event) {
  ChangeProfile profile;
  Distinct<Word> words;
  Distinct<Trace> traces;
  std::vector<Trace> of_word;
  const auto add = [&](absl::string_view text, bool with_traces) {
    ForEachWord(text, [&](absl::string_view word, Word hash) {
      if (!words.Add(hash)) return;
      const std::string stem = StemOf(word);
      profile.subjects |= SubjectsOf(stem);
      if (!with_traces) return;
      of_word.clear();
      AppendTracesOfStem(stem, &of_word);
      for (Trace trace : of_word) traces.Add(trace);
    });
  };
  add(event.title, true);
  absl::string_view before;
  ForEachName(event, [&](absl::string_view name) {
    add(name.substr(SharedFolders(before, name)), true);
    before = name;
  });
  // Last, so that a word of which no traces are wanted hides none.
  add(event.description, false);
  profile.words = words.Copy();
  profile.traces = traces.Copy();
  profile.source = HashOf(event.source);
  profile.service = HashOf(event.service);
  profile.services.reserve(event.change.services.size());
  for (const std::string& service : event.change.services) {
    profile.services.push_back(HashOf(service));
  }
  profile.works = WorksOf(event.title);
  profile.is_undo = IsUndo(event);
  profile.is_harmless = IsHarmless(event);
  return profile;
}

}  // namespace

KnownEvent::KnownEvent(Event&& e) : event(std::move(e)) {
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
