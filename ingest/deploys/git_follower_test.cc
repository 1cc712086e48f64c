// Goal: every commit that a branch gets becomes exactly one event, oldest
// first, whatever is done to the branch. Method: a real repository, made and
// changed by the program git.
#include "ingest/deploys/git_follower.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/deploys/fake_delivery.h"

namespace secondstory::ingest {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The commits of a test begin an hour ago and are a second apart.
constexpr int64_t kNowSeconds = 1772366400;

class GitFollowerTest : public testing::Test {
 protected:
  GitFollowerTest()
      : folder_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        dead_letters_(folder_ + "/dead_letters.jsonl") {
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/repo");
    repository_.set_name("shop");
    repository_.set_path(folder_ + "/repo");
    repository_.mutable_history()->set_seconds(7 * 24 * 3600);
    Git("init -q -b main .");
    Restart();
  }

  void Restart() {
    follower_ = std::make_unique<GitFollower>(repository_, &clock_, &delivery_,
                                              &dead_letters_,
                                              SourceMetrics("x", &metrics_));
  }

  // What git prints.
  std::string Git(const std::string& arguments) {
    const std::string command = absl::StrCat(
        "cd '", folder_, "/repo' && exec env -i PATH=\"$PATH\" HOME='", folder_,
        "' GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=Bo "
        "GIT_COMMITTER_EMAIL=b@x GIT_AUTHOR_DATE='",
        time_seconds_, " +0100' GIT_COMMITTER_DATE='", time_seconds_,
        " +0100' git ", arguments, " 2>&1");
    FILE* output = popen(command.c_str(), "r");
    std::string text;
    char buffer[4096];
    while (const size_t size = fread(buffer, 1, sizeof(buffer), output)) {
      text.append(buffer, size);
    }
    EXPECT_EQ(pclose(output), 0) << arguments << "\n" << text;
    return std::string(absl::StripSuffix(text, "\n"));
  }

  // Writes a file and commits it; its id.
  std::string CommitFile(const std::string& path, const std::string& title) {
    ++time_seconds_;
    const fs::path file = fs::path(folder_) / "repo" / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << title;
    Git("add -A");
    Git(absl::StrCat("commit -q -m '", title, "'"));
    return Git("rev-parse HEAD");
  }

  void ReadOn() {
    for (;;) {
      const absl::StatusOr<bool> more = follower_->Step();
      SS_ASSERT_OK(more);
      if (!*more) return;
    }
  }

  const std::string folder_;
  config::v1::GitRepository repository_;
  ManualClock clock_{absl::FromUnixSeconds(kNowSeconds)};
  Metrics metrics_{"test"};
  RefusedFile dead_letters_;
  FakeDelivery delivery_;
  std::unique_ptr<GitFollower> follower_;
  int64_t time_seconds_ = kNowSeconds - 3600;
};

TEST_F(GitFollowerTest, TakesCommitsOldestFirstAsTheyCome) {
  const std::string a = CommitFile("f", "a");
  const std::string b = CommitFile("f", "b");
  ReadOn();
  CommitFile("g", "c");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(delivery_.accepted_count, 3);
  const v1::Event& event = delivery_.events[1];
  EXPECT_EQ(event.source(), "git/shop");
  EXPECT_EQ(event.source_event_id(), b);
  EXPECT_EQ(event.change().previous_revision(), a);
  EXPECT_EQ(event.event_time().seconds(), kNowSeconds - 3600 + 2);
  EXPECT_EQ(event.actor(), "Ada");
  EXPECT_THAT(event.change().paths(), ElementsAre("f"));
  EXPECT_EQ(delivery_.events[0].change().previous_revision(), "");
  EXPECT_THAT(delivery_.events[0].change().paths(), ElementsAre("f"));
}

TEST_F(GitFollowerTest, WaitsForTheFirstCommitOfAnEmptyRepository) {
  ReadOn();
  CommitFile("f", "a");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, ReadsABareRepository) {
  CommitFile("f", "a");
  Git("clone -q --bare . ../bare.git");
  repository_.set_path(folder_ + "/bare.git");
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, FollowsTheConfiguredBranch) {
  CommitFile("f", "a");
  repository_.set_branch("release/eu");
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), IsEmpty());
  Git("branch release/eu");
  CommitFile("f", "b");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, GoesOnAfterARestart) {
  CommitFile("f", "a");
  ReadOn();
  CommitFile("f", "b");
  Restart();
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
  EXPECT_EQ(delivery_.accepted_count, 2);
}

