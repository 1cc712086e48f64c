#include "tools/story/review_page.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/proto_time.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

std::string DueText(const v1::Review& review, const PageOptions& options) {
  if (!review.has_due_time()) return "";
  std::string due = Date(review.due_time());
  if (!options.now.has_value()) return due;
  const absl::Duration ahead = ToTime(review.due_time()) - *options.now;
  if (review.overdue()) {
    absl::StrAppend(&due, ", overdue for ", InWords(-ahead));
  } else if (ahead > absl::ZeroDuration()) {
    absl::StrAppend(&due, ", in ", InWords(ahead));
  }
  return due;
}

// "never_resolved" reads "never resolved".
std::string RuleInWords(const std::string& rule) {
  return absl::StrReplaceAll(rule, {{"_", " "}});
}

std::string Checklist(const v1::Review& review, const PageOptions& options) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const v1::ChecklistItem& item : review.checklist()) {
    facts.emplace_back(absl::StrCat(item.done() ? "[x] " : "[ ] ", item.item()),
                       item.text());
  }
  return "\nChecklist\n" + RenderFacts(facts, options.width, 2);
}

std::string Questions(const v1::Review& review, const PageOptions& options) {
  std::string text;
  int answered = 0;
  for (const v1::Gap& gap : review.gaps()) {
    if (gap.has_answer()) ++answered;
    if (!gap.has_answer() || options.all) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", GapText(gap, options));
    }
  }
  std::string heading = "\nQuestions";
  if (answered > 0 && !options.all) {
    absl::StrAppend(&heading, " (", answered, " answered; --all shows them)");
  }
  if (text.empty()) text = answered > 0 ? "  None is open.\n" : "  None.\n";
  return absl::StrCat(heading, "\n", text);
}

std::string Language(const v1::Review& review, const PageOptions& options) {
  if (review.language().empty()) return "";
  std::string text = "\nPhrases to look at\n";
  bool first = true;
  for (const v1::LanguageFinding& finding : review.language()) {
    absl::StrAppend(
        &text, std::exchange(first, false) ? "" : "\n",
        RenderParagraph(
            absl::StrCat("\"", finding.phrase(), "\" in ", finding.field(),
                         " (", RuleInWords(finding.rule()), ")"),
            options.width, 2),
        RenderFacts({{"why", finding.reason()}, {"ask", finding.question()}},
                    options.width, 4));
  }
  return text;
}

}  // namespace

std::string ReviewPage(const v1::Incident& incident, const v1::Review& review,
                       const PageOptions& options) {
  return absl::StrCat(
      RenderParagraph(incident.title(), options.width, 0), "\n",
      RenderFacts(
          {{"State", StateInWords(review.state())},
           {"Review due",
            incident.has_publish_time() ? "" : DueText(review, options)},
           {"Published", incident.has_publish_time()
                             ? DateAndTime(incident.publish_time()) + " UTC"
                             : ""},
           {"Facilitator", incident.facilitator()},
           {"Incident", incident.incident_id()}},
          options.width, 2),
      Checklist(review, options), Questions(review, options),
      Language(review, options));
}

std::string GapText(const v1::Gap& gap, const PageOptions& options) {
  std::string text = absl::StrCat(
      "  ", ShortId(gap.gap_id()), "  ", RuleInWords(OneLine(gap.rule())), "\n",
      RenderParagraph(gap.text(), options.width, 4),
      RenderParagraph(gap.question(), options.width, 4));
  if (gap.has_answer()) {
    absl::StrAppend(
        &text,
        RenderParagraph(
            absl::StrCat(
                gap.answer().set_aside() ? "Set aside by " : "Answered by ",
                gap.answer().author(), gap.answer().text().empty() ? "" : ": ",
                gap.answer().text()),
            options.width, 4));
  }
  return text;
}

std::string HistoryPage(absl::Span<const v1::HistoryEntry> changes,
                        const PageOptions& options) {
  if (changes.empty()) return "Nothing has changed yet.\n";
  std::string text;
  for (const v1::HistoryEntry& change : changes) {
    std::string head =
        absl::StrCat(DateAndTime(change.change_time()), "  ", change.author(),
                     change.author().empty() ? "" : ", ", change.what());
    if (change.what() != "incident") {
      absl::StrAppend(&head, " ", ShortId(change.id()));
    }
    text += RenderParagraph(head, options.width, 0);
    for (const std::string& difference : change.differences()) {
      text += RenderParagraph(difference, options.width, 4);
    }
  }
  return text;
}

}  // namespace secondstory::story
