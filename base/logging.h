// Structured logs: one JSON object a line on stderr, as machines read them:
//
//   {"time":"2026-03-01T12:00:00.123456Z","level":"info","process":"alertd",
//    "message":"alertmanager polled","alertmanager":"prod","alerts":12}
//
// A message is a constant sentence fragment; what varies goes into fields, so
// that a search for the message finds every line. Never log event contents.
//
// Threads: all functions may be called from any thread.
#ifndef SECONDSTORY_BASE_LOGGING_H_
#define SECONDSTORY_BASE_LOGGING_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace secondstory::log {

// One member of the JSON object. Text is escaped; bytes that are not UTF-8 are
// replaced.
struct Field {
  template <typename Int,
            std::enable_if_t<
                std::is_integral_v<Int> && !std::is_same_v<Int, bool>, int> = 0>
  Field(absl::string_view k, Int v) : key(k), value(static_cast<int64_t>(v)) {}
  Field(absl::string_view k, bool v) : key(k), value(v) {}
  Field(absl::string_view k, double v) : key(k), value(v) {}
  Field(absl::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(absl::string_view k, absl::string_view v)
      : key(k), value(std::string(v)) {}
  Field(absl::string_view k, const char* v) : key(k), value(std::string(v)) {}
  Field(absl::string_view k, const absl::Status& v);
  // In seconds.
  Field(absl::string_view k, absl::Duration v);

  absl::string_view key;
  std::variant<std::string, int64_t, double, bool> value;
};

// Names the process in every line and sets the least level that is written:
// "debug", "info", "warning" or "error". INVALID_ARGUMENT: another word. Before
// it is called, lines of level info and above are written without a name.
absl::Status Init(absl::string_view process, absl::string_view level);

// For whoever looks for a fault in this program.
void Debug(absl::string_view message, std::initializer_list<Field> fields = {});
// What an operator wants to find afterwards.
void Info(absl::string_view message, std::initializer_list<Field> fields = {});
// Something is not as it should be, and the program goes on by itself.
void Warning(absl::string_view message,
             std::initializer_list<Field> fields = {});
// Somebody has to do something.
void Error(absl::string_view message, std::initializer_list<Field> fields = {});

}  // namespace secondstory::log

#endif  // SECONDSTORY_BASE_LOGGING_H_
