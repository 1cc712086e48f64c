// What validators are made of: one sentence for each way in which a value can
// be wrong, with the value and what to do. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_CHECKER_H_
#define SECONDSTORY_SERVICES_INCIDENTD_CHECKER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/proto_time.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "secondstory/v1/event.pb.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {

// A value as an error shows it, quoted and cut.
std::string Shown(absl::string_view value);
std::string Shown(const google::protobuf::Timestamp& time);

// Whether it says nothing.
inline bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

// Collects what is wrong.
class Checker {
 public:
  void Wrong(absl::string_view field, std::string description) {
    found_.push_back({std::string(field), std::move(description)});
  }

  void Needed(absl::string_view field, absl::string_view text,
              size_t bytes_max) {
    if (IsBlank(text)) {
      Wrong(field, absl::StrCat(text.empty() ? "is missing" : "is white space",
                                "; give 1 to ", bytes_max, " bytes"));
    }
    Text(field, text, bytes_max);
  }

  void Text(absl::string_view field, absl::string_view text, size_t bytes_max) {
    if (text.size() <= bytes_max) return;
    Wrong(field, absl::StrCat("has ", text.size(), " bytes (", Shown(text),
                              "); at most ", bytes_max, " are allowed"));
  }

  void Count(absl::string_view field, int count, int count_max) {
    if (count <= count_max) return;
    Wrong(field, absl::StrCat("has ", count, " values; at most ", count_max,
                              " are allowed"));
  }

  template <typename Values>
  void Texts(absl::string_view field, const Values& texts, int count_max,
             size_t bytes_max) {
    Count(field, static_cast<int>(texts.size()), count_max);
    for (int i = 0; i < static_cast<int>(texts.size()); ++i) {
      // The name of a field costs more than a look at it.
      if (!texts[i].empty() && texts[i].size() <= bytes_max) continue;
      Needed(absl::StrCat(field, "[", i, "]"), texts[i], bytes_max);
    }
  }

  void Url(absl::string_view field, absl::string_view url);

  void Links(absl::string_view field,
             const google::protobuf::RepeatedPtrField<v1::Link>& links,
             int count_max);
  void Link(absl::string_view field, absl::string_view title,
            absl::string_view url);

  void Time(absl::string_view field, const google::protobuf::Timestamp& time);
  void Id(absl::string_view field, const std::string& id);
  // An id, or nothing.
  void OptionalId(absl::string_view field, const std::string& id) {
    if (!id.empty()) Id(field, id);
  }

  // A value of an enum that this program knows.
  template <typename Enum>
  void Known(absl::string_view field, Enum value, bool (*is_valid)(int),
             absl::string_view name) {
    if (is_valid(value)) return;
    Wrong(field,
          absl::StrCat("is ", static_cast<int>(value), "; give one of ", name));
  }

  // What is left of `message` when only the fields of `mask` are looked at;
  // complains of paths that are not in `updatable`, separated by ", ".
  template <typename Message>
  Message Masked(const Message& message,
                 const google::protobuf::FieldMask& mask,
                 absl::string_view updatable) {
    Message masked;
    MaskInto(message, mask, updatable, &masked);
    return masked;
  }

  template <typename Message>
  void Range(const Message& request) {
    Time("start_time", request.start_time());
    Time("end_time", request.end_time());
    if (request.has_start_time() && request.has_end_time() &&
        ToTime(request.start_time()) >= ToTime(request.end_time())) {
      Wrong("end_time", absl::StrCat("is ", Shown(request.end_time()),
                                     ", which is not after start_time ",
                                     Shown(request.start_time())));
    }
  }

  const std::vector<FieldViolation>& found() const { return found_; }

 private:
  void MaskInto(const google::protobuf::Message& message,
                const google::protobuf::FieldMask& mask,
                absl::string_view updatable, google::protobuf::Message* masked);

  std::vector<FieldViolation> found_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_CHECKER_H_
