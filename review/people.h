// Who was there, and what they are called in a story: by role, not by name.
#ifndef SECONDSTORY_REVIEW_PEOPLE_H_
#define SECONDSTORY_REVIEW_PEOPLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "review/story.h"

namespace secondstory::review {

enum class Told : uint8_t { kNotYet, kGiven, kDeclined };

// Somebody who is asked how it looked to them.
struct Person {
  std::string name;
  std::string label;                   // see Roles
  std::vector<std::string> entry_ids;  // the lines they wrote or acted in
  Told told = Told::kNotYet;
};

// What people of one story are called. Every name maps to one label, and every
// label to one name: whoever shares a role is numbered, "on-call 1", "on-call
// 2", in the order in which the story names them.
//
//   participants           their role, else "a participant"
//   the facilitator        "facilitator"
//   authors of lines       "a contributor"
//   actors of events       "an operator"
//   owners of actions      "an owner", unless they are a team: one of the
//                          incident's services, or a name with the word team,
//                          group, squad, crew, guild, on-call or oncall
//   whoever answered       "somebody in the review"
//
// A const one may be used by several threads.
class Roles {
 public:
  explicit Roles(const Story& story);

  // The label of `name`; of an unknown one the name itself, and so of a team.
  std::string LabelOf(absl::string_view name) const;

  // `text` with every name in it replaced by its label: whole words only, as
  // they are written in the story or with a first capital, with or without an @
  // before them; of a name of several words also each of its words that is
  // capitalised and has at least two letters, unless it is one like "An" with
  // which sentences begin. A word that is somebody's login is replaced in
  // whatever sense it stands.
  // Cost: one pass over `text`.
  std::string Hide(absl::string_view text) const;

 private:
  // A name, or a word of one, as it stands in a text.
  struct Pattern {
    std::string text;
    std::string label;
    bool is_word_of_name = false;  // then only as it is written
  };

  const Pattern* PatternAt(absl::string_view text, size_t place) const;

  absl::flat_hash_map<std::string, std::string> labels_;  // by name
  std::array<std::vector<Pattern>, 256> patterns_;        // by lower first byte
};

// Everybody who is asked how it looked to them: participants, authors of
// people's lines and whoever acted in a HUMAN_ACTION, each once, in this order;
// not the facilitator, who asks, and no pipeline or bot.
//
// Somebody has told when an account, given or declined, is theirs: by its
// author; or, where the author is not known or nobody of these, by their role.
std::vector<Person> PeopleOf(const Story& story, const Roles& roles);

// Names of pipelines and bots: "ci", "deploy-bot", "github-actions".
bool IsMachine(absl::string_view actor);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_PEOPLE_H_
