// What no event could be made of, kept for people to repair. The file is
// described in docs/deploy-logs.md.
#ifndef SECONDSTORY_INGEST_DEPLOYS_DEAD_LETTERS_H_
#define SECONDSTORY_INGEST_DEPLOYS_DEAD_LETTERS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ingest/delivery/refused_file.h"

namespace secondstory::ingest {

struct DeadLetter {
  absl::Time time;     // when it was met
  std::string source;  // as in Event.source
  std::string file;    // or the repository
  int64_t line = 0;    // from 1; 0 for a commit
  std::string reason;
  std::string text;   // any bytes; what is kept of it
  int64_t bytes = 0;  // what there was of it
};

// How much is kept of a line that is too long.
inline constexpr size_t kDeadLetterTextBytesMax = 4096;

// A dead letter as an object of JSON, without a line end. Pure.
std::string FormatDeadLetter(const DeadLetter& letter);

// Returns OK when `letters` are on disk and synced. UNAVAILABLE: the disk says
// no; some may be written, and writing all again is right.
absl::Status WriteDeadLetters(absl::Span<const DeadLetter> letters,
                              RefusedFile* file);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_DEAD_LETTERS_H_
