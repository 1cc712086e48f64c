#include "timeline/affinity.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace secondstory::timeline {
namespace {

constexpr absl::string_view kVersion = "1";
constexpr double kPerLog = 1.5;
constexpr int kCountMax = 15;

// FNV-1a.
constexpr uint64_t kOffset = 14695981039346656037u;
constexpr uint64_t kPrime = 1099511628211u;

uint64_t Mix(uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * kPrime;
}

uint64_t KeyOf(uint64_t a, uint64_t b) {
  uint64_t hash = kOffset;
  for (uint64_t part : {std::min(a, b), std::max(a, b)}) {
    for (int shift = 0; shift < 64; shift += 8) {
      hash = Mix(hash, static_cast<unsigned char>(part >> shift));
    }
  }
  return hash;
}

// How many sides have it, each once.
absl::flat_hash_map<uint64_t, int> CountSides(const Sides& sides) {
  absl::flat_hash_map<uint64_t, int> count;
  for (std::vector<uint64_t> side : sides) {
    std::sort(side.begin(), side.end());
    side.erase(std::unique(side.begin(), side.end()), side.end());
    for (uint64_t pattern : side) ++count[pattern];
  }
  return count;
}

// The pairs that the decision tells about, the first ones.
std::vector<uint64_t> KeysOf(const Sides& sides) {
  const absl::flat_hash_map<uint64_t, int> side_count = CountSides(sides);
  const auto is_told = [&](uint64_t pattern) {
    return side_count.find(pattern)->second == 1;
  };
  std::vector<uint64_t> keys;
  for (size_t i = 0; i < sides.size(); ++i) {
    for (size_t j = i + 1; j < sides.size(); ++j) {
      for (uint64_t a : sides[i]) {
        if (!is_told(a)) continue;
        for (uint64_t b : sides[j]) {
          if (!is_told(b)) continue;
          const uint64_t key = KeyOf(a, b);
          if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
          keys.push_back(key);
          if (keys.size() == kAffinityPairsPerDecisionMax) return keys;
        }
      }
    }
  }
  return keys;
}

absl::Status NotAffinity(absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("not what was learnt by version ", kVersion,
                   " of the rule: \"", text, "\"; read the decisions again"));
}

}  // namespace

uint64_t PatternOf(absl::string_view service, absl::string_view title) {
  uint64_t hash = kOffset;
  for (char c : service) hash = Mix(hash, static_cast<unsigned char>(c));
  hash = Mix(hash, 0);
  bool was_digit = false;
  for (char c : title) {
    const bool is_digit = absl::ascii_isdigit(static_cast<unsigned char>(c));
    if (!is_digit) hash = Mix(hash, static_cast<unsigned char>(c));
    if (is_digit && !was_digit) hash = Mix(hash, '0');
    was_digit = is_digit;
  }
  return hash;
}

double Affinity::Weigh(uint64_t pattern,
                       absl::Span<const uint64_t> patterns) const {
  if (empty()) return 0;
  double sum = 0;
  int count = 0;
  for (uint64_t other : patterns) {
    if (other == pattern) continue;
    const auto known = log_odds_.find(KeyOf(pattern, other));
    if (known == log_odds_.end()) continue;
    sum += known->second;
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

void Affinity::Count(const Sides& sides, int Pair::*count) {
  for (uint64_t key : KeysOf(sides)) CountPair(key, count);
  Index();
}

void Affinity::CountPair(uint64_t key, int Pair::*count) {
  auto at = std::find_if(pairs_.begin(), pairs_.end(),
                         [&](const Pair& pair) { return pair.key == key; });
  Pair pair = {key, 0, 0};
  if (at != pairs_.end()) {
    pair = *at;
    pairs_.erase(at);
  } else if (pairs_.size() == kAffinityPairCountMax) {
    pairs_.erase(pairs_.begin());
  }
  if (pair.*count == kCountMax) {
    pair.joined /= 2;
    pair.parted /= 2;
  }
  ++(pair.*count);
  pairs_.push_back(pair);
}

void Affinity::Index() {
  log_odds_.clear();
  for (const Pair& pair : pairs_) {
    const double odds = (pair.joined + 1.0) / (pair.parted + 1.0);
    log_odds_[pair.key] =
        std::clamp(kPerLog * std::log(odds), -kAffinityMax, kAffinityMax);
  }
}

std::string Affinity::Format() const {
  std::string text = absl::StrCat("affinity ", kVersion);
  for (const Pair& pair : pairs_) {
    absl::StrAppendFormat(&text, " %016x+%d-%d", pair.key, pair.joined,
                          pair.parted);
  }
  return text;
}

absl::StatusOr<Affinity> Affinity::Parse(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  if (words.size() < 2 || words.size() > 2 + kAffinityPairCountMax ||
      words[0] != "affinity" || words[1] != kVersion) {
    return NotAffinity(text);
  }
  Affinity affinity;
  for (size_t i = 2; i < words.size(); ++i) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(words[i], absl::ByAnyChar("+-"));
    Pair pair = {};
    if (parts.size() != 3 || !absl::SimpleHexAtoi(parts[0], &pair.key) ||
        !absl::SimpleAtoi(parts[1], &pair.joined) ||
        !absl::SimpleAtoi(parts[2], &pair.parted) || pair.joined > kCountMax ||
        pair.parted > kCountMax) {
      return NotAffinity(text);
    }
    affinity.pairs_.push_back(pair);
  }
  affinity.Index();
  return affinity;
}

}  // namespace secondstory::timeline
