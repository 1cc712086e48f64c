#include "tools/story/language_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "tools/story/table.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr int kIndent = 4;

// What is looked at of a line before and behind the words; more than fits on
// any screen.
constexpr size_t kAroundBytes = 2048;

// Counts lines as it goes, so that many findings do not count from the start.
class LineCounter {
 public:
  explicit LineCounter(absl::string_view text) : text_(text) {}

  // REQUIRES: calls with rising `position`.
  int64_t LineAt(size_t position) {
    line_ += std::count(text_.begin() + at_, text_.begin() + position, '\n');
    at_ = position;
    return line_;
  }

 private:
  absl::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

// What of a line stands before, in and behind the underlined words.
struct Parts {
  std::string before;
  std::string words;
  std::string behind;
};

// OneLine() takes off a blank at the end, which a part may need.
std::string Part(absl::string_view text) {
  std::string part = OneLine(text);
  if (!part.empty() &&
      absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    part += ' ';
  }
  return part;
}

// The end of `text` that fits into `width` columns, from a blank on.
std::string EndOf(const std::string& text, int width) {
  if (DisplayWidth(text) <= width) return text;
  std::string end;
  for (size_t blank = text.rfind(' '); blank != text.npos && blank > 0;
       blank = text.rfind(' ', blank - 1)) {
    std::string longer = text.substr(blank + 1);
    if (DisplayWidth(longer) + 4 > width) break;
    end = std::move(longer);
  }
  return absl::StrCat("... ", end);
}

std::string Underlined(const Parts& parts, int width) {
  const std::string words = CutTo(parts.words, width);
  const int words_width = DisplayWidth(words);
  const std::string before =
      EndOf(parts.before, std::max(0, (width - words_width) / 2));
  const int before_width = DisplayWidth(before);
  const int room = width - before_width - words_width;
  return absl::StrCat(
      std::string(kIndent, ' '), before, words,
      room < 3 ? "" : CutTo(parts.behind, room), "\n",
      std::string(static_cast<size_t>(kIndent + before_width), ' '),
      std::string(static_cast<size_t>(words_width), '^'), "\n");
}

// The finding's lines, joined: words may go on behind a line's end.
Parts PartsOf(absl::string_view text, const review::LanguageFinding& finding) {
  const size_t from = finding.begin - std::min(finding.begin, kAroundBytes);
  const size_t newline = text.substr(from, finding.begin - from).rfind('\n');
  size_t begin = newline == text.npos ? from : from + newline + 1;
  // Not within a character.
  while (begin < finding.begin && (text[begin] & 0xC0) == 0x80) ++begin;
  const absl::string_view rest = text.substr(finding.end, kAroundBytes);
  size_t end = finding.end + std::min(rest.find('\n'), rest.size());
  while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
  Parts parts;
  parts.before = Part(text.substr(begin, finding.begin - begin));
  parts.words =
      OneLine(text.substr(finding.begin, finding.end - finding.begin));
  parts.behind = OneLine(text.substr(finding.end, end - finding.end));
  if (finding.end < end &&
      absl::ascii_isspace(static_cast<unsigned char>(text[finding.end]))) {
    parts.behind.insert(0, 1, ' ');
  }
  return parts;
}

}  // namespace

std::string LanguagePage(absl::string_view name, absl::string_view text,
                         absl::Span<const review::LanguageFinding> findings,
                         const PageOptions& options) {
  std::string page;
  LineCounter lines(text);
  for (const review::LanguageFinding& finding : findings) {
    absl::StrAppend(
        &page, OneLine(name), ":", lines.LineAt(finding.begin), ": ",
        finding.rule->id, "\n",
        Underlined(PartsOf(text, finding), options.width - kIndent),
        RenderFacts({{"why", finding.rule->why}, {"ask", finding.rule->ask}},
                    options.width, kIndent),
        "\n");
  }
  return page;
}

std::string LanguageJson(absl::string_view name, absl::string_view text,
                         absl::Span<const review::LanguageFinding> findings) {
  std::string json;
  LineCounter lines(text);
  for (const review::LanguageFinding& finding : findings) {
    json += "{\"name\":";
    AppendJsonText(name, &json);
    absl::StrAppend(&json, ",\"line\":", lines.LineAt(finding.begin),
                    ",\"begin\":", finding.begin, ",\"end\":", finding.end,
                    ",\"rule\":");
    AppendJsonText(finding.rule->id, &json);
    json += ",\"words\":";
    AppendJsonText(text.substr(finding.begin, finding.end - finding.begin),
                   &json);
    json += ",\"why\":";
    AppendJsonText(finding.rule->why, &json);
    json += ",\"ask\":";
    AppendJsonText(finding.rule->ask, &json);
    json += "}\n";
  }
  return json;
}

}  // namespace secondstory::story
