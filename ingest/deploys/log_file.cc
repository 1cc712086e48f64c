#include "ingest/deploys/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

constexpr int kListCountMax = 10;

absl::Status DiskError(absl::string_view what, const std::string& path) {
  const std::string message =
      absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno));
  if (errno == ENOENT) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

LogFile ToLogFile(const struct stat& status, const std::string& name) {
  LogFile file;
  file.name = name;
  file.inode = status.st_ino;
  file.size = status.st_size;
  file.mtime_nanos =
      int64_t{status.st_mtim.tv_sec} * 1000000000 + status.st_mtim.tv_nsec;
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OpenLogFile>> OpenLogFile::Open(
    const std::string& folder, const LogFile& listed) {
  const std::string path = absl::StrCat(folder, "/", listed.name);
  // O_NONBLOCK: somebody may have put a pipe there.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return DiskError("open", path);
  std::unique_ptr<OpenLogFile> file(new OpenLogFile(fd, path, listed.name));
  struct stat status;
  if (fstat(fd, &status) != 0) return DiskError("look at", path);
  if (status.st_ino == listed.inode && S_ISREG(status.st_mode)) return file;
  return absl::UnavailableError(
      absl::StrCat(path, " is another file than a moment ago"));
}

OpenLogFile::~OpenLogFile() { close(fd_); }

absl::StatusOr<LogFile> OpenLogFile::Look() const {
  struct stat status;
  if (fstat(fd_, &status) != 0) return DiskError("look at", path_);
  return ToLogFile(status, name_);
}

absl::StatusOr<std::string> OpenLogFile::Read(int64_t offset,
                                              size_t bytes_max) const {
  std::string bytes(bytes_max, '\0');
  size_t size = 0;
  while (size < bytes_max) {
    const ssize_t got = pread(fd_, &bytes[size], bytes_max - size,
                              offset + static_cast<int64_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError("read", path_);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<Fingerprint> OpenLogFile::ReadFingerprint(int64_t offset) const {
  const size_t bytes =
      std::min(static_cast<size_t>(offset), Fingerprint::kEndBytes);
  SS_ASSIGN_OR_RETURN(const std::string head, Read(0, bytes));
  SS_ASSIGN_OR_RETURN(const std::string tail,
                      Read(offset - static_cast<int64_t>(bytes), bytes));
  return Fingerprint(head, tail);
}

namespace {

absl::StatusOr<std::vector<LogFile>> ListOnce(const std::string& folder,
                                              const std::string& live_name) {
  std::vector<LogFile> files;
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr && errno == ENOENT) return files;
  if (dir == nullptr) return DiskError("open", folder);
  const auto closer = absl::MakeCleanup([dir] { closedir(dir); });
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != live_name && !IsRotatedName(live_name, name)) continue;
    struct stat status;
    // One that is gone again was renamed or removed just now.
    if (stat(absl::StrCat(folder, "/", name).c_str(), &status) != 0) continue;
    if (S_ISREG(status.st_mode)) files.push_back(ToLogFile(status, name));
  }
  SortOldestFirst(live_name, &files);
  return files;
}

bool AreTheSame(const std::vector<LogFile>& a, const std::vector<LogFile>& b) {
  return absl::c_equal(a, b, [](const LogFile& x, const LogFile& y) {
    return x.name == y.name && x.inode == y.inode;
  });
}

}  // namespace

// A listing during a rotation can miss a file that is being renamed, and with
// it lines that nobody would look for again; so only a listing that was the
// same twice counts.
absl::StatusOr<std::vector<LogFile>> ListLogFiles(
    const std::string& folder, const std::string& live_name) {
  SS_ASSIGN_OR_RETURN(std::vector<LogFile> files, ListOnce(folder, live_name));
  for (int i = 0; i < kListCountMax; ++i) {
    SS_ASSIGN_OR_RETURN(std::vector<LogFile> again,
                        ListOnce(folder, live_name));
    if (AreTheSame(files, again)) return again;
    files = std::move(again);
  }
  return absl::UnavailableError(
      absl::StrCat("files of ", folder, "/", live_name,
                   " are renamed faster than they can be listed"));
}

std::optional<uint64_t> FindInode(const std::string& folder,
                                  const std::string& name) {
  struct stat status;
  if (stat(absl::StrCat(folder, "/", name).c_str(), &status) != 0) {
    return std::nullopt;
  }
  return status.st_ino;
}

FolderWatch::FolderWatch(const std::string& folder,
                         const std::string& live_name)
    : folder_(folder), live_name_(live_name) {
  Open();
}

FolderWatch::~FolderWatch() { Close(); }

void FolderWatch::Open() {
  fd_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd_ < 0) return;
  const uint32_t mask = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM |
                        IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (inotify_add_watch(fd_, folder_.c_str(), mask) < 0) Close();
}

void FolderWatch::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

bool FolderWatch::Drain() {
  alignas(inotify_event) char buffer[16 << 10];
  bool concerns_us = false;
  ssize_t size;
  while ((size = read(fd_, buffer, sizeof(buffer))) > 0) {
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof(event));
      const char* name = buffer + at + sizeof(event);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
      // No name: the folder itself, or more than the system could keep.
      concerns_us |= event.len == 0 || absl::StartsWith(name, live_name_);
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        Close();
        return true;
      }
    }
  }
  return concerns_us;
}

void FolderWatch::Wait(const StopEvent& stop, absl::Duration timeout) {
  if (fd_ < 0) {
    Open();
    // What happened before the watch was there went unnoticed, so look again
    // once without waiting long.
    stop.WaitFor(fd_ < 0 ? timeout : std::min(timeout, absl::Milliseconds(10)));
    return;
  }
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return;
    pollfd waited[] = {{fd_, POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    const timespec limit = absl::ToTimespec(left);
    const int count = ppoll(waited, 2, &limit, nullptr);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || waited[1].revents != 0 || Drain()) return;
  }
}

}  // namespace secondstory::ingest
