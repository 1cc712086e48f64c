// A serialized protobuf message, read in place, field by field: for the few
// places where building the message would cost more than what is done with it.
// Bytes mean what they mean to protobuf's own parser, and whatever is right
// here is right there. Forms that no writer makes are wrong here: tags of more
// than four bytes, lengths of more than five, groups.
#ifndef SECONDSTORY_BASE_WIRE_FIELDS_H_
#define SECONDSTORY_BASE_WIRE_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/json_text.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory {

//   WireFields fields(bytes);
//   while (fields.Next()) {
//     const bool read = fields.number() == 1 ? fields.Text(&title)
//                                            : fields.Skip();
//     if (!read) return false;
//   }
//   return fields.AtEnd();
//
// For each field exactly one of the functions below is called. They take its
// value if it is of their type, else pass over it, as over one that is not
// known; they return false when the bytes are wrong. What they take points into
// the bytes. Threads: one.
class WireFields {
 public:
  explicit WireFields(absl::string_view bytes)
      : in_(reinterpret_cast<const uint8_t*>(bytes.data()),
            static_cast<int>(bytes.size())) {}

  // To the next field; false at the end and where the bytes are wrong.
  bool Next() {
    const int begin = in_.CurrentPosition();
    tag_ = in_.ReadTag();
    if (in_.CurrentPosition() - begin > 4) return false;
    return tag_ != 0;
  }

  // Whether Next() said false because of the end.
  bool AtEnd() { return tag_ == 0 && in_.ConsumedEntireMessage(); }

  int number() const { return WireFormatLite::GetTagFieldNumber(tag_); }

  // UTF-8, or the bytes are wrong.
  bool Text(absl::string_view* value) {
    return Bytes([value](absl::string_view bytes) {
      *value = bytes;
      return IsUtf8(bytes);
    });
  }

  template <typename Value>
  bool Varint(Value* value) {
    if (!Is(WireFormatLite::WIRETYPE_VARINT)) return Skip();
    uint64_t raw = 0;
    if (!in_.ReadVarint64(&raw)) return false;
    *value = static_cast<Value>(raw);
    return true;
  }

  // Bytes or a message, for `read` to look at; false: wrong.
  template <typename Read>
  bool Bytes(const Read& read) {
    if (!Is(WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) return Skip();
    absl::string_view bytes;
    return ReadBytes(&bytes) && read(bytes);
  }

  // A message that `read` puts together, in parts if it comes in parts.
  template <typename Value, typename Read>
  bool Message(std::optional<Value>* value, const Read& read) {
    return Bytes([&](absl::string_view bytes) {
      if (!value->has_value()) value->emplace();
      return read(bytes, &**value);
    });
  }

  // One more of a list.
  template <typename Values, typename Read>
  bool AddMessage(Values* values, const Read& read) {
    return Bytes([&](absl::string_view bytes) {
      values->emplace_back();
      return read(bytes, &values->back());
    });
  }
  template <typename Values>
  bool AddText(Values* values) {
    return Bytes([values](absl::string_view bytes) {
      values->push_back(bytes);
      return IsUtf8(bytes);
    });
  }

  bool Skip() {
    if (number() == 0) return false;
    switch (WireFormatLite::GetTagWireType(tag_)) {
      case WireFormatLite::WIRETYPE_VARINT: {
        uint64_t value = 0;
        return in_.ReadVarint64(&value);
      }
      case WireFormatLite::WIRETYPE_FIXED64:
        return in_.Skip(8);
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        absl::string_view value;
        return ReadBytes(&value);
      }
      case WireFormatLite::WIRETYPE_FIXED32:
        return in_.Skip(4);
      default:
        return false;
    }
  }

 private:
  using WireFormatLite = google::protobuf::internal::WireFormatLite;

  bool Is(WireFormatLite::WireType type) const {
    return WireFormatLite::GetTagWireType(tag_) == type;
  }

  bool ReadBytes(absl::string_view* value) {
    const int begin = in_.CurrentPosition();
    int length = 0;
    if (!in_.ReadVarintSizeAsInt(&length)) return false;
    if (in_.CurrentPosition() - begin > 5) return false;
    const void* data = nullptr;
    int available = 0;
    in_.GetDirectBufferPointerInline(&data, &available);
    if (length > available) return false;
    *value = absl::string_view(static_cast<const char*>(data),
                               static_cast<size_t>(length));
    return in_.Skip(length);
  }

  google::protobuf::io::CodedInputStream in_;
  uint32_t tag_ = 0;
};

// Adds a field of bytes, a text or a message to a serialized message.
inline void AppendBytesField(int number, absl::string_view value,
                             std::string* message) {
  using google::protobuf::internal::WireFormatLite;
  uint8_t head[16];
  const uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
          static_cast<uint32_t>(value.size()),
          WireFormatLite::WriteTagToArray(
              number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, head));
  message->append(reinterpret_cast<const char*>(head),
                  static_cast<size_t>(end - head));
  message->append(value.data(), value.size());
}

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_WIRE_FIELDS_H_
