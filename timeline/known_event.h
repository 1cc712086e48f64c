// An event, and what is read out of its text once, when it arrives.
#ifndef SECONDSTORY_TIMELINE_KNOWN_EVENT_H_
#define SECONDSTORY_TIMELINE_KNOWN_EVENT_H_

#include <string>
#include <vector>

#include "timeline/event.h"
#include "timeline/words.h"

namespace secondstory::timeline {

struct KnownEvent {
  explicit KnownEvent(Event e);

  Event event;  // without its description, of which the words are enough
  // Of the title, the alert's name and the description.
  std::vector<Word> words;
  // Of the service, of the labels that name something, and of a change's
  // services and paths.
  std::vector<Word> name_words;
  // Equal for the firing and the resolving of one instance of one alert.
  uint64_t occurrence = 0;
  // Equal for all instances of one alert of one service.
  uint64_t signature = 0;
};

// Labels that grade or route an alert; that two alerts share them says nothing.
bool IsGradeLabel(absl::string_view key);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_KNOWN_EVENT_H_
