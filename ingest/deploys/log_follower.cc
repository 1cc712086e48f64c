#include "ingest/deploys/log_follower.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "ingest/deploys/deploy_line.h"
#include "ingest/deploys/text.h"

namespace secondstory::ingest {
namespace {

// Enough to tell a line that is too long from one that just fits.
constexpr size_t kReadBytesMax = limits::kDeployLogLineBytesMax + 2;

// A file of another kind, taken for a log, must not flood ours.
constexpr size_t kLoggedLineCountMax = 20;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The beginning of a line that is too long, without half a character.
std::string Beginning(absl::string_view text) {
  text = text.substr(0, kDeadLetterTextBytesMax);
  const size_t bad = FindInvalidUtf8(text);
  const bool is_cut = bad != absl::string_view::npos && bad + 4 > text.size();
  return std::string(text.substr(0, is_cut ? bad : text.size()));
}

void LogDeadLetters(const std::vector<DeadLetter>& letters) {
  for (const DeadLetter& letter : letters) {
    if (&letter - letters.data() == kLoggedLineCountMax) {
      log::Warning("more lines refused",
                   {{"source", letter.source},
                    {"file", letter.file},
                    {"count", letters.size() - kLoggedLineCountMax}});
      return;
    }
    log::Warning("line refused", {{"source", letter.source},
                                  {"file", letter.file},
                                  {"line", letter.line},
                                  {"reason", letter.reason}});
  }
}

}  // namespace

LogFollower::LogFollower(const std::string& name, const std::string& path,
                         const Clock* clock, Delivery* delivery,
                         RefusedFile* dead_letters,
                         const SourceMetrics& metrics)
    : source_(absl::StrCat("deploylog/", name)),
      folder_(FolderOf(path)),
      live_name_(NameOf(path)),
      clock_(clock),
      delivery_(delivery),
      dead_letters_(dead_letters),
      metrics_(metrics),
      watch_(folder_, live_name_) {}

void LogFollower::Wait(const StopEvent& stop, absl::Duration timeout) {
  watch_.Wait(stop, timeout);
}

absl::StatusOr<bool> LogFollower::Step() {
  if (batch_.has_value()) return HandOver();
  SS_RETURN_IF_ERROR(ReadStoredCursor());
  if (file_ == nullptr) {
    SS_ASSIGN_OR_RETURN(const bool is_open, OpenFirst());
    if (!is_open) return false;
    if (batch_.has_value()) return HandOver();
  }
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, ReadOn());
  if (!bytes.has_value()) {
    file_ = nullptr;
    return true;
  }
  const SplitResult split = Split(*bytes, /*is_complete=*/false);
  if (split.consumed_bytes > 0) {
    TakeLines(*bytes, split);
    return HandOver();
  }
  SS_ASSIGN_OR_RETURN(const std::optional<LogFile> next, FindNextFile());
  if (!next.has_value()) return false;
  return FinishFile(*next);
}

absl::Status LogFollower::ReadStoredCursor() {
  if (is_cursor_read_) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(const std::string value,
                      delivery_->ReadCursor(source_, 0));
  is_cursor_read_ = true;
  if (value.empty()) return absl::OkStatus();
  absl::StatusOr<LogCursor> cursor = DecodeLogCursor(value);
  if (cursor.ok()) {
    cursor_ = *std::move(cursor);
  } else {
    log::Error("cursor not understood, will read from the beginning",
               {{"source", source_}, {"reason", cursor.status()}});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> LogFollower::FindCursor(
    const std::vector<LogFile>& files) const {
  std::vector<bool> holds_cursor(files.size(), false);
  if (!cursor_.has_value() || cursor_->offset == 0) return holds_cursor;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].size < cursor_->offset) continue;
    SS_ASSIGN_OR_RETURN(const auto file, OpenLogFile::Open(folder_, files[i]));
    SS_ASSIGN_OR_RETURN(const Fingerprint found,
                        file->ReadFingerprint(cursor_->offset));
    holds_cursor[i] = found.Hash() == cursor_->fingerprint;
  }
  return holds_cursor;
}

