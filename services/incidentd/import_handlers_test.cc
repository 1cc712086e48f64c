#include "services/incidentd/import_handlers.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "base/metrics.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_matchers.h"
#include "storage/group_log.h"
#include "storage/memory/memory_tables.h"

namespace secondstory::incidentd {
namespace {

using testing::HasSubstr;

// As another tool exports: without ids, times and authors.
v1::ImportIncidentRequest Exported() {
  v1::ImportIncidentRequest request;
  request.set_author("sam");
  request.set_request_id("morgue/217");
  v1::IncidentExport* exported = request.mutable_export_();
  exported->set_format_version(1);
  exported->mutable_incident()->set_title("checkout down");
  *exported->mutable_incident()->mutable_start_time() = FromMicros(5);
  v1::TimelineEntry* entry = exported->add_entries();
  entry->set_title("restarted");
  *entry->mutable_event_time() = FromMicros(6);
  exported->add_accounts()->set_role("on-call");
  exported->mutable_accounts(0)->set_words("it looked idle");
  exported->add_actions()->set_title("show it on the dashboard");
  v1::Event* event = exported->add_events();
  event->set_source("test");
  event->set_source_event_id("1");
  event->set_kind(v1::EVENT_KIND_NOTE);
  event->set_title("x");
  *event->mutable_event_time() = FromMicros(7);
  return request;
}

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    auto log = storage::GroupLog::Open(&tables_, clock_);
    EXPECT_THAT(log, IsOk());
    log_ = *std::move(log);
    handlers_ = std::make_unique<ImportHandlers>(log_.get(), &policy_, &census_,
                                                 &clock_);
  }

  absl::StatusOr<v1::ImportIncidentResponse> Import(
      const v1::ImportIncidentRequest& request) {
    absl::Notification done;
    absl::StatusOr<v1::ImportIncidentResponse> result;
    handlers_->Import(request, [&](auto response) {
      result = std::move(response);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  storage::MemoryTables tables_;
  const storage::Store store_{&tables_};
  Metrics metrics_{"test"};
  CandidateCensus census_{&metrics_};
  SeverityPolicy policy_;
  std::unique_ptr<storage::GroupLog> log_;
  std::unique_ptr<ImportHandlers> handlers_;
};

TEST_F(ImportTest, MakesIdsThatAreTheSameForTheSameImport) {
  const auto first = Import(Exported());
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->stored());
  EXPECT_EQ(first->incident().created_by(), "sam");
  const auto contents = tables_.Contents();
  clock_.Advance(absl::Hours(1));
  const auto again = Import(Exported());
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->stored());
  EXPECT_EQ(again->incident().incident_id(), first->incident().incident_id());
  EXPECT_EQ(tables_.Contents(), contents);
  const std::string id = IdFromHex(first->incident().incident_id());
  EXPECT_EQ(store_.Accounts(id)->at(0).account().words(), "it looked idle");
  EXPECT_EQ(store_.Accounts(id)->at(0).author(), "");
  EXPECT_EQ(store_.Actions(id)->at(0).state(), v1::ACTION_STATE_OPEN);
  EXPECT_EQ(store_.TimelineEntries(id)->at(0).author(), "sam");
  EXPECT_EQ(store_.QueryEvents({})->items.size(), 1u);
}

TEST_F(ImportTest, AddsToAnImportThatWasCutOffAndRefusesAnotherOne) {
  ASSERT_THAT(Import(Exported()), IsOk());
  // More that belongs to the same incident is added.
  v1::ImportIncidentRequest more = Exported();
  more.mutable_export_()->add_actions()->set_title("one more");
  const auto added = Import(more);
  ASSERT_THAT(added, IsOk());
  EXPECT_TRUE(added->stored());
  // Something else under the same id is not, and nothing of it.
  more.mutable_export_()->add_actions()->set_title("yet another");
  more.mutable_export_()->mutable_accounts(0)->set_words("it looked busy");
  const auto contents = tables_.Contents();
  EXPECT_THAT(Import(more),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("\"it looked idle\" -> \"it looked busy\"")));
  EXPECT_EQ(tables_.Contents(), contents);
}

TEST_F(ImportTest, TakesOverACandidateThatWasAssembledHereUndecided) {
  const std::string id(32, 'c');
  v1::Candidate assembled;
  assembled.set_candidate_id(id);
  assembled.set_state(v1::CANDIDATE_STATE_QUIET);
  assembled.set_revision(9);
  absl::Notification stored;
  log_->Transact(
      {},
      [&assembled](const storage::Store&, int64_t) {
        return Records{CandidateRecordOf(std::nullopt, assembled)};
      },
      [&stored](const absl::Status&) { stored.Notify(); });
  stored.WaitForNotification();
  v1::ImportIncidentRequest request = Exported();
  request.mutable_export_()->mutable_incident()->set_incident_id(
      std::string(32, 'a'));
  v1::Candidate* promoted = request.mutable_export_()->add_candidates();
  promoted->set_candidate_id(id);
  promoted->set_state(v1::CANDIDATE_STATE_PROMOTED);
  promoted->set_incident_id(std::string(32, 'a'));
  promoted->set_revision(3);
  ASSERT_THAT(Import(request), IsOk());
  EXPECT_EQ(store_.GetCandidate(IdFromHex(id))->revision(), 10u);
  EXPECT_FALSE(Import(request)->stored());
  promoted->set_incident_id(std::string(32, 'b'));
  EXPECT_THAT(Import(request), StatusIs(absl::StatusCode::kAlreadyExists,
                                        HasSubstr("candidate " + id)));
}

}  // namespace
}  // namespace secondstory::incidentd
