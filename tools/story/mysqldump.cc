#include "tools/story/mysqldump.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/json_text.h"
#include "libxml/parser.h"
#include "libxml/xmlerror.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr char kReplacement[] = "\uFFFD";

// Whether XML 1.0 allows `character`, one of UTF-8.
bool IsXmlCharacter(absl::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20) return first == '\t' || first == '\n' || first == '\r';
  return character != "\uFFFE" && character != "\uFFFF";
}

// Whether `text` is the beginning of a longer UTF-8 character.
bool MayGoOn(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() >= length) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  });
}

// Appends `bytes` to `text` with U+FFFD for what XML 1.0 does not allow, adds
// how often that was to `replaced`, and returns what may be the beginning of a
// character.
std::string AppendClean(absl::string_view bytes, std::string* text,
                        int64_t* replaced) {
  while (!bytes.empty()) {
    const int length = Utf8CharacterBytes(bytes);
    if (length == 0 && MayGoOn(bytes)) break;
    const absl::string_view character = bytes.substr(0, std::max(length, 1));
    if (length > 0 && IsXmlCharacter(character)) {
      text->append(character.data(), character.size());
    } else {
      ++*replaced;
      text->append(kReplacement);
    }
    bytes.remove_prefix(character.size());
  }
  return std::string(bytes);
}

// As AppendClean, for bytes that nothing follows.
std::string CleanWhole(absl::string_view bytes, int64_t* replaced) {
  std::string text;
  if (!AppendClean(bytes, &text, replaced).empty()) {
    ++*replaced;
    text.append(kReplacement);
  }
  return text;
}

std::string Text(const xmlChar* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

}  // namespace

// libxml2 calls back from C; an error is kept and stops it.
class MysqldumpReader::Parser {
 public:
  Parser(OnRow on_row, int64_t* replaced)
      : on_row_(std::move(on_row)), replaced_(*replaced) {
    handler_.initialized = XML_SAX2_MAGIC;
    handler_.startElementNs = &Start;
    handler_.endElementNs = &End;
    handler_.characters = &Characters;
    handler_.cdataBlock = &Characters;
    handler_.internalSubset = &InternalSubset;
    handler_.serror = &Ignore;  // read from the context afterwards
    context_ = xmlCreatePushParserCtxt(&handler_, this, nullptr, 0, nullptr);
    // A conversation of some megabytes is one text.
    xmlCtxtUseOptions(context_, XML_PARSE_NONET | XML_PARSE_HUGE);
  }
  ~Parser() { xmlFreeParserCtxt(context_); }

  absl::Status Parse(const std::string& text, bool is_last) {
    constexpr size_t kPieceBytes = 1 << 20;
    size_t place = 0;
    do {
      const size_t bytes = std::min(kPieceBytes, text.size() - place);
      xmlParseChunk(context_, text.data() + place, static_cast<int>(bytes),
                    is_last && place + bytes == text.size() ? 1 : 0);
      place += bytes;
    } while (place < text.size() && error_.ok() && IsWellFormed());
    if (!error_.ok()) return error_;
    if (IsWellFormed()) return absl::OkStatus();
    const xmlError* const error = xmlCtxtGetLastError(context_);
    return absl::InvalidArgumentError(absl::StrCat(
        "line ", error == nullptr ? 0 : error->line,
        is_last ? ": the dump is cut off: " : ": no XML: ",
        error == nullptr
            ? ""
            : OneLine(Text(reinterpret_cast<const xmlChar*>(error->message)))));
  }

 private:
  bool IsWellFormed() const { return context_->wellFormed != 0; }

  void Fail(const std::string& what) {
    if (error_.ok()) error_ = absl::InvalidArgumentError(what);
    xmlStopParser(context_);
  }

  static Parser& Self(void* context) { return *static_cast<Parser*>(context); }

  static void Start(void* context, const xmlChar* local_name, const xmlChar*,
                    const xmlChar*, int, const xmlChar**, int attribute_count,
                    int, const xmlChar** attributes) {
    Parser& self = Self(context);
    const std::string name = Text(local_name);
    if (++self.depth_ == 1 && name != "mysqldump") {
      self.Fail(
          absl::StrCat("this is no dump of mysqldump --xml: it begins with <",
                       OneLine(name), ">"));
      return;
    }
    // Five pointers for each: name, prefix, namespace, value, end of value.
    std::map<std::string, std::string> values;
    for (int i = 0; i < attribute_count; ++i) {
      const xmlChar** const one =
          attributes + static_cast<std::ptrdiff_t>(i) * 5;
      values[Text(one[0])] = std::string(reinterpret_cast<const char*>(one[3]),
                                         reinterpret_cast<const char*>(one[4]));
    }
    if (name == "table_data") {
      self.table_ = values["name"];
    } else if (name == "row") {
      self.row_.clear();
    } else if (name == "field" && !self.table_.empty()) {
      self.field_ = values["name"];
      self.is_null_ = values["nil"] == "true";
      self.is_hex_ = values["type"] == "xs:hexBinary";
      self.text_.clear();
    }
  }

  static void End(void* context, const xmlChar* local_name, const xmlChar*,
                  const xmlChar*) {
    Parser& self = Self(context);
    --self.depth_;
    const std::string name = Text(local_name);
    if (name == "field" && !self.table_.empty()) {
      self.EndField();
    } else if (name == "row" && !self.table_.empty()) {
      self.on_row_(self.table_, self.row_);
    } else if (name == "table_data") {
      self.table_.clear();
    }
  }

  void EndField() {
    std::optional<std::string>& value = row_[field_];
    if (is_null_) {
      value.reset();
    } else if (is_hex_) {
      value = CleanWhole(absl::HexStringToBytes(absl::StripPrefix(text_, "0x")),
                         &replaced_);
    } else {
      value = text_;
    }
  }

  static void Characters(void* context, const xmlChar* text, int bytes) {
    Self(context).text_.append(reinterpret_cast<const char*>(text),
                               static_cast<size_t>(bytes));
  }

  // Entities of a DTD could name files and grow without end; mysqldump has
  // none.
  static void InternalSubset(void* context, const xmlChar*, const xmlChar*,
                             const xmlChar*) {
    Self(context).Fail("this is no dump of mysqldump --xml: it has a DOCTYPE");
  }

  static void Ignore(void*, xmlErrorPtr) {}

  const OnRow on_row_;
  int64_t& replaced_;
  xmlSAXHandler handler_{};
  xmlParserCtxtPtr context_ = nullptr;
  absl::Status error_;
  int depth_ = 0;
  std::string table_;
  std::string field_;
  bool is_null_ = false;
  bool is_hex_ = false;
  std::string text_;
  DumpRow row_;
};

MysqldumpReader::MysqldumpReader(OnRow on_row)
    : parser_(std::make_unique<Parser>(std::move(on_row), &replaced_count_)) {}

MysqldumpReader::~MysqldumpReader() = default;

absl::Status MysqldumpReader::Read(absl::string_view bytes) {
  std::string text;
  rest_ = AppendClean(absl::StrCat(rest_, bytes), &text, &replaced_count_);
  if (text.empty()) return absl::OkStatus();
  return parser_->Parse(text, false);
}

absl::Status MysqldumpReader::Finish() {
  return parser_->Parse(CleanWhole(rest_, &replaced_count_), true);
}

}  // namespace secondstory::story
