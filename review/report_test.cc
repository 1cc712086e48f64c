// Goal: the report says what the story says, by role, in the same bytes every
// time, and no text of a story becomes markup.
// Method: render the sample and read it; render stories full of hostile text
// and read the result with a parser: cmark for Markdown, a small scanner for
// HTML, which knows every tag and attribute that we write.
#include "review/report.h"

#include <cmark.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "review/gaps.h"
#include "review/html.h"
#include "review/markdown.h"
#include "review/people.h"
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
  EXPECT_THAT(
      markdown,
      HasSubstr("- **When:** 2026-03-01 10:05 to 11:52 UTC, 1 h 47 min"));
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
  // Written down in the review, by whoever did it and knew.
  Entry done =
      MakeLine("f", "10:21", EventKind::kHumanAction, "bo", "restarted it");
  done.known_time = done.append_time = At("2026-03-03T09:00:00Z");
  story.entries.push_back(done);
  const std::string text = RenderMarkdown(Report(story));
  EXPECT_THAT(text, Not(HasSubstr("| restarted it |")));
  EXPECT_THAT(text, HasSubstr("| 11:02 | parameters changed by hand | 10:20 | "
                              "42 min |"));
}

TEST(ReportTest, NestsMarkdownOfTheNarrativeAsItWasWritten) {
  Story story = MakeStory();
  story.incident.narrative =
      "first\n\n> quoted\n>\n> - a\n> - b\n\n1. one\n\n   more\n2. two\n   > "
      "in "
      "two\n\n- - deep\n";
  EXPECT_THAT(RenderMarkdown(Report(story)),
              HasSubstr("\n\nfirst\n\n> quoted\n>\n> - a\n> - b\n\n1. one\n\n"
                        "   more\n\n2. two\n\n   > in two\n\n- - deep\n"));
}

TEST(ReportTest, UsesNoWordsOfFaultOfItsOwn) {
  const std::string markdown = RenderMarkdown(Report(CheckoutStory()));
  for (const char* word : {"should have", "could have", "fault", "mistake",
                           "blame", "why didn", "human error"}) {
    EXPECT_THAT(markdown, Not(HasSubstr(word)));
  }
}

// What a name is parted by and does not show parts no name.
TEST(ReportTest, HidesNamesWithInvisibleLettersInThem) {
  Story story = CheckoutStory();
  story.entries[3].title = "al\xE2\x80\xAEice looked; a\x01lice, too";
  const Document document = Report(story);
  EXPECT_THAT(RenderMarkdown(document),
              HasSubstr("on-call, checkout looked; on-call, checkout, too"));
  EXPECT_THAT(RenderHtml(document), Not(HasSubstr("alice")));
}

TEST(ReportTest, LeavesNoHeadingWithoutWordsInMarkdown) {
  EXPECT_THAT(RenderMarkdown(Report(CheckoutStory())),
              Not(HasSubstr("At a glance")));
}

// --- Hostile text ------------------------------------------------------------

constexpr const char* kHostile[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</title></style></svg><script>x</script>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHg+)",
    "![x](https://tracker.example/p.png)",
    "<https://ok.example> <javascript:alert(1)>",
    "[x]: javascript:alert(1)\n[x]",
    "| a | b |\n| --- | --- |\n| c | d |",
    "# heading\n## another\n====\n----",
    "```\nfence\n~~~",
    "- item\n  - nested\n1. one\n+ two",
    "`` ` ``` <b>",
    "&lt;script&gt; &#x3c;b&#x3e; &amp;lt;",
    "*a* _b_ **c** __d__ ~~e~~ \\* \\<b>",
    "https://ok.example/\"onmouseover=alert(1)",
    "http://ok.example/)|<b>](x",
    "a\r\nb\tc\x01\xff\xe2\x80\xae",
    "    indented code <b>",
    "> quote\n> > deeper",
    "<!-- comment --> <![CDATA[x]]> <?php ?>",
    "$x$ @someone #123 :smile:",
    "--> ]]> */ </desc></g></a>",
};

class HostileText {
 public:
  explicit HostileText(uint64_t seed) : random_(seed) {}

