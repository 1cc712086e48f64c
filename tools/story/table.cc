#include "tools/story/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr int kGap = 2;
// Narrower than this nothing can be read; the line then is too long instead.
constexpr int kFlexibleMin = 16;

// Cells of several lines each, side by side.
std::string RenderCells(const std::vector<std::vector<std::string>>& cells,
                        const std::vector<int>& widths, int indent) {
  size_t height = 1;
  for (const auto& lines : cells) height = std::max(height, lines.size());
  std::string text;
  for (size_t i = 0; i < height; ++i) {
    std::string line(indent, ' ');
    for (size_t column = 0; column < cells.size(); ++column) {
      const auto& lines = cells[column];
      line += PadTo(i < lines.size() ? lines[i] : "", widths[column] + kGap);
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return text;
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = OneLine(cell);
  cells.resize(columns_.size());
  rows_.push_back({std::move(cells), "", ""});
}

void Table::AddLine(std::string text) {
  rows_.push_back({{}, std::move(text), ""});
}

void Table::AddBlock(std::string lines) {
  rows_.push_back({{}, "", std::move(lines)});
}

std::vector<int> Table::Widths(int width) const {
  std::vector<int> widths;
  int share_total = 0;
  int room = width + kGap;
  for (size_t i = 0; i < columns_.size(); ++i) {
    int widest = DisplayWidth(columns_[i].name);
    for (const Row& row : rows_) {
      if (!row.cells.empty()) {
        widest = std::max(widest, DisplayWidth(row.cells[i]));
      }
    }
    const bool flexible = columns_[i].share > 0;
    widths.push_back(flexible ? widest
                              : std::min(widest, columns_[i].width_max));
    room -= kGap + (flexible ? 0 : widths.back());
    share_total += columns_[i].share;
  }
  // Each takes its share, and what those that need less leave over.
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].share == 0) continue;
    const int wanted = widths[i];
    int others = 0;
    for (size_t j = i + 1; j < columns_.size(); ++j) {
      if (columns_[j].share == 0) continue;
      others += std::min(widths[j], room * columns_[j].share / share_total);
    }
    widths[i] = std::clamp(wanted, 1, std::max(room - others, kFlexibleMin));
    room -= widths[i];
    share_total -= columns_[i].share;
  }
  return widths;
}

std::string Table::Render(int width, int indent) const {
  const std::vector<int> widths = Widths(width - indent);
  std::vector<std::vector<std::string>> names;
  bool has_names = false;
  for (const Column& column : columns_) {
    names.push_back({column.name});
    has_names = has_names || !column.name.empty();
  }
  std::string text = has_names ? RenderCells(names, widths, indent) : "";
  for (const Row& row : rows_) {
    if (!row.block.empty()) {
      text += row.block;
      continue;
    }
    if (row.cells.empty()) {
      absl::StrAppend(&text, std::string(indent, ' '), row.line, "\n");
      continue;
    }
    std::vector<std::vector<std::string>> cells;
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells.push_back(columns_[i].share > 0
                          ? Wrap(row.cells[i], widths[i])
                          : std::vector<std::string>{
                                CutTo(row.cells[i], std::max(widths[i], 3))});
    }
    text += RenderCells(cells, widths, indent);
  }
  return text;
}

std::string RenderFacts(
    const std::vector<std::pair<std::string, std::string>>& facts, int width,
    int indent) {
  int name_width = 0;
  for (const auto& [name, value] : facts) {
    if (!value.empty()) name_width = std::max(name_width, DisplayWidth(name));
  }
  const int value_width =
      std::max(width - indent - name_width - kGap, kFlexibleMin);
  std::string text;
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    text += RenderCells({{name}, Wrap(OneLine(value), value_width)},
                        {name_width, value_width}, indent);
  }
  return text;
}

std::string RenderParagraph(const std::string& text, int width, int indent) {
  const int room = std::max(width - indent, kFlexibleMin);
  return RenderCells({Wrap(OneLine(text), room)}, {room}, indent);
}

std::string RenderText(const std::string& text, int width, int indent) {
  std::string rendered;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    rendered += RenderParagraph(std::string(line), width, indent);
  }
  return rendered;
}

}  // namespace secondstory::story
