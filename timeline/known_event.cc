#include "timeline/known_event.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

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
  std::string text = event.service;
  for (const auto& [key, value] : event.labels) {
    if (!IsGradeLabel(key) && key != "alertname") {
      absl::StrAppend(&text, " ", value);
    }
  }
  for (const std::string& service : event.change.services) {
    absl::StrAppend(&text, " ", service);
  }
  for (const std::string& path : event.change.paths) {
    absl::StrAppend(&text, " ", path);
  }
  return WordsOf({text});
}

}  // namespace

KnownEvent::KnownEvent(Event e)
    : event(std::move(e)),
      words(WordsOf(
          {event.title, FindLabel(event, "alertname"), event.description})),
      name_words(NameWordsOf(event)),
      occurrence(OccurrenceOf(event)),
      signature(SignatureOf(event)) {
  event.description.clear();
  event.description.shrink_to_fit();
}

bool IsGradeLabel(absl::string_view key) {
  return key == "severity" || key == "priority" || key == "source" ||
         key == "prometheus" || key == "receiver" || key == "monitor" ||
         key == "stat" || key == "job";
}

}  // namespace secondstory::timeline