  std::string operator()() {
    std::string text;
    for (uint64_t i = 0, count = 1 + random_() % 3; i < count; ++i) {
      const size_t which = random_() % (sizeof(kHostile) / sizeof(*kHostile));
      absl::StrAppend(&text,
                      i == 0          ? ""
                      : random_() % 2 ? " "
                                      : "\n",
                      kHostile[which]);
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

Story HostileStory(uint64_t seed) {
  HostileText text(seed);
  Story story = CheckoutStory();
  Incident& incident = story.incident;
  for (std::string* each :
       {&incident.title, &incident.summary, &incident.narrative,
        &incident.surprise, &incident.publish_word, &incident.severity_name,
        &incident.services[0], &incident.tags[0], &incident.links[0].title,
        &incident.links[1].url, &incident.participants[0].role}) {
    *each = text();
  }
  for (Entry& entry : story.entries) {
    entry.title = text();
    entry.description = text();
    entry.service = text();
    entry.links.push_back({text(), text()});
  }
  for (Account& account : story.accounts) {
    for (std::string* each :
         {&account.role, &account.action, &account.observed_effect,
          &account.expectation, &account.assumption, &account.also_known,
          &account.words}) {
      *each = text();
    }
  }
  for (Action& action : story.actions) {
    action.title = text();
    action.owner = text();
    action.tracker_url = text();
    action.description = text();
  }
  return story;
}

bool IsOurUrl(const std::string& url) {
  return absl::StartsWithIgnoreCase(url, "http://") ||
         absl::StartsWithIgnoreCase(url, "https://");
}

// Every tag of an HTML text, with its attributes, fails on what we never write.
void CheckHtml(const std::string& html) {
  const std::set<std::string> tags = {
      "!DOCTYPE", "html",   "head",   "meta",  "title",  "style",     "body",
      "main",     "header", "h1",     "h2",    "h3",     "h4",        "dl",
      "dt",       "dd",     "nav",    "ul",    "ol",     "li",        "a",
      "section",  "p",      "div",    "table", "thead",  "tbody",     "tr",
      "th",       "td",     "pre",    "code",  "strong", "em",        "br",
      "article",  "span",   "figure", "svg",   "desc",   "g",         "rect",
      "path",     "circle", "line",   "text",  "footer", "blockquote"};
  const std::set<std::string> attributes = {
      "lang",        "charset", "http-equiv", "content",
      "name",        "id",      "class",      "aria-labelledby",
      "aria-label",  "href",    "rel",        "scope",
      "colspan",     "role",    "viewBox",    "x",
      "y",           "x1",      "x2",         "y1",
      "y2",          "cx",      "cy",         "r",
      "rx",          "d",       "width",      "height",
      "text-anchor", "html"};
  size_t at = html.find("</style>");
  ASSERT_NE(at, std::string::npos);
  int depth = 0;
  while ((at = html.find('<', at)) != std::string::npos) {
    size_t i = at + 1;
    const bool is_end = html[i] == '/';
    if (is_end) ++i;
    std::string tag;
    while (isalnum(static_cast<unsigned char>(html[i])) || html[i] == '!') {
      tag += html[i++];
    }
    ASSERT_TRUE(tags.count(tag)) << html.substr(at, 80);
    bool is_closed = false;
    while (html[i] == ' ') {
      ++i;
      std::string name;
      while (html[i] != '=' && html[i] != '>' && html[i] != ' ') {
        name += html[i++];
      }
      ASSERT_TRUE(attributes.count(name)) << html.substr(at, 120);
      if (html[i] != '=') continue;
      ASSERT_EQ(html[i + 1], '"') << html.substr(at, 120);
      const size_t end = html.find('"', i + 2);
      const std::string value = html.substr(i + 2, end - i - 2);
      ASSERT_EQ(value.find('<'), std::string::npos) << value;
      if (name == "href") {
        ASSERT_TRUE(IsOurUrl(value) || value[0] == '#') << value;
      }
      i = end + 1;
    }
    if (html[i] == '/') {
      is_closed = true;
      ++i;
    }
    ASSERT_EQ(html[i], '>') << html.substr(at, 120);
    if (is_end) --depth;
    if (!is_end && !is_closed && tag != "br") ++depth;
    at = i;
  }
  // From </style> on, three elements are closed that were opened before.
  EXPECT_EQ(depth, -3) << "every tag is closed";
}

void CheckMarkdown(const std::string& markdown, size_t section_count) {
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> root(
      cmark_parse_document(markdown.data(), markdown.size(), 0),
      &cmark_node_free);
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(
      cmark_iter_new(root.get()), &cmark_iter_free);
  size_t sections = 0;
  cmark_event_type event;
  while ((event = cmark_iter_next(walk.get())) != CMARK_EVENT_DONE) {
    if (event != CMARK_EVENT_ENTER) continue;
    cmark_node* node = cmark_iter_get_node(walk.get());
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_HTML_INLINE:
        ASSERT_STREQ(cmark_node_get_literal(node), "<br>");
        break;
      case CMARK_NODE_LINK:
        ASSERT_TRUE(IsOurUrl(cmark_node_get_url(node)))
            << cmark_node_get_url(node);
        break;
      case CMARK_NODE_HTML_BLOCK:
        FAIL() << cmark_node_get_literal(node);
      case CMARK_NODE_IMAGE:
        FAIL() << cmark_node_get_url(node);
      case CMARK_NODE_HEADING:
        if (cmark_node_get_heading_level(node) == 2) ++sections;
        break;
      default:
        break;
    }
  }
  EXPECT_EQ(sections, section_count) << "no text makes a section of its own";
}

TEST(ReportTest, MakesNoMarkupOfHostileText) {
  const uint64_t seed = support::Seed();
  for (uint64_t round = 0; round < 150; ++round) {
    const Story story = HostileStory(seed + round);
    const Document document = Report(story, {round % 2 == 0});
    const std::string html = RenderHtml(document);
    const std::string markdown = RenderMarkdown(document);
    if (round == 0) {
      Keep("hostile.html", html);
      Keep("hostile.md", markdown);
    }
    CheckHtml(html);
    size_t pictures = 0;
    for (const Section& section : document.sections) {
      pictures += section.anchor == "at-a-glance" ? 1 : 0;
    }
    CheckMarkdown(markdown, document.sections.size() - pictures);
    ASSERT_FALSE(HasFatalFailure() || HasNonfatalFailure())
        << "round " << round;
  }
}

TEST(ReportTest, CatchesMarkupThatIsNotOurs) {
  // The checks above can fail.
  EXPECT_FATAL_FAILURE(CheckMarkdown("# t\n\n<script>alert(1)</script>\n", 0),
                       "script");
  EXPECT_FATAL_FAILURE(CheckMarkdown("[x](javascript:y)\n", 0), "javascript");
  EXPECT_FATAL_FAILURE(CheckHtml("</style><script>x</script>"), "<script>");
  EXPECT_FATAL_FAILURE(CheckHtml("</style><p onclick=\"x\">"), "onclick");
}

}  // namespace
}  // namespace secondstory::review
