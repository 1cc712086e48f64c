#include "ingest/delivery/refused_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json_text.h"

namespace secondstory::ingest {
namespace {

absl::Status ErrnoStatus(absl::string_view doing, absl::string_view path) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", doing, " ", path, ": ", std::strerror(errno)));
}

absl::Status WriteAndSync(int file, absl::string_view text,
                          absl::string_view path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("write", path);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return fdatasync(file) == 0 ? absl::OkStatus() : ErrnoStatus("sync", path);
}

// A crash or a full disk can leave half a line; the next one must not become
// part of it.
bool EndsInsideALine(int file) {
  char last = '\n';
  const off_t size = lseek(file, 0, SEEK_END);
  return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

// A new name is durable only once its folder is.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int file = open(folder.empty() ? "." : folder.c_str(),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus("open", folder);
  auto close_file = absl::MakeCleanup([file] { close(file); });
  return fsync(file) == 0 ? absl::OkStatus() : ErrnoStatus("sync", folder);
}

}  // namespace

std::string JsonQuote(absl::string_view text) {
  std::string quoted;
  AppendJsonText(text, &quoted);
  return quoted;
}

std::string JsonObject(
    const std::vector<std::pair<std::string, std::string>>& members) {
  return absl::StrCat("{",
                      absl::StrJoin(members, ",",
                                    [](std::string* out, const auto& member) {
                                      absl::StrAppend(out,
                                                      JsonQuote(member.first),
                                                      ":", member.second);
                                    }),
                      "}");
}

absl::Status RefusedFile::Append(const std::vector<std::string>& lines) {
  if (lines.empty()) return absl::OkStatus();
  const std::string text = absl::StrJoin(lines, "\n") + "\n";
  absl::MutexLock lock(&mutex_);
  struct stat found = {};
  const bool exists = stat(path_.c_str(), &found) == 0;
  const bool full =
      exists && found.st_size > 0 &&
      found.st_size + static_cast<int64_t>(text.size()) > bytes_max_;
  if (full && rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    return ErrnoStatus("rename", path_);
  }
  const int file =
      open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return ErrnoStatus("open", path_);
  auto close_file = absl::MakeCleanup([file] { close(file); });
  absl::Status status = WriteAndSync(
      file, absl::StrCat(EndsInsideALine(file) ? "\n" : "", text), path_);
  if (status.ok() && (full || !exists)) status = SyncFolderOf(path_);
  return status;
}

}  // namespace secondstory::ingest
