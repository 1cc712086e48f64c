#include "review/prose.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "base/json_text.h"
#include "re2/re2.h"

namespace secondstory::review {
namespace {

// What shapes a line; matched against its first bytes only.
constexpr size_t kLineStartBytes = 256;

// A log's line, by its beginning: a level, a level behind a time of day, glog,
// syslog, Cisco, a JSON object; or key=value pairs.
const RE2& LogLine() {
  static const RE2* const pattern =
      new RE2(R"(^\s*(?:)"
              R"(\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b)"
              R"(|\[?[\dT:.,+/Z-]*\d\d:\d\d:\d\d.*\b)"
              R"((?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b)"
              R"(|[IWEF]\d{4} \d\d:\d\d:)"
              R"(|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S+: )"
              R"(|%[A-Z0-9_]+-\d-)"
              R"(|\{"\w+":)"
              R"(|(?:.* )?\w+=\S.* \w+=\S))");
  return *pattern;
}

const RE2& ListMarker() {
  static const RE2* const pattern =
      new RE2(R"(^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?)");
  return *pattern;
}

// A new entry without a marker, as timelines and chats have them.
const RE2& TimeOfEntry() {
  static const RE2* const pattern =
      new RE2(R"(^\s*[\[(*]{0,3}(?:\d{4}-\d\d-\d\d|\d{1,2}:\d\d))");
  return *pattern;
}

struct QuotationMarks {
  absl::string_view open;
  absl::string_view close;  // either of the two
  absl::string_view close_too;
};
constexpr QuotationMarks kQuotationMarks[] = {
    {"“", "”", "”"}, {"„", "“", "”"},    {"«", "»", "»"}, {"‘", "’", "’"},
    {"‚", "‘", "’"}, {"\"", "\"", "\""}, {"'", "'", "'"}};

// One character by another that reads the same; an empty one is not read.
constexpr std::pair<absl::string_view, absl::string_view> kReadAs[] = {
    {"’", "'"},      {"‘", "'"},      {"ʼ", "'"},      {"\u00A0", " "},
    {"\u2009", " "}, {"\u202F", " "}, {"\u2010", "-"}, {"\u2011", "-"},
    {"–", " - "},    {"—", " - "},    {"…", "."},      {"\u00AD", ""},
    {"\u200B", ""},  {"\u200C", ""},  {"\u200D", ""},  {"\u2060", ""},
    {"\uFEFF", ""},  {"ſ", "s"}};

bool IsSpace(char c) {
  return absl::ascii_isspace(static_cast<unsigned char>(c));
}
// Bytes of characters beyond ASCII count as letters.
bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         static_cast<unsigned char>(c) >= 0x80;
}
// Dashes, quotation marks and the like: U+2000 to U+203F.
bool IsPunctuation(absl::string_view character) {
  return absl::StartsWith(character, "\xE2\x80");
}
bool BeginsWithWord(absl::string_view text) {
  return !text.empty() && IsWordByte(text[0]) && !IsPunctuation(text);
}
bool EndsWithWord(absl::string_view text) {
  return !text.empty() && IsWordByte(text.back()) &&
         (text.size() < 3 || !IsPunctuation(text.substr(text.size() - 3)));
}

bool IsAddressOrIdentifier(absl::string_view token) {
  if (absl::StrContains(token, "://") || absl::StartsWith(token, "/") ||
      absl::StartsWith(token, "./") || absl::StartsWith(token, "~/") ||
      std::count(token.begin(), token.end(), '/') > 1) {
    return true;
  }
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if ((token[i] == '_' || token[i] == '=') && IsWordByte(token[i - 1]) &&
        IsWordByte(token[i + 1])) {
      return true;
    }
  }
  return false;
}

// A paragraph: its characters without the marks of its block, and where each
// byte lies in the text.
struct Paragraph {
  std::string text;
  std::vector<size_t> position;
};

class InlineReader {
 public:
  InlineReader(const Paragraph& paragraph, std::vector<Sentence>* sentences)
      : paragraph_(paragraph), text_(paragraph.text), sentences_(sentences) {
    for (size_t i = 0; i < text_.size(); i += RunAt(i)) {
      if (text_[i] == '`') last_run_[RunBucket(RunAt(i))] = i;
    }
  }

  void Read() {
    while (at_ < text_.size()) {
      if (!SkipCode() && !SkipQuotation() && !SkipTarget() && !SkipTag() &&
          !SkipEscape() && !SkipIdentifier()) {
        ReadCharacter();
      }
    }
    EndSentence();
  }

 private:
  static constexpr size_t kRunMax = 8;  // longer ones are one kind

  static size_t RunBucket(size_t run) { return std::min(run, kRunMax); }

  // The number of equal backticks at `i`; 1 for anything else.
  size_t RunAt(size_t i) const {
    size_t end = i + 1;
    while (text_[i] == '`' && end < text_.size() && text_[end] == '`') ++end;
    return end - i;
  }

