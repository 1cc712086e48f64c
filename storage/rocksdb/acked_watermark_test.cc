#include "storage/rocksdb/acked_watermark.h"

#include <fstream>

#include "base/status_matchers.h"

namespace secondstory::storage {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class AckedWatermarkTest : public testing::Test {
 protected:
  const std::string dir_ = testing::TempDir();
  AckedWatermark watermark_{dir_};
  void TearDown() override { std::remove((dir_ + "/acked").c_str()); }
};

TEST_F(AckedWatermarkTest, IsZeroBeforeTheFirstSave) {
  EXPECT_THAT(watermark_.Read(), IsOkAndHolds(0));
  SS_EXPECT_OK(watermark_.Check(0));
}

TEST_F(AckedWatermarkTest, AcceptsALogThatReachesAsFarOrFurther) {
  SS_ASSERT_OK(watermark_.Save(41));
  SS_ASSERT_OK(watermark_.Save(42));
  SS_EXPECT_OK(watermark_.Check(42));
  SS_EXPECT_OK(watermark_.Check(43));
}

TEST_F(AckedWatermarkTest, RefusesALogThatEndsBeforeAndSaysHowToGoOn) {
  SS_ASSERT_OK(watermark_.Save(42));
  EXPECT_THAT(watermark_.Check(41),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("41"), HasSubstr("42"),
                             HasSubstr("--accept_data_loss"))));
}

TEST_F(AckedWatermarkTest, RefusesADamagedFileAndNamesIt) {
  std::ofstream(dir_ + "/acked") << "4x\n";
  EXPECT_THAT(watermark_.Check(9),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("/acked")));
}

}  // namespace
}  // namespace secondstory::storage
