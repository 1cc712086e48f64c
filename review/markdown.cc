#include "review/markdown.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace secondstory::review {
namespace {

// Cards beside one another: more do not fit a page.
constexpr size_t kCardsBesideMax = 3;

bool IsAlnum(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

// Escapes what means something anywhere in a line.
std::string EscapeInline(absl::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + 16);
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char before = i == 0 ? ' ' : text[i - 1];
    const char after = i + 1 == text.size() ? ' ' : text[i + 1];
    // snake_case stays readable: no host makes emphasis of it.
    const bool is_special =
        absl::StrContains("\\`*[]<>|~$", absl::string_view(&c, 1)) ||
        (c == '_' && !(IsAlnum(before) && IsAlnum(after))) ||
        (c == '&' && (IsAlnum(after) || after == '#'));
    if (is_special) escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

// Escapes what means something at the beginning of a line.
std::string EscapeLineStart(absl::string_view line) {
  line = absl::StripLeadingAsciiWhitespace(line);
  if (line.empty()) return "";
  if (absl::StrContains("#+-=", line.substr(0, 1))) {
    return absl::StrCat("\\", line);
  }
  size_t digits = 0;
  while (digits < line.size() &&
         absl::ascii_isdigit(static_cast<unsigned char>(line[digits]))) {
    ++digits;
  }
  if (digits > 0 && digits < line.size() &&
      (line[digits] == '.' || line[digits] == ')')) {
    return absl::StrCat(line.substr(0, digits), "\\", line.substr(digits));
  }
  return std::string(line);
}

std::string EscapeUrl(absl::string_view url) {
  std::string escaped;
  for (char c : url) {
    if (IsAlnum(c) ||
        absl::StrContains("-._~:/?#@!$&+,;=%'", absl::string_view(&c, 1))) {
      escaped.push_back(c);
    } else {
      absl::StrAppendFormat(&escaped, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  // In a table a dollar or an underscore may not begin anything either.
  return absl::StrReplaceAll(escaped, {{"$", "%24"}, {"&", "&amp;"}});
}

size_t LongestRun(absl::string_view text, char c) {
  size_t longest = 0;
  size_t run = 0;
  for (char each : text) {
    run = each == c ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string InlineCode(absl::string_view code) {
  std::string line = absl::StrReplaceAll(code, {{"\n", " "}});
  if (absl::StripAsciiWhitespace(line).empty()) return "";
  // A pipe ends a cell even in code, unless it is escaped; then only a table
  // takes the backslash away. Text is the same in both.
  if (absl::StrContains(line, '|')) return EscapeInline(line);
  const std::string fence(LongestRun(line, '`') + 1, '`');
  const bool needs_blank = line.front() == '`' || line.back() == '`';
  const absl::string_view blank = needs_blank ? " " : "";
  return absl::StrCat(fence, blank, line, blank, fence);
}

std::string Styled(absl::string_view text, absl::string_view mark) {
  // Emphasis may not begin or end with a blank.
  const absl::string_view inner = absl::StripAsciiWhitespace(text);
  if (inner.empty() || mark.empty()) return std::string(text);
  const size_t before = static_cast<size_t>(inner.data() - text.data());
  return absl::StrCat(text.substr(0, before), mark, inner, mark,
                      text.substr(before + inner.size()));
}

// One line of Markdown, line breaks as `line_break`.
std::string Inline(const Text& text, absl::string_view line_break) {
  std::string line;
  for (const Span& span : text) {
    std::string piece;
    if (span.style == TextStyle::kCode) {
      piece = InlineCode(span.text);
    } else {
      piece = EscapeInline(absl::StrReplaceAll(span.text, {{"\t", " "}}));
      if (!absl::StrContains(piece, '\n')) {
        piece = Styled(piece, span.style == TextStyle::kStrong     ? "**"
                              : span.style == TextStyle::kEmphasis ? "*"
                                                                   : "");
      }
    }
    if (!span.url.empty()) {
      piece = absl::StrCat("[", absl::StrReplaceAll(piece, {{"\n", " "}}), "](",
                           EscapeUrl(span.url), ")");
    }
    line += piece;
  }
  std::vector<std::string> lines = absl::StrSplit(line, '\n');
  std::string joined;
  for (const std::string& each : lines) {
    std::string start = EscapeLineStart(absl::StripAsciiWhitespace(each));
    if (start.empty()) continue;
    absl::StrAppend(&joined, joined.empty() ? "" : line_break, start);
  }
  return joined;
}

std::string Cell(const Text& text) { return Inline(text, "<br>"); }
std::string Cell(absl::string_view text) {
  return Cell(Text{{std::string(text), TextStyle::kPlain, ""}});
}

class Writer {
 public:
  std::string Write(const Document& document) {
    Line(absl::StrCat("# ", OneLine(document.title)));
    for (const auto& [name, text] : document.facts) {
      bullets_.push_back(
          absl::StrCat("- **", EscapeInline(name), ":** ", Inline(text, " ")));
    }
    Line(absl::StrJoin(bullets_, "\n"));
    for (const Section& section : document.sections) {
      if (IsPictureOnly(section)) continue;
      Line(absl::StrCat("## ", OneLine(section.title)));
      for (const Block& block : section.blocks) Write(block);
    }
    if (!document.footer.empty()) {
      Line("---");
      Line(Inline(document.footer, " "));
    }
    return std::move(out_);
  }

 private:
  // A block: separated by a blank line, each line behind the prefix.
  void Line(absl::string_view block) {
    if (block.empty()) return;
    if (!out_.empty() && !is_first_in_item_ && !is_first_in_quote_) {
      absl::StrAppend(&out_, absl::StripTrailingAsciiWhitespace(prefix_), "\n");
    }
    bool is_first = is_first_in_item_;
    is_first_in_item_ = false;
    is_first_in_quote_ = false;
    for (absl::string_view line : absl::StrSplit(block, '\n')) {
      if (is_first) {
        absl::StrAppend(&out_, line, "\n");
        is_first = false;
      } else {
        const std::string whole = absl::StrCat(prefix_, line);
        absl::StrAppend(&out_, absl::StripTrailingAsciiWhitespace(whole), "\n");
      }
    }
  }

  static bool IsPictureOnly(const Section& section) {
    return std::all_of(
        section.blocks.begin(), section.blocks.end(),
        [](const Block& block) { return block.kind == BlockKind::kPicture; });
  }

  static std::string OneLine(absl::string_view text) {
    return Inline({{std::string(text), TextStyle::kPlain, ""}}, " ");
  }

  void Write(const Block& block) {
    switch (block.kind) {
      case BlockKind::kParagraph:
        return Line(Inline(block.text, "\\\n"));
      case BlockKind::kHeading:
        return Line(absl::StrCat("### ", Inline(block.text, " ")));
      case BlockKind::kQuote:
        return Nested("> ", "", block.blocks);
      case BlockKind::kBullets:
      case BlockKind::kNumbers:
        return WriteList(block);
      case BlockKind::kCode:
        return WriteCode(block.text);
      case BlockKind::kTable:
        return WriteTable(block.table);
      case BlockKind::kCards:
        return WriteCards(block.cards);
      case BlockKind::kPicture:
        return;
    }
  }

  void WriteList(const Block& list) {
    const bool is_tight =
        std::all_of(list.items.begin(), list.items.end(),
                    [](const auto& item) { return item.size() <= 1; });
    for (size_t i = 0; i < list.items.size(); ++i) {
      const std::string mark =
          list.kind == BlockKind::kNumbers ? absl::StrCat(i + 1, ". ") : "- ";
      Nested(std::string(mark.size(), ' '), mark, list.items[i],
             is_tight && i > 0);
    }
  }

  void Nested(const std::string& indent, const std::string& mark,
              const std::vector<Block>& blocks, bool is_tight = false) {
    if (blocks.empty()) return;
    if (!mark.empty()) {
      if (!is_first_in_item_) {
        if (!is_tight && !is_first_in_quote_) {
          absl::StrAppend(&out_, absl::StripTrailingAsciiWhitespace(prefix_),
                          "\n");
        }
        out_ += prefix_;
      }
      out_ += mark;
      is_first_in_item_ = true;
      is_first_in_quote_ = false;
    }
    const std::string outer = prefix_;
    if (mark.empty()) {
      if (is_first_in_item_) {
        out_ += indent;
      } else if (!is_first_in_quote_) {
        absl::StrAppend(&out_, absl::StripTrailingAsciiWhitespace(prefix_),
                        "\n");
      }
      is_first_in_quote_ = !is_first_in_item_;
    }
    prefix_ += indent;
    for (const Block& block : blocks) Write(block);
    if (is_first_in_item_) {
      out_ += "\n";
      is_first_in_item_ = false;
    }
    prefix_ = outer;
  }

  void WriteCode(const Text& text) {
    std::string code;
    for (const Span& span : text) code += span.text;
    const std::string fence(std::max<size_t>(3, LongestRun(code, '`') + 1),
                            '`');
    Line(absl::StrCat(fence, "\n", absl::StripTrailingAsciiWhitespace(code),
                      "\n", fence));
  }

  void WriteRow(const std::vector<std::string>& cells) {
    rows_.push_back(absl::StrCat("| ", absl::StrJoin(cells, " | "), " |"));
  }

  void EndTable() {
    Line(absl::StrJoin(rows_, "\n"));
    rows_.clear();
  }

  void WriteTable(const Table& table) {
    std::vector<std::string> cells;
    for (const std::string& column : table.columns) {
      cells.push_back(Cell(column));
    }
    WriteRow(cells);
    WriteRow(std::vector<std::string>(cells.size(), "---"));
    for (const std::vector<Text>& row : table.rows) {
      cells.clear();
      for (const Text& cell : row) cells.push_back(Cell(cell));
      WriteRow(cells);
    }
    EndTable();
    for (const CardGroup& cards : table.row_cards) WriteCards(cards);
  }

  void WriteCards(const CardGroup& group) {
    if (group.cards.empty()) return;
    if (!group.title.empty()) {
      Line(absl::StrCat("### ", OneLine(group.title)));
    }
    for (size_t i = 0; i < group.cards.size(); i += kCardsBesideMax) {
      WriteCardsBeside(group, i,
                       std::min(group.cards.size(), i + kCardsBesideMax));
    }
  }

  void WriteCardsBeside(const CardGroup& group, size_t begin, size_t end) {
    std::vector<std::string> labels;  // in the order of the cards
    std::vector<std::string> header = {""};
    for (size_t i = begin; i < end; ++i) {
      const Card& card = group.cards[i];
      std::string title = absl::StrCat("**", Cell(card.title), "**");
      if (!card.note.empty()) {
        absl::StrAppend(&title, "<br>", Cell(card.note));
      }
      header.push_back(title);
      for (const auto& [label, text] : card.lines) {
        if (std::find(labels.begin(), labels.end(), label) == labels.end()) {
          labels.push_back(label);
        }
      }
    }
    WriteRow(header);
    WriteRow(std::vector<std::string>(header.size(), "---"));
    for (const std::string& label : labels) {
      std::vector<std::string> row = {absl::StrCat("*", Cell(label), "*")};
      for (size_t i = begin; i < end; ++i) {
        row.push_back("");
        for (const auto& [name, text] : group.cards[i].lines) {
          if (name == label) row.back() = Cell(text);
        }
      }
      WriteRow(row);
    }
    EndTable();
  }

  std::string out_;
  std::string prefix_;
  // The next line goes behind a list's mark.
  bool is_first_in_item_ = false;
  // The next line needs no blank one before it.
  bool is_first_in_quote_ = false;
  std::vector<std::string> bullets_;
  std::vector<std::string> rows_;
};

}  // namespace

std::string RenderMarkdown(const Document& document) {
  return Writer().Write(document);
}

}  // namespace secondstory::review
