#include "tools/story/text.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/json_text.h"

namespace secondstory::story {
namespace {

constexpr char kReplacement[] = "\uFFFD";

struct Range {
  uint32_t first;
  uint32_t last;
};

// Combining marks, joiners and variation selectors.
constexpr Range kNoColumn[] = {
    {0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
// East Asian wide characters and emoji.
constexpr Range kTwoColumns[] = {
    {0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
// C1 controls, marks and overrides of direction, line separators.
constexpr Range kNotShown[] = {{0x0080, 0x009F},
                               {0x200E, 0x200F},
                               {0x2028, 0x202E},
                               {0x2066, 0x2069},
                               {0xFEFF, 0xFEFF}};

template <size_t kCount>
bool IsIn(uint32_t character, const Range (&ranges)[kCount]) {
  for (const Range& range : ranges) {
    if (character >= range.first && character <= range.last) return true;
  }
  return false;
}

// Takes the first character off `text`.
absl::string_view TakeCharacter(absl::string_view* text) {
  const int bytes = Utf8CharacterBytes(*text);
  const absl::string_view character = text->substr(0, bytes == 0 ? 1 : bytes);
  text->remove_prefix(character.size());
  return character;
}

// REQUIRES: `utf8` is one character.
uint32_t CodePoint(absl::string_view utf8) {
  const auto lead = static_cast<uint8_t>(utf8[0]);
  if (utf8.size() == 1) return lead;
  uint32_t character = lead & (0x7Fu >> utf8.size());
  for (const char c : utf8.substr(1)) {
    character = character << 6 | (static_cast<uint8_t>(c) & 0x3Fu);
  }
  return character;
}

int CharacterWidth(absl::string_view utf8) {
  const uint32_t character = CodePoint(utf8);
  if (IsIn(character, kNoColumn)) return 0;
  return IsIn(character, kTwoColumns) ? 2 : 1;
}

bool IsShown(absl::string_view bytes) {
  if (Utf8CharacterBytes(bytes) == 0) return false;
  const uint32_t character = CodePoint(bytes);
  return character >= 0x20 && character != 0x7F && !IsIn(character, kNotShown);
}

// The longest beginning of `text` that fits into `width` columns.
absl::string_view Fitting(absl::string_view text, int width) {
  absl::string_view rest = text;
  int used = 0;
  size_t bytes = 0;
  while (!rest.empty()) {
    const absl::string_view character = TakeCharacter(&rest);
    used += CharacterWidth(character);
    if (used > width) break;
    bytes += character.size();
  }
  return text.substr(0, bytes);
}

}  // namespace

std::string OneLine(absl::string_view text) {
  std::string line;
  bool blank = false;
  while (!text.empty()) {
    const absl::string_view character = TakeCharacter(&text);
    if (character.size() == 1 && absl::ascii_isspace(character[0])) {
      blank = !line.empty();
      continue;
    }
    if (std::exchange(blank, false)) line.push_back(' ');
    if (IsShown(character)) {
      line.append(character.data(), character.size());
    } else {
      line.append(kReplacement);
    }
  }
  return line;
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) width += CharacterWidth(TakeCharacter(&text));
  return width;
}

std::string PadTo(absl::string_view text, int width) {
  std::string padded(text);
  const int blanks = width - DisplayWidth(text);
  if (blanks > 0) padded.append(blanks, ' ');
  return padded;
}

std::string CutTo(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  return std::string(Fitting(text, width - 3)) + "...";
}

std::vector<std::string> Wrap(absl::string_view text, int width) {
  std::vector<std::string> lines = {""};
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::string& line = lines.back();
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) <= width) {
      line.append(" ").append(word.data(), word.size());
      continue;
    }
    if (!line.empty()) lines.emplace_back();
    while (DisplayWidth(word) > width) {
      const absl::string_view part = Fitting(word, width);
      lines.back() = std::string(part);
      lines.emplace_back();
      word.remove_prefix(part.size());
    }
    lines.back() = std::string(word);
  }
  return lines;
}

}  // namespace secondstory::story
