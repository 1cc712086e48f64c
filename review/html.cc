#include "review/html.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "review/html_text.h"
#include "review/markup.h"
#include "review/report_css.h"
#include "review/svg.h"

namespace secondstory::review {
namespace {

std::string Inline(const Text& text) {
  std::string out;
  for (const Span& span : text) {
    const absl::string_view tag = span.style == TextStyle::kStrong ? "strong"
                                  : span.style == TextStyle::kEmphasis ? "em"
                                  : span.style == TextStyle::kCode     ? "code"
                                                                       : "";
    std::string piece =
        absl::StrReplaceAll(EscapeHtml(span.text), {{"\n", "<br>"}});
    if (!tag.empty())
      piece = absl::StrCat("<", tag, ">", piece, "</", tag, ">");
    if (IsWebUrl(span.url)) {
      piece = absl::StrCat("<a rel=\"nofollow noopener noreferrer\" href=\"",
                           EscapeHtml(span.url), "\">", piece, "</a>");
    }
    out += piece;
  }
  return out;
}

class Writer {
 public:
  std::string Write(const Document& document) {
    const std::string title = EscapeHtml(document.title);
    absl::StrAppend(
        &out_,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
        "'none'; style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>",
        title, "</title>\n<style>\n", ReportCss(),
        "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>", title,
        "</h1>\n<dl class=\"facts\">\n");
    for (const auto& [name, text] : document.facts) {
      absl::StrAppend(&out_, "<dt>", EscapeHtml(name), "</dt><dd>",
                      Inline(text), "</dd>\n");
    }
    absl::StrAppend(&out_, "</dl>\n");
    WriteContents(document);
    absl::StrAppend(&out_, "</header>\n");
    for (const Section& section : document.sections) {
      const std::string anchor = EscapeHtml(section.anchor);
      absl::StrAppend(&out_, "<section aria-labelledby=\"", anchor,
                      "\">\n<h2 id=\"", anchor, "\">",
                      EscapeHtml(section.title), "</h2>\n");
      WriteAll(section.blocks);
      absl::StrAppend(&out_, "</section>\n");
    }
    absl::StrAppend(&out_, "<footer><p>", Inline(document.footer),
                    "</p></footer>\n</main>\n</body>\n</html>\n");
    return std::move(out_);
  }

 private:
  void WriteContents(const Document& document) {
    if (document.sections.size() < 2) return;
    absl::StrAppend(&out_, "<nav aria-label=\"Contents\"><ul>\n");
    for (const Section& section : document.sections) {
      absl::StrAppend(&out_, "<li><a href=\"#", EscapeHtml(section.anchor),
                      "\">", EscapeHtml(section.title), "</a></li>\n");
    }
    absl::StrAppend(&out_, "</ul></nav>\n");
  }

  void WriteAll(const std::vector<Block>& blocks) {
    for (const Block& block : blocks) Write(block);
  }

  void Write(const Block& block) {
    switch (block.kind) {
      case BlockKind::kParagraph:
        return Element("p", Inline(block.text));
      case BlockKind::kHeading:
        return Element("h3", Inline(block.text));
      case BlockKind::kQuote:
        out_ += "<blockquote>\n";
        WriteAll(block.blocks);
        out_ += "</blockquote>\n";
        return;
      case BlockKind::kBullets:
        return WriteList("ul", block);
      case BlockKind::kNumbers:
        return WriteList("ol", block);
      case BlockKind::kCode:
        return WriteCode(block.text);
      case BlockKind::kTable:
        return WriteTable(block.table);
      case BlockKind::kCards:
        if (!block.cards.title.empty()) {
          Element("h3", EscapeHtml(block.cards.title));
        }
        return WriteCards(block.cards);
      case BlockKind::kPicture:
        absl::StrAppend(&out_, "<figure>\n", RenderSvg(block.picture),
                        "</figure>\n");
        return;
    }
  }

  void Element(absl::string_view tag, absl::string_view inner) {
    absl::StrAppend(&out_, "<", tag, ">", inner, "</", tag, ">\n");
  }

  void WriteList(absl::string_view tag, const Block& block) {
    absl::StrAppend(&out_, "<", tag, ">\n");
    for (const std::vector<Block>& item : block.items) {
      out_ += "<li>";
      // A list of single lines needs no paragraphs.
      if (item.size() == 1 && item[0].kind == BlockKind::kParagraph) {
        out_ += Inline(item[0].text);
      } else {
        WriteAll(item);
      }
      out_ += "</li>\n";
    }
    absl::StrAppend(&out_, "</", tag, ">\n");
  }

  void WriteCode(const Text& text) {
    out_ += "<pre><code>";
    for (const Span& span : text) out_ += EscapeHtml(span.text);
    out_ += "</code></pre>\n";
  }

  void WriteTable(const Table& table) {
    absl::StrAppend(&out_, "<div class=\"wide\"><table",
                    table.row_anchors.empty() ? "" : " class=\"lines\"",
                    ">\n<thead><tr>");
    for (const std::string& column : table.columns) {
      absl::StrAppend(&out_, "<th scope=\"col\">", EscapeHtml(column), "</th>");
    }
    out_ += "</tr></thead>\n<tbody>\n";
    for (size_t i = 0; i < table.rows.size(); ++i) {
      const bool is_told =
          i < table.row_cards.size() && !table.row_cards[i].cards.empty();
      out_ += "<tr";
      if (i < table.row_anchors.size()) {
        absl::StrAppend(&out_, " id=\"", EscapeHtml(table.row_anchors[i]),
                        "\"");
      }
      out_ += is_told ? " class=\"before-told\">" : ">";
      for (const Text& cell : table.rows[i]) {
        absl::StrAppend(&out_, "<td>", Inline(cell), "</td>");
      }
      out_ += "</tr>\n";
      if (!is_told) continue;
      absl::StrAppend(&out_, "<tr class=\"told\"><td colspan=\"",
                      table.columns.size(), "\">\n");
      WriteCards(table.row_cards[i]);
      out_ += "</td></tr>\n";
    }
    out_ += "</tbody>\n</table></div>\n";
  }

  void WriteCards(const CardGroup& group) {
    out_ += "<div class=\"cards\">\n";
    for (const Card& card : group.cards) {
      absl::StrAppend(&out_, "<article class=\"card",
                      card.is_marked ? " marked" : "", "\"><h4>",
                      EscapeHtml(card.title));
      if (!card.note.empty()) {
        absl::StrAppend(&out_, " <span class=\"note\">&middot; ",
                        EscapeHtml(card.note), "</span>");
      }
      out_ += "</h4>";
      if (!card.lines.empty()) {
        out_ += "<dl>\n";
        for (const auto& [label, text] : card.lines) {
          absl::StrAppend(&out_, "<dt>", EscapeHtml(label), "</dt><dd>",
                          Inline(text), "</dd>\n");
        }
        out_ += "</dl>";
      }
      out_ += "</article>\n";
    }
    out_ += "</div>\n";
  }

  std::string out_;
};

}  // namespace

std::string RenderHtml(const Document& document) {
  return Writer().Write(document);
}

}  // namespace secondstory::review
