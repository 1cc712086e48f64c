#include "services/incidentd/story_reader.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "review/gaps.h"

namespace secondstory::incidentd {
namespace {

// Collects findings, text by text.
class Phrases {
 public:
  void Look(const std::string& field, const std::string& text) {
    for (v1::LanguageFinding& finding :
         FindPhrases(review::English(), field, text)) {
      found_.push_back(std::move(finding));
    }
  }
  std::vector<v1::LanguageFinding> Take() { return std::move(found_); }

 private:
  std::vector<v1::LanguageFinding> found_;
};

std::vector<v1::LanguageFinding> LookAt(const review::Story& story) {
  Phrases phrases;
  phrases.Look("title", story.incident.title);
  phrases.Look("summary", story.incident.summary);
  phrases.Look("narrative", story.incident.narrative);
  phrases.Look("surprise", story.incident.surprise);
  for (const review::Entry& entry : story.entries) {
    // What a machine wrote is quoted, not said.
    if (entry.is_event) continue;
    phrases.Look(absl::StrCat("entry ", entry.id, " title"), entry.title);
    phrases.Look(absl::StrCat("entry ", entry.id, " description"),
                 entry.description);
  }
  for (const review::Account& account : story.accounts) {
    const std::string prefix = absl::StrCat("account ", account.id, " ");
    phrases.Look(prefix + "action", account.action);
    phrases.Look(prefix + "observed_effect", account.observed_effect);
    phrases.Look(prefix + "expectation", account.expectation);
    phrases.Look(prefix + "assumption", account.assumption);
    phrases.Look(prefix + "also_known", account.also_known);
    phrases.Look(prefix + "words", account.words);
  }
  for (const review::Gap& gap : story.answered_gaps) {
    if (!gap.answer.has_value()) continue;
    phrases.Look(absl::StrCat("answer ", gap.id), gap.answer->text);
  }
  for (const review::Action& action : story.actions) {
    phrases.Look(absl::StrCat("action ", action.id, " title"), action.title);
    phrases.Look(absl::StrCat("action ", action.id, " description"),
                 action.description);
  }
  return phrases.Take();
}

}  // namespace

std::vector<v1::LanguageFinding> FindPhrases(const review::Language& language,
                                             const std::string& field,
                                             const std::string& text) {
  std::vector<v1::LanguageFinding> findings;
  for (const review::LanguageFinding& found : language.Check(text)) {
    v1::LanguageFinding& finding = findings.emplace_back();
    finding.set_field(field);
    finding.set_start_byte(static_cast<uint32_t>(found.begin));
    finding.set_end_byte(static_cast<uint32_t>(found.end));
    finding.set_phrase(text.substr(found.begin, found.end - found.begin));
    finding.set_rule(found.rule->id);
    finding.set_reason(found.rule->why);
    finding.set_question(found.rule->ask);
  }
  return findings;
}

absl::StatusOr<StoryParts> ReadStory(const TimelineReader& reader,
                                     const SeverityPolicy& policy,
                                     const v1::Incident& incident) {
  StoryParts parts;
  parts.incident = incident;
  policy.Name(&parts.incident);
  SS_ASSIGN_OR_RETURN(parts.entries, reader.Read(incident));
  for (const v1::TimelineEntry& entry : parts.entries) {
    if (!entry.has_event()) continue;
    SS_ASSIGN_OR_RETURN(std::optional<v1::Event> event,
                        reader.FindEvent(entry.entry_id()));
    if (event.has_value()) {
      parts.events.emplace(entry.entry_id(), *std::move(event));
    }
  }
  SS_ASSIGN_OR_RETURN(parts.accounts, reader.Accounts(incident));
  SS_ASSIGN_OR_RETURN(parts.actions, reader.Actions(incident));
  SS_ASSIGN_OR_RETURN(parts.answers, reader.GapAnswers(incident));
  SS_ASSIGN_OR_RETURN(parts.candidates, reader.Candidates(incident));
  return parts;
}

StoryReview::StoryReview(review::Story of)
    : story(std::move(of)),
      roles(story),
      gaps(review::FindGaps(story, roles)),
      language(LookAt(story)),
      checklist(review::ComputeChecklist(story, roles, gaps,
                                         static_cast<int>(language.size()))) {}

}  // namespace secondstory::incidentd
