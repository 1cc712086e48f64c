// Configuration of a process: a proto2 message filled from a YAML file and
// from flags.
//
// The schema is the message (//proto/secondstory/config/v1): field names are
// the YAML keys and the flag names, field comments are the help texts, defaults
// and limits stand beside the fields. A flag's value is YAML too:
//
// A text field takes the value of its flag as it is, so that addresses and
// paths need no quotes.
//
//   alertd --config=alertd.yaml --poll_interval=5s
//     --alertmanagers='[{name: prod, urls: ["http://127.0.0.1:9093"]}]'
#ifndef SECONDSTORY_BASE_CONFIG_H_
#define SECONDSTORY_BASE_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace secondstory {

// What the command line asks for.
enum class ConfigAction {
  kRun,      // start
  kCheck,    // --check_config (also --check-config): say OK and exit
  kHelp,     // --help; nothing else was looked at
  kVersion,  // --version; nothing else was looked at
};

// Fills `config` with defaults, then the file of --config=FILE if given, then
// the flags `--key=value` or `--key value` (a bool may stand alone: `--key`; in
// flag names `-` and `_` are one). A flag replaces what the file says, a list
// as a whole. `args` does not hold the program's name.
//
// INVALID_ARGUMENT: an unknown key or flag, a wrong type, a value out of its
// limits, a needed value missing. Names the file and line (or the flag), the
// key ("alertmanagers[0].urls"), the value and what was expected, all that
// was found, one a line. NOT_FOUND, FAILED_PRECONDITION: the file is not there,
// or cannot be read.
absl::StatusOr<ConfigAction> LoadConfig(const std::vector<std::string>& args,
                                        google::protobuf::Message* config);

// LoadConfig's second half, for tests: reads `yaml` into `config`. `origin`
// names it in errors.
absl::Status ReadYamlConfig(absl::string_view yaml, absl::string_view origin,
                            google::protobuf::Message* config);

// The text that --help prints for program `name`: `about`, then every flag with
// its type, default, limits and help. `descriptor_set` is the serialized
// FileDescriptorSet, with source info, of the file that declares `config`; see
// house.bzl:embed_protos.
std::string ConfigHelp(absl::string_view name, absl::string_view about,
                       const google::protobuf::Message& config,
                       absl::string_view descriptor_set);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_CONFIG_H_
