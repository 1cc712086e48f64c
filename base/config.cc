#include "base/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/json_text.h"
#include "base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "secondstory/config/v1/options.pb.h"
#include "yaml-cpp/yaml.h"

namespace secondstory {
namespace {

namespace options = config::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsDuration(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_MESSAGE &&
         field.message_type()->full_name() == "google.protobuf.Duration";
}

std::vector<const FieldDescriptor*> Fields(const Descriptor& type) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
  return fields;
}

std::string KeyNames(const Descriptor& type) {
  return absl::StrJoin(Fields(type), ", ",
                       [](std::string* out, const FieldDescriptor* field) {
                         out->append(field->name());
                       });
}

std::string LimitText(const FieldDescriptor& field, double limit) {
  if (IsDuration(field) && !field.is_repeated()) {
    return absl::FormatDuration(absl::Seconds(limit));
  }
  return absl::StrCat(limit);
}

// ", from 0.1s to 24h0m0s"; empty without limits.
std::string RangeText(const FieldDescriptor& field) {
  const auto& o = field.options();
  const bool min = o.HasExtension(options::min);
  const bool max = o.HasExtension(options::max);
  const std::string least = LimitText(field, o.GetExtension(options::min));
  const std::string most = LimitText(field, o.GetExtension(options::max));
  if (min && max) return absl::StrCat(", from ", least, " to ", most);
  if (min) return absl::StrCat(", at least ", least);
  return max ? absl::StrCat(", at most ", most) : "";
}

std::string ElementTypeText(const FieldDescriptor& field) {
  const auto& o = field.options();
  if (IsDuration(field)) return "duration such as 30s or 1h30m";
  if (o.GetExtension(options::address)) return "host:port";
  if (o.HasExtension(options::pattern)) {
    return absl::StrCat("text that matches ", o.GetExtension(options::pattern));
  }
  if (o.ExtensionSize(options::one_of) > 0) {
    std::vector<std::string> texts;
    for (int i = 0; i < o.ExtensionSize(options::one_of); ++i) {
      texts.push_back(o.GetExtension(options::one_of, i));
    }
    return absl::StrCat("one of ", absl::StrJoin(texts, ", "));
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "number";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return absl::StrCat("{", KeyNames(*field.message_type()), "}");
    default:
      return "whole number";
  }
}

// What a field takes: "list of text, at least 1".
std::string TypeText(const FieldDescriptor& field) {
  return absl::StrCat(field.is_repeated() ? "list of " : "",
                      ElementTypeText(field), RangeText(field));
}

bool InRange(const FieldDescriptor& field, double value) {
  const auto& o = field.options();
  return !(o.HasExtension(options::min) &&
           value < o.GetExtension(options::min)) &&
         !(o.HasExtension(options::max) &&
           value > o.GetExtension(options::max));
}

bool IsAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  return colon != text.npos && colon > 0 &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 0 &&
         port <= 65535;
}

bool TextIsAllowed(const FieldDescriptor& field, const std::string& text) {
  const auto& o = field.options();
  if (!IsUtf8(text)) return false;
  if (o.GetExtension(options::address)) return IsAddress(text);
  if (o.HasExtension(options::pattern)) {
    return std::regex_match(text, std::regex(o.GetExtension(options::pattern)));
  }
  const int count = o.ExtensionSize(options::one_of);
  for (int i = 0; i < count; ++i) {
    if (text == o.GetExtension(options::one_of, i)) return true;
  }
  return count == 0;
}

void SetDuration(absl::Duration value, Message* message) {
  google::protobuf::Duration duration;
  duration.set_seconds(absl::IDivDuration(value, absl::Seconds(1), &value));
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(value)));
  message->CopyFrom(duration);
}

