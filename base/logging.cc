#include "base/logging.h"

#include <unistd.h>

#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/base_sink.h"

namespace secondstory::log {
namespace {

// One write(2) a line, so that lines of processes that share one stderr do not
// mix. spdlog's own stderr sink goes through stdio, which promises no such
// thing.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string line = absl::StrCat(
        absl::string_view(message.payload.data(), message.payload.size()),
        "\n");
    // A log that cannot be written is nobody's reason to stop.
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, line.data(), line.size());
  }
  void flush_() override {}
};

struct Process {
  std::mutex mutex;
  std::string name;
  spdlog::logger logger{"secondstory", std::make_shared<StderrSink>()};
};

Process& ThisProcess() {
  static auto* const process = new Process;
  return *process;
}

void AppendValue(const std::string& value, std::string* json) {
  AppendJsonText(value, json);
}
void AppendValue(int64_t value, std::string* json) {
  absl::StrAppend(json, value);
}
void AppendValue(bool value, std::string* json) {
  json->append(value ? "true" : "false");
}
void AppendValue(double value, std::string* json) {
  if (std::isfinite(value)) {
    absl::StrAppend(json, value);
  } else {
    AppendJsonText(absl::StrCat(value), json);
  }
}

void AppendMember(absl::string_view key, absl::string_view value,
                  std::string* json) {
  AppendJsonText(key, json);
  json->push_back(':');
  AppendJsonText(value, json);
  json->push_back(',');
}

std::string Line(absl::string_view level, absl::string_view message,
                 std::initializer_list<Field> fields) {
  std::string json = "{";
  AppendMember("time",
               absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", SystemClock().Now(),
                                absl::UTCTimeZone()),
               &json);
  AppendMember("level", level, &json);
  {
    Process& process = ThisProcess();
    const std::lock_guard<std::mutex> lock(process.mutex);
    if (!process.name.empty()) AppendMember("process", process.name, &json);
  }
  AppendMember("message", message, &json);
  for (const Field& field : fields) {
    AppendJsonText(field.key, &json);
    json.push_back(':');
    std::visit([&json](const auto& value) { AppendValue(value, &json); },
               field.value);
    json.push_back(',');
  }
  json.back() = '}';
  return json;
}

void Write(spdlog::level::level_enum level, absl::string_view name,
           absl::string_view message, std::initializer_list<Field> fields) {
  spdlog::logger& logger = ThisProcess().logger;
  if (logger.should_log(level)) {
    const std::string line = Line(name, message, fields);
    logger.log(level, spdlog::string_view_t(line.data(), line.size()));
  }
}

}  // namespace

Field::Field(absl::string_view k, const absl::Status& v)
    : key(k), value(v.ToString()) {}

Field::Field(absl::string_view k, absl::Duration v)
    : key(k), value(absl::ToDoubleSeconds(v)) {}

absl::Status Init(absl::string_view process, absl::string_view level) {
  const auto known = [level] {
    for (const char* name : {"debug", "info", "warning", "error"}) {
      if (level == name) return true;
    }
    return false;
  }();
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat("log_level: \"", level,
                     "\" is not one of debug, info, warning, error"));
  }
  Process& self = ThisProcess();
  const std::lock_guard<std::mutex> lock(self.mutex);
  self.name = std::string(process);
  self.logger.set_level(spdlog::level::from_str(std::string(level)));
  return absl::OkStatus();
}

void Debug(absl::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::debug, "debug", message, fields);
}
void Info(absl::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::info, "info", message, fields);
}
void Warning(absl::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::warn, "warning", message, fields);
}
void Error(absl::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::err, "error", message, fields);
}

}  // namespace secondstory::log