TEST_F(GitFollowerTest, TakesAMergeAsOneChangeWithAllItsPaths) {
  CommitFile("f", "a");
  ReadOn();
  Git("checkout -q -b side");
  CommitFile("g", "side 1");
  CommitFile("h", "side 2");
  Git("checkout -q main");
  CommitFile("f", "b");
  ++time_seconds_;
  Git("merge -q --no-ff -m merged side");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "merged"));
  EXPECT_THAT(delivery_.events[2].change().paths(), ElementsAre("g", "h"));
}

// `git pull` on a branch with own commits makes what was seen the second
// parent.
TEST_F(GitFollowerTest, TakesNothingTwiceWhenWhatItSawBecameASideBranch) {
  CommitFile("f", "a");
  Git("branch mine");
  CommitFile("f", "b");
  ReadOn();
  Git("checkout -q mine");
  CommitFile("g", "mine 1");
  ++time_seconds_;
  Git("merge -q --no-ff -m merged main");
  Git("branch -f main mine");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "mine 1", "merged"));
  EXPECT_EQ(delivery_.accepted_count, 4);
}

TEST_F(GitFollowerTest, SeesARevertAsARollback) {
  CommitFile("f", "a");
  const std::string b = CommitFile("f", "b");
  Git("revert --no-edit HEAD");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "Revert \"b\""));
  EXPECT_EQ(delivery_.events[2].kind(), v1::EVENT_KIND_CHANGE_ROLLED_BACK);
  EXPECT_EQ(delivery_.events[2].labels().at("reverts"), b);
}

TEST_F(GitFollowerTest, GoesOnFromTheMergeBaseWhenTheBranchWasRewritten) {
  const std::string a = CommitFile("f", "a");
  CommitFile("f", "b");
  ReadOn();
  Git("reset -q --hard " + a);
  CommitFile("f", "c");
  CommitFile("f", "d");
  testing::internal::CaptureStderr();
  ReadOn();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(HasSubstr("branch was rewritten"), HasSubstr(a)));
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(delivery_.accepted_count, 4);
}

TEST_F(GitFollowerTest, StoresNothingTwiceWhenTheBranchWasSetBackAndForth) {
  const std::string a = CommitFile("f", "a");
  const std::string b = CommitFile("f", "b");
  ReadOn();
  Git("reset -q --hard " + a);
  ReadOn();
  EXPECT_EQ(delivery_.cursors["git/shop"], a);
  Git("reset -q --hard " + b);
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
}

TEST_F(GitFollowerTest, TakesAHistoryThatHasNothingInCommon) {
  CommitFile("f", "a");
  ReadOn();
  Git("checkout -q --orphan fresh");
  CommitFile("f", "b");
  Git("branch -M fresh main");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
}

TEST_F(GitFollowerTest, LooksAnewWhenItsCommitIsLost) {
  CommitFile("f", "a");
  delivery_.cursors["git/shop"] = std::string(40, '7');
  testing::internal::CaptureStderr();
  ReadOn();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("last commit is no longer in the repository"));
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, LooksAnewWhenTheCursorIsNotUnderstood) {
  CommitFile("f", "a");
  delivery_.cursors["git/shop"] = "something else";
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, LeavesOutWhatIsTooOldAtTheFirstLook) {
  time_seconds_ = kNowSeconds - 30 * 24 * 3600;
  CommitFile("f", "old");
  time_seconds_ = kNowSeconds - 3600;
  CommitFile("f", "a");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, GoesOnFromTheTipWhenEverythingWasTooOld) {
  time_seconds_ = kNowSeconds - 30 * 24 * 3600;
  const std::string old = CommitFile("f", "old");
  ReadOn();
  EXPECT_EQ(delivery_.cursors["git/shop"], old);
  // Pushed late, made early: only a first look minds.
  CommitFile("f", "early");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("early"));
}

TEST_F(GitFollowerTest, KeepsTheOrderOfHistoryWhenClocksDisagree) {
  CommitFile("f", "a");
  ReadOn();
  time_seconds_ -= 1000;
  CommitFile("f", "b");
  time_seconds_ += 2000;
  CommitFile("f", "c");
  time_seconds_ -= 1500;
  CommitFile("f", "d");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c", "d"));
  EXPECT_LT(delivery_.events[1].event_time().seconds(),
            delivery_.events[0].event_time().seconds());
}

