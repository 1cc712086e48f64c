// Early returns for absl::Status and absl::StatusOr. Look-alikes of the
// upstream macros, which the packaged Abseil does not have yet.
#ifndef SECONDSTORY_BASE_STATUS_MACROS_H_
#define SECONDSTORY_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Evaluates `expression`, an absl::Status, and returns it unless it is OK.
#define SS_RETURN_IF_ERROR(expression)                          \
  do {                                                          \
    if (absl::Status ss_status = (expression); !ss_status.ok()) \
      return ss_status;                                         \
  } while (false)

// Evaluates `expression`, an absl::StatusOr<T>; returns its status unless it is
// OK, else assigns its value: SS_ASSIGN_OR_RETURN(auto log, Log::Open(dir)).
#define SS_ASSIGN_OR_RETURN(target, expression)                          \
  SS_ASSIGN_OR_RETURN_IMPL_(SS_CONCAT_(ss_status_or_, __LINE__), target, \
                            expression)

#define SS_CONCAT_INNER_(a, b) a##b
#define SS_CONCAT_(a, b) SS_CONCAT_INNER_(a, b)
#define SS_ASSIGN_OR_RETURN_IMPL_(result, target, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return std::move(result).status();        \
  target = *std::move(result)

#endif  // SECONDSTORY_BASE_STATUS_MACROS_H_
