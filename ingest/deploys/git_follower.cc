#include "ingest/deploys/git_follower.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "ingest/deploys/commit.h"

namespace secondstory::ingest {
namespace {

// Commits of one batch. One with a thousand paths is 100 KiB.
constexpr size_t kBatchCommitCountMax = 25;

bool IsCommitId(absl::string_view text) {
  return text.size() == 40 &&
         std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

}  // namespace

GitFollower::GitFollower(const config::v1::GitRepository& repository,
                         const Clock* clock, Delivery* delivery,
                         RefusedFile* dead_letters,
                         const SourceMetrics& metrics)
    : repository_(repository),
      source_(absl::StrCat("git/", repository.name())),
      clock_(clock),
      delivery_(delivery),
      dead_letters_(dead_letters),
      metrics_(metrics) {}

absl::StatusOr<bool> GitFollower::Step() {
  SS_RETURN_IF_ERROR(ReadStoredCursor());
  SS_ASSIGN_OR_RETURN(const std::unique_ptr<GitHistory> history,
                      GitHistory::Open(repository_.path()));
  if (waiting_.empty()) {
    SS_ASSIGN_OR_RETURN(const std::optional<std::string> tip,
                        history->FindTip(repository_.branch()));
    if (is_branch_missing_ != !tip.has_value()) {
      is_branch_missing_ = !tip.has_value();
      log::Info(is_branch_missing_ ? "branch not there yet" : "branch found",
                {{"source", source_}, {"branch", repository_.branch()}});
    }
    if (!tip.has_value() || *tip == cursor_) return false;
    SS_RETURN_IF_ERROR(LookForCommits(*history, *tip));
    // Nothing but a place to go on from: everything was too old, or the branch
    // was set back.
    if (waiting_.empty()) SS_RETURN_IF_ERROR(MoveCursor({}, *tip));
  }
  // When this fails the walk is repeated, because the branch may be rewritten
  // before the next try.
  const absl::Status status = TakeCommits(*history);
  if (!status.ok()) waiting_.clear();
  SS_RETURN_IF_ERROR(status);
  return true;
}

absl::Status GitFollower::ReadStoredCursor() {
  if (is_cursor_read_) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(const std::string value,
                      delivery_->ReadCursor(source_, 0));
  is_cursor_read_ = true;
  if (value.empty() || IsCommitId(value)) {
    cursor_ = value;
  } else {
    log::Error("cursor not understood, will look at the branch anew",
               {{"source", source_}, {"cursor", value}});
  }
  return absl::OkStatus();
}

absl::Status GitFollower::LookForCommits(const GitHistory& history,
                                         const std::string& tip) {
  const absl::Time since = clock_->Now() - ToDuration(repository_.history());
  SS_ASSIGN_OR_RETURN(const NewCommits commits,
                      cursor_.empty() ? history.ListSince(since, tip)
                                      : history.ListAfter(cursor_, tip, since));
  LogLook(commits, tip);
  waiting_.assign(commits.ids.begin(), commits.ids.end());
  return absl::OkStatus();
}

void GitFollower::LogLook(const NewCommits& commits,
                          const std::string& tip) const {
  if (commits.is_lost) {
    log::Warning("last commit is no longer in the repository, looks anew",
                 {{"source", source_}, {"commit", cursor_}});
  } else if (commits.is_rewritten) {
    log::Warning("branch was rewritten, goes on from the merge base",
                 {{"source", source_},
                  {"commit", cursor_},
                  {"merge_base", commits.merge_base}});
  }
  log::Info(
      "commits found",
      {{"source", source_}, {"tip", tip}, {"commits", commits.ids.size()}});
}

absl::Status GitFollower::TakeCommits(const GitHistory& history) {
  const size_t count = std::min(waiting_.size(), kBatchCommitCountMax);
  if (count == 0) return absl::OkStatus();
  std::vector<v1::Event> events;
  std::vector<DeadLetter> dead_letters;
  const absl::Time now = clock_->Now();
  for (size_t i = 0; i < count; ++i) {
    SS_ASSIGN_OR_RETURN(const Commit commit, history.Read(waiting_[i]));
    if (!IsWanted(commit, repository_)) continue;
    absl::StatusOr<v1::Event> event = CommitToEvent(commit, repository_, now);
    if (event.ok()) {
      events.push_back(*std::move(event));
      continue;
    }
    const std::string reason(event.status().message());
    log::Warning("commit refused", {{"source", source_}, {"reason", reason}});
    dead_letters.push_back({now, source_, repository_.path(), 0, reason,
                            commit.id, static_cast<int64_t>(commit.id.size())});
  }
  if (!dead_letters.empty()) {
    SS_RETURN_IF_ERROR(WriteDeadLetters(dead_letters, dead_letters_));
    metrics_.dead_letters->Increment(static_cast<double>(dead_letters.size()));
  }
  SS_RETURN_IF_ERROR(MoveCursor(events, waiting_[count - 1]));
  waiting_.erase(waiting_.begin(),
                 waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  return absl::OkStatus();
}

absl::Status GitFollower::MoveCursor(absl::Span<const v1::Event> events,
                                     const std::string& id) {
  SS_RETURN_IF_ERROR(delivery_->Accept(events, WorkerCursor{source_, 0, id}));
  metrics_.events->Increment(static_cast<double>(events.size()));
  cursor_ = id;
  return absl::OkStatus();
}

}  // namespace secondstory::ingest
