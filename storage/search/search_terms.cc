#include "storage/search/search_terms.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/limits.h"

namespace secondstory::storage {
namespace {

// Marks beyond ASCII that people paste: Latin-1's signs, dashes, ellipses and
// typographic quotes, and CJK punctuation. The engine passes over others, too;
// a word of nothing but those finds nothing.
bool IsMark(uint32_t rune) {
  return (rune >= 0x80 && rune <= 0xa9) || rune == 0xab || rune == 0xac ||
         (rune >= 0xae && rune <= 0xb1) || rune == 0xb4 ||
         (rune >= 0xb6 && rune <= 0xb8) || rune == 0xbb || rune == 0xbf ||
         (rune >= 0x2000 && rune <= 0x206f) ||
         (rune >= 0x3000 && rune <= 0x303f);
}

// The two or three bytes of a character that may be a mark; 0 for others.
uint32_t RuneAt(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0u;
  };
  if ((byte(0) & 0xe0) == 0xc0) {
    return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
  }
  if ((byte(0) & 0xf0) == 0xe0) {
    return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  }
  return 0;
}

// Whether the engine finds a word in `text`.
bool HasWord(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (absl::ascii_isalnum(byte)) return true;
    // The first byte of a character that is no mark.
    if (byte >= 0xc0 && !IsMark(RuneAt(text.substr(i)))) return true;
  }
  return false;
}

// As a string of the engine's query language. A control character, above all
// NUL, could end it early.
std::string Quote(absl::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return absl::StrCat("\"", absl::StrReplaceAll(clean, {{"\"", "\"\""}}), "\"");
}

bool IsSpace(char c) {
  return absl::ascii_isspace(static_cast<unsigned char>(c)) ||
         absl::ascii_iscntrl(static_cast<unsigned char>(c));
}

class Reader {
 public:
  explicit Reader(absl::string_view query) : query_(query) {}

  absl::StatusOr<SearchTerms> Read() {
    while (SkipSpace()) {
      if (absl::Status status = ReadTerm(); !status.ok()) return status;
      if (count_ > limits::kSearchTermCountMax) {
        return Wrong(absl::StrCat("more than ", limits::kSearchTermCountMax,
                                  " words and phrases; leave some out"));
      }
    }
    if (count_ == 0 && !query_.empty()) {
      at_ = 0;
      return Wrong("no letter or digit to look for");
    }
    return SearchTerms{absl::StrJoin(match_, " AND "),
                       absl::StrJoin(exclude_, " OR ")};
  }

 private:
  bool SkipSpace() {
    while (at_ < query_.size() && IsSpace(query_[at_])) ++at_;
    return at_ < query_.size();
  }

  absl::Status ReadTerm() {
    const bool excluded = query_[at_] == '-';
    if (excluded) ++at_;
    absl::string_view text;
    bool is_prefix = false;
    if (at_ < query_.size() && query_[at_] == '"') {
      const size_t end = query_.find('"', at_ + 1);
      if (end == absl::string_view::npos) {
        return Wrong("a quote that is not closed; add a second \"");
      }
      text = query_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      if (at_ < query_.size() && query_[at_] == '*') {
        is_prefix = true;
        ++at_;
      }
    } else {
      const size_t start = at_;
      while (at_ < query_.size() && !IsSpace(query_[at_]) &&
             query_[at_] != '"') {
        ++at_;
      }
      text = query_.substr(start, at_ - start);
      is_prefix = !text.empty() && text.back() == '*';
    }
    if (!HasWord(text)) return absl::OkStatus();
    ++count_;
    (excluded ? exclude_ : match_)
        .push_back(absl::StrCat(Quote(text), is_prefix ? " *" : ""));
    return absl::OkStatus();
  }

  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", at_, ": ", what));
  }

  const absl::string_view query_;
  size_t at_ = 0;
  int count_ = 0;
  std::vector<std::string> match_;
  std::vector<std::string> exclude_;
};

}  // namespace

absl::StatusOr<SearchTerms> ParseSearchTerms(absl::string_view query) {
  return Reader(query).Read();
}

std::string MatchAnyOf(absl::Span<const std::string> words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) {
    if (HasWord(word)) quoted.push_back(Quote(word));
  }
  return absl::StrJoin(quoted, " OR ");
}

}  // namespace secondstory::storage
