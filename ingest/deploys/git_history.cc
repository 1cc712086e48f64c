#include "ingest/deploys/git_history.h"

#include <git2.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

// So many commits in a row that are too old end a first look.
constexpr int kOldCommitCountMax = 32;

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

absl::Status GitError(int code, absl::string_view what) {
  const git_error* error = git_error_last();
  const std::string message = absl::StrCat(
      what, ": ", error == nullptr ? "unknown error" : error->message);
  if (code == GIT_ENOTFOUND) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

std::string ToHex(const git_oid& id) {
  char hex[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(hex, sizeof(hex), &id);
}

absl::StatusOr<git_oid> FromHex(const std::string& hex) {
  git_oid id;
  if (hex.size() != GIT_OID_HEXSZ || git_oid_fromstr(&id, hex.c_str()) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", hex, "\" is not a commit id"));
  }
  return id;
}

absl::StatusOr<Owned<git_commit>> FindCommit(git_repository* repository,
                                             const git_oid& id) {
  git_commit* commit = nullptr;
  const int code = git_commit_lookup(&commit, repository, &id);
  if (code != 0) {
    return GitError(code, absl::StrCat("cannot read commit ", ToHex(id)));
  }
  return Owned<git_commit>(commit, git_commit_free);
}

absl::StatusOr<Owned<git_tree>> TreeOf(const git_commit* commit) {
  git_tree* tree = nullptr;
  const int code = git_commit_tree(&tree, commit);
  if (code != 0) return GitError(code, "cannot read the tree of a commit");
  return Owned<git_tree>(tree, git_tree_free);
}

// Renames are not looked for: both names of a file were touched.
absl::StatusOr<std::vector<std::string>> ChangedPaths(
    git_repository* repository, git_tree* before, git_tree* after) {
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
  git_diff* diff = nullptr;
  const int code =
      git_diff_tree_to_tree(&diff, repository, before, after, &options);
  if (code != 0) return GitError(code, "cannot compare a commit");
  const Owned<git_diff> owner(diff, git_diff_free);
  std::vector<std::string> paths;
  for (size_t i = 0; i < git_diff_num_deltas(diff); ++i) {
    paths.push_back(git_diff_get_delta(diff, i)->new_file.path);
  }
  return paths;
}

std::string TextOrEmpty(const char* text) {
  return text == nullptr ? "" : text;
}

// The first-parent history of `tip`, newest first: down to the commit before
// `seen`, or all of it when `seen` is not in it.
struct Chain {
  std::vector<git_oid> ids;
  bool ends_at_seen = false;
};

absl::StatusOr<Chain> ReadChain(git_repository* repository, git_oid tip,
                                const git_oid& seen) {
  Chain chain;
  for (git_oid id = tip;;) {
    if (git_oid_equal(&id, &seen) != 0) {
      chain.ends_at_seen = true;
      return chain;
    }
    SS_ASSIGN_OR_RETURN(const Owned<git_commit> commit,
                        FindCommit(repository, id));
    chain.ids.push_back(id);
    if (git_commit_parentcount(commit.get()) == 0) return chain;
    id = *git_commit_parent_id(commit.get(), 0);
  }
}

