// Follows one branch of a Git repository, as docs/git.md promises: every commit
// is a change.
#ifndef SECONDSTORY_INGEST_DEPLOYS_GIT_FOLLOWER_H_
#define SECONDSTORY_INGEST_DEPLOYS_GIT_FOLLOWER_H_

#include <deque>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "ingest/delivery/delivery.h"
#include "ingest/deploys/dead_letters.h"
#include "ingest/deploys/git_history.h"
#include "ingest/deploys/source.h"
#include "secondstory/config/v1/deployd.pb.h"

namespace secondstory::ingest {

// Threads: one at a time.
class GitFollower final : public Source {
 public:
  // Follows `repository` as source "git/NAME". The pointers must outlive the
  // follower.
  GitFollower(const config::v1::GitRepository& repository, const Clock* clock,
              Delivery* delivery, RefusedFile* dead_letters,
              const SourceMetrics& metrics);

  const std::string& name() const override { return source_; }
  absl::StatusOr<bool> Step() override;

 private:
  absl::Status ReadStoredCursor();
  // Fills `waiting_` with what the branch has got since the cursor.
  absl::Status LookForCommits(const GitHistory& history,
                              const std::string& tip);
  // Hands over the first commits of `waiting_`.
  absl::Status TakeCommits(const GitHistory& history);
  absl::Status MoveCursor(absl::Span<const v1::Event> events,
                          const std::string& id);
  void LogLook(const NewCommits& commits, const std::string& tip) const;

  const config::v1::GitRepository repository_;
  const std::string source_;
  const Clock* const clock_;
  Delivery* const delivery_;
  RefusedFile* const dead_letters_;
  const SourceMetrics metrics_;

  bool is_cursor_read_ = false;
  bool is_branch_missing_ = false;
  // The last commit handed over; empty before the first.
  std::string cursor_;
  // Commit ids to hand over, oldest first.
  std::deque<std::string> waiting_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_GIT_FOLLOWER_H_
