// Where an assembler goes on after a restart: the value of its cursor.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_
#define SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace secondstory::ingest {

struct ResumePoint {
  // Reading again after this position gives everything that is retained.
  uint64_t safe_position = 0;
  // So far had been read when this was stored.
  uint64_t read_position = 0;
  // See timeline::Assembler::SkipBefore.
  absl::Time settled_before = absl::InfinitePast();
};

// "safe 12 read 345 settled 1767225600000000"
std::string FormatResumePoint(const ResumePoint& point);

// The inverse; an empty text is the beginning. INVALID_ARGUMENT: anything else.
absl::StatusOr<ResumePoint> ParseResumePoint(absl::string_view text);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_RESUME_POINT_H_
