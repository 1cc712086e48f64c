#include "tools/story/candidate_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/proto_time.h"
#include "timeline/learning.h"
#include "tools/story/learning_page.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

using google::protobuf::Timestamp;

// A page shows so many lines at its beginning and at its end.
constexpr int kFirstLines = 40;
constexpr int kLastLines = 20;
// So many changes at least, and as many as this when they are as likely as
// that; what is less likely is shown without its evidence.
constexpr int kChangesMin = 4;
constexpr int kChangesMax = 8;
constexpr double kScoreMin = 0.01;
// Evidence that moves the odds less says nothing; more than the second says
// much (a factor of about 7).
constexpr double kSomething = 0.05;
constexpr double kMuch = 2;
// What is older is no longer said in "ago".
constexpr absl::Duration kRecent = absl::Hours(48);

std::string Ago(const Timestamp& time, const PageOptions& options) {
  if (!options.now) return "";
  const absl::Duration age = *options.now - ToTime(time);
  if (age < absl::ZeroDuration() || age > kRecent) return "";
  return absl::StrCat(", ", InWords(age), " ago");
}

std::string Lasted(const v1::Candidate& candidate) {
  const absl::Duration duration =
      ToTime(candidate.last_activity_time()) - ToTime(candidate.onset_time());
  if (duration <= absl::ZeroDuration()) return "";
  return absl::StrCat(
      InWords(duration), ", to the last event at ",
      TimeBeside(candidate.last_activity_time(), candidate.onset_time()));
}

std::string Decision(const v1::Candidate& candidate) {
  switch (candidate.state()) {
    case v1::CANDIDATE_STATE_PROMOTED:
      return absl::StrCat("by ", candidate.decided_by(), ": incident ",
                          candidate.incident_id());
    case v1::CANDIDATE_STATE_DISMISSED:
      return absl::StrCat("by ", candidate.decided_by(),
                          candidate.dismiss_reason().empty() ? "" : ": ",
                          candidate.dismiss_reason());
    case v1::CANDIDATE_STATE_MERGED:
      return absl::StrCat("candidate ", candidate.merged_into_candidate_id(),
                          " goes on");
    default:
      return "";
  }
}

std::string Header(const v1::Candidate& candidate, const PageOptions& options) {
  const std::string severity = SeverityInWords(candidate.severity());
  return absl::StrCat(
      RenderParagraph(candidate.title(), options.width, 0), "\n",
      RenderFacts(
          {{"State", StateExplained(candidate.state())},
           {"Decided", Decision(candidate)},
           {"Severity", severity == "-" ? "" : severity},
           {"Services", absl::StrJoin(candidate.services(), ", ")},
           {"Onset", absl::StrCat(DateAndTime(candidate.onset_time()), " UTC",
                                  Ago(candidate.onset_time(), options))},
           {"Lasted", Lasted(candidate)},
           {"Candidate", absl::StrCat(candidate.candidate_id(), ", revision ",
                                      candidate.revision())}},
          options.width, 2));
}

// The title and, in brackets, how often and how it ended.
std::string WhatOf(const v1::CandidateEvent& event, bool open) {
  std::vector<std::string> notes;
  if (event.repeat_count() > 0) {
    notes.push_back(
        absl::StrCat("x ", event.repeat_count() + 1, ", the last at ",
                     TimeBeside(event.last_event_time(), event.event_time())));
  }
  if (event.has_resolve_time()) {
    notes.push_back(absl::StrCat(
        "resolved at ", TimeBeside(event.resolve_time(), event.event_time())));
  } else if (open && event.kind() == v1::EVENT_KIND_ALERT_FIRED) {
    notes.push_back("still firing");
  }
  if (notes.empty()) return event.title();
  return absl::StrCat(event.title(), " (", absl::StrJoin(notes, "; "), ")");
}

std::string Timeline(const v1::Candidate& candidate,
                     const PageOptions& options) {
  std::vector<Column> columns = {{"TIME"},
                                 {"KIND"},
                                 {"SERVICE", 0, 20},
                                 {"WHAT", 4},
                                 {"WHY IT IS HERE", 3}};
  if (options.ids) columns.insert(columns.begin() + 1, Column{"EVENT"});
  Table table(std::move(columns));
  const bool open = candidate.state() == v1::CANDIDATE_STATE_OPEN;
  const int count = candidate.events_size();
  const int left_out =
      options.all ? 0 : std::max(count - kFirstLines - kLastLines, 0);
  std::string date;
  for (int i = 0; i < count; ++i) {
    if (left_out > 1 && i == kFirstLines) {
      table.AddLine(absl::StrCat("... ", left_out, " more; --all shows them"));
      i += left_out;
    }
    const v1::CandidateEvent& event = candidate.events(i);
    if (Date(event.event_time()) != date) {
      date = Date(event.event_time());
      table.AddLine(date);
    }
    std::vector<std::string> row = {TimeOfDay(event.event_time()),
                                    KindInWords(event.kind(), event.severity()),
                                    event.service(), WhatOf(event, open),
                                    WhyInWords(event)};
    if (options.ids) row.insert(row.begin() + 1, ShortId(event.event_id()));
    table.AddRow(std::move(row));
  }
  return absl::StrCat("Timeline (UTC)\n", table.Render(options.width, 2));
}

