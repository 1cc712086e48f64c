// A word by its hash.
#ifndef SECONDSTORY_TIMELINE_WORD_H_
#define SECONDSTORY_TIMELINE_WORD_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace secondstory::timeline {

// FNV-1a, so the same everywhere: texts are compared by the million and shown
// by the dozen. Two words that collide would be taken for one; at 64 bits
// nobody will see that.
using Word = uint64_t;

constexpr Word HashOf(absl::string_view word) {
  Word hash = 14695981039346656037u;
  for (char c : word) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return hash;
}

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_WORD_H_
