#include "ingest/deploys/commit.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "ingest/deploys/text.h"

namespace secondstory::ingest {
namespace {

constexpr absl::string_view kReverts = "This reverts commit ";

struct Message {
  std::string subject;
  std::string body;
};

// As Git does it: the subject ends at the first empty line.
Message SplitMessage(absl::string_view text) {
  const std::string message = absl::StrReplaceAll(ToUtf8(text), {{"\r", ""}});
  const absl::string_view stripped = absl::StripAsciiWhitespace(message);
  const size_t end = stripped.find("\n\n");
  Message result;
  result.subject = ToOneLine(stripped.substr(0, end));
  if (end != absl::string_view::npos) {
    result.body = std::string(absl::StripAsciiWhitespace(stripped.substr(end)));
  }
  return result;
}

// The commit that git-revert says it undoes; empty when there is none.
absl::string_view RevertedCommit(absl::string_view body) {
  const size_t at = body.find(kReverts);
  if (at == absl::string_view::npos) return "";
  absl::string_view rest = body.substr(at + kReverts.size());
  const auto end = absl::c_find_if_not(rest, absl::ascii_isxdigit);
  const auto digits = static_cast<size_t>(end - rest.begin());
  return digits >= 7 && digits <= 64 ? rest.substr(0, digits) : "";
}

void SetServices(const std::vector<std::string>& services, v1::Event* event) {
  event->set_service(CutText(services[0], limits::kNameBytesMax));
  for (size_t i = 1; i < services.size(); ++i) {
    if (event->change().services_size() == limits::kChangeServiceCountMax) {
      return;
    }
    event->mutable_change()->add_services(
        CutText(services[i], limits::kNameBytesMax));
  }
}

// The service of the longest mapping that matches; null when none does.
const std::string* ServiceOf(absl::string_view path,
                             const config::v1::GitRepository& repository) {
  const config::v1::ServiceMapping* best = nullptr;
  for (const auto& mapping : repository.services()) {
    if (!IsUnder(path, mapping.path())) continue;
    if (best == nullptr || mapping.path().size() > best->path().size()) {
      best = &mapping;
    }
  }
  return best == nullptr ? nullptr : &best->service();
}

void SetMessage(const Commit& commit, v1::Event* event) {
  const Message message = SplitMessage(commit.message);
  event->set_title(message.subject.empty()
                       ? absl::StrCat("commit ", commit.id.substr(0, 12))
                       : CutText(message.subject, limits::kTitleBytesMax));
  event->set_description(CutText(message.body, limits::kTextBytesMax));
  event->set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  const absl::string_view reverted = RevertedCommit(message.body);
  if (reverted.empty()) return;
  (*event->mutable_labels())["reverts"] = std::string(reverted);
  if (absl::StartsWith(message.subject, "Revert \"")) {
    event->set_kind(v1::EVENT_KIND_CHANGE_ROLLED_BACK);
  }
}

void SetChange(const Commit& commit,
               const config::v1::GitRepository& repository, v1::Event* event) {
  v1::Change* change = event->mutable_change();
  change->set_revision(commit.id);
  change->set_previous_revision(commit.parent_id);
  const std::string url = absl::StrReplaceAll(repository.url_template(),
                                              {{"{revision}", commit.id}});
  if (IsUrl(url)) change->set_url(url);
  std::vector<std::string> paths;
  for (const std::string& path : commit.paths) paths.push_back(ToUtf8(path));
  SetPaths(paths, event);
  SetServices(ServicesOf(commit.paths, repository), event);
}

}  // namespace

bool IsUnder(absl::string_view path, absl::string_view prefix) {
  while (absl::ConsumeSuffix(&prefix, "/")) {
  }
  // As people write the root of a repository.
  while (absl::ConsumePrefix(&prefix, "./") ||
         absl::ConsumePrefix(&prefix, "/")) {
  }
  if (!absl::ConsumePrefix(&path, prefix)) return false;
  return prefix.empty() || path.empty() || path.front() == '/';
}

bool IsWanted(const Commit& commit,
              const config::v1::GitRepository& repository) {
  if (repository.paths().empty()) return true;
  return absl::c_any_of(commit.paths, [&](const std::string& path) {
    return absl::c_any_of(repository.paths(), [&](const std::string& prefix) {
      return IsUnder(path, prefix);
    });
  });
}

std::vector<std::string> ServicesOf(
    const std::vector<std::string>& paths,
    const config::v1::GitRepository& repository) {
  std::map<std::string, int> path_counts;
  for (const std::string& path : paths) {
    const std::string* service = ServiceOf(path, repository);
    if (service != nullptr) ++path_counts[*service];
  }
  if (path_counts.empty()) return {repository.name()};
  std::vector<std::pair<int, std::string>> ranked;
  for (const auto& [service, count] : path_counts) {
    ranked.emplace_back(-count, service);
  }
  absl::c_sort(ranked);
  std::vector<std::string> services;
  for (auto& entry : ranked) services.push_back(std::move(entry.second));
  return services;
}

absl::StatusOr<v1::Event> CommitToEvent(
    const Commit& commit, const config::v1::GitRepository& repository,
    absl::Time observe_time) {
  const absl::Time time = absl::FromUnixSeconds(commit.committer_time_seconds);
  if (time < absl::UnixEpoch() ||
      time > observe_time + limits::kEventTimeAheadMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "committer time of ", commit.id, " is ",
        absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()),
        "; expected 1970 to 24 hours ahead"));
  }
  v1::Event event;
  event.set_source(absl::StrCat("git/", repository.name()));
  event.set_source_event_id(commit.id);
  *event.mutable_event_time() = FromTime(time);
  *event.mutable_observe_time() = FromTime(observe_time);
  event.set_environment(
      CutText(repository.environment(), limits::kNameBytesMax));
  event.set_actor(
      CutText(ToOneLine(ToUtf8(commit.author)), limits::kNameBytesMax));
  SetMessage(commit, &event);
  SetChange(commit, repository, &event);
  return event;
}

}  // namespace secondstory::ingest