// Gives durations the defaults that proto has no words for.
void FillDefaults(Message* message) {
  for (const FieldDescriptor* field : Fields(*message->GetDescriptor())) {
    if (!IsDuration(*field) || field->is_repeated()) continue;
    absl::Duration value;
    if (absl::ParseDuration(
            field->options().GetExtension(options::default_duration), &value)) {
      SetDuration(value,
                  message->GetReflection()->MutableMessage(message, field));
    }
  }
}

std::string Shown(const YAML::Node& node) {
  if (node.IsNull()) return "no value";
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  std::string text;
  AppendJsonText(node.Scalar(), &text);
  return text;
}

// Reads YAML nodes into messages and collects what is wrong.
class Reader {
 public:
  // `origin`: a file, or a flag, which has no lines.
  Reader(absl::string_view origin, bool has_lines,
         std::vector<std::string>* errors)
      : origin_(origin), has_lines_(has_lines), errors_(errors) {}

  void ReadMapping(const YAML::Node& node, const std::string& path,
                   Message* message) {
    if (!node.IsMap()) return Fail(node, path, "a mapping of keys to values");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key =
          entry.first.IsScalar() ? entry.first.Scalar() : Shown(entry.first);
      const std::string key_path = path.empty() ? key : path + "." + key;
      const Descriptor& type = *message->GetDescriptor();
      const FieldDescriptor* field = type.FindFieldByName(key);
      if (field == nullptr) {
        Report(entry.first, key_path,
               absl::StrCat("unknown key; known here: ", KeyNames(type)));
      } else if (!seen.insert(key).second) {
        Report(entry.first, key_path, "given twice; keep one");
      } else if (entry.second.IsNull()) {  // whose line is the next key's
        Report(entry.first, key_path,
               absl::StrCat("no value; expected ", TypeText(*field)));
      } else {
        ReadField(entry.second, key_path, *field, message);
      }
    }
  }

  void ReadField(const YAML::Node& node, const std::string& path,
                 const FieldDescriptor& field, Message* message) {
    if (!field.is_repeated()) return ReadValue(node, path, field, message);
    if (!node.IsSequence()) return Fail(node, path, TypeText(field));
    message->GetReflection()->ClearField(message, &field);
    for (size_t i = 0; i < node.size(); ++i) {
      ReadValue(node[i], absl::StrCat(path, "[", i, "]"), field, message);
    }
  }

  // A text that needs no YAML, as a flag has it.
  void ReadText(const std::string& text, const std::string& path,
                const FieldDescriptor& field, Message* message) {
    ReadField(YAML::Node(text), path, field, message);
  }

  // Checks what only the whole of a message can tell.
  void Finish(const YAML::Node& node, const std::string& path,
              const Message& message) {
    const Reflection& reflection = *message.GetReflection();
    for (const FieldDescriptor* field : Fields(*message.GetDescriptor())) {
      const std::string key_path =
          path.empty() ? field->name() : path + "." + field->name();
      if (field->is_repeated()) {
        const int size = reflection.FieldSize(message, field);
        if (!InRange(*field, size)) {
          Report(node, key_path,
                 absl::StrCat("has ", size, " entries; expected a ",
                              TypeText(*field)));
        }
      } else if (field->options().GetExtension(options::needed) &&
                 !reflection.HasField(message, field)) {
        Report(node, key_path,
               absl::StrCat("is missing; expected ", TypeText(*field)));
      }
    }
  }

  void Report(const YAML::Node& node, const std::string& path,
              const std::string& what) {
    const bool line_known = has_lines_ && !node.Mark().is_null();
    errors_->push_back(absl::StrCat(
        origin_, line_known ? absl::StrCat(":", node.Mark().line + 1) : "",
        origin_.empty() ? "" : ": ", path, path.empty() ? "" : ": ", what));
  }

 private:
  void Fail(const YAML::Node& node, const std::string& path,
            const std::string& expected) {
    Report(node, path, absl::StrCat(Shown(node), "; expected ", expected));
  }

  // Sets the field, or adds an element to it.
  void ReadValue(const YAML::Node& node, const std::string& path,
                 const FieldDescriptor& field, Message* message) {
    if (IsDuration(field)) return ReadDuration(node, path, field, message);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* const inner = NewMessage(field, message);
      FillDefaults(inner);
      const size_t error_count = errors_->size();
      ReadMapping(node, path, inner);
      if (errors_->size() == error_count) Finish(node, path, *inner);
      return;
    }
    if (!node.IsScalar() || !SetScalar(node.Scalar(), field, message)) {
      Fail(node, path,
           absl::StrCat(ElementTypeText(field),
                        field.is_repeated() ? "" : RangeText(field)));
    }
  }

  void ReadDuration(const YAML::Node& node, const std::string& path,
                    const FieldDescriptor& field, Message* message) {
    absl::Duration value;
    if (!node.IsScalar() || !absl::ParseDuration(node.Scalar(), &value) ||
        value == absl::InfiniteDuration() ||
        value == -absl::InfiniteDuration() ||
        !InRange(field, absl::ToDoubleSeconds(value))) {
      return Fail(node, path, TypeText(field));
    }
    SetDuration(value, NewMessage(field, message));
  }

  static Message* NewMessage(const FieldDescriptor& field, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    return field.is_repeated() ? reflection.AddMessage(message, &field)
                               : reflection.MutableMessage(message, &field);
  }

  // False when the text is no such value.
  static bool SetScalar(const std::string& text, const FieldDescriptor& field,
                        Message* message) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return TextIsAllowed(field, text) &&
               Set(text, &Reflection::SetString, &Reflection::AddString, field,
                   message);
      case FieldDescriptor::CPPTYPE_BOOL:
        return (text == "true" || text == "false") &&
               Set(text == "true", &Reflection::SetBool, &Reflection::AddBool,
                   field, message);
      case FieldDescriptor::CPPTYPE_INT32:
        return SetNumber<int32_t>(text, &Reflection::SetInt32,
                                  &Reflection::AddInt32, field, message);
      case FieldDescriptor::CPPTYPE_UINT32:
        return SetNumber<uint32_t>(text, &Reflection::SetUInt32,
                                   &Reflection::AddUInt32, field, message);
      case FieldDescriptor::CPPTYPE_INT64:
        return SetNumber<int64_t>(text, &Reflection::SetInt64,
                                  &Reflection::AddInt64, field, message);
      case FieldDescriptor::CPPTYPE_UINT64:
        return SetNumber<uint64_t>(text, &Reflection::SetUInt64,
                                   &Reflection::AddUInt64, field, message);
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        double value = 0;
        return absl::SimpleAtod(text, &value) && InRange(field, value) &&
               Set(value, &Reflection::SetDouble, &Reflection::AddDouble, field,
                   message);
      }
      default:
        return false;  // no schema of ours has another type
    }
  }

  template <typename Number, typename SetFunction, typename AddFunction>
  static bool SetNumber(const std::string& text, SetFunction set,
                        AddFunction add, const FieldDescriptor& field,
                        Message* message) {
    Number value = 0;
    return absl::SimpleAtoi(text, &value) &&
           (field.is_repeated() ||
            InRange(field, static_cast<double>(value))) &&
           Set(value, set, add, field, message);
  }

  template <typename Value, typename SetFunction, typename AddFunction>
  static bool Set(const Value& value, SetFunction set, AddFunction add,
                  const FieldDescriptor& field, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    if (field.is_repeated()) {
      (reflection.*add)(message, &field, value);
    } else {
      (reflection.*set)(message, &field, value);
    }
    return true;
  }

  const std::string origin_;
  const bool has_lines_;
  std::vector<std::string>* const errors_;
};

