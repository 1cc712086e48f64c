#include "base/stable_id.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace secondstory {
namespace {

std::string BigEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<char>(value);
  return bytes;
}

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string StableId(std::initializer_list<absl::string_view> parts) {
  // One buffer and one call: the streaming interface of OpenSSL 3 costs more
  // than hashing these few bytes.
  std::string input;
  for (absl::string_view part : parts) {
    input += BigEndian(part.size());
    absl::StrAppend(&input, part);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(Bytes(input), input.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), kIdBytes);
}

std::string RandomId() {
  unsigned char bytes[kIdBytes];
  // Without a working generator ids would collide; nothing sensible is left.
  if (RAND_bytes(bytes, kIdBytes) != 1) std::abort();
  return std::string(reinterpret_cast<const char*>(bytes), kIdBytes);
}

std::string IdToHex(absl::string_view id) { return absl::BytesToHexString(id); }

std::string IdFromHex(absl::string_view hex) {
  if (hex.size() != kIdHexDigits ||
      hex.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return "";
  }
  return absl::HexStringToBytes(hex);
}

}  // namespace secondstory