absl::StatusOr<bool> LogFollower::OpenFirst() {
  SS_ASSIGN_OR_RETURN(const std::vector<LogFile> files,
                      ListLogFiles(folder_, live_name_));
  SS_ASSIGN_OR_RETURN(const std::vector<bool> holds_cursor, FindCursor(files));
  const std::optional<StartingPoint> start =
      FindStart(cursor_, files, holds_cursor, live_name_);
  if (!start.has_value()) return false;
  const LogFile& first = files[start->file_index];
  SS_RETURN_IF_ERROR(OpenFile(first));
  if (start->is_lost) {
    log::Warning(
        "log was truncated, replaced or removed since it was last read",
        {{"source", source_}, {"file", file_->path()}});
  }
  if (start->resumes) {
    cursor_->inode = first.inode;
    SS_ASSIGN_OR_RETURN(fingerprint_, file_->ReadFingerprint(cursor_->offset));
    return true;
  }
  LogCursor cursor;
  cursor.inode = first.inode;
  cursor.mtime_nanos = first.mtime_nanos;
  if (cursor_.has_value()) {
    cursor.previous_inode = cursor_->previous_inode;
    cursor.previous_mtime_nanos = cursor_->previous_mtime_nanos;
  }
  fingerprint_ = Fingerprint();
  // Kept from the first sight on, so that the file is found again if it is
  // rotated before it has a line.
  if (!cursor_.has_value()) {
    batch_.emplace();
    batch_->cursor = cursor;
  }
  cursor_ = std::move(cursor);
  return true;
}

absl::StatusOr<bool> LogFollower::IsPreceded() const {
  if (cursor_->offset > 0) return false;
  SS_ASSIGN_OR_RETURN(const std::vector<LogFile> files,
                      ListLogFiles(folder_, live_name_));
  const std::optional<StartingPoint> start = FindStart(
      cursor_, files, std::vector<bool>(files.size(), false), live_name_);
  return start.has_value() && files[start->file_index].inode != cursor_->inode;
}

absl::Status LogFollower::OpenFile(const LogFile& file) {
  file_ = nullptr;
  SS_ASSIGN_OR_RETURN(file_, OpenLogFile::Open(folder_, file));
  log::Info("log opened", {{"source", source_}, {"file", file_->path()}});
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> LogFollower::ReadOn() {
  SS_ASSIGN_OR_RETURN(const LogFile now, file_->Look());
  const int64_t unread = now.size - cursor_->offset;
  metrics_.unread_bytes->Set(static_cast<double>(std::max<int64_t>(unread, 0)));
  if (unread < 0) return std::nullopt;
  SS_ASSIGN_OR_RETURN(
      std::string bytes,
      file_->Read(cursor_->offset,
                  std::min(static_cast<size_t>(unread), kReadBytesMax)));
  // Looked at after the reading: what was there before is not there after a
  // truncation, so if it is, then what was read belongs behind it.
  SS_ASSIGN_OR_RETURN(const Fingerprint before,
                      file_->ReadFingerprint(cursor_->offset));
  if (before.Hash() != fingerprint_.Hash()) return std::nullopt;
  SS_ASSIGN_OR_RETURN(const bool is_preceded, IsPreceded());
  if (is_preceded) return std::nullopt;
  mtime_nanos_ = now.mtime_nanos;
  return bytes;
}

SplitResult LogFollower::Split(const std::string& bytes,
                               bool is_complete) const {
  SplitOptions options;
  options.is_skipping = cursor_->is_skipping;
  options.is_complete = is_complete;
  options.line_bytes_max = limits::kDeployLogLineBytesMax;
  return SplitLines(bytes, options);
}

absl::StatusOr<std::optional<LogFile>> LogFollower::FindNextFile() const {
  SS_ASSIGN_OR_RETURN(const LogFile open, file_->Look());
  if (FindInode(folder_, live_name_) == open.inode) return std::nullopt;
  SS_ASSIGN_OR_RETURN(const std::vector<LogFile> files,
                      ListLogFiles(folder_, live_name_));
  const std::optional<size_t> next = FindNext(open, files, live_name_);
  if (!next.has_value()) return std::nullopt;
  // A new live file without a byte: the writer may not have noticed it yet.
  if (files[*next].name == live_name_ && files[*next].size == 0) {
    return std::nullopt;
  }
  return files[*next];
}

// Reads once more: what was written before the first byte of `next` is there
// now, even if it was not a moment ago.
absl::StatusOr<bool> LogFollower::FinishFile(const LogFile& next) {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, ReadOn());
  if (!bytes.has_value()) {
    file_ = nullptr;
    return true;
  }
  const bool is_end = bytes->size() < kReadBytesMax;
  const SplitResult split = Split(*bytes, /*is_complete=*/is_end);
  TakeLines(*bytes, split);
  if (is_end && split.consumed_bytes == bytes->size()) {
    batch_->next_file = next;
    batch_->cursor = LogCursor();
    batch_->cursor.inode = next.inode;
    batch_->cursor.mtime_nanos = next.mtime_nanos;
    batch_->cursor.previous_inode = cursor_->inode;
    batch_->cursor.previous_mtime_nanos = mtime_nanos_;
    batch_->fingerprint = Fingerprint();
  }
  return HandOver();
}

