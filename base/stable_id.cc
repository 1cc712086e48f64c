#include "base/stable_id.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

#include "absl/container/inlined_vector.h"
#include "absl/strings/escaping.h"

namespace secondstory {
namespace {

// Makes hashes. Looking the algorithm up costs more than hashing an id's few
// bytes, so that each thread keeps what it has found.
class Sha256 {
 public:
  Sha256()
      : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
        context_(EVP_MD_CTX_new()) {
    // Without it there are no ids, and nothing sensible is left.
    if (algorithm_ == nullptr || context_ == nullptr) std::abort();
  }
  ~Sha256() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Id Of(std::initializer_list<absl::string_view> parts) {
    // Handed over at once; of an id's few bytes a call is the greater part.
    absl::InlinedVector<char, 256> bytes;
    for (const absl::string_view part : parts) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>(uint64_t{part.size()} >> shift));
      }
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    Must(EVP_DigestInit_ex(context_, algorithm_, nullptr));
    Must(EVP_DigestUpdate(context_, bytes.data(), bytes.size()));
    Must(EVP_DigestFinal_ex(context_, digest, nullptr));
    return Id(
        absl::string_view(reinterpret_cast<const char*>(digest), kIdBytes));
  }

 private:
  static void Must(int ok) {
    if (ok != 1) std::abort();
  }

  EVP_MD* const algorithm_;
  EVP_MD_CTX* const context_;
};

}  // namespace

Id StableId(std::initializer_list<absl::string_view> parts) {
  static thread_local Sha256 hash;
  return hash.Of(parts);
}

Id RandomId() {
  unsigned char bytes[kIdBytes];
  // Without a working generator ids would collide; nothing sensible is left.
  if (RAND_bytes(bytes, kIdBytes) != 1) std::abort();
  return Id(absl::string_view(reinterpret_cast<const char*>(bytes), kIdBytes));
}

std::string IdToHex(absl::string_view id) { return absl::BytesToHexString(id); }

void IdToHex(const Id& id, char* digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char byte : absl::string_view(id)) {
    *digits++ = kDigits[static_cast<uint8_t>(byte) >> 4];
    *digits++ = kDigits[static_cast<uint8_t>(byte) & 15];
  }
}

std::string IdFromHex(absl::string_view hex) {
  if (hex.size() != kIdHexDigits ||
      hex.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return "";
  }
  return absl::HexStringToBytes(hex);
}

}  // namespace secondstory
