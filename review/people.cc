#include "review/people.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace secondstory::review {
namespace {

constexpr size_t kNameWordBytesMin = 2;

// Words with which a sentence begins more often than a name.
constexpr absl::string_view kShortWords[] = {
    "AM",  "An",  "As",  "At",  "By",  "DB",  "Do",  "EU",  "Go",  "He",  "I",
    "IO",  "IP",  "If",  "In",  "Is",  "It",  "Me",  "My",  "No",  "OK",  "OS",
    "Of",  "On",  "Or",  "PM",  "So",  "To",  "UI",  "US",  "Up",  "Us",  "VM",
    "We",  "All", "And", "Any", "Are", "But", "Can", "Did", "For", "How", "Not",
    "Now", "One", "Our", "The", "Was", "Who", "Why"};

constexpr absl::string_view kTeamWords[] = {"crew",  "group", "guild", "oncall",
                                            "squad", "team",  "teams"};
constexpr absl::string_view kMachineWords[] = {
    "actions", "argo",   "argocd",   "bot",       "ci",        "controller",
    "cron",    "deploy", "deployer", "flux",      "gitlab",    "github",
    "jenkins", "kube",   "pipeline", "scheduler", "spinnaker", "system"};

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// "db-ann", "ann.py" and "ann-worker" are words of their own.
bool BeginsWord(absl::string_view text, size_t place) {
  if (place == 0) return true;
  const char before = text[place - 1];
  if (IsWordByte(before)) return false;
  return (before != '-' && before != '.') || place < 2 ||
         !IsWordByte(text[place - 2]);
}

bool EndsWord(absl::string_view text, size_t place) {
  if (place >= text.size()) return true;
  if (IsWordByte(text[place])) return false;
  return (text[place] != '-' && text[place] != '.') ||
         place + 1 >= text.size() || !IsWordByte(text[place + 1]);
}

template <size_t kCount>
bool HasWord(absl::string_view name, const absl::string_view (&words)[kCount]) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (absl::string_view word :
       absl::StrSplit(lower, absl::ByAnyChar(" -_./@[]:+"))) {
    if (std::find(std::begin(words), std::end(words), word) !=
        std::end(words)) {
      return true;
    }
  }
  return false;
}

bool IsTeam(const Story& story, absl::string_view owner) {
  const std::vector<std::string>& services = story.incident.services;
  return HasWord(owner, kTeamWords) ||
         absl::StrContains(absl::AsciiStrToLower(owner), "on-call") ||
         std::find(services.begin(), services.end(), owner) != services.end();
}

struct NamedRole {
  std::string name;
  std::string role;
};

// Every name of the story with its role, each once, in the order of Roles.
std::vector<NamedRole> NamesOf(const Story& story) {
  std::vector<NamedRole> names;
  absl::flat_hash_set<std::string> known;
  const auto add = [&](absl::string_view name, absl::string_view role) {
    name = absl::StripAsciiWhitespace(name);
    if (name.empty() || !known.insert(std::string(name)).second) return;
    names.push_back({std::string(name), std::string(role)});
  };
  for (const Participant& each : story.incident.participants) {
    add(each.name, each.role.empty() ? "a participant" : each.role);
  }
  add(story.incident.facilitator, "facilitator");
  for (const Entry& entry : story.entries) add(entry.author, "a contributor");
  for (const Entry& entry : story.entries) {
    if (!IsMachine(entry.actor)) add(entry.actor, "an operator");
  }
  for (const Action& action : story.actions) {
    if (!IsTeam(story, action.owner)) add(action.owner, "an owner");
  }
  for (const TimeOrigin& origin : story.incident.time_origins) {
    add(origin.set_by, "somebody in the review");
  }
  for (const Gap& gap : story.answered_gaps) {
    if (gap.answer.has_value()) {
      add(gap.answer->author, "somebody in the review");
    }
  }
  return names;
}

// "a participant" becomes "participant 2".
std::string Numbered(absl::string_view role, int number) {
  if (!absl::ConsumePrefix(&role, "a ")) absl::ConsumePrefix(&role, "an ");
  return absl::StrCat(role, " ", number);
}

bool SameName(absl::string_view a, absl::string_view b) {
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(a),
                                absl::StripAsciiWhitespace(b));
}

bool IsCapitalised(absl::string_view word) {
  return !word.empty() && !absl::ascii_islower(word[0]) && IsWordByte(word[0]);
}

// "Bo" of "Bo Lindqvist"; neither "van" nor "An".
bool IsNameOnItsOwn(absl::string_view word) {
  return word.size() >= kNameWordBytesMin && IsCapitalised(word) &&
         std::find(std::begin(kShortWords), std::end(kShortWords), word) ==
             std::end(kShortWords);
}

}  // namespace

