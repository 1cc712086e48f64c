#include "ingest/deploys/commit.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1772366400);

config::v1::GitRepository Repository() {
  config::v1::GitRepository repository;
  repository.set_name("acme/shop");
  return repository;
}

void AddService(const std::string& path, const std::string& service,
                config::v1::GitRepository* repository) {
  auto* mapping = repository->add_services();
  mapping->set_path(path);
  mapping->set_service(service);
}

Commit MakeCommit(const std::string& message) {
  Commit commit;
  commit.id = std::string(40, 'a');
  commit.parent_id = std::string(40, 'b');
  commit.message = message;
  commit.author = "Ada";
  commit.committer_time_seconds = 1772366000;
  return commit;
}

v1::Event Event(const Commit& commit,
                const config::v1::GitRepository& repository = Repository()) {
  absl::StatusOr<v1::Event> event = CommitToEvent(commit, repository, kNow);
  EXPECT_THAT(event, IsOk());
  return event.ok() ? *event : v1::Event();
}

TEST(CommitTest, BecomesAChangeThatHasReachedTheBranch) {
  config::v1::GitRepository repository = Repository();
  repository.set_environment("prod-eu");
  repository.set_url_template("https://git.example/shop/commit/{revision}");
  Commit commit = MakeCommit("Raise the limit\nof two\n\nBecause.\n");
  commit.paths = {"apps/a.yaml"};
  const v1::Event event = Event(commit, repository);
  EXPECT_EQ(event.source(), "git/acme/shop");
  EXPECT_EQ(event.source_event_id(), commit.id);
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE_FINISHED);
  EXPECT_EQ(event.event_time().seconds(), 1772366000);
  EXPECT_EQ(ToTime(event.observe_time()), kNow);
  EXPECT_EQ(event.service(), "acme/shop");
  EXPECT_EQ(event.environment(), "prod-eu");
  EXPECT_EQ(event.title(), "Raise the limit of two");
  EXPECT_EQ(event.description(), "Because.");
  EXPECT_EQ(event.actor(), "Ada");
  EXPECT_THAT(event.labels(), IsEmpty());
  EXPECT_EQ(event.change().revision(), commit.id);
  EXPECT_EQ(event.change().previous_revision(), commit.parent_id);
  EXPECT_THAT(event.change().paths(), ElementsAre("apps/a.yaml"));
  EXPECT_EQ(event.change().url(),
            absl::StrCat("https://git.example/shop/commit/", commit.id));
  EXPECT_EQ(event.change().outcome(), v1::CHANGE_OUTCOME_UNSPECIFIED);
}

TEST(CommitTest, ThatRevertsAnotherIsARollbackAndNamesIt) {
  const v1::Event event = Event(MakeCommit(
      "Revert \"Raise the limit\"\n\nThis reverts commit 0123456789abcdef.\n"));
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE_ROLLED_BACK);
  EXPECT_EQ(event.labels().at("reverts"), "0123456789abcdef");
}

TEST(CommitTest, ThatRevertsAMergeIsARollbackToo) {
  const v1::Event event = Event(MakeCommit(
      "Revert \"Merge x\"\n\nThis reverts commit 0123456789abcdef, reversing\n"
      "changes made to 99.\n"));
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE_ROLLED_BACK);
  EXPECT_EQ(event.labels().at("reverts"), "0123456789abcdef");
}

TEST(CommitTest, ThatOnlyTalksAboutARevertIsAChange) {
  EXPECT_EQ(Event(MakeCommit("Revert \"x\"\n\nNo reason.")).kind(),
            v1::EVENT_KIND_CHANGE_FINISHED);
  EXPECT_EQ(
      Event(MakeCommit("Revert \"x\"\n\nThis reverts commit abc.")).kind(),
      v1::EVENT_KIND_CHANGE_FINISHED);
  const v1::Event again = Event(
      MakeCommit("Reapply \"x\"\n\nThis reverts commit 0123456789abcdef."));
  EXPECT_EQ(again.kind(), v1::EVENT_KIND_CHANGE_FINISHED);
  EXPECT_EQ(again.labels().at("reverts"), "0123456789abcdef");
}

