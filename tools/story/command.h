// What a command of story is made of.
#ifndef SECONDSTORY_TOOLS_STORY_COMMAND_H_
#define SECONDSTORY_TOOLS_STORY_COMMAND_H_

#include <functional>
#include <istream>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "tools/story/arguments.h"
#include "tools/story/page.h"
#include "tools/story/server.h"

namespace secondstory::story {

// What surrounds a call of story.
struct Surroundings {
  std::istream* in;
  std::ostream* out;
  std::ostream* err;
  absl::Time now;
  int width = 100;    // columns of the terminal
  std::string user;   // the login; may be empty
  bool asks = false;  // somebody sits before `in` and can be asked
};

// One call of a command.
struct Call {
  Arguments arguments;  // the words are the command's own parameters
  bool json = false;
  PageOptions page;
  Surroundings around;
  Server* server = nullptr;

  std::ostream& out() const { return *around.out; }
};

struct Command {
  std::string name;  // "events list"
  // "ID"; the last may be "EVENT...", which stands for one or more.
  std::vector<std::string> parameters;
  std::string about;    // a line
  std::string details;  // further lines of its help
  std::vector<Option> options;
  std::function<absl::Status(const Call&)> run;
};

// `message` as one line of proto3 JSON.
std::string JsonLine(const google::protobuf::Message& message);

// Who acts: --author, else the login. INVALID_ARGUMENT: neither.
absl::StatusOr<std::string> AuthorOf(const Call& call);

// The value of an option that takes a text: as it stands; "-" is all of
// standard input and "@FILE" what is in a file, both without the newlines at
// their end; "@@" begins a text with "@". INVALID_ARGUMENT: no such file.
absl::StatusOr<std::string> TextOf(const Call& call, const std::string& option);

// All that is in a file, "-" being standard input, without the newlines at its
// end. INVALID_ARGUMENT, with `what` it was to be: no such file, or not UTF-8.
absl::StatusOr<std::string> ReadInput(const Call& call, const std::string& what,
                                      const std::string& path);

// --since and --until, as far as they are given.
template <typename Request>
absl::Status SetTimeRange(const Call& call, Request* request) {
  for (const char* option : {"since", "until"}) {
    const std::string text = call.arguments.Get(option);
    if (text.empty()) continue;
    const auto time = ParseWhen(option, text, call.around.now);
    if (!time.ok()) return time.status();
    *(option[0] == 's' ? request->mutable_start_time()
                       : request->mutable_end_time()) = *time;
  }
  return absl::OkStatus();
}

// Calls `read_page` with the size of the next page until it says that there is
// no further one, or --limit (else `limit_default`; 0 means all) is reached.
absl::Status ReadPages(const Call& call, int64_t limit_default,
                       int64_t page_size_max,
                       const std::function<absl::StatusOr<bool>(
                           int64_t page_size, int64_t* count)>& read_page);

// An id given in full or by its beginning. `list` returns all ids that begin
// with a prefix. INVALID_ARGUMENT: no id, or not enough of it. NOT_FOUND.
absl::StatusOr<std::string> ResolveId(
    const std::string& text,
    const std::function<absl::StatusOr<std::vector<std::string>>(
        const std::string& prefix)>& list);
// The same of known ids. One in full need not be among them.
absl::StatusOr<std::string> ResolveIdAmong(const std::set<std::string>& ids,
                                           const std::string& text);

// Where a watch begins and after how many it ends.
struct WatchRange {
  uint64_t after = 0;
  int64_t count = 0;  // 0: never
};
absl::StatusOr<WatchRange> ParseWatchRange(const Call& call);
std::vector<Option> WatchOptions();

// The error of a watch that ended, with the position to go on from.
absl::Status EndOfWatch(const Call& call, const grpc::Status& status,
                        uint64_t position);

// Options that several commands share.
Option SinceOption();
Option UntilOption();
Option LimitOption(int limit_default);
Option ServiceOption();
Option AuthorOption();
Option EtagOption();
Option RequestIdOption();
Option ReasonOption();

// `options`, then `more`.
std::vector<Option> With(std::vector<Option> options, std::vector<Option> more);

// A line for the help of commands with texts: how TextOf reads them.
extern const char kTextHelp[];

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_COMMAND_H_
