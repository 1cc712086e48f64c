#include "review/markup.h"

#include <cmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/json_text.h"

namespace secondstory::review {
namespace {

constexpr int kDepthMax = 12;
constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

// LRM, RLM, LRE..RLO, LRI..PDI: e2 80 8e/8f, e2 80 aa..ae, e2 81 a6..a9; ALM:
// d8 9c.
bool TurnsDirection(absl::string_view character) {
  if (character == "\xD8\x9C") return true;
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  return (second == 0x80 && (third == 0x8E || third == 0x8F ||
                             (third >= 0xAA && third <= 0xAE))) ||
         (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

bool IsControl(absl::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) {
    return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F;
  }
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

bool IsUrlByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F &&
         std::strchr("\"'<>\\^`{|}", c) == nullptr;
}

// The address at the beginning of `text`, without the punctuation that ends a
// sentence; empty when there is none.
absl::string_view UrlAt(absl::string_view text) {
  if (!absl::StartsWith(text, "http://") &&
      !absl::StartsWith(text, "https://")) {
    return "";
  }
  size_t size = 0;
  while (size < text.size() && IsUrlByte(text[size])) ++size;
  while (size > 0 && std::strchr(".,;:!?)", text[size - 1]) != nullptr) --size;
  const absl::string_view url = text.substr(0, size);
  return url.size() > absl::string_view("https://").size() ? url : "";
}

void AppendSpan(Span span, Text* text) {
  if (span.text.empty()) return;
  if (!text->empty() && text->back().style == span.style &&
      text->back().url == span.url) {
    text->back().text += span.text;
  } else {
    text->push_back(std::move(span));
  }
}

class MarkdownReader {
 public:
  explicit MarkdownReader(Rewrite rewrite) : rewrite_(rewrite) {}

  std::vector<Block> ReadBlocks(cmark_node* parent, int depth) {
    std::vector<Block> blocks;
    for (cmark_node* node = cmark_node_first_child(parent); node != nullptr;
         node = cmark_node_next(node)) {
      if (cmark_node_get_type(node) == CMARK_NODE_THEMATIC_BREAK) continue;
      blocks.push_back(ReadBlock(node, depth));
    }
    return blocks;
  }

 private:
  Block ReadBlock(cmark_node* node, int depth) {
    Block block;
    if (depth >= kDepthMax) {
      AppendPlain(Flatten(node), TextStyle::kPlain, "", &block.text);
      return block;
    }
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_BLOCK_QUOTE:
        block.kind = BlockKind::kQuote;
        block.blocks = ReadBlocks(node, depth + 1);
        break;
      case CMARK_NODE_LIST:
        block.kind = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST
                         ? BlockKind::kNumbers
                         : BlockKind::kBullets;
        for (cmark_node* item = cmark_node_first_child(node); item != nullptr;
             item = cmark_node_next(item)) {
          block.items.push_back(ReadBlocks(item, depth + 1));
        }
        break;
      case CMARK_NODE_CODE_BLOCK:
        block.kind = BlockKind::kCode;
        block.text.push_back({Literal(node), TextStyle::kCode, ""});
        break;
      case CMARK_NODE_HTML_BLOCK:
        AppendPlain(Literal(node), TextStyle::kPlain, "", &block.text);
        break;
      case CMARK_NODE_HEADING:
        block.kind = BlockKind::kHeading;
        ReadInlines(node, TextStyle::kPlain, "", depth, &block.text);
        break;
      default:
        ReadInlines(node, TextStyle::kPlain, "", depth, &block.text);
        break;
    }
    return block;
  }

  void ReadInlines(cmark_node* parent, TextStyle style, const std::string& url,
                   int depth, Text* text) {
    for (cmark_node* node = cmark_node_first_child(parent); node != nullptr;
         node = cmark_node_next(node)) {
      ReadInline(node, style, url, depth, text);
    }
  }

  void ReadInline(cmark_node* node, TextStyle style, const std::string& url,
                  int depth, Text* text) {
    if (depth >= 2 * kDepthMax) {
      AppendPlain(Flatten(node), style, url, text);
      return;
    }
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_SOFTBREAK:
        AppendSpan({" ", style, url}, text);
        break;
      case CMARK_NODE_LINEBREAK:
        AppendSpan({"\n", style, url}, text);
        break;
      case CMARK_NODE_CODE:
        AppendSpan({Literal(node), TextStyle::kCode, url}, text);
        break;
      case CMARK_NODE_TEXT:
      case CMARK_NODE_HTML_INLINE:
        AppendPlain(Raw(node), style, url, text);
        break;
      case CMARK_NODE_EMPH:
        ReadInlines(node, TextStyle::kEmphasis, url, depth + 1, text);
        break;
      case CMARK_NODE_STRONG:
        ReadInlines(node, TextStyle::kStrong, url, depth + 1, text);
        break;
      case CMARK_NODE_LINK:
      case CMARK_NODE_IMAGE: {
        const char* target = cmark_node_get_url(node);
        std::string link = target == nullptr ? "" : target;
        if (!IsWebUrl(link)) link.clear();
        const size_t before = text->size();
        ReadInlines(node, style, link, depth + 1, text);
        if (text->size() == before) AppendSpan({link, style, link}, text);
        break;
      }
      default:
        ReadInlines(node, style, url, depth + 1, text);
        break;
    }
  }

