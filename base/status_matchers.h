// GoogleTest matchers for absl::Status and absl::StatusOr. Look-alikes of the
// upstream ones, which the packaged Abseil does not have yet.
#ifndef SECONDSTORY_BASE_STATUS_MATCHERS_H_
#define SECONDSTORY_BASE_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// EXPECT_THAT(log.Append(batch), IsOk());
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// EXPECT_THAT(Parse(x), StatusIs(kInvalidArgument, HasSubstr("line 3")));
MATCHER_P2(StatusIs, code, message,
           std::string("has code ") + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         testing::ExplainMatchResult(
             testing::SafeMatcherCast<std::string>(message),
             std::string(StatusOf(arg).message()), result_listener);
}

// EXPECT_THAT(Parse(x), StatusIs(absl::StatusCode::kInvalidArgument));
MATCHER_P(StatusIs, code,
          std::string("has code ") + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// EXPECT_THAT(store.GetEvent(id), IsOkAndHolds(Field(...)));
MATCHER_P(IsOkAndHolds, matcher, "is OK and holds a matching value") {
  *result_listener << arg.status().ToString();
  return arg.ok() &&
         testing::ExplainMatchResult(matcher, *arg, result_listener);
}

}  // namespace secondstory

#define SS_ASSERT_OK(expression) \
  ASSERT_THAT((expression), ::secondstory::IsOk())
#define SS_EXPECT_OK(expression) \
  EXPECT_THAT((expression), ::secondstory::IsOk())

// SS_ASSERT_OK_AND_ASSIGN(auto log, MemoryLog::Open());
#define SS_ASSERT_OK_AND_ASSIGN(target, expression)                            \
  SS_ASSERT_OK_AND_ASSIGN_IMPL_(SS_TEST_CONCAT_(ss_result_, __LINE__), target, \
                                expression)
#define SS_TEST_CONCAT_INNER_(a, b) a##b
#define SS_TEST_CONCAT_(a, b) SS_TEST_CONCAT_INNER_(a, b)
#define SS_ASSERT_OK_AND_ASSIGN_IMPL_(result, target, expression) \
  auto result = (expression);                                     \
  ASSERT_THAT(result, ::secondstory::IsOk());                     \
  target = *std::move(result)

#endif  // SECONDSTORY_BASE_STATUS_MATCHERS_H_
