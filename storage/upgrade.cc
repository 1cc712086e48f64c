#include "storage/upgrade.h"

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "base/wire_fields.h"
#include "secondstory/stored/v1/record.pb.h"
#include "storage/apply.h"
#include "storage/keyspace.h"

namespace secondstory::storage {
namespace {

using stored::v1::Record;

// Mutations of one write.
constexpr size_t kWriteCount = 10'000;

// Most records are events, and need not be read to be passed over.
bool HoldsEvent(absl::string_view bytes) {
  WireFields fields(bytes);
  while (fields.Next()) {
    if (fields.number() == Record::kEventFieldNumber) return true;
    if (!fields.Skip()) return false;
  }
  return false;
}

absl::Status ListTold(Tables* tables) {
  Mutations mutations;
  const auto it = tables->NewIterator(keys::AllLog());
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (HoldsEvent(it->value())) continue;
    const Position position = keys::LogPosition(it->key());
    Record record;
    if (!record.ParseFromArray(it->value().data(),
                               static_cast<int>(it->value().size()))) {
      return absl::DataLossError(
          absl::StrCat("the record at position ", position,
                       " cannot be read; restore a backup"));
    }
    ApplyTold(position, record, &mutations);
    if (mutations.size() < kWriteCount) continue;
    SS_RETURN_IF_ERROR(tables->Write(mutations));
    mutations = Mutations();
  }
  SS_RETURN_IF_ERROR(it->status());
  return mutations.empty() ? absl::OkStatus() : tables->Write(mutations);
}

}  // namespace

absl::Status Upgrade(Tables* tables) {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                      tables->Get(keys::Format()));
  const Mutations this_version = {
      {keys::Format(), EncodeUint32(kFormatVersion)}};
  if (!stored.has_value()) return tables->Write(this_version);
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
  if (*version == kFormatVersion) return absl::OkStatus();
  // What format 2 brought, EventIds finds in the log by itself.
  if (*version < 3) SS_RETURN_IF_ERROR(ListTold(tables));
  return tables->Write(this_version);
}

}  // namespace secondstory::storage
