#include "review/report.h"

#include <cstdlib>
#include <fstream>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/gaps.h"
#include "review/html.h"
#include "review/markdown.h"
#include "review/sample.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using testing::HasSubstr;
using testing::Not;

Document Report(const Story& story, const ReportOptions& options = {}) {
  return MakeReport(story, FindGaps(story, Roles(story)), options);
}

// For a person to look at.
void Keep(const std::string& name, const std::string& content) {
  const char* dir = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (dir != nullptr) std::ofstream(absl::StrCat(dir, "/", name)) << content;
}

TEST(ReportTest, TellsTheWholeStory) {
  const Document document = Report(CheckoutStory());
  std::vector<std::string> anchors;
  for (const Section& section : document.sections) {
    anchors.push_back(section.anchor);
  }
  EXPECT_THAT(anchors, testing::ElementsAre(
                           "summary", "what-happened", "how-long",
                           "at-a-glance", "surprises", "timeline",
                           "known-later", "questions", "actions", "links"));
  const std::string markdown = RenderMarkdown(document);
  Keep("checkout.md", markdown);
  Keep("checkout.html", RenderHtml(document));
  EXPECT_THAT(markdown, HasSubstr("start to resolve: **1 h 47 min**"));
  EXPECT_THAT(markdown, HasSubstr("*action:* restarted"));
  EXPECT_THAT(markdown, HasSubstr("| *Took for granted* |"));
  EXPECT_THAT(markdown, HasSubstr("would rather not tell"));
  EXPECT_THAT(markdown, HasSubstr("Not answered yet."));
  EXPECT_THAT(markdown, HasSubstr("| nobody yet |"));
}

TEST(ReportTest, NamesNobodyUnlessAsked) {
  const Story story = CheckoutStory();
  const Document by_role = Report(story);
  const Document by_name = Report(story, {true});
  for (const std::string& text :
       {RenderMarkdown(by_role), RenderHtml(by_role)}) {
    EXPECT_THAT(text, HasSubstr("on-call, checkout"));
    for (const Participant& each : story.incident.participants) {
      EXPECT_THAT(text, Not(HasSubstr(each.name)));
    }
  }
  EXPECT_THAT(RenderMarkdown(by_name), HasSubstr("alice (on-call, checkout)"));
}

TEST(ReportTest, NeverNamesWhoGaveAnAccount) {
  Story story = MakeStory();
  Account account;
  account.id = "a";
  account.role = "on-call";
  account.author = "Noor";
  account.words = "Noor looked at it first";
  story.accounts = {account};
  story.incident.participants = {{"Noor", "on-call"}};
  const std::string text = RenderHtml(Report(story, {true}));
  EXPECT_THAT(text, HasSubstr("on-call looked at it first"));
}

TEST(ReportTest, GivesTheSameBytesForTheSameStory) {
  EXPECT_EQ(RenderHtml(Report(CheckoutStory())),
            RenderHtml(Report(CheckoutStory())));
  EXPECT_EQ(RenderMarkdown(Report(CheckoutStory())),
            RenderMarkdown(Report(CheckoutStory())));
}

TEST(ReportTest, DrawsAStoryOfFiveHundredLinesAndOneOfNone) {
  const std::string html = RenderHtml(Report(LongStory(500, 1)));
  Keep("long.html", html);
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, HasSubstr("id=\"line-500\""));
  EXPECT_THAT(RenderHtml(Report(MakeStory())), Not(HasSubstr("<svg")));
  EXPECT_THAT(RenderHtml(Report(Story())), HasSubstr("<h1>"));
}

TEST(ReportTest, SetsOutWhatWasKnownOnlyLater) {
  Story story = MakeStory();
  Entry late = MakeEvent("e", "10:20", EventKind::kChangeFinished, "db",
                         "parameters changed by hand");
  late.known_time = At("2026-03-01T11:02:00Z");
  story.entries = {late};
  const std::string text = RenderMarkdown(Report(story));
  EXPECT_THAT(text, HasSubstr("| 11:02 | parameters changed by hand | 10:20 | "
                              "42 min |"));
}

// Whatever people or machines write stays text.
TEST(ReportTest, TakesNoTextForMarkup) {
  const std::vector<std::string> kHostile = {
      "<script>alert(1)</script>",
      "\"><img src=x onerror=alert(1)>",
      "[click](javascript:alert(1))",
      "![x](https://evil.example/x.png)",
      "</style><script>alert(1)</script>",
      "| a | b |\n|---|---|",
      "# not a heading\n- not a list",
      "<a href='javascript:alert(1)'>x</a>",
      "\xE2\x80\xAE txt.exe \xFF\xFE",
      "&lt;b&gt; `code` **strong** <!-- x -->"};
  std::mt19937_64 random(support::Seed());
  const auto pick = [&] {
    std::string text;
    for (int i = 0; i < 3; ++i) text += kHostile[random() % kHostile.size()];
    return text;
  };
  for (int round = 0; round < 50; ++round) {
    Story story = CheckoutStory();
    Incident& incident = story.incident;
    for (std::string* text : {&incident.title, &incident.summary,
                              &incident.narrative, &incident.surprise}) {
      *text = pick();
    }
    incident.services = {pick()};
    incident.tags = {pick()};
    incident.links = {{pick(), "javascript:alert(1)"},
                      {pick(), "https://example.org/\"><script>"}};
    for (Entry& entry : story.entries) {
      entry.title = pick();
      entry.service = pick();
      entry.description = pick();
    }
    for (Account& account : story.accounts) {
      account.role = pick();
      account.action = pick();
    }
    for (Action& action : story.actions) {
      action.title = pick();
      action.tracker_url = "javascript:alert(1)";
    }
    const std::string html = RenderHtml(Report(story));
    for (const char* markup : {"<script", "<img", "href=\"javascript",
                               "\xE2\x80\xAE", "<a href='"}) {
      EXPECT_FALSE(absl::StrContains(html, markup)) << markup;
    }
    // What is escaped in Markdown has a backslash before it.
    const std::string markdown = absl::StrReplaceAll(
        RenderMarkdown(Report(story)), {{"\\]", ""}, {"\\[", ""}, {"\\<", ""}});
    for (const char* markup : {"](javascript", "<script", "<img", "!["}) {
      EXPECT_FALSE(absl::StrContains(markdown, markup)) << markup;
    }
  }
}

}  // namespace
}  // namespace secondstory::review