// Reads one YAML document; nullopt, and an error, when there is none.
std::optional<YAML::Node> ParseYaml(const std::string& text, Reader* reader) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      reader->Report(documents[1], "", "a second document; expected one");
      return std::nullopt;
    }
    return documents.empty() ? YAML::Node() : documents[0];
  } catch (const YAML::Exception& error) {
    YAML::Node nowhere;
    reader->Report(
        nowhere, "",
        absl::StrCat("no YAML: line ", error.mark.line + 1, ", column ",
                     error.mark.column + 1, ": ", error.msg));
    return std::nullopt;
  }
}

void ReadDocument(absl::string_view yaml, absl::string_view origin,
                  Message* config, std::vector<std::string>* errors) {
  Reader reader(origin, /*has_lines=*/true, errors);
  const auto node = ParseYaml(std::string(yaml), &reader);
  // An empty file says nothing, which is fine.
  if (node && !node->IsNull()) reader.ReadMapping(*node, "", config);
}

absl::Status ErrorsToStatus(const std::vector<std::string>& errors) {
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
}

struct Flag {
  std::string name;  // with '_'
  std::optional<std::string> value;
};

bool IsSwitch(const std::string& name, const Descriptor& type) {
  const FieldDescriptor* const field = type.FindFieldByName(name);
  return name == "help" || name == "version" || name == "check_config" ||
         (field != nullptr &&
          field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL);
}