  bool SkipCode() {
    if (text_[at_] != '`') return false;
    const size_t run = RunAt(at_);
    size_t i = at_ + run;
    while (i <= last_run_[RunBucket(run)]) {
      const size_t next = RunAt(i);
      if (text_[i] == '`' && RunBucket(next) == RunBucket(run)) {
        return Replace("`", i + next);
      }
      i += next;
    }
    return Replace("", at_ + run);
  }

  bool OpensWord(size_t end) const {
    return end < text_.size() && !IsSpace(text_[end]) &&
           !EndsWithWord(absl::string_view(text_).substr(0, at_));
  }

  // Where the quotation that `marks` open ends; 0 when it does not.
  size_t EndOfQuotation(const QuotationMarks& marks) {
    for (size_t i = at_ + marks.open.size(); i < text_.size(); ++i) {
      const absl::string_view rest = absl::string_view(text_).substr(i);
      for (const absl::string_view close : {marks.close, marks.close_too}) {
        if (!absl::StartsWith(rest, close)) continue;
        const size_t end = i + close.size();
        const bool apostrophe = BeginsWithWord(rest.substr(close.size()));
        if (!apostrophe && !IsSpace(text_[i - 1])) return end;
      }
    }
    return 0;
  }

  bool SkipQuotation() {
    for (const QuotationMarks& marks : kQuotationMarks) {
      if (!absl::StartsWith(absl::string_view(text_).substr(at_), marks.open)) {
        continue;
      }
      if (unclosed_.count(marks.open) > 0 ||
          !OpensWord(at_ + marks.open.size())) {
        continue;
      }
      const size_t end = EndOfQuotation(marks);
      if (end > 0) return Replace("\"", end);
      unclosed_.insert(marks.open);  // so that nobody looks again
    }
    return false;
  }

  // What follows up to `close`; 0 when there is none.
  size_t EndAt(char close) {
    const absl::string_view key = close == ')' ? ")" : ">";
    if (unclosed_.count(key) > 0) return 0;
    const size_t found = text_.find(close, at_);
    if (found != std::string::npos) return found + 1;
    unclosed_.insert(key);
    return 0;
  }

  // The address of a link: [words](address).
  bool SkipTarget() {
    if (text_.compare(at_, 2, "](") != 0) return false;
    const size_t end = EndAt(')');
    return end > 0 && Replace("", end);
  }

  // <b>, </b>, <!-- words -->, <https://...>.
  bool SkipTag() {
    if (text_[at_] != '<' || at_ + 1 == text_.size()) return false;
    const char next = text_[at_ + 1];
    if (next != '/' && next != '!' &&
        !absl::ascii_isalpha(static_cast<unsigned char>(next))) {
      return false;
    }
    const size_t end = EndAt('>');
    return end > 0 && Replace("", end);
  }

  bool SkipEscape() {
    if (text_[at_] != '\\' || at_ + 1 == text_.size() ||
        !absl::ascii_ispunct(static_cast<unsigned char>(text_[at_ + 1]))) {
      return false;
    }
    Emit(text_.substr(at_ + 1, 1), at_, at_ + 2);
    at_ += 2;
    return true;
  }

  bool SkipIdentifier() {
    if (at_ < token_end_ || IsSpace(text_[at_])) return false;
    if (at_ > 0 && IsWordByte(text_[at_ - 1])) return false;
    token_end_ = at_;
    while (token_end_ < text_.size() && !IsSpace(text_[token_end_]) &&
           text_.compare(token_end_, 2, "](") != 0 &&
           text_[token_end_] != '`' && text_[token_end_] != '|') {
      ++token_end_;
    }
    const auto token = absl::string_view(text_).substr(at_, token_end_ - at_);
    if (!IsAddressOrIdentifier(token)) return false;
    size_t end = token_end_;
    while (end > at_ + 1 && absl::StrContains(".,;:!?)*", text_[end - 1])) {
      --end;
    }
    return Replace("`", end);
  }

  void ReadCharacter() {
    const absl::string_view rest = absl::string_view(text_).substr(at_);
    const size_t bytes =
        static_cast<size_t>(std::max(1, Utf8CharacterBytes(rest)));
    absl::string_view character = rest.substr(0, bytes);
    if (Utf8CharacterBytes(rest) == 0) character = "`";
    for (const auto& [from, to] : kReadAs) {
      if (character == from) character = to;
    }
    const size_t end = at_ + bytes;
    if (character == "|") {
      EndSentence();
    } else if (IsMarkup(rest[0])) {
    } else if (character == " - ") {
      EmitBlank();
      Emit("-", at_, end);
      EmitBlank();
    } else if (character.size() == 1 && IsSpace(character[0])) {
      EmitBlank();
    } else if (!character.empty()) {
      Emit(character, at_, end);
    }
    at_ = end;
  }

  static bool IsMarkup(char c) { return absl::StrContains("*~_[]", c); }

  void EmitBlank() {
    const std::string& text = sentence_.text;
    if (text.empty()) return;
    if (absl::StrContains(".!?", text.back())) {
      EndSentence();
    } else {
      blank_ = true;
    }
  }

  void Emit(absl::string_view character, size_t from, size_t to) {
    if (sentence_.text.size() + character.size() + 1 > kSentenceBytesMax) {
      EndSentence();
    }
    if (blank_) Append(" ", from, from);
    blank_ = false;
    Append(character, from, to);
  }

