// The history of one branch of a Git repository on this machine (libgit2).
#ifndef SECONDSTORY_INGEST_DEPLOYS_GIT_HISTORY_H_
#define SECONDSTORY_INGEST_DEPLOYS_GIT_HISTORY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/deploys/commit.h"

struct git_repository;

namespace secondstory::ingest {

// What a branch has that a commit seen before does not.
struct NewCommits {
  // Commit ids, oldest first.
  std::vector<std::string> ids;
  // True when the commit seen before is no longer in the branch's history:
  // somebody pushed with force. `ids` then begins behind `merge_base`, which is
  // empty when the histories have nothing in common.
  bool is_rewritten = false;
  std::string merge_base;
  // True when the commit seen before is not in the repository at all any more;
  // `ids` then is what it would be at a first look.
  bool is_lost = false;
};

// An open repository. Sees what is pushed after it was opened, but is cheap
// enough to be opened for every look, which gives back its caches' memory.
//
// Threads: one at a time.
class GitHistory {
 public:
  // `path` is the folder of a bare repository or of a work tree. Nothing in the
  // repository is executed or changed, so that it may belong to another user.
  // NOT_FOUND: no repository there. UNAVAILABLE: it cannot be read.
  static absl::StatusOr<std::unique_ptr<GitHistory>> Open(
      const std::string& path);
  ~GitHistory();
  GitHistory(const GitHistory&) = delete;
  GitHistory& operator=(const GitHistory&) = delete;

  // The newest commit of `branch`; none when there is no such branch (yet).
  absl::StatusOr<std::optional<std::string>> FindTip(
      const std::string& branch) const;

  // The commits from `tip` back along first parents that are not in the history
  // of `seen`. Cost: the commits between the two; when `seen` is not on that
  // way, all of the history.
  absl::StatusOr<NewCommits> ListAfter(const std::string& seen,
                                       const std::string& tip,
                                       absl::Time first_look_since) const;

  // Likewise for a first look: back to the first commits that are older than
  // `since`. Clocks of committers differ, so a few older ones in a row end it.
  absl::StatusOr<NewCommits> ListSince(absl::Time since,
                                       const std::string& tip) const;

  // One commit, with the paths that differ from its first parent.
  absl::StatusOr<Commit> Read(const std::string& id) const;

 private:
  explicit GitHistory(git_repository* repository) : repository_(repository) {}

  git_repository* const repository_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_GIT_HISTORY_H_