const char* SignOf(const v1::Evidence& evidence) {
  if (evidence.log_odds() >= kMuch) return "++";
  if (evidence.log_odds() >= kSomething) return " +";
  if (evidence.log_odds() <= -kMuch) return "--";
  return evidence.log_odds() <= -kSomething ? " -" : "  ";
}

// "  1.  71 %  likely       ": behind it stands what this is about.
std::string Lead(const std::string& number, double score) {
  return absl::StrFormat("%4s %5s  %s  ", number, Percent(score),
                         PadTo(LikelihoodInWords(score), 11));
}
constexpr int kLeadWidth = 4 + 1 + 5 + 2 + 11 + 2;

// `text` behind `lead`, which is as wide as `indent`.
std::string Behind(const std::string& lead, const std::string& text, int indent,
                   const PageOptions& options) {
  const std::string lines = RenderParagraph(text, options.width, indent);
  const auto begin = static_cast<size_t>(indent);
  return lead + (lines.size() > begin ? lines.substr(begin) : "-\n");
}

// Service, time, revision, and how long before the onset. That lag's log-odds
// hold the base rate of changes too; with a sign it would read as if a change
// right before the onset spoke against itself.
std::string WhereAndWhen(const v1::RankedChange& change,
                         const PageOptions& options) {
  std::vector<std::string> parts;
  if (!change.service().empty()) parts.push_back(change.service());
  parts.push_back(DateAndTime(change.event_time()) + " UTC");
  for (const v1::Evidence& evidence : change.evidence()) {
    if (evidence.rule() == "lag") parts.push_back(evidence.text());
  }
  if (!change.revision().empty()) {
    parts.push_back("revision " + change.revision());
  }
  if (options.ids) parts.push_back("event " + change.event_id());
  return absl::StrJoin(parts, ", ");
}

std::string EvidenceLines(const v1::RankedChange& change,
                          const PageOptions& options) {
  std::string text;
  for (const v1::Evidence& evidence : change.evidence()) {
    if (evidence.rule() == "lag") continue;
    const std::string sign =
        absl::StrCat(std::string(kLeadWidth, ' '), SignOf(evidence), " ");
    text += Behind(sign, evidence.text(), kLeadWidth + 3, options);
  }
  return text;
}

std::string Change(int number, const v1::RankedChange& change,
                   const PageOptions& options) {
  std::string text = Behind(Lead(absl::StrCat(number, "."), change.score()),
                            change.title(), kLeadWidth, options);
  text +=
      RenderParagraph(WhereAndWhen(change, options), options.width, kLeadWidth);
  if (!options.all && change.score() < kScoreMin) return text;
  if (!change.url().empty()) {
    text += RenderParagraph(change.url(), options.width, kLeadWidth);
  }
  return text + EvidenceLines(change, options);
}

// How many of the ranked changes a page shows.
int ShownChanges(const v1::Candidate& candidate, const PageOptions& options) {
  const int count = candidate.ranked_changes_size();
  if (options.all) return count;
  int shown = std::min(count, kChangesMin);
  while (shown < std::min(count, kChangesMax) &&
         candidate.ranked_changes(shown).score() >= kScoreMin) {
    ++shown;
  }
  return shown;
}

std::string Sentence(const std::string& fragment) {
  std::string sentence = fragment;
  if (sentence.empty()) return sentence;
  sentence[0] = absl::ascii_toupper(static_cast<unsigned char>(sentence[0]));
  if (!absl::EndsWith(sentence, ".")) sentence.push_back('.');
  return sentence;
}

std::string NoChange(const v1::Candidate& candidate,
                     const PageOptions& options) {
  std::string text = Behind(Lead("", candidate.no_change_score()),
                            "None of these", kLeadWidth, options);
  if (!candidate.no_change_reason().empty()) {
    text += RenderParagraph(Sentence(candidate.no_change_reason()),
                            options.width, kLeadWidth);
  }
  return text;
}

// With what was learnt it was ranked, if it was.
std::string Learnt(const v1::Candidate& candidate, const PageOptions& options) {
  const absl::StatusOr<timeline::Learning> learning =
      timeline::ParseLearning(candidate.learning());
  if (!learning.ok()) return "";
  return RenderParagraph(
      absl::StrCat("Weighed with what ", learning->decision_count,
                   learning->decision_count == 1
                       ? " earlier decision taught."
                       : " earlier decisions taught."),
      options.width, 2);
}