TEST(CommitTest, WithoutAMessageIsCalledByItsId) {
  EXPECT_EQ(Event(MakeCommit("")).title(), "commit aaaaaaaaaaaa");
  EXPECT_EQ(Event(MakeCommit(" \n\n ")).title(), "commit aaaaaaaaaaaa");
}

TEST(CommitTest, IsMadeToFitTheLimits) {
  Commit commit = MakeCommit(absl::StrCat(std::string(3000, 's'), "\n\n",
                                          std::string(50000, 'b'), "\xE4"));
  commit.author = std::string(300, '\xE4');
  commit.paths.assign(1500, "pl\xE4n");
  commit.paths.push_back(std::string(5000, 'p'));
  config::v1::GitRepository repository = Repository();
  repository.set_url_template("not a url {revision}");
  const v1::Event event = Event(commit, repository);
  EXPECT_EQ(event.title().size(), limits::kTitleBytesMax);
  EXPECT_EQ(event.description().size(), limits::kTextBytesMax);
  EXPECT_LE(event.actor().size(), limits::kNameBytesMax);
  EXPECT_TRUE(IsUtf8(event.actor()));
  EXPECT_EQ(event.change().paths_size(), limits::kChangePathCountMax);
  EXPECT_EQ(event.change().paths(0), "pl\uFFFDn");
  EXPECT_EQ(event.labels().at("paths_total"), "1501");
  EXPECT_EQ(event.change().url(), "");
}

TEST(CommitTest, IsRefusedWhenItsTimeCannotBeStored) {
  Commit commit = MakeCommit("x");
  for (const int64_t seconds :
       {int64_t{-1}, int64_t{1772366400 + 86401}, int64_t{1} << 60}) {
    commit.committer_time_seconds = seconds;
    EXPECT_THAT(CommitToEvent(commit, Repository(), kNow),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         testing::HasSubstr("committer time of aaaa")));
  }
}

TEST(CommitTest, BelongsToTheServicesOfItsPaths) {
  config::v1::GitRepository repository = Repository();
  AddService("apps/", "platform", &repository);
  AddService("apps/checkout", "checkout", &repository);
  AddService("apps/tax", "tax", &repository);
  Commit commit = MakeCommit("x");
  commit.paths = {"apps/checkout/a", "apps/checkout-eu/b", "apps/tax/c",
                  "apps/tax/d", "README.md"};
  const v1::Event event = Event(commit, repository);
  EXPECT_EQ(event.service(), "tax");
  EXPECT_THAT(event.change().services(), ElementsAre("checkout", "platform"));
  EXPECT_THAT(ServicesOf({"README.md"}, repository), ElementsAre("acme/shop"));
  EXPECT_THAT(ServicesOf({}, repository), ElementsAre("acme/shop"));
}

TEST(CommitTest, IsWantedWhenItTouchesAPathThatWasAskedFor) {
  config::v1::GitRepository repository = Repository();
  Commit commit = MakeCommit("x");
  commit.paths = {"apps/checkout/a"};
  EXPECT_TRUE(IsWanted(commit, repository));
  repository.add_paths("apps/tax");
  EXPECT_FALSE(IsWanted(commit, repository));
  repository.add_paths("apps/checkout/");
  EXPECT_TRUE(IsWanted(commit, repository));
}

TEST(CommitTest, KnowsWhatLiesInAFolder) {
  EXPECT_TRUE(IsUnder("apps/a", "apps"));
  EXPECT_TRUE(IsUnder("apps/a", "apps/"));
  EXPECT_TRUE(IsUnder("apps", "apps/"));
  EXPECT_TRUE(IsUnder("apps", ""));
  EXPECT_TRUE(IsUnder("apps/a", "/apps"));
  EXPECT_TRUE(IsUnder("apps/a", "./apps/"));
  EXPECT_FALSE(IsUnder("apps-eu/a", "/apps"));
  EXPECT_FALSE(IsUnder("apps-eu/a", "apps"));
  EXPECT_FALSE(IsUnder("app", "apps"));
}

}  // namespace
}  // namespace secondstory::ingest
