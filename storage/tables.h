// An ordered map from bytes to bytes that survives the process: what a log and
// its tables are kept in. Knows nothing of events.
//
// Promised:     a Write is atomic, over all families of keys; when it returned
//               OK it is on disk and synced; readers see writes in their order.
// Not promised: that a failed Write left nothing behind. After one, the tables
//               take no further write until they are opened again.
// Threads:      all methods may be called from any thread; Write by one at a
//               time, Import too.
//
// Implementations must pass //tests/conformance:tables_contract.
#ifndef SECONDSTORY_STORAGE_TABLES_H_
#define SECONDSTORY_STORAGE_TABLES_H_

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/keyspace.h"

namespace secondstory::storage {

// One change. Without a value: the key goes; a missing key is no error.
struct Mutation {
  absl::string_view key;
  std::optional<absl::string_view> value;
};

// Changes in their order, copied into one buffer: a write holds hundreds of
// them, most of them small.
class Mutations {
 public:
  Mutations() = default;
  Mutations(std::initializer_list<Mutation> mutations) {  // NOLINT: as a list
    for (const Mutation& one : mutations) Add(one);
  }

  void Put(absl::string_view key, absl::string_view value) {
    Put(key, {value});
  }
  // A value that comes in parts.
  void Put(absl::string_view key,
           std::initializer_list<absl::string_view> parts);
  void Delete(absl::string_view key);
  void Add(const Mutation& one);

  void Reserve(size_t count, size_t bytes);
  size_t size() const { return entries_.size(); }
  // Of all keys and values.
  size_t bytes() const { return bytes_.size(); }
  bool empty() const { return entries_.empty(); }
  // REQUIRES: i < size(). Valid until the next change.
  Mutation operator[](size_t i) const;

 private:
  struct Entry {
    size_t key_begin;
    size_t value_begin;  // where the key ends
    size_t end;
    bool has_value;
  };

  std::string bytes_;
  std::vector<Entry> entries_;
};

class Tables {
 public:
  // Walks the keys of one range, all of one family. Sees the state of the
  // moment in which it was made or a later one, never half a Write. Threads:
  // one.
  class Iterator {
   public:
    virtual ~Iterator() = default;
    virtual void SeekToFirst() = 0;
    virtual void SeekToLast() = 0;
    // To the first key at or after `key`.
    virtual void Seek(absl::string_view key) = 0;
    virtual bool Valid() const = 0;
    // REQUIRES: Valid().
    virtual void Next() = 0;
    virtual void Previous() = 0;
    virtual absl::string_view key() const = 0;
    virtual absl::string_view value() const = 0;
    // DATA_LOSS when Valid() became false because bytes on disk are wrong.
    virtual absl::Status status() const = 0;
  };

  virtual ~Tables() = default;

  // The value, or nothing. DATA_LOSS: bytes on disk are wrong.
  virtual absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const = 0;

  // Get for many keys of one family, in their order; cheaper than one by one,
  // most so when `keys` are sorted.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      absl::Span<const absl::string_view> keys) const = 0;

  // REQUIRES: `range` lies within one family. The iterator must not outlive
  // the tables.
  virtual std::unique_ptr<Iterator> NewIterator(
      const KeyRange& range) const = 0;

  // Writes all of `mutations` or nothing.
  //   UNAVAILABLE         a write or sync failed, now or earlier; the fate of
  //                       this one is unknown
  //   RESOURCE_EXHAUSTED  the disk is nearly full; nothing was written
  virtual absl::Status Write(const Mutations& mutations) = 0;

  // Writes many keys of one family at once, as a file of their own: far cheaper
  // a key than Write. All or nothing, and on disk when it returned OK. Not
  // ordered with a Write at the same time. May be called beside Write, by one
  // at a time. REQUIRES: Write never touches the family. No error here keeps
  // Write from going on.
  //   INVALID_ARGUMENT  keys are not sorted, or one is there twice
  //   others            as Write
  virtual absl::Status Import(const Mutations& sorted) = 0;
};

// INVALID_ARGUMENT unless keys rise.
absl::Status CheckSorted(const Mutations& mutations);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_TABLES_H_
