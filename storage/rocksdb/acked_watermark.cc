#include "storage/rocksdb/acked_watermark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace secondstory::storage {
namespace {

absl::Status Failed(absl::string_view doing, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat(doing, " ", path, ": ", std::strerror(errno)));
}

absl::Status SyncPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return Failed("opening", path);
  const bool synced = fsync(fd) == 0;
  const absl::Status status =
      synced ? absl::OkStatus() : Failed("syncing", path);
  close(fd);
  return status;
}

}  // namespace

AckedWatermark::AckedWatermark(const std::string& dir) : dir_(dir) {}

absl::StatusOr<Position> AckedWatermark::Read() const {
  const std::string path = dir_ + "/acked";
  std::ifstream file(path);
  if (!file) return Position{0};
  std::string line;
  Position position = 0;
  if (!std::getline(file, line) || !absl::SimpleAtoi(line, &position)) {
    return absl::DataLossError(absl::StrCat(
        path,
        " does not hold a position; remove it to start without the check"));
  }
  return position;
}

absl::Status AckedWatermark::Save(Position acked) {
  const std::string path = dir_ + "/acked", next = path + ".next";
  {
    std::ofstream file(next, std::ios::trunc);
    file << acked << "\n";
    if (!file.flush()) return Failed("writing", next);
  }
  SS_RETURN_IF_ERROR(SyncPath(next, O_WRONLY));
  if (std::rename(next.c_str(), path.c_str()) != 0) {
    return Failed("renaming", next);
  }
  return SyncPath(dir_, O_RDONLY | O_DIRECTORY);
}

absl::Status AckedWatermark::Check(Position head) const {
  SS_ASSIGN_OR_RETURN(const Position acked, Read());
  if (head >= acked) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the log in ", dir_, " ends at position ", head, ", but position ", acked,
      " was acknowledged: the disk lost records. Restore a backup, or start "
      "once with --accept_data_loss to go on without them"));
}

}  // namespace secondstory::storage