  void AppendPlain(absl::string_view plain, TextStyle style,
                   const std::string& url, Text* text) {
    if (!url.empty()) {
      AppendSpan({rewrite_(CleanText(plain)), style, url}, text);
      return;
    }
    for (Span& span : TextOfPlain(plain, rewrite_)) {
      span.style = style;
      AppendSpan(std::move(span), text);
    }
  }

  static std::string Raw(cmark_node* node) {
    const char* literal = cmark_node_get_literal(node);
    return literal == nullptr ? "" : literal;
  }

  std::string Literal(cmark_node* node) {
    return rewrite_(CleanText(Raw(node)));
  }

  // All text below a node, without recursion: it may be nested by the thousand.
  static std::string Flatten(cmark_node* node) {
    std::string flat;
    const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(
        cmark_iter_new(node), &cmark_iter_free);
    while (cmark_iter_next(walk.get()) != CMARK_EVENT_DONE) {
      const std::string raw = Raw(cmark_iter_get_node(walk.get()));
      if (!raw.empty()) absl::StrAppend(&flat, flat.empty() ? "" : " ", raw);
    }
    return flat;
  }

  const Rewrite rewrite_;
};

}  // namespace

std::string CleanText(absl::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto bytes = static_cast<size_t>(Utf8CharacterBytes(text));
    if (bytes == 0) {
      clean.append(kReplacement.data(), kReplacement.size());
      text.remove_prefix(1);
      continue;
    }
    const absl::string_view character = text.substr(0, bytes);
    if (!IsControl(character) && !TurnsDirection(character)) {
      clean.append(character.data(), character.size());
    }
    text.remove_prefix(bytes);
  }
  return clean;
}

bool IsWebUrl(absl::string_view url) {
  const std::string scheme = absl::AsciiStrToLower(
      url.substr(0, absl::string_view("https://").size()));
  return (absl::StartsWith(scheme, "http://") || scheme == "https://") &&
         std::all_of(url.begin(), url.end(), [](char c) {
           return IsUrlByte(c) || (static_cast<unsigned char>(c) & 0x80) != 0;
         });
}

Text TextOfPlain(absl::string_view text, Rewrite rewrite) {
  const std::string clean = CleanText(text);
  Text spans;
  absl::string_view rest = clean;
  size_t plain = 0;  // bytes of `rest` that are no address
  while (plain < rest.size()) {
    const size_t found = rest.find("http", plain);
    const absl::string_view url =
        found == absl::string_view::npos ? "" : UrlAt(rest.substr(found));
    if (url.empty()) {
      plain = found == absl::string_view::npos ? rest.size() : found + 4;
      continue;
    }
    if (found > 0) {
      AppendSpan({rewrite(rest.substr(0, found)), TextStyle::kPlain, ""},
                 &spans);
    }
    AppendSpan({std::string(url), TextStyle::kPlain, std::string(url)}, &spans);
    rest.remove_prefix(found + url.size());
    plain = 0;
  }
  if (!rest.empty()) {
    AppendSpan({rewrite(rest), TextStyle::kPlain, ""}, &spans);
  }
  return spans;
}

std::vector<Block> BlocksOfPlain(absl::string_view text, Rewrite rewrite) {
  std::vector<Block> blocks;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (paragraph.empty()) return;
    Block block;
    block.text = TextOfPlain(paragraph, rewrite);
    blocks.push_back(std::move(block));
    paragraph.clear();
  };
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line.empty()) {
      end_paragraph();
    } else {
      absl::StrAppend(&paragraph, paragraph.empty() ? "" : "\n", line);
    }
  }
  end_paragraph();
  return blocks;
}

std::vector<Block> BlocksOfMarkdown(absl::string_view text, Rewrite rewrite) {
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> root(
      cmark_parse_document(text.data(), text.size(), CMARK_OPT_VALIDATE_UTF8),
      &cmark_node_free);
  return MarkdownReader(rewrite).ReadBlocks(root.get(), 0);
}

}  // namespace secondstory::review