Roles::Roles(const Story& story) {
  const std::vector<NamedRole> names = NamesOf(story);
  absl::flat_hash_map<std::string, int> count;
  for (const NamedRole& each : names) ++count[each.role];
  absl::flat_hash_map<std::string, int> number;
  const auto add_pattern = [this](absl::string_view text,
                                  const std::string& label, bool is_word) {
    const auto first = static_cast<unsigned char>(absl::ascii_tolower(text[0]));
    patterns_[first].push_back({std::string(text), label, is_word});
  };
  for (const NamedRole& each : names) {
    const std::string label = count[each.role] == 1
                                  ? each.role
                                  : Numbered(each.role, ++number[each.role]);
    labels_.emplace(each.name, label);
    add_pattern(each.name, label, false);
    const std::vector<absl::string_view> words =
        absl::StrSplit(each.name, ' ', absl::SkipEmpty());
    if (words.size() < 2) continue;
    for (absl::string_view word : words) {
      if (IsNameOnItsOwn(word)) {
        add_pattern(word, label, true);
      }
    }
  }
  // The longest first, so that "Ann Lee" is not taken for "Ann".
  for (std::vector<Pattern>& patterns : patterns_) {
    std::stable_sort(patterns.begin(), patterns.end(),
                     [](const Pattern& a, const Pattern& b) {
                       return a.text.size() > b.text.size();
                     });
  }
}

std::string Roles::LabelOf(absl::string_view name) const {
  const auto found = labels_.find(absl::StripAsciiWhitespace(name));
  return found == labels_.end() ? std::string(name) : found->second;
}

const Roles::Pattern* Roles::PatternAt(absl::string_view text,
                                       size_t place) const {
  const char first = text[place];
  const auto& patterns =
      patterns_[static_cast<unsigned char>(absl::ascii_tolower(first))];
  for (const Pattern& pattern : patterns) {
    const absl::string_view here = text.substr(place, pattern.text.size());
    if (here.size() < pattern.text.size() ||
        here.substr(1) != absl::string_view(pattern.text).substr(1) ||
        (pattern.is_word_of_name && first != pattern.text[0])) {
      continue;
    }
    if (EndsWord(text, place + here.size())) return &pattern;
  }
  return nullptr;
}

std::string Roles::Hide(absl::string_view text) const {
  std::string hidden;
  hidden.reserve(text.size());
  for (size_t place = 0; place < text.size();) {
    const Pattern* pattern =
        BeginsWord(text, place) ? PatternAt(text, place) : nullptr;
    if (pattern == nullptr) {
      hidden.push_back(text[place++]);
      continue;
    }
    if (!hidden.empty() && hidden.back() == '@') hidden.pop_back();
    hidden.append(pattern->label);
    place += pattern->text.size();
  }
  return hidden;
}

std::vector<Person> PeopleOf(const Story& story, const Roles& roles) {
  std::vector<Person> people;
  const auto find = [&](absl::string_view name) {
    return std::find_if(
        people.begin(), people.end(),
        [&](const Person& person) { return SameName(person.name, name); });
  };
  const auto add = [&](absl::string_view name, const std::string* entry_id) {
    if (absl::StripAsciiWhitespace(name).empty()) return;
    if (SameName(name, story.incident.facilitator) || IsMachine(name)) return;
    auto person = find(name);
    if (person == people.end()) {
      people.push_back({std::string(name), roles.LabelOf(name), {}, {}});
      person = people.end() - 1;
    }
    if (entry_id != nullptr) person->entry_ids.push_back(*entry_id);
  };
  for (const Participant& each : story.incident.participants) {
    add(each.name, nullptr);
  }
  for (const Entry& entry : story.entries) add(entry.author, &entry.id);
  for (const Entry& entry : story.entries) {
    if (entry.kind == EventKind::kHumanAction) add(entry.actor, &entry.id);
  }
  for (const Account& account : story.accounts) {
    const Told told =
        account.state == AccountState::kGiven ? Told::kGiven : Told::kDeclined;
    const auto author = find(account.author);
    if (!account.author.empty() && author != people.end()) {
      author->told = told;
      continue;
    }
    for (const Participant& each : story.incident.participants) {
      if (each.role.empty() || !SameName(each.role, account.role)) continue;
      const auto person = find(each.name);
      if (person != people.end()) person->told = told;
    }
  }
  return people;
}

bool IsMachine(absl::string_view actor) {
  return HasWord(actor, kMachineWords);
}

}  // namespace secondstory::review
