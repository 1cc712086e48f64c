// What a report says, without how it looks: sections of paragraphs, lists,
// tables, accounts side by side, and the picture of a timeline.
//
// Text in here is text: it holds no markup, and a renderer escapes all of it.
// Plain values: threads may share const ones.
#ifndef SECONDSTORY_REVIEW_DOCUMENT_H_
#define SECONDSTORY_REVIEW_DOCUMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace secondstory::review {

enum class TextStyle : uint8_t { kPlain, kStrong, kEmphasis, kCode };

// A run of text in one style. A newline in it is a line break.
struct Span {
  std::string text;
  TextStyle style = TextStyle::kPlain;
  std::string url;  // where it leads; empty: nowhere. http or https only
};
using Text = std::vector<Span>;

// What one person told, as lines of a label and a text.
struct Card {
  std::string title;  // the role
  std::string note;   // "declined", "surprised"; may be empty
  bool is_marked = false;
  std::vector<std::pair<std::string, Text>> lines;
};

// Cards that are read side by side.
struct CardGroup {
  std::string title;  // what they are about; may be empty
  std::vector<Card> cards;
};

// A table. Each row has as many cells as there are columns.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Text>> rows;
  // As many as rows, or none: a place to link to, "line-7", and what people
  // told of the row, which may be nothing.
  std::vector<std::string> row_anchors;
  std::vector<CardGroup> row_cards;
};

enum class MarkKind : uint8_t { kAlert, kChange, kReport, kAction, kNote };

// Something in a picture: a moment, or a span.
struct Mark {
  MarkKind kind = MarkKind::kNote;
  absl::Time start;
  std::optional<absl::Time> end;  // absent: a moment, or a span without an end
  bool is_open = false;           // a span whose end is not known
  std::string label;              // a few words
  std::string description;        // a sentence, shown on hovering
  std::string anchor;             // where its line is in the document
};

struct Lane {
  std::string name;
  std::vector<Mark> marks;  // by (start, label)
};

// A moment of the incident as a whole: "detected".
struct Milestone {
  std::string name;
  absl::Time time;
};

// A timeline to look at.
struct Picture {
  std::string title;
  std::string description;  // the same in words, for who does not see it
  // What the axis shows; marks before or after are gathered at its ends.
  absl::Time from;
  absl::Time to;
  std::vector<Lane> lanes;
  std::vector<Milestone> milestones;  // in the order of time
};

enum class BlockKind : uint8_t {
  kParagraph,  // `text`
  kHeading,    // `text`, below the section's own
  kQuote,      // `blocks`
  kBullets,    // `items`
  kNumbers,    // `items`
  kCode,       // `text`, one span, as it is
  kTable,      // `table`
  kCards,      // `cards`
  kPicture,    // `picture`
};

struct Block {
  BlockKind kind = BlockKind::kParagraph;
  Text text;
  std::vector<Block> blocks;
  std::vector<std::vector<Block>> items;
  Table table;
  CardGroup cards;
  Picture picture;
};

struct Section {
  std::string title;
  std::string anchor;  // lower-case letters and hyphens
  std::vector<Block> blocks;
};

struct Document {
  std::string title;
  // A line each, below the title: kind and severity, when, services.
  std::vector<std::pair<std::string, Text>> facts;
  std::vector<Section> sections;
  Text footer;
};

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_DOCUMENT_H_
