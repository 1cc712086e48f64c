// What `mysqldump --xml` writes, row by row.
#ifndef SECONDSTORY_TOOLS_STORY_MYSQLDUMP_H_
#define SECONDSTORY_TOOLS_STORY_MYSQLDUMP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace secondstory::story {

// Values by the names of their columns; absent where the database has NULL.
using DumpRow = std::map<std::string, std::optional<std::string>>;

// Reads a dump in pieces of any size. All text that it gives is UTF-8 without
// characters that XML 1.0 forbids: a blob may hold any bytes, and mysqldump
// writes them as they are unless it is told --hex-blob, which is read as well.
//
// Limits: keeps one row at a time. Threads: one at a time.
class MysqldumpReader {
 public:
  using OnRow =
      std::function<void(const std::string& table, const DumpRow& row)>;

  explicit MysqldumpReader(OnRow on_row);
  ~MysqldumpReader();

  // INVALID_ARGUMENT: this is no dump; the message has the line.
  absl::Status Read(absl::string_view bytes);

  // To be called after the last piece. INVALID_ARGUMENT: the dump is cut off.
  absl::Status Finish();

  // How many bytes or characters became U+FFFD so far.
  int64_t replaced_count() const { return replaced_count_; }

 private:
  class Parser;

  std::unique_ptr<Parser> parser_;
  std::string rest_;  // the beginning of a character at the end of a piece
  int64_t replaced_count_ = 0;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_MYSQLDUMP_H_
