// Follows one deploy log, as docs/deploy-logs.md promises.
#ifndef SECONDSTORY_INGEST_DEPLOYS_LOG_FOLLOWER_H_
#define SECONDSTORY_INGEST_DEPLOYS_LOG_FOLLOWER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ingest/delivery/delivery.h"
#include "ingest/deploys/dead_letters.h"
#include "ingest/deploys/line_splitter.h"
#include "ingest/deploys/log_cursor.h"
#include "ingest/deploys/log_file.h"
#include "ingest/deploys/rotation.h"
#include "ingest/deploys/source.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// Threads: one at a time.
class LogFollower final : public Source {
 public:
  // Follows the file `path` as source "deploylog/`name`". The pointers must
  // outlive the follower.
  LogFollower(const std::string& name, const std::string& path,
              const Clock* clock, Delivery* delivery, RefusedFile* dead_letters,
              const SourceMetrics& metrics);

  const std::string& name() const override { return source_; }
  absl::StatusOr<bool> Step() override;
  void Wait(const StopEvent& stop, absl::Duration timeout) override;

 private:
  // What was read and is not durable yet, and where the reading goes on after
  // it is.
  struct Batch {
    std::vector<DeadLetter> dead_letters;
    std::vector<v1::Event> events;
    LogCursor cursor;
    Fingerprint fingerprint;
    // Set when the open file is read to its end.
    std::optional<LogFile> next_file;
  };

  absl::Status ReadStoredCursor();
  // Opens the file to read; false when there is none.
  absl::StatusOr<bool> OpenFirst();
  absl::StatusOr<std::vector<bool>> FindCursor(
      const std::vector<LogFile>& files) const;
  // True when nothing was read of the open file and another is to be read
  // first, because lines were moved there meanwhile.
  absl::StatusOr<bool> IsPreceded() const;
  // Opens `file`, if it still goes by its name.
  absl::Status OpenFile(const LogFile& file);
  // What stands behind the cursor; none when the open file is no longer the one
  // that the cursor is about.
  absl::StatusOr<std::optional<std::string>> ReadOn();
  // The file after the open one, once that is finished.
  absl::StatusOr<std::optional<LogFile>> FindNextFile() const;
  // Takes what is left of the open file, and then opens `next`.
  absl::StatusOr<bool> FinishFile(const LogFile& next);
  SplitResult Split(const std::string& bytes, bool is_complete) const;
  // Makes the lines into the batch to hand over.
  void TakeLines(absl::string_view bytes, const SplitResult& split);
  void TakeLine(const SplitLine& line, int64_t line_number, Batch* batch) const;
  absl::StatusOr<bool> HandOver();

  const std::string source_;
  const std::string folder_;
  const std::string live_name_;
  const Clock* const clock_;
  Delivery* const delivery_;
  RefusedFile* const dead_letters_;
  const SourceMetrics metrics_;
  FolderWatch watch_;

  bool is_cursor_read_ = false;
  std::optional<LogCursor> cursor_;
  // Of what `cursor_` says was read of `file_`.
  Fingerprint fingerprint_;
  std::unique_ptr<OpenLogFile> file_;
  // Of `file_`, just before it was last read.
  int64_t mtime_nanos_ = 0;
  std::optional<Batch> batch_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_LOG_FOLLOWER_H_
