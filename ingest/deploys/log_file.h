// The file system under a deploy log: the files of its folder, an open one, and
// word when something in the folder changes.
#ifndef SECONDSTORY_INGEST_DEPLOYS_LOG_FILE_H_
#define SECONDSTORY_INGEST_DEPLOYS_LOG_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ingest/deploys/log_cursor.h"
#include "ingest/deploys/rotation.h"
#include "ingest/deploys/source.h"

namespace secondstory::ingest {

// A file of a deploy log, open for reading; it stays readable after it was
// renamed or removed.
//
// Threads: one at a time.
class OpenLogFile {
 public:
  // Opens `file`, as it was listed. NOT_FOUND: not there any more. UNAVAILABLE:
  // cannot be read, or its name is another file's by now; list again.
  static absl::StatusOr<std::unique_ptr<OpenLogFile>> Open(
      const std::string& folder, const LogFile& file);
  ~OpenLogFile();
  OpenLogFile(const OpenLogFile&) = delete;
  OpenLogFile& operator=(const OpenLogFile&) = delete;

  // Its state now; `name` is the one that it was opened by.
  absl::StatusOr<LogFile> Look() const;

  // At most `bytes_max` bytes from `offset`; fewer at the file's end.
  absl::StatusOr<std::string> Read(int64_t offset, size_t bytes_max) const;

  // The fingerprint of the first `offset` bytes, or that of fewer when there
  // are fewer.
  absl::StatusOr<Fingerprint> ReadFingerprint(int64_t offset) const;

  const std::string& path() const { return path_; }

 private:
  OpenLogFile(int fd, const std::string& path, const std::string& name)
      : fd_(fd), path_(path), name_(name) {}

  const int fd_;
  const std::string path_;
  const std::string name_;
};

// The live file of a log and what it was rotated into, oldest first. Empty when
// there are none, or no folder. UNAVAILABLE: the folder cannot be read, or is
// never the same twice.
absl::StatusOr<std::vector<LogFile>> ListLogFiles(const std::string& folder,
                                                  const std::string& live_name);

// The inode that goes by this name now; none when there is none. Much cheaper
// than a listing of a large folder.
std::optional<uint64_t> FindInode(const std::string& folder,
                                  const std::string& name);

// Notices changes of files whose names begin with `live_name` (inotify).
// Without a folder, or when the system has no watches left, it only waits.
//
// Threads: one at a time.
class FolderWatch {
 public:
  FolderWatch(const std::string& folder, const std::string& live_name);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Returns when something changed since the last call returned, at the latest
  // after `timeout` or when `stop` is set.
  void Wait(const StopEvent& stop, absl::Duration timeout);

 private:
  void Open();
  void Close();
  // Reads what was noticed; true when it concerns the log.
  bool Drain();

  const std::string folder_;
  const std::string live_name_;
  int fd_ = -1;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_LOG_FILE_H_
