// Identifiers that are a function of what they identify, so that whoever sees
// the same thing twice gives it the same id.
#ifndef SECONDSTORY_BASE_STABLE_ID_H_
#define SECONDSTORY_BASE_STABLE_ID_H_

#include <endian.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace secondstory {

// The number of bytes of an id in binary, and of its text in hex digits.
inline constexpr int kIdBytes = 16;
inline constexpr int kIdHexDigits = 2 * kIdBytes;

// An id in binary; the default is all zeros and stands for none.
class Id {
 public:
  Id() = default;
  // REQUIRES: kIdBytes bytes.
  explicit Id(absl::string_view bytes) { bytes.copy(bytes_.data(), kIdBytes); }

  // Ids are written and looked up as the bytes that they are.
  operator absl::string_view() const {  // NOLINT: conversion is meant
    return absl::string_view(bytes_.data(), bytes_.size());
  }

  friend bool operator==(const Id& a, const Id& b) {
    return a.bytes_ == b.bytes_;
  }
  friend bool operator!=(const Id& a, const Id& b) { return !(a == b); }
  // As unsigned bytes, which is how keys sort.
  friend bool operator<(const Id& a, const Id& b) {
    const uint64_t left = a.NumberAt(0), right = b.NumberAt(0);
    return left != right ? left < right : a.NumberAt(8) < b.NumberAt(8);
  }
  template <typename Hash>
  friend Hash AbslHashValue(Hash hash, const Id& id) {
    return Hash::combine(std::move(hash), id.bytes_);
  }

 private:
  // Eight bytes as a number that sorts as they do.
  uint64_t NumberAt(size_t begin) const {
    uint64_t number = 0;
    std::memcpy(&number, bytes_.data() + begin, sizeof(number));
    return be64toh(number);
  }

  std::array<char, kIdBytes> bytes_{};
};

// The first 16 bytes of SHA-256 over the parts, each preceded by its length as
// 8 bytes big-endian, so that ("ab", "c") and ("a", "bc") differ. A hash that
// resists attack, because two different events with one id would mean that one
// of them is lost. Cost: a fifth of a microsecond for a hundred bytes.
Id StableId(std::initializer_list<absl::string_view> parts);

// 16 bytes nobody can guess, from the system's generator.
Id RandomId();

// 32 lower-case hex digits; the second writes them to where they shall stand.
std::string IdToHex(absl::string_view id);
void IdToHex(const Id& id, char* digits);

// The inverse. Returns an empty string unless `hex` is 32 lower-case digits.
std::string IdFromHex(absl::string_view hex);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_STABLE_ID_H_