std::vector<Flag> ParseFlags(const std::vector<std::string>& args,
                             const Descriptor& type,
                             std::vector<std::string>* errors) {
  std::vector<Flag> flags;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (arg == "-h") arg = "--help";
    if (!absl::ConsumePrefix(&arg, "--") || arg.empty()) {
      errors->push_back(
          absl::StrCat(args[i], ": expected flags only, such as --help"));
      continue;
    }
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(arg, absl::MaxSplits('=', 1));
    Flag flag{absl::StrReplaceAll(parts.first, {{"-", "_"}}), std::nullopt};
    if (arg.find('=') != arg.npos) {
      flag.value = parts.second;
    } else if (!IsSwitch(flag.name, type) && i + 1 < args.size()) {
      flag.value = args[++i];
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

void ReadFlag(const Flag& flag, Message* config,
              std::vector<std::string>* errors) {
  const Descriptor& type = *config->GetDescriptor();
  const FieldDescriptor* const field = type.FindFieldByName(flag.name);
  Reader reader("", /*has_lines=*/false, errors);
  const std::string shown = "--" + flag.name;
  if (field == nullptr) {
    errors->push_back(absl::StrCat(shown, ": unknown flag; known: config, ",
                                   "check_config, help, version, ",
                                   KeyNames(type)));
  } else if (!flag.value && !IsSwitch(flag.name, type)) {
    errors->push_back(
        absl::StrCat(shown, ": no value; expected ", TypeText(*field)));
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
             !field->is_repeated()) {
    reader.ReadText(*flag.value, shown, *field, config);
  } else if (const auto node =
                 ParseYaml(flag.value.value_or("true"), &reader)) {
    reader.ReadField(*node, shown, *field, config);
  }
}

absl::Status ReadFile(const std::string& path, Message* config,
                      std::vector<std::string>* errors) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  // A folder opens, and fails only here.
  if (file && file.peek() != std::ifstream::traits_type::eof()) {
    text << file.rdbuf();
  }
  if (file.bad() || !file.is_open()) {
    const std::string why =
        absl::StrCat("--config: ", path, ": ", std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(why)
                           : absl::FailedPreconditionError(why);
  }
  ReadDocument(text.str(), path, config, errors);
  return absl::OkStatus();
}

// The comment of a field, from the file's source info; empty without one.
std::string Comment(const google::protobuf::FileDescriptorSet& set,
                    const FieldDescriptor& field) {
  const std::vector<int> path = {
      google::protobuf::FileDescriptorProto::kMessageTypeFieldNumber,
      field.containing_type()->index(),
      google::protobuf::DescriptorProto::kFieldFieldNumber, field.index()};
  for (const auto& file : set.file()) {
    if (file.name() != field.file()->name()) continue;
    for (const auto& location : file.source_code_info().location()) {
      if (std::equal(location.path().begin(), location.path().end(),
                     path.begin(), path.end())) {
        return location.leading_comments();
      }
    }
  }
  return "";
}

std::string DefaultText(const FieldDescriptor& field) {
  const std::string& duration =
      field.options().GetExtension(options::default_duration);
  if (!duration.empty()) return absl::StrCat("; default ", duration);
  if (!field.has_default_value()) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return absl::StrCat("; default ", field.default_value_string());
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "; default true" : "; default false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat("; default ", field.default_value_int32());
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat("; default ", field.default_value_uint32());
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat("; default ", field.default_value_int64());
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat("; default ", field.default_value_uint64());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat("; default ", field.default_value_double());
    default:
      return "";
  }
}

void AppendFieldsHelp(const google::protobuf::FileDescriptorSet& set,
                      const Descriptor& type, const std::string& before_name,
                      const std::string& indent, std::string* help) {
  for (const FieldDescriptor* field : Fields(type)) {
    const bool needed = field->options().GetExtension(options::needed);
    absl::StrAppend(help, indent, before_name, field->name(), ": ",
                    TypeText(*field), needed ? "; needed" : "",
                    DefaultText(*field), "\n");
    const std::string comment = Comment(set, *field);
    for (absl::string_view line :
         absl::StrSplit(comment, '\n', absl::SkipWhitespace())) {
      absl::StrAppend(help, indent, "    ",
                      absl::StripLeadingAsciiWhitespace(line), "\n");
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        !IsDuration(*field)) {
      AppendFieldsHelp(set, *field->message_type(), "", indent + "    ", help);
    }
  }
}

}  // namespace

