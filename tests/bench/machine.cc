#include "tests/bench/machine.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "rocksdb/version.h"
#include "tests/bench/statistics.h"
#include "tests/support/wait_until.h"

namespace secondstory::bench {
namespace {

// What follows "KEY:" in a file of /proc.
std::string ProcValue(const std::string& path, absl::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return "unknown";
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The type and options of the mount that `dir` is on.
std::string MountOf(const std::string& dir) {
  std::ifstream mounts("/proc/self/mounts");
  std::string best, best_path;
  for (std::string line; std::getline(mounts, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    if (fields.size() < 4 || !absl::StartsWith(dir, fields[1])) continue;
    if (fields[1].size() < best_path.size()) continue;
    best_path = fields[1];
    best = absl::StrCat(fields[2], " (", fields[3], ")");
  }
  return best;
}

}  // namespace

std::string ProcessorModel() {
  return ProcValue("/proc/cpuinfo", "model name");
}

std::string DescribeMachine(const std::string& dir) {
  utsname name{};
  uname(&name);
  return absl::StrCat(
      ProcessorModel(), ", ", std::thread::hardware_concurrency(), " cores, ",
      ProcValue("/proc/meminfo", "MemTotal"), "\nLinux ", name.release, ", ",
      MountOf(dir), ", load ", FirstLine("/proc/loadavg"), "\nRocksDB ",
      ROCKSDB_MAJOR, ".", ROCKSDB_MINOR, ".", ROCKSDB_PATCH, ", gRPC ",
      grpc::Version(), ", ",
      absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone()));
}

double ProbeSync(const std::string& dir, int count) {
  const std::string path = dir + "/sync-probe";
  const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (fd < 0) return 0;
  const std::string block(4096, 'x');
  std::vector<double> micros;
  for (int i = 0; i < count; ++i) {
    if (write(fd, block.data(), block.size()) < 0) break;
    const absl::Time begin = absl::Now();
    fdatasync(fd);
    micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - begin));
  }
  close(fd);
  unlink(path.c_str());
  return Median(micros);
}

namespace {

bool LooksOwned(int pid, int port) {
  // Sockets that listen there, by inode.
  std::set<std::string> inodes;
  for (const char* table : {"tcp", "tcp6"}) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/net/", table));
    for (std::string line; std::getline(file, line);) {
      const std::vector<std::string> fields =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() < 10 || fields[3] != "0A") continue;
      if (absl::EndsWith(fields[1], absl::StrFormat(":%04X", port))) {
        inodes.insert(absl::StrCat("socket:[", fields[9], "]"));
      }
    }
  }
  bool owns = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(
           absl::StrCat("/proc/", pid, "/fd"), error)) {
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    owns = (!error && inodes.erase(target.string()) > 0) || owns;
  }
  return owns && inodes.empty();
}

}  // namespace

bool OwnsPort(int pid, int port) {
  // The kernel's table is read while others open and close sockets, and a row
  // may be missed, several times in a row when they are busy.
  return bool{support::WaitUntil(
      absl::StrCat("process ", pid, " alone listens on port ", port),
      [&] { return LooksOwned(pid, port); })};
}

}  // namespace secondstory::bench
