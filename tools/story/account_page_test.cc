#include "tools/story/account_page.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

v1::Account Told(const std::string& id, const std::string& role) {
  v1::Account account;
  account.set_account_id(id);
  account.set_role(role);
  return account;
}

std::vector<v1::Account> TwoAccounts() {
  v1::Account first = Told("aaaa11112222333344445555", "on-call, hub");
  first.set_action("restarted the proxy pods, one after the other");
  first.set_observed_effect("nothing");
  first.set_surprised(true);
  v1::Account second = Told("bbbb11112222333344445555", "database on-call");
  second.set_also_known("a backup ran");
  return {first, second};
}

TEST(AccountColumnsTest, PutsAccountsSideBySide) {
  PageOptions options;
  options.width = 80;
  EXPECT_EQ(
      AccountColumns(TwoAccounts(), options, 2, true),
      R"(             on-call, hub                                   database on-call
  did        restarted the proxy pods, one after the other
  saw        nothing
  also knew                                                 a backup ran
  surprised  yes
  account    aaaa11112222                                   bbbb11112222
)");
}

TEST(AccountColumnsTest, GoesOnBelowWhenThereIsNoRoomBeside) {
  PageOptions options;
  options.width = 60;
  EXPECT_EQ(AccountColumns(TwoAccounts(), options, 0, false),
            R"(           on-call, hub
did        restarted the proxy pods, one after the other
saw        nothing
surprised  yes

           database on-call
also knew  a backup ran
)");
}

TEST(AccountListTest, StandsUnderTheLinesThatItIsAbout) {
  v1::TimelineEntry entry;
  entry.set_entry_id("cccc11112222333344445555");
  entry.set_title("proxy restarted");
  *entry.mutable_event_time() = FromTime(absl::FromUnixSeconds(1524051000));
  std::vector<v1::Account> accounts = TwoAccounts();
  accounts[0].set_entry_id(entry.entry_id());
  accounts[1].set_state(v1::ACCOUNT_STATE_DECLINED);
  PageOptions options;
  options.width = 80;
  EXPECT_EQ(AccountList(accounts, {entry}, options),
            R"(2018-04-18 11:30:00 proxy restarted cccc11112222
             on-call, hub
  did        restarted the proxy pods, one after the other
  saw        nothing
  surprised  yes
  account    aaaa11112222

The incident as a whole
             database on-call (would rather not tell)
  also knew  a backup ran
  account    bbbb11112222
)");
  EXPECT_EQ(AccountList({}, {}, options), "Nobody has told anything yet.\n");
}

}  // namespace
}  // namespace secondstory::story
