#include "storage/tables.h"

#include "absl/strings/str_cat.h"

namespace secondstory::storage {

void Mutations::Put(absl::string_view key,
                    std::initializer_list<absl::string_view> parts) {
  Entry entry = {bytes_.size(), bytes_.size() + key.size(), 0, true};
  bytes_.append(key.data(), key.size());
  for (const absl::string_view part : parts) {
    bytes_.append(part.data(), part.size());
  }
  entry.end = bytes_.size();
  entries_.push_back(entry);
}

void Mutations::Delete(absl::string_view key) {
  const size_t begin = bytes_.size();
  bytes_.append(key.data(), key.size());
  entries_.push_back({begin, bytes_.size(), bytes_.size(), false});
}

void Mutations::Add(const Mutation& one) {
  one.value.has_value() ? Put(one.key, *one.value) : Delete(one.key);
}

void Mutations::Reserve(size_t count, size_t bytes) {
  entries_.reserve(count);
  bytes_.reserve(bytes);
}

Mutation Mutations::operator[](size_t i) const {
  const Entry& entry = entries_[i];
  const absl::string_view bytes = bytes_;
  Mutation mutation = {
      bytes.substr(entry.key_begin, entry.value_begin - entry.key_begin),
      std::nullopt};
  if (entry.has_value) {
    mutation.value =
        bytes.substr(entry.value_begin, entry.end - entry.value_begin);
  }
  return mutation;
}

absl::Status CheckSorted(const Mutations& mutations) {
  for (size_t i = 1; i < mutations.size(); ++i) {
    if (mutations[i - 1].key < mutations[i].key) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("key ", i, " of ", mutations.size(),
                     " to import does not sort behind the one before"));
  }
  return absl::OkStatus();
}

}  // namespace secondstory::storage