TEST_F(GitFollowerTest, LeavesOutCommitsOutsideThePathsAndStillGoesOn) {
  repository_.add_paths("apps");
  auto* mapping = repository_.add_services();
  mapping->set_path("apps/tax");
  mapping->set_service("tax");
  Restart();
  CommitFile("apps/tax/f", "a");
  const std::string docs = CommitFile("docs/f", "docs");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
  EXPECT_EQ(delivery_.events[0].service(), "tax");
  EXPECT_EQ(delivery_.cursors["git/shop"], docs);
}

TEST_F(GitFollowerTest, NamesBothPathsOfARenamedFileAndThatOfARemovedOne) {
  CommitFile("old", "a");
  Git("mv old new");
  CommitFile("other", "b");
  fs::remove(folder_ + "/repo/other");
  CommitFile("more", "c");
  ReadOn();
  EXPECT_THAT(delivery_.events[1].change().paths(),
              ElementsAre("new", "old", "other"));
  EXPECT_THAT(delivery_.events[2].change().paths(),
              ElementsAre("more", "other"));
}

TEST_F(GitFollowerTest, LosesNothingWhileRefused) {
  CommitFile("f", "a");
  CommitFile("f", "b");
  int refusal_count = 2;
  delivery_.script = [&] {
    return refusal_count-- > 0 ? absl::ResourceExhaustedError("spool is full")
                               : absl::OkStatus();
  };
  EXPECT_THAT(follower_->Step(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(follower_->Step(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  CommitFile("f", "c");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
}

TEST_F(GitFollowerTest, KeepsACommitWhoseTimeCannotBeStoredApart) {
  CommitFile("f", "a");
  const int64_t time = time_seconds_;
  time_seconds_ = kNowSeconds + 10 * 24 * 3600;
  const std::string ahead = CommitFile("f", "ahead");
  time_seconds_ = time;
  CommitFile("f", "b");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b"));
  std::ifstream file(folder_ + "/dead_letters.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_THAT(line, testing::AllOf(HasSubstr(ahead),
                                   HasSubstr("expected 1970 to 24 hours")));
}

TEST_F(GitFollowerTest, SaysWhatIsWrongWithARepositoryAndTriesAgain) {
  CommitFile("f", "a");
  fs::rename(folder_ + "/repo", folder_ + "/away");
  EXPECT_THAT(follower_->Step(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("cannot open the repository")));
  fs::create_directories(folder_ + "/repo/.git");
  EXPECT_THAT(follower_->Step(), testing::Not(IsOk()));
  fs::remove_all(folder_ + "/repo");
  fs::rename(folder_ + "/away", folder_ + "/repo");
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, SkipsNothingWhenACommitIsDamaged) {
  CommitFile("f", "a");
  ReadOn();
  const std::string id = CommitFile("f", "b");
  const std::string object = absl::StrCat(folder_, "/repo/.git/objects/",
                                          id.substr(0, 2), "/", id.substr(2));
  CommitFile("f", "c");
  fs::rename(object, object + ".away");
  EXPECT_THAT(follower_->Step(), testing::Not(IsOk()));
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
  fs::rename(object + ".away", object);
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a", "b", "c"));
}

TEST_F(GitFollowerTest, ReadsARepositoryOfAnotherUser) {
  CommitFile("f", "a");
  // Only root can give a file away; for others this is one more plain look.
  [[maybe_unused]] const int result =
      chown((folder_ + "/repo/.git").c_str(), 12345, 12345);
  ReadOn();
  EXPECT_THAT(delivery_.Titles(), ElementsAre("a"));
}

TEST_F(GitFollowerTest, TakesAThousandCommitsInOrder) {
  std::ofstream stream(folder_ + "/stream");
  std::vector<std::string> titles;
  for (int i = 0; i < 1000; ++i) {
    titles.push_back(absl::StrCat("c", i));
    stream << "commit refs/heads/main\nmark :" << i + 1
           << "\ncommitter Bo <b@x> " << kNowSeconds - 3600 + i
           << " +0000\ndata " << titles.back().size() << "\n"
           << titles.back() << "\n"
           << "M 100644 inline f\ndata 4\n"
           << 1000 + i << "\n\n";
  }
  stream.close();
  Git("fast-import --quiet < ../stream");
  ReadOn();
  EXPECT_EQ(delivery_.Titles(), titles);
  EXPECT_EQ(delivery_.accepted_count, 1000);
}

}  // namespace
}  // namespace secondstory::ingest
