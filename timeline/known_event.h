// An event, and what is read out of its text once, when it arrives.
#ifndef SECONDSTORY_TIMELINE_KNOWN_EVENT_H_
#define SECONDSTORY_TIMELINE_KNOWN_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "timeline/event.h"
#include "timeline/words.h"

namespace secondstory::timeline {

// What ranking asks of a change.
struct ChangeProfile {
  std::vector<Word> words;    // of all its texts, each once, in no order
  std::vector<Trace> traces;  // of all but the description, likewise
  // Names by their hash, to count and compare them.
  Word source = 0;
  Word service = 0;
  std::vector<Word> services;  // of Change::services
  uint32_t works = 0;          // see vocabulary.h
  uint32_t subjects = 0;       // see vocabulary.h
  bool is_undo = false;        // it says that it undoes another
  bool is_harmless = false;    // it touches only tests or documents
};

struct KnownEvent {
  explicit KnownEvent(Event&& e);

  Event event;  // without its description, of which the words are enough
  // Of the title, the alert's name and the description; not of a change.
  std::vector<Word> words;
  // Of the service and of the labels that name something; not of a change.
  std::vector<Word> name_words;
  ChangeProfile profile;  // of a change
  // Equal for the firing and the resolving of one instance of one alert; not of
  // a change, nor are the next.
  uint64_t occurrence = 0;
  // Equal for all instances of one alert of one service.
  uint64_t signature = 0;
  // Of a symptom, see affinity.h.
  uint64_t pattern = 0;
};

// Calls `visit` with the texts that name something: the service, labels but
// those that grade or route, a change's services and its first paths.
void ForEachName(const Event& event,
                 absl::FunctionRef<void(absl::string_view)> visit);

// Labels that grade or route an alert; that two alerts share them says nothing.
bool IsGradeLabel(absl::string_view key);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_KNOWN_EVENT_H_
