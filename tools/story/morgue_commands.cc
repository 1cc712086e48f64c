#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/lookup.h"
#include "tools/story/morgue.h"
#include "tools/story/mysqldump.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

constexpr size_t kPieceBytes = 256 << 10;

struct Counts {
  int stored = 0;
  int known = 0;
  int refused = 0;
  int deleted = 0;
};

absl::StatusOr<MorgueOptions> OptionsOf(const Call& call) {
  MorgueOptions options;
  const std::pair<const char*, std::string*> urls[] = {
      {"morgue-url", &options.morgue_url},
      {"jira-url", &options.jira_url},
      {"irc-url", &options.irc_url},
      {"slack-url", &options.slack_url}};
  for (const auto& [option, url] : urls) {
    *url = call.arguments.Get(option);
    if (url->empty() || absl::StartsWith(*url, "https://") ||
        absl::StartsWith(*url, "http://")) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("--", option, ": \"", *url,
                     "\"; expected an address such as https://example.com"));
  }
  const std::string zone = call.arguments.Get("time-zone");
  if (!zone.empty() && !absl::LoadTimeZone(zone, &options.zone)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--time-zone: \"", zone,
                     "\"; expected a name such as America/New_York"));
  }
  SS_ASSIGN_OR_RETURN(
      const std::vector<int> states,
      ParseEnums("ticket-state", call.arguments.Get("ticket-state"),
                 *v1::ActionState_descriptor()));
  if (!states.empty()) {
    options.ticket_state = static_cast<v1::ActionState>(states.back());
  }
  return options;
}

// All rows of a dump: one that is cut off must not become half a post-mortem.
absl::Status ReadDump(const Call& call, const std::string& path,
                      Morgue* morgue) {
  std::ifstream file;
  std::istream* stream = call.around.in;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) {
      return absl::InvalidArgumentError(
          absl::StrCat("FILE: cannot read the file ", path));
    }
    stream = &file;
  }
  MysqldumpReader reader(
      [morgue](const std::string& table, const DumpRow& row) {
        morgue->Add(table, row);
      });
  std::string piece(kPieceBytes, '\0');
  absl::Status status;
  do {
    stream->read(&piece[0], static_cast<std::streamsize>(piece.size()));
    status = reader.Read(
        absl::string_view(piece.data(), static_cast<size_t>(stream->gcount())));
  } while (status.ok() && stream->good());
  if (status.ok()) status = reader.Finish();
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(path, ": ", status.message()));
  }
  if (morgue->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": there is no table of Morgue's in it, such as postmortems"));
  }
  if (reader.replaced_count() > 0) {
    *call.around.err << "Characters that XML does not allow, or that are not "
                        "UTF-8, became U+FFFD: "
                     << reader.replaced_count()
                     << ". A dump with --default-character-set=utf8mb4 "
                        "--hex-blob has the fewest.\n";
  }
  return absl::OkStatus();
}

std::string StateOf(const MorguePostmortem& postmortem) {
  return absl::StrCat(StateInWords(postmortem.story.incident().state()),
                      postmortem.deleted ? ", deleted" : "");
}

void Report(const Call& call, const MorguePostmortem& postmortem,
            const std::string& text) {
  *call.around.err << "post-mortem " << postmortem.id << ": " << text << "\n";
}

void ReportRemarks(const Call& call, const MorguePostmortem& postmortem) {
  for (const std::string& remark : postmortem.remarks) {
    Report(call, postmortem, OneLine(remark));
  }
}

void ShowPlan(const Call& call,
              const std::vector<MorguePostmortem>& postmortems) {
  Table table({{"MORGUE"},
               {"BEGAN (UTC)"},
               {"STATE"},
               {"LINES"},
               {"ACTIONS"},
               {"WHAT", 1}});
  int refused = 0;
  for (const MorguePostmortem& postmortem : postmortems) {
    if (!postmortem.status.ok()) {
      ++refused;
      Report(call, postmortem, std::string(postmortem.status.message()));
      continue;
    }
    ReportRemarks(call, postmortem);
    if (call.json) {
      call.out() << JsonLine(postmortem.story);
      continue;
    }
    const v1::Incident& incident = postmortem.story.incident();
    table.AddRow(
        {absl::StrCat(postmortem.id), DateAndTime(incident.start_time()),
         StateOf(postmortem), absl::StrCat(postmortem.story.entries_size()),
         absl::StrCat(postmortem.story.actions_size()), incident.title()});
  }
  if (call.json) return;
  if (!table.empty()) call.out() << table.Render(call.page.width) << "\n";
  call.out() << postmortems.size() << " post-mortems, "
             << postmortems.size() - refused
             << " would be imported; nothing was sent\n";
}

