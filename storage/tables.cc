#include "storage/tables.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace secondstory::storage {

absl::Status CheckFormat(Tables* tables) {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                      tables->Get(keys::Format()));
  if (!stored.has_value()) {
    const Mutation mutation = {keys::Format(), EncodeUint32(kFormatVersion)};
    return tables->Write({mutation});
  }
  const std::optional<uint32_t> version = DecodeUint32(*stored);
  if (!version.has_value()) {
    return absl::DataLossError(
        "the database's format version is not 4 bytes; restore a backup");
  }
  if (*version > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database has format version ", *version,
                     ", this program knows versions up to ", kFormatVersion,
                     "; start the newer program that wrote it"));
  }
  return absl::OkStatus();
}

}  // namespace secondstory::storage
