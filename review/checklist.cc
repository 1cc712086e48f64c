#include "review/checklist.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "review/lifecycle.h"
#include "timeline/phrase.h"

namespace secondstory::review {
namespace {

using timeline::DescribeCount;

bool IsAboutAccount(const Gap& gap) { return gap.rule == "no_account"; }

ChecklistItem CheckAccounts(const Story& story, const Roles& roles,
                            absl::Span<const Gap> gaps) {
  const std::vector<Person> people = PeopleOf(story, roles);
  if (people.empty()) {
    return {"accounts", !story.accounts.empty(),
            story.accounts.empty()
                ? "nobody is named who was there; add participants"
                : DescribeCount(static_cast<int64_t>(story.accounts.size()),
                                "account")};
  }
  const int64_t open =
      std::count_if(gaps.begin(), gaps.end(), [](const Gap& gap) {
        return IsAboutAccount(gap) && !gap.answer.has_value();
      });
  const int64_t told = std::count_if(
      people.begin(), people.end(),
      [](const Person& person) { return person.told != Told::kNotYet; });
  const int64_t count = static_cast<int64_t>(people.size());
  std::string text =
      absl::StrCat(told, " of ", count, count == 1 ? " person" : " people",
                   " told or declined");
  const int64_t settled = count - told - open;
  if (settled > 0) {
    absl::StrAppend(&text, ", ", settled, " answered for or set aside");
  }
  return {"accounts", open == 0, text};
}

ChecklistItem CheckGaps(absl::Span<const Gap> gaps) {
  int64_t count = 0;
  int64_t answered = 0;
  for (const Gap& gap : gaps) {
    if (IsAboutAccount(gap)) continue;
    ++count;
    if (gap.answer.has_value()) ++answered;
  }
  if (count == 0) return {"gaps", true, "no open questions were found"};
  return {"gaps", answered == count,
          absl::StrCat(answered, " of ", DescribeCount(count, "question"),
                       " answered or set aside")};
}

ChecklistItem CheckActions(const Story& story) {
  int64_t count = 0;
  int64_t unowned = 0;
  for (const Action& action : story.actions) {
    if (action.state == ActionState::kDropped) continue;
    ++count;
    if (absl::StripAsciiWhitespace(action.owner).empty()) ++unowned;
  }
  if (count == 0) return {"actions", true, "there are none to own"};
  if (unowned == 0) {
    return {"actions", true,
            absl::StrCat(DescribeCount(count, "action"), ", all owned")};
  }
  return {"actions", false,
          absl::StrCat(unowned, " of ", DescribeCount(count, "action"),
                       unowned == 1 ? " has" : " have", " no owner")};
}

ChecklistItem CheckFacilitatorNamed(const Incident& incident) {
  if (CheckFacilitator(incident).ok()) {
    return {"facilitator", true, "one is named who was not there"};
  }
  return {"facilitator", false,
          absl::StripAsciiWhitespace(incident.facilitator).empty()
              ? "nobody is named"
              : "who is named was there; name somebody who was not"};
}

}  // namespace

std::vector<ChecklistItem> ComputeChecklist(const Story& story,
                                            const Roles& roles,
                                            absl::Span<const Gap> gaps,
                                            int language_finding_count) {
  const bool has_summary =
      !absl::StripAsciiWhitespace(story.incident.summary).empty();
  return {
      CheckAccounts(story, roles, gaps),
      CheckGaps(gaps),
      {"language", language_finding_count == 0,
       language_finding_count == 0
           ? "nothing found"
           : absl::StrCat(DescribeCount(language_finding_count, "phrase"),
                          " to look at")},
      CheckActions(story),
      CheckFacilitatorNamed(story.incident),
      {"summary", has_summary, has_summary ? "written" : "none is written"},
  };
}

std::string DescribeOpenItems(absl::Span<const ChecklistItem> checklist) {
  std::vector<std::string> open;
  for (const ChecklistItem& item : checklist) {
    if (!item.done) open.push_back(absl::StrCat(item.item, ": ", item.text));
  }
  return absl::StrJoin(open, "; ");
}

}  // namespace secondstory::review
