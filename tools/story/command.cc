#include "tools/story/command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace secondstory::story {
namespace {

constexpr size_t kPrefixMin = 4;

bool IsHex(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
           (c >= 'a' && c <= 'f');
  });
}

}  // namespace

std::string JsonLine(const google::protobuf::Message& message) {
  std::string json;
  // Fails only for times that the server does not store.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json + "\n";
}

absl::StatusOr<std::string> AuthorOf(const Call& call) {
  const std::string author = call.arguments.Get("author");
  if (!author.empty()) return author;
  if (!call.around.user.empty()) return call.around.user;
  return absl::InvalidArgumentError(
      "say who acts: --author=NAME, or USER in the environment");
}

absl::StatusOr<std::string> ReadInput(const Call& call, const std::string& what,
                                      const std::string& path) {
  std::ostringstream bytes;
  if (path == "-") {
    bytes << call.around.in->rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    // A folder can be opened, and reads like an empty file.
    std::error_code error;
    if (!file.is_open() || std::filesystem::is_directory(path, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": cannot read the file ", path,
                       file.is_open() ? ", which is a folder" : ""));
    }
    bytes << file.rdbuf();
  }
  std::string text = std::move(bytes).str();
  while (absl::EndsWith(text, "\n")) text.pop_back();
  if (!IsUtf8(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": the file ", path, " is not UTF-8"));
  }
  return text;
}

absl::StatusOr<std::string> TextOf(const Call& call,
                                   const std::string& option) {
  const std::string text = call.arguments.Get(option);
  if (text == "-") return ReadInput(call, "--" + option, text);
  if (absl::StartsWith(text, "@@")) return text.substr(1);
  if (absl::StartsWith(text, "@")) {
    return ReadInput(call, "--" + option, text.substr(1));
  }
  return text;
}

absl::Status ReadPages(
    const Call& call, int64_t limit_default, int64_t page_size_max,
    const std::function<absl::StatusOr<bool>(int64_t, int64_t*)>& read_page) {
  int64_t limit = limit_default;
  if (call.arguments.Has("limit")) {
    const auto given = ParseCount("limit", call.arguments.Get("limit"), 0);
    if (!given.ok()) return given.status();
    limit = *given;
  }
  int64_t count = 0;
  while (limit == 0 || count < limit) {
    const int64_t room = limit == 0 ? page_size_max : limit - count;
    const auto more = read_page(std::min(room, page_size_max), &count);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
  *call.around.err << "There are more; --limit=0 shows all.\n";
  return absl::OkStatus();
}

absl::StatusOr<std::string> ResolveId(
    const std::string& text,
    const std::function<
        absl::StatusOr<std::vector<std::string>>(const std::string&)>& list) {
  const std::string prefix = absl::AsciiStrToLower(text);
  if (!IsHex(prefix) || prefix.size() < kPrefixMin ||
      prefix.size() > kIdHexDigits) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no id; expected ", kIdHexDigits,
                     " hex digits, or at least the first ", kPrefixMin));
  }
  if (prefix.size() == kIdHexDigits) return prefix;
  const auto ids = list(prefix);
  if (!ids.ok()) return ids.status();
  if (ids->empty()) {
    return absl::NotFoundError(
        absl::StrCat("nothing has an id that begins with ", prefix));
  }
  if (ids->size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(ids->size(), " ids begin with ", prefix, ": ", ids->at(0),
                     ", ", ids->at(1), " ...; give more of it"));
  }
  return ids->front();
}

absl::StatusOr<std::string> ResolveIdAmong(const std::set<std::string>& ids,
                                           const std::string& text) {
  return ResolveId(text,
                   [&ids](const std::string& prefix)
                       -> absl::StatusOr<std::vector<std::string>> {
                     std::vector<std::string> found;
                     for (auto at = ids.lower_bound(prefix);
                          at != ids.end() && absl::StartsWith(*at, prefix);
                          ++at) {
                       found.push_back(*at);
                     }
                     return found;
                   });
}

absl::StatusOr<WatchRange> ParseWatchRange(const Call& call) {
  WatchRange range;
  if (call.arguments.Has("after")) {
    SS_ASSIGN_OR_RETURN(const int64_t after,
                        ParseCount("after", call.arguments.Get("after"), 0));
    range.after = static_cast<uint64_t>(after);
  }
  if (call.arguments.Has("count")) {
    SS_ASSIGN_OR_RETURN(range.count,
                        ParseCount("count", call.arguments.Get("count"), 1));
  }
  return range;
}

std::vector<Option> WatchOptions() {
  return {{"after", "POSITION",
           "begin behind this position of the log; default 0, its beginning"},
          {"count", "COUNT", "end after so many"}};
}

absl::Status EndOfWatch(const Call& call, const grpc::Status& status,
                        uint64_t position) {
  const absl::Status why =
      status.ok() ? absl::UnavailableError("the server ended the watch")
                  : call.server->Explain(ToStatus(status));
  return absl::Status(
      why.code(),
      absl::StrCat(why.message(), "\nTo go on: ", "--after=", position));
}

Option SinceOption() {
  return {"since", "TIME",
          "from this time on: 2018-04-18T11:30:00Z, \"2018-04-18 11:30\" (UTC) "
          "or 2h (ago)"};
}
Option UntilOption() { return {"until", "TIME", "before this time"}; }
Option LimitOption(int limit_default) {
  return {"limit", "COUNT",
          absl::StrCat("at most so many; default ", limit_default,
                       ", 0 means all")};
}
Option ServiceOption() { return {"service", "NAME,...", "of these services"}; }
Option AuthorOption() {
  return {"author", "NAME", "who acts; default your login"};
}
Option EtagOption() {
  return {"etag", "ETAG",
          "only if it is still as it was when you read this etag (--json shows "
          "it)"};
}

Option RequestIdOption() {
  return {"request-id", "ID",
          "yours; the same one again does not do it a second time"};
}
Option ReasonOption() { return {"reason", "TEXT", "why"}; }

std::vector<Option> With(std::vector<Option> options,
                         std::vector<Option> more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

const char kTextHelp[] =
    "A text may be given as it is, as @FILE, or as - for standard input.";

}  // namespace secondstory::story