void LogFollower::TakeLine(const SplitLine& line, int64_t line_number,
                           Batch* batch) const {
  const absl::string_view text = TrimDeployLine(line.text);
  if (text.empty() && !line.is_too_long) return;
  const absl::Time now = clock_->Now();
  absl::StatusOr<v1::Event> event =
      line.is_too_long
          ? absl::InvalidArgumentError(absl::StrCat(
                "longer than ", limits::kDeployLogLineBytesMax, " bytes"))
          : NormalizeDeployLine(text, source_, now);
  if (event.ok()) {
    batch->events.push_back(*std::move(event));
    return;
  }
  DeadLetter letter;
  letter.time = now;
  letter.source = source_;
  letter.file = file_->path();
  letter.line = line_number;
  letter.reason = std::string(event.status().message());
  letter.text = line.is_too_long ? Beginning(text) : std::string(text);
  letter.bytes = static_cast<int64_t>(line.text.size());
  batch->dead_letters.push_back(std::move(letter));
}

void LogFollower::TakeLines(absl::string_view bytes, const SplitResult& split) {
  Batch& batch = batch_.emplace();
  // A line that was skipped to its end is counted, not returned again.
  int64_t line_number = cursor_->line_count + 1;
  if (cursor_->is_skipping && split.newline_count > 0) ++line_number;
  for (const SplitLine& line : split.lines) {
    TakeLine(line, line_number++, &batch);
  }
  LogDeadLetters(batch.dead_letters);
  batch.cursor = *cursor_;
  // Not without a byte of it: see IsPreceded().
  if (split.consumed_bytes > 0) batch.cursor.mtime_nanos = mtime_nanos_;
  batch.cursor.offset += static_cast<int64_t>(split.consumed_bytes);
  batch.cursor.line_count += split.newline_count;
  batch.cursor.is_skipping = split.is_skipping;
  batch.fingerprint = fingerprint_;
  batch.fingerprint.Extend(bytes.substr(0, split.consumed_bytes));
  batch.cursor.fingerprint = batch.fingerprint.Hash();
}

absl::StatusOr<bool> LogFollower::HandOver() {
  if (!batch_->dead_letters.empty()) {
    SS_RETURN_IF_ERROR(WriteDeadLetters(batch_->dead_letters, dead_letters_));
    metrics_.dead_letters->Increment(
        static_cast<double>(batch_->dead_letters.size()));
    batch_->dead_letters.clear();
  }
  SS_RETURN_IF_ERROR(delivery_->Accept(
      batch_->events,
      WorkerCursor{source_, 0, EncodeLogCursor(batch_->cursor)}));
  metrics_.events->Increment(static_cast<double>(batch_->events.size()));
  const Batch done = *std::exchange(batch_, std::nullopt);
  cursor_ = done.cursor;
  fingerprint_ = done.fingerprint;
  if (done.next_file.has_value()) {
    // If it was renamed just now it is found again by its inode.
    OpenFile(*done.next_file).IgnoreError();
  }
  return true;
}

}  // namespace secondstory::ingest
