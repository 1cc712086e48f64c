// Where an assembler goes on after a restart: the value of its cursor.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_
#define SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ingest/assembler/lessons.h"

namespace secondstory::ingest {

struct ResumePoint {
  // Reading again after this position gives everything that is retained.
  uint64_t safe_position = 0;
  // So far had been read when this was stored.
  uint64_t read_position = 0;
  // See timeline::Assembler::SkipBefore.
  absl::Time settled_before = absl::InfinitePast();
  // What the decisions up to `safe_position` taught. Nothing: it is not known,
  // and the log has to be read from its beginning for it.
  std::optional<Learnt> learnt = Learnt();
};

// "safe 12 read 345 settled 1767225600000000 learning 2 decisions 0 ...", see
// FormatLearnt(). It is left out when it is not known. At most 4 KiB.
std::string FormatResumePoint(const ResumePoint& point);

// The inverse; an empty text is the beginning. What was learnt is not known
// where the text has none, as before learning, or one by another version of the
// rule. INVALID_ARGUMENT: anything else.
absl::StatusOr<ResumePoint> ParseResumePoint(absl::string_view text);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_