absl::Status ReadYamlConfig(absl::string_view yaml, absl::string_view origin,
                            Message* config) {
  std::vector<std::string> errors;
  FillDefaults(config);
  ReadDocument(yaml, origin, config, &errors);
  Reader(origin, /*has_lines=*/false, &errors).Finish({}, "", *config);
  return ErrorsToStatus(errors);
}

absl::StatusOr<ConfigAction> LoadConfig(const std::vector<std::string>& args,
                                        Message* config) {
  std::vector<std::string> errors;
  const std::vector<Flag> flags =
      ParseFlags(args, *config->GetDescriptor(), &errors);
  auto action = ConfigAction::kRun;
  std::optional<std::string> file;
  for (const Flag& flag : flags) {
    if (flag.name == "help") return ConfigAction::kHelp;
    if (flag.name == "version") return ConfigAction::kVersion;
    if (flag.name == "check_config") action = ConfigAction::kCheck;
    if (flag.name != "config") continue;
    if (!flag.value) errors.push_back("--config: no value; expected a file");
    file = flag.value;
  }
  FillDefaults(config);
  if (file) SS_RETURN_IF_ERROR(ReadFile(*file, config, &errors));
  for (const Flag& flag : flags) {
    if (flag.name == "config" || flag.name == "check_config") continue;
    ReadFlag(flag, config, &errors);
  }
  Reader(file.value_or(""), /*has_lines=*/false, &errors)
      .Finish({}, "", *config);
  SS_RETURN_IF_ERROR(ErrorsToStatus(errors));
  return action;
}

std::string ConfigHelp(absl::string_view name, absl::string_view about,
                       const Message& config,
                       absl::string_view descriptor_set) {
  google::protobuf::FileDescriptorSet set;
  set.ParseFromArray(descriptor_set.data(),
                     static_cast<int>(descriptor_set.size()));
  std::string help = absl::StrCat(
      about, "\n\nUsage: ", name,
      " [--config=FILE] [--KEY=VALUE ...]\n\n"
      "  --config: a YAML file with any of the keys below; a flag replaces "
      "what it says\n"
      "  --check_config: say OK, or all that is wrong with the configuration, "
      "and exit\n"
      "  --version, --help\n\n");
  AppendFieldsHelp(set, *config.GetDescriptor(), "--", "  ", &help);
  return help;
}

}  // namespace secondstory
