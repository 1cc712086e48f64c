// What the words of operations mean, before anything is known of an
// organisation: which kind of work a change is, what a text is about, and what
// speaks for something outside.
//
// Lists of words, in vocabulary.cc; they come from the field, not from a data
// set. Everything is lower case and by the stem ("migrating" is "migrat").
#ifndef SECONDSTORY_TIMELINE_VOCABULARY_H_
#define SECONDSTORY_TIMELINE_VOCABULARY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace secondstory::timeline {

// Kinds of work that a title tells of; several may hold.
enum Work : uint32_t {
  kReworks = 1 << 0,  // enables, moves, replaces or rewrites something
  kTunes = 1 << 1,    // a limit, a timeout, a size, a cache
  kBroad = 1 << 2,    // concerns all of a kind, or a default
  kRoutine = 1 << 3,  // single hosts, access, monitoring
  kFixes = 1 << 4,    // mends something
};

// The Works of a title together.
uint32_t WorksOf(absl::string_view title);

// A word without its ending: "caches", "cached" and "caching" are "cach". Not
// for display. REQUIRES: lower case.
std::string StemOf(absl::string_view word);

// True of a stem that texts about any subject have, such as "server".
bool IsGeneric(absl::string_view stem);

// Subjects such as databases or certificates, a bit each; of one stem.
uint32_t SubjectsOf(absl::string_view stem);
// For people: "databases". REQUIRES: exactly one bit, of SubjectsOf().
absl::string_view SubjectName(uint32_t subject);

// What in the text speaks for something outside of what its readers change: a
// provider, an attack, an expiry, broken hardware. Empty when nothing does.
absl::string_view FindOutside(absl::string_view text);

// True when the text says that what it tells of did not help, or was not it.
bool SaysInVain(absl::string_view text);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_VOCABULARY_H_
