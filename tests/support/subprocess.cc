#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "gtest/gtest.h"

namespace secondstory::support {
namespace {

std::string EnvironmentOr(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// A file in memory that holds `input`, at its beginning.
int InputFile(const std::string& input) {
  const int file = memfd_create("input", MFD_CLOEXEC);
  [[maybe_unused]] const ssize_t written =
      write(file, input.data(), input.size());
  lseek(file, 0, SEEK_SET);
  return file;
}

// Between fork and exec only what may be called in a signal handler.
[[noreturn]] void BecomeProgram(char* const* argv, int input, int output,
                                int error, int parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent went before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

// The members of a JSON object; empty for anything else.
LogFields ParseLine(const std::string& line) {
  LogFields fields;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(line).get(object) != simdjson::SUCCESS) return fields;
  for (const auto member : object) {
    std::string_view text;
    fields[std::string(member.key)] =
        member.value.get(text) == simdjson::SUCCESS
            ? std::string(text)
            : simdjson::minify(member.value);
  }
  return fields;
}

bool Matches(const LogFields& line, absl::string_view message,
             const LogFields& fields) {
  const auto said = line.find("message");
  if (said == line.end() || said->second != message) return false;
  for (const auto& [key, value] : fields) {
    const auto found = line.find(key);
    if (found == line.end() || found->second != value) return false;
  }
  return true;
}

}  // namespace

std::string RunfilePath(const std::string& path) {
  if (absl::StartsWith(path, "/")) return path;
  return absl::StrCat(EnvironmentOr("TEST_SRCDIR", ".."), "/",
                      EnvironmentOr("TEST_WORKSPACE", "second_story"), "/",
                      path);
}

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(
    const std::string& program, const std::vector<std::string>& args,
    const std::string& input) {
  std::vector<std::string> words = {RunfilePath(program)};
  words.insert(words.end(), args.begin(), args.end());
  if (access(words[0].c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat(words[0], ": ", std::strerror(errno)));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int output[2];
  int error[2];
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(std::strerror(errno));
  }
  const int input_file = InputFile(input);
  const int parent = getpid();
  const int pid = fork();
  if (pid == 0) {
    BecomeProgram(argv.data(), input_file, output[1], error[1], parent);
  }
  close(input_file);
  close(output[1]);
  close(error[1]);
  if (pid < 0) return absl::ResourceExhaustedError(std::strerror(errno));
  return std::unique_ptr<Subprocess>(new Subprocess(pid, output[0], error[0]));
}

Subprocess::Subprocess(int pid, int stdout_end, int stderr_end) : pid_(pid) {
  threads_.emplace_back([=] { Collect(stdout_end, &stdout_); });
  threads_.emplace_back([=] { Collect(stderr_end, &stderr_); });
  threads_.emplace_back([this] { AwaitEnd(); });
}

Subprocess::~Subprocess() {
  Kill(SIGKILL);
  for (std::thread& thread : threads_) thread.join();
  if (testing::Test::HasFailure()) {
    std::cout << "stderr of process " << pid_ << ":\n" << stderr_text();
  }
}

void Subprocess::Collect(int end, std::string* text) {
  char bytes[4096];
  while (true) {
    const ssize_t count = read(end, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    absl::MutexLock lock(&mutex_);
    if (count <= 0) {
      --open_outputs_;
      close(end);
      return;
    }
    text->append(bytes, count);
    if (text != &stderr_) continue;
    for (size_t line_end = stderr_.find('\n', parsed_bytes_);
         line_end != std::string::npos;
         line_end = stderr_.find('\n', parsed_bytes_)) {
      logs_.push_back(
          ParseLine(stderr_.substr(parsed_bytes_, line_end - parsed_bytes_)));
      parsed_bytes_ = line_end + 1;
    }
  }
}

void Subprocess::AwaitEnd() {
  // Without reaping, so that the number is not another process's when Kill()
  // uses it.
  siginfo_t info;
  while (waitid(P_PID, pid_, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  absl::MutexLock lock(&mutex_);
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ =
      WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  ended_ = true;
}

const LogFields* Subprocess::Find(absl::string_view message,
                                  const LogFields& fields) {
  for (const LogFields& line : logs_) {
    if (Matches(line, message, fields)) return &line;
  }
  return nullptr;
}

std::string Subprocess::LastLines() {
  constexpr size_t kBytes = 2000;
  return stderr_.size() <= kBytes ? stderr_
                                  : stderr_.substr(stderr_.size() - kBytes);
}

absl::StatusOr<LogFields> Subprocess::WaitForLog(absl::string_view message,
                                                 const LogFields& fields,
                                                 absl::Duration patience) {
  absl::MutexLock lock(&mutex_);
  const auto done = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return Find(message, fields) != nullptr || open_outputs_ == 0;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&done), patience);
  if (const LogFields* line = Find(message, fields)) return *line;
  const std::string why = absl::StrCat(
      "no log line \"", message, "\"; the last lines are:\n", LastLines());
  return open_outputs_ == 0 ? absl::FailedPreconditionError(why)
                            : absl::DeadlineExceededError(why);
}

absl::StatusOr<int> Subprocess::WaitForPort(absl::string_view protocol) {
  SS_ASSIGN_OR_RETURN(
      LogFields line,
      WaitForLog("listening", {{"protocol", std::string(protocol)}}));
  int port = 0;
  if (!absl::SimpleAtoi(line["port"], &port)) {
    return absl::InternalError("a line \"listening\" without a port");
  }
  return port;
}

int Subprocess::CountLogs(absl::string_view message, const LogFields& fields) {
  absl::MutexLock lock(&mutex_);
  int count = 0;
  for (const LogFields& line : logs_) count += Matches(line, message, fields);
  return count;
}

void Subprocess::Kill(int signal_number) {
  absl::MutexLock lock(&mutex_);
  if (!ended_) kill(pid_, signal_number);
}

absl::StatusOr<int> Subprocess::Wait(absl::Duration patience) {
  absl::MutexLock lock(&mutex_);
  const auto done = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ended_ && open_outputs_ == 0;
  };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&done), patience)) {
    return absl::DeadlineExceededError(absl::StrCat(
        "process ", pid_, " goes on; its last lines are:\n", LastLines()));
  }
  return exit_code_;
}

std::string Subprocess::stdout_text() {
  absl::MutexLock lock(&mutex_);
  return stdout_;
}

std::string Subprocess::stderr_text() {
  absl::MutexLock lock(&mutex_);
  return stderr_;
}

}  // namespace secondstory::support
