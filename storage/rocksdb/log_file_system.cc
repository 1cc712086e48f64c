#include "storage/rocksdb/log_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"

namespace secondstory::storage {
namespace {

constexpr size_t kAheadBytes = 256 << 10;
constexpr size_t kLargeAppendBytes = 64 << 10;

class LaidOutLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LaidOutLog(std::unique_ptr<rocksdb::FSWritableFile> file,
             const std::string& path)
      : FSWritableFileOwnerWrapper(std::move(file)),
        fd_(open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}

  ~LaidOutLog() override {
    if (fd_ >= 0) close(fd_);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    LayOutFor(data.size());
    return target()->Append(data, options, debug);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    LayOutFor(data.size());
    return target()->Append(data, options, verification, debug);
  }

  rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    if (laid_out_ > size_ && ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
      return rocksdb::IOStatus::IOError("cannot cut the zeros off a log");
    }
    laid_out_ = 0;
    return target()->Close(options, debug);
  }

 private:
  // Whatever goes wrong here, the append still appends, or says why not.
  void LayOutFor(size_t bytes) {
    size_ += bytes;
    if (fd_ < 0 || bytes > kLargeAppendBytes || size_ <= laid_out_) return;
    static const std::string* const zeros = new std::string(kAheadBytes, '\0');
    const size_t begin = std::max(laid_out_, size_ - bytes);
    const ssize_t written =
        pwrite(fd_, zeros->data(), zeros->size(), static_cast<off_t>(begin));
    if (written > 0) laid_out_ = begin + static_cast<size_t>(written);
  }

  const int fd_;
  size_t size_ = 0;      // of what was appended
  size_t laid_out_ = 0;  // the end of the zeros
};

class LogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "LogFileSystem"; }

  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* file,
      rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus made =
        target()->NewWritableFile(path, options, file, debug);
    if (made.ok() && absl::EndsWith(path, ".log")) {
      *file = std::make_unique<LaidOutLog>(std::move(*file), path);
    }
    return made;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewLogFileSystem(
    const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<LogFileSystem>(target);
}

}  // namespace secondstory::storage
