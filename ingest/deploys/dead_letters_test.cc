#include "ingest/deploys/dead_letters.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

DeadLetter Letter(const std::string& text) {
  DeadLetter letter;
  letter.time = absl::FromUnixSeconds(1772366400);
  letter.source = "deploylog/prod";
  letter.file = "/var/log/d.log";
  letter.line = 17;
  letter.reason = "kind is \"x\"";
  letter.text = text;
  letter.bytes = 99;
  return letter;
}

TEST(DeadLettersTest, KeepsTheLineWithItsPlaceAndReason) {
  EXPECT_EQ(FormatDeadLetter(Letter("{\"kind\":\"x\"}")),
            R"({"time":"2026-03-01T12:00:00+00:00","source":"deploylog/prod",)"
            R"("file":"/var/log/d.log","line":17,"reason":"kind is \"x\"",)"
            R"("bytes":99,"text":"{\"kind\":\"x\"}"})");
}

TEST(DeadLettersTest, KeepsBytesThatAreNotUtf8AsBase64) {
  EXPECT_THAT(FormatDeadLetter(Letter("pl\xE4n")),
              testing::HasSubstr(R"("base64":"cGzkbg==")"));
}

}  // namespace
}  // namespace secondstory::ingest