// How many commits of `chain`, newest first, are not in the history of `seen`.
// Once one is, all behind it are. Not git_revwalk, which trusts the commits'
// times, and leaks when it meets a damaged commit.
absl::StatusOr<size_t> CountNew(git_repository* repository,
                                const std::vector<git_oid>& chain,
                                const git_oid& seen) {
  size_t begin = 0;
  size_t end = chain.size();
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    const int is_known =
        git_graph_descendant_of(repository, &seen, &chain[middle]);
    if (is_known < 0) return GitError(is_known, "cannot compare histories");
    if (is_known == 1) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

// Empty when the histories have nothing in common.
absl::StatusOr<std::string> FindMergeBase(git_repository* repository,
                                          const git_oid& a, const git_oid& b) {
  git_oid base;
  const int code = git_merge_base(&base, repository, &a, &b);
  if (code == GIT_ENOTFOUND) return std::string();
  if (code != 0) return GitError(code, "cannot find the merge base");
  return ToHex(base);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GitHistory>> GitHistory::Open(
    const std::string& path) {
  // Owner validation protects programs that a repository's configuration makes
  // execute something. libgit2 reading trees executes nothing, and a deploy
  // repository usually belongs to another user than deployd's.
  static const int kInitialised = [] {
    git_libgit2_init();
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  }();
  if (kInitialised != 0) return GitError(kInitialised, "cannot start libgit2");
  git_repository* repository = nullptr;
  const int code = git_repository_open_ext(
      &repository, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code != 0) {
    return GitError(code, absl::StrCat("cannot open the repository ", path));
  }
  return std::unique_ptr<GitHistory>(new GitHistory(repository));
}

GitHistory::~GitHistory() { git_repository_free(repository_); }

absl::StatusOr<std::optional<std::string>> GitHistory::FindTip(
    const std::string& branch) const {
  git_oid id;
  const int code = git_reference_name_to_id(
      &id, repository_, absl::StrCat("refs/heads/", branch).c_str());
  if (code == GIT_ENOTFOUND) return std::nullopt;
  if (code != 0) {
    return GitError(code, absl::StrCat("cannot read branch ", branch));
  }
  return ToHex(id);
}

absl::StatusOr<NewCommits> GitHistory::ListAfter(
    const std::string& seen_hex, const std::string& tip_hex,
    absl::Time first_look_since) const {
  SS_ASSIGN_OR_RETURN(const git_oid tip, FromHex(tip_hex));
  SS_ASSIGN_OR_RETURN(const git_oid seen, FromHex(seen_hex));
  const auto seen_commit = FindCommit(repository_, seen);
  if (absl::IsNotFound(seen_commit.status())) {
    SS_ASSIGN_OR_RETURN(NewCommits commits,
                        ListSince(first_look_since, tip_hex));
    commits.is_lost = true;
    return commits;
  }
  SS_RETURN_IF_ERROR(seen_commit.status());
  SS_ASSIGN_OR_RETURN(Chain chain, ReadChain(repository_, tip, seen));
  NewCommits commits;
  if (!chain.ends_at_seen) {
    SS_ASSIGN_OR_RETURN(const size_t count,
                        CountNew(repository_, chain.ids, seen));
    chain.ids.resize(count);
    SS_ASSIGN_OR_RETURN(commits.merge_base,
                        FindMergeBase(repository_, tip, seen));
    commits.is_rewritten = commits.merge_base != seen_hex;
  }
  std::reverse(chain.ids.begin(), chain.ids.end());
  for (const git_oid& id : chain.ids) commits.ids.push_back(ToHex(id));
  return commits;
}

absl::StatusOr<NewCommits> GitHistory::ListSince(absl::Time since,
                                                 const std::string& tip) const {
  SS_ASSIGN_OR_RETURN(git_oid id, FromHex(tip));
  const int64_t since_seconds = absl::ToUnixSeconds(since);
  NewCommits commits;
  for (int old_count = 0; old_count < kOldCommitCountMax;) {
    SS_ASSIGN_OR_RETURN(const Owned<git_commit> commit,
                        FindCommit(repository_, id));
    if (git_commit_time(commit.get()) >= since_seconds) {
      commits.ids.push_back(ToHex(id));
      old_count = 0;
    } else {
      ++old_count;
    }
    if (git_commit_parentcount(commit.get()) == 0) break;
    id = *git_commit_parent_id(commit.get(), 0);
  }
  std::reverse(commits.ids.begin(), commits.ids.end());
  return commits;
}

absl::StatusOr<Commit> GitHistory::Read(const std::string& hex) const {
  SS_ASSIGN_OR_RETURN(const git_oid id, FromHex(hex));
  SS_ASSIGN_OR_RETURN(const Owned<git_commit> commit,
                      FindCommit(repository_, id));
  Commit result;
  result.id = hex;
  result.message = TextOrEmpty(git_commit_message(commit.get()));
  result.author = TextOrEmpty(git_commit_author(commit.get())->name);
  result.committer_time_seconds = git_commit_time(commit.get());
  SS_ASSIGN_OR_RETURN(const Owned<git_tree> after, TreeOf(commit.get()));
  Owned<git_tree> before(nullptr, git_tree_free);
  if (git_commit_parentcount(commit.get()) > 0) {
    const git_oid parent_id = *git_commit_parent_id(commit.get(), 0);
    result.parent_id = ToHex(parent_id);
    SS_ASSIGN_OR_RETURN(const Owned<git_commit> parent,
                        FindCommit(repository_, parent_id));
    SS_ASSIGN_OR_RETURN(before, TreeOf(parent.get()));
  }
  SS_ASSIGN_OR_RETURN(result.paths,
                      ChangedPaths(repository_, before.get(), after.get()));
  return result;
}

}  // namespace secondstory::ingest
