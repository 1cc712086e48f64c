// A commit of a Git repository, made into an event. docs/git.md says what users
// see of it. Pure; GitHistory reads the commits.
#ifndef SECONDSTORY_INGEST_DEPLOYS_COMMIT_H_
#define SECONDSTORY_INGEST_DEPLOYS_COMMIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "secondstory/config/v1/deployd.pb.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// Texts are as Git stores them: any bytes.
struct Commit {
  std::string id;         // 40 hex digits
  std::string parent_id;  // of the first parent; empty for a first commit
  std::string message;
  std::string author;  // name only
  int64_t committer_time_seconds = 0;
  // What differs from the first parent; both names of a renamed file.
  std::vector<std::string> paths;
};

// True for `path` itself and for everything in the folder `prefix`; a slash at
// the end of `prefix` does not matter.
bool IsUnder(absl::string_view path, absl::string_view prefix);

// False when `repository` asks for some paths and `commit` touches none.
bool IsWanted(const Commit& commit,
              const config::v1::GitRepository& repository);

// The services that `paths` belong to: most paths first, then by name. The
// repository's own name when no mapping matches.
std::vector<std::string> ServicesOf(
    const std::vector<std::string>& paths,
    const config::v1::GitRepository& repository);

// The commit as an event of source "git/NAME". Whatever is returned is within
// base/limits.h; texts that are too long are cut, bytes that are not UTF-8
// replaced.
//
// INVALID_ARGUMENT: the committer's clock was so wrong (before 1970, or more
// than 24 h after `observe_time`) that the event could not be stored.
absl::StatusOr<v1::Event> CommitToEvent(
    const Commit& commit, const config::v1::GitRepository& repository,
    absl::Time observe_time);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_COMMIT_H_