absl::Status ImportOne(const Call& call, const std::string& author,
                       const MorguePostmortem& postmortem, Counts* counts) {
  SS_RETURN_IF_ERROR(postmortem.status);
  v1::ImportIncidentRequest request;
  *request.mutable_export_() = postmortem.story;
  request.set_author(author);
  request.set_request_id(postmortem.request_id);
  SS_ASSIGN_OR_RETURN(const v1::ImportIncidentResponse response,
                      call.server->Call(&ReviewCalls::ImportIncident, request));
  const v1::Incident& incident = response.incident();
  ++(response.stored() ? counts->stored : counts->known);
  if (response.stored()) ReportRemarks(call, postmortem);
  if (postmortem.deleted) ++counts->deleted;
  if (call.json) {
    call.out() << JsonLine(incident);
  } else {
    call.out() << PadTo(absl::StrCat(postmortem.id), 6) << "  "
               << (response.stored() ? "stored" : "known ") << "  "
               << ShortId(incident.incident_id()) << "  "
               << Date(incident.start_time()) << "  "
               << CutTo(OneLine(incident.title()),
                        std::max(call.page.width - 42, 20))
               << "\n";
  }
  return absl::OkStatus();
}

absl::Status ImportMorgue(const Call& call) {
  SS_ASSIGN_OR_RETURN(const MorgueOptions options, OptionsOf(call));
  Morgue morgue;
  SS_RETURN_IF_ERROR(ReadDump(call, call.arguments.words[0], &morgue));
  const std::vector<MorguePostmortem> postmortems = morgue.Postmortems(options);
  if (call.arguments.Has("dry-run")) {
    ShowPlan(call, postmortems);
    return absl::OkStatus();
  }
  SS_ASSIGN_OR_RETURN(const std::string author, AuthorOf(call));
  Counts counts;
  for (const MorguePostmortem& postmortem : postmortems) {
    const absl::Status status = ImportOne(call, author, postmortem, &counts);
    // Without a server there is nothing to go on with; what is done stays done.
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
        absl::IsUnimplemented(status)) {
      return absl::Status(
          status.code(),
          absl::StrCat("post-mortem ", postmortem.id, ": ", status.message(),
                       "\nRun it again to go on."));
    }
    if (!status.ok()) {
      ++counts.refused;
      Report(call, postmortem,
             absl::IsAlreadyExists(status)
                 ? "it differs from what is stored, which stays as it is: " +
                       std::string(status.message())
                 : std::string(status.message()));
      continue;
    }
  }
  if (!call.json) {
    call.out() << postmortems.size() << " post-mortems: " << counts.stored
               << " stored, " << counts.known << " known, " << counts.refused
               << " refused; " << counts.deleted << " kept as deleted\n";
  }
  if (counts.refused == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("post-mortems refused: ", counts.refused));
}

}  // namespace

std::vector<Command> MorgueCommands() {
  return {
      {"import morgue",
       {"FILE"},
       "stores the post-mortems of Etsy's Morgue",
       "FILE is what `mysqldump --xml` wrote of its database, or - for "
       "standard "
       "input.\nImporting it again changes nothing. docs/from-morgue.md maps "
       "the "
       "columns.",
       {{"dry-run", "", "says what would be imported, and sends nothing"},
        {"morgue-url", "URL",
         "Morgue's own address: links back, and resolves images"},
        {"jira-url", "URL", "tickets link to URL/browse/TICKET"},
        {"slack-url", "URL", "your Slack: channels link to URL/archives/ID"},
        {"irc-url", "URL", "what a channel's name is appended to"},
        {"time-zone", "NAME",
         "Morgue's, for the times in conversations; default UTC"},
        {"ticket-state", "STATE",
         "what tickets become: open (default), in_progress, done or dropped"},
        AuthorOption()},
       ImportMorgue},
  };
}

}  // namespace secondstory::story
