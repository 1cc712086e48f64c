// A table of text for people.
#ifndef SECONDSTORY_TOOLS_STORY_TABLE_H_
#define SECONDSTORY_TOOLS_STORY_TABLE_H_

#include <string>
#include <utility>
#include <vector>

namespace secondstory::story {

struct Column {
  std::string name;
  // A flexible column wraps its cells; such columns share, in proportion of
  // `share`, the room that the others leave. Others are as wide as their widest
  // cell, at most `width_max`, and cut what is longer.
  int share = 0;
  int width_max = 32;
};

// Rows of cells under the names of the columns, if any has one; two blanks
// between columns.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // A cell for each column; its text is shown as OneLine() gives it.
  void AddRow(std::vector<std::string> cells);

  // A line of its own between rows.
  void AddLine(std::string text);
  // Lines that are laid out already, each with its newline, between rows.
  void AddBlock(std::string lines);

  bool empty() const { return rows_.empty(); }

  // Lines of at most `width` columns, as far as the columns that do not wrap
  // leave room, each after `indent` blanks.
  std::string Render(int width, int indent = 0) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string line;   // in place of cells
    std::string block;  // in place of cells, without indent and newline
  };

  std::vector<int> Widths(int width) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

// Names and what there is to say about each, aligned; those with nothing to say
// are left out.
std::string RenderFacts(
    const std::vector<std::pair<std::string, std::string>>& facts, int width,
    int indent);

// `text` in lines of at most `width` columns, each after `indent` blanks.
std::string RenderParagraph(const std::string& text, int width, int indent);

// As RenderParagraph, but line for line.
std::string RenderText(const std::string& text, int width, int indent);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_TABLE_H_