std::string Changes(const v1::Candidate& candidate,
                    const PageOptions& options) {
  if (candidate.ranked_changes().empty()) {
    return absl::StrCat(
        "Changes near the onset\n",
        RenderParagraph(candidate.no_change_reason().empty()
                            ? "None is known."
                            : Sentence(candidate.no_change_reason()),
                        options.width, 2));
  }
  std::string text = absl::StrCat(
      "Changes near the onset\n",
      RenderParagraph("The likeliest first; several may have contributed. "
                      "+ speaks for it, - against; twice: strongly.",
                      options.width, 2),
      Learnt(candidate, options));
  const int shown = ShownChanges(candidate, options);
  for (int i = 0; i < shown; ++i) {
    absl::StrAppend(&text, "\n",
                    Change(i + 1, candidate.ranked_changes(i), options));
  }
  const int rest = candidate.ranked_changes_size() - shown;
  if (rest > 0) {
    absl::StrAppend(&text, "\n", std::string(kLeadWidth, ' '), "... and ", rest,
                    " less likely; --all shows them\n");
  }
  return absl::StrCat(text, "\n", NoChange(candidate, options));
}

// What people found, beside what was proposed.
std::string Confirmation(const v1::Candidate& candidate,
                         const PageOptions& options) {
  if (!candidate.has_confirmation()) return "";
  const v1::ChangeConfirmation& found = candidate.confirmation();
  std::string text = absl::StrCat(found.author(), " found that ");
  if (found.contributing_event_ids().empty()) {
    absl::StrAppend(&text, "no change contributed.");
  } else {
    std::vector<std::string> names;
    for (const std::string& id : found.contributing_event_ids()) {
      std::string name = absl::StrCat("change ", id);
      for (const v1::RankedChange& change : candidate.ranked_changes()) {
        if (change.event_id() == id) {
          name = absl::StrCat("\"", change.title(), "\"");
        }
      }
      names.push_back(std::move(name));
    }
    absl::StrAppend(&text, absl::StrJoin(names, " and "), " contributed.");
  }
  return absl::StrCat("\nConfirmed\n", RenderParagraph(text, options.width, 2));
}

std::string Differences(const v1::Candidate& candidate,
                        const PageOptions& options) {
  if (candidate.differences().empty()) return "";
  std::string text =
      absl::StrCat("\nNew in revision ", candidate.revision(), "\n");
  for (const std::string& difference : candidate.differences()) {
    text += RenderParagraph(difference, options.width, 2);
  }
  return text;
}

std::string NextSteps(const v1::Candidate& candidate,
                      const PageOptions& options) {
  if (candidate.state() == v1::CANDIDATE_STATE_MERGED) {
    return absl::StrCat("\nstory candidates get ",
                        ShortId(candidate.merged_into_candidate_id()),
                        "   shows the one that goes on\n");
  }
  if (candidate.state() != v1::CANDIDATE_STATE_OPEN &&
      candidate.state() != v1::CANDIDATE_STATE_QUIET) {
    return "";
  }
  const std::string id = ShortId(candidate.candidate_id());
  return absl::StrCat("\nstory promote ", id, "   makes an incident of it\n",
                      "story dismiss ", id, "   says that it is none\n",
                      options.ids
                          ? absl::StrCat("story candidates split ", id,
                                         " EVENT...   takes out what belongs "
                                         "elsewhere\n")
                          : absl::StrCat("story candidates get ", id,
                                         " --ids   shows ids, to split or "
                                         "confirm\n"));
}

}  // namespace

std::string CandidatePage(const v1::Candidate& candidate,
                          const PageOptions& options,
                          absl::Span<const v1::SimilarIncident> similar) {
  if (candidate.state() == v1::CANDIDATE_STATE_MERGED) {
    return absl::StrCat(
        Header(candidate, options), Confirmation(candidate, options),
        Differences(candidate, options), NextSteps(candidate, options));
  }
  return absl::StrCat(
      Header(candidate, options), "\n", Timeline(candidate, options), "\n",
      Changes(candidate, options), similar.empty() ? "" : "\n",
      SimilarSection(similar, options), Confirmation(candidate, options),
      Differences(candidate, options), NextSteps(candidate, options));
}

std::string CandidateList(absl::Span<const v1::Candidate> candidates,
                          const PageOptions& options) {
  if (candidates.empty()) return "No candidates.\n";
  Table table({{"ONSET (UTC)"},
               {"LASTED"},
               {"STATE"},
               {"SEVERITY"},
               {"WHAT", 1},
               {"ID"}});
  for (const v1::Candidate& candidate : candidates) {
    const absl::Duration lasted =
        ToTime(candidate.last_activity_time()) - ToTime(candidate.onset_time());
    table.AddRow({DateAndTime(candidate.onset_time()),
                  lasted > absl::ZeroDuration() ? InWords(lasted) : "-",
                  StateInWords(candidate.state()),
                  SeverityInWords(candidate.severity()), candidate.title(),
                  ShortId(candidate.candidate_id())});
  }
  return table.Render(options.width);
}

std::string CandidateLine(const v1::Candidate& candidate) {
  return absl::StrCat(DateAndTime(candidate.submit_time()), "  ",
                      PadTo(StateInWords(candidate.state()), 9), "  ",
                      ShortId(candidate.candidate_id()), "  revision ",
                      candidate.revision(), "  ", OneLine(candidate.title()),
                      "\n");
}

}  // namespace secondstory::story