  void Append(absl::string_view character, size_t from, size_t to) {
    const size_t begin = paragraph_.position[from];
    const size_t end = to == from ? begin : paragraph_.position[to - 1] + 1;
    sentence_.text.append(character.data(), character.size());
    sentence_.begin.resize(sentence_.text.size(), begin);
    sentence_.end.resize(sentence_.text.size(), end);
  }

  bool Replace(absl::string_view mark, size_t end) {
    if (!mark.empty()) Emit(mark, at_, end);
    at_ = end;
    return true;
  }

  void EndSentence() {
    if (!sentence_.text.empty()) sentences_->push_back(std::move(sentence_));
    sentence_ = Sentence();
    blank_ = false;
  }

  const Paragraph& paragraph_;
  const std::string& text_;
  std::vector<Sentence>* const sentences_;
  std::array<size_t, kRunMax + 1> last_run_{};  // where backticks could close
  std::set<absl::string_view> unclosed_;  // marks that nothing closes from here
  Sentence sentence_;
  bool blank_ = false;    // one is due before the next character
  size_t token_end_ = 0;  // no identifier begins before it
  size_t at_ = 0;
};

class BlockReader {
 public:
  explicit BlockReader(std::vector<Sentence>* sentences)
      : sentences_(sentences) {}

  void Read(absl::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      ReadLine(absl::StripSuffix(text.substr(begin, end - begin), "\r"), begin);
      begin = end + 1;
    }
    EndParagraph();
  }

 private:
  void ReadLine(absl::string_view line, size_t position) {
    if (InFence(line)) return;
    const absl::string_view words = absl::StripLeadingAsciiWhitespace(line);
    const absl::string_view start = line.substr(0, kLineStartBytes);
    const re2::StringPiece start_piece(start.data(), start.size());
    if (words.find_first_not_of("-=*_|:+ \t") == words.npos) {
      after_blank_ = words.empty() || after_blank_;
      return EndParagraph();  // blank, or a rule
    }
    const bool indented =
        absl::StartsWith(line, "\t") || absl::StartsWith(line, "    ");
    const bool code =
        indented && !in_list_ && after_blank_ && paragraph_.text.empty();
    if (code) return;
    after_blank_ = false;
    if (words[0] == '>' || RE2::PartialMatch(start_piece, LogLine())) {
      return EndParagraph();
    }
    size_t skip = line.size() - words.size();
    re2::StringPiece marker;
    if (ListMarker().Match(start_piece, 0, start_piece.size(),
                           RE2::ANCHOR_START, &marker, 1)) {
      EndParagraph();
      in_list_ = true;
      skip = marker.size();
    } else if (words[0] == '#' || words[0] == '|' ||
               RE2::PartialMatch(start_piece, TimeOfEntry())) {
      EndParagraph();
      in_list_ = false;
      if (words[0] == '#') {
        skip += std::min(words.find_first_not_of('#'), words.size());
      }
    } else if (paragraph_.text.empty() && skip == 0) {
      in_list_ = false;
    }
    Add(line.substr(std::min(skip, line.size())), position + skip);
    if (words[0] == '#') EndParagraph();
  }

  // True for the lines of fenced code, its fences included.
  bool InFence(absl::string_view line) {
    const absl::string_view words = absl::StripLeadingAsciiWhitespace(line);
    const char mark = words.empty() ? ' ' : words[0];
    const size_t run = std::min(words.find_first_not_of(mark), words.size());
    const bool is_fence = (mark == '`' || mark == '~') && run >= 3;
    if (fence_.empty()) {
      // An opening fence of backticks has none behind it: else it is inline.
      if (!is_fence || (mark == '`' && words.find('`', run) != words.npos)) {
        return false;
      }
      EndParagraph();
      fence_ = std::string(run, mark);
      return true;
    }
    if (is_fence && mark == fence_[0] && run >= fence_.size() &&
        absl::StripAsciiWhitespace(words.substr(run)).empty()) {
      fence_.clear();
    }
    return true;
  }

  void Add(absl::string_view words, size_t position) {
    if (!paragraph_.text.empty()) {
      paragraph_.text += '\n';
      paragraph_.position.push_back(position);
    }
    paragraph_.text.append(words.data(), words.size());
    for (size_t i = 0; i < words.size(); ++i) {
      paragraph_.position.push_back(position + i);
    }
  }

  void EndParagraph() {
    if (!paragraph_.text.empty()) InlineReader(paragraph_, sentences_).Read();
    paragraph_ = Paragraph();
  }

  std::vector<Sentence>* const sentences_;
  Paragraph paragraph_;
  std::string fence_;        // what opened the code that we are in
  bool in_list_ = false;     // an indented line is an entry, not code
  bool after_blank_ = true;  // at the beginning, too
};

}  // namespace

std::vector<Sentence> SentencesOf(absl::string_view text) {
  std::vector<Sentence> sentences;
  BlockReader(&sentences).Read(text);
  return sentences;
}

}  // namespace secondstory::review
