#include "review/report.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "review/gaps.h"
#include "review/lifecycle.h"
#include "review/markup.h"
#include "review/people.h"
#include "review/picture.h"
#include "timeline/phrase.h"

namespace secondstory::review {
namespace {

using timeline::DescribeCount;
using timeline::DescribeDuration;

// What was known so much later than it happened is told apart.
constexpr absl::Duration kKnownLater = absl::Minutes(5);
constexpr size_t kHeadlineBytesMax = 80;

absl::string_view StateWords(IncidentState state) {
  switch (state) {
    case IncidentState::kOpen:
      return "goes on";
    case IncidentState::kMitigated:
      return "mitigated, not over yet";
    case IncidentState::kResolved:
      return "over; the review is being drafted";
    case IncidentState::kInReview:
      return "in review";
    case IncidentState::kPublished:
      return "published";
    case IncidentState::kClosed:
      return "published and closed";
    case IncidentState::kMerged:
      return "merged into another incident";
  }
  return "";
}

absl::string_view StateWords(ActionState state) {
  switch (state) {
    case ActionState::kOpen:
      return "open";
    case ActionState::kInProgress:
      return "in progress";
    case ActionState::kDone:
      return "done";
    case ActionState::kDropped:
      return "dropped";
  }
  return "";
}

absl::string_view TimeWords(TimeField field) {
  constexpr absl::string_view kWords[] = {"started", "detected", "acknowledged",
                                          "mitigated", "resolved"};
  return kWords[static_cast<size_t>(field)];
}

// Cut between characters.
std::string Headline(absl::string_view text) {
  if (text.size() <= kHeadlineBytesMax) return std::string(text);
  size_t end = kHeadlineBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return absl::StrCat(text.substr(0, end), "\u2026");
}

Block Paragraph(Text text) {
  Block block;
  block.text = std::move(text);
  return block;
}

class Reporter {
 public:
  Reporter(const Story& story, absl::Span<const Gap> gaps,
           const ReportOptions& options)
      : story_(story),
        incident_(story.incident),
        gaps_(gaps),
        roles_(story),
        rewrite_([this, &options](absl::string_view text) {
          return options.with_names ? std::string(text) : roles_.Hide(text);
        }),
        with_names_(options.with_names) {
    for (size_t i = 0; i < story.entries.size(); ++i) {
      index_[story.entries[i].id] = i;
    }
    FindSpan();
  }

  Document Make() {
    document_.title = Shown(incident_.title);
    AddFacts();
    AddTexts();
    AddTimes();
    AddPicture();
    AddSurprises();
    AddTimeline();
    AddWholeAccounts();
    AddKnownLater();
    AddQuestions();
    AddActions();
    AddLinks();
    document_.footer = {{with_names_
                             ? "Accounts are told under a role. Times are UTC."
                             : "People appear by role. Times are UTC.",
                         TextStyle::kPlain, ""}};
    return std::move(document_);
  }

 private:
  std::string Shown(absl::string_view text) const {
    // In this order: what does not show must not part a name.
    return rewrite_(CleanText(text));
  }
  Text Plain(absl::string_view text) const {
    return TextOfPlain(text, rewrite_);
  }
  // What was told under a role: names in it are replaced whatever was asked.
  Text Told(absl::string_view text) const {
    return TextOfPlain(
        text, [this](absl::string_view run) { return roles_.Hide(run); });
  }
  std::string RoleOf(const Account& account) const {
    return roles_.Hide(CleanText(account.role));
  }
  std::string Person(const std::string& name) const {
    return CleanText(with_names_ ? name : roles_.LabelOf(name));
  }
  static Text Words(absl::string_view text) {
    return {{std::string(text), TextStyle::kPlain, ""}};
  }

  // From the first to the last moment that the report tells of.
  void FindSpan() {
    absl::Time last = absl::InfinitePast();
    absl::Time first = absl::InfiniteFuture();
    const auto see = [&](absl::Time time) {
      first = std::min(first, time);
      last = std::max(last, time);
    };
    for (const Entry& entry : story_.entries) {
      see(entry.event_time);
      if (entry.resolve_time.has_value()) see(*entry.resolve_time);
    }
    for (int field = 0; field < kTimeFieldCount; ++field) {
      const auto& time = TimeOf(incident_, static_cast<TimeField>(field));
      if (time.has_value()) see(*time);
    }
    if (first > last) return;
    const absl::TimeZone utc = absl::UTCTimeZone();
    has_days_ = absl::ToCivilDay(first, utc) != absl::ToCivilDay(last, utc);
    has_seconds_ = last - first < absl::Hours(1);
    begin_ = incident_.start_time.value_or(first);
    end_ =
        incident_.resolve_time.value_or(incident_.mitigate_time.value_or(last));
    end_ = std::max(begin_, end_);
  }

  std::string Clock(absl::Time time) const {
    return absl::FormatTime(
        has_days_ ? (has_seconds_ ? "%e %b %H:%M:%S" : "%e %b %H:%M")
                  : (has_seconds_ ? "%H:%M:%S" : "%H:%M"),
        time, absl::UTCTimeZone());
  }
  static std::string Day(absl::Time time) {
    return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
  }
  static std::string Moment(absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone());
  }

  const Entry* EntryOf(const std::string& id) const {
    const auto at = index_.find(id);
    return at == index_.end() ? nullptr : &story_.entries[at->second];
  }
  static std::string AnchorOf(size_t index) {
    return absl::StrCat("line-", index + 1);
  }
  // "10:05 LatencyHigh"
  std::string Name(const Entry& entry) const {
    return absl::StrCat(Clock(entry.event_time), " ",
                        Headline(Shown(entry.title)));
  }

  Section& Add(absl::string_view title, absl::string_view anchor) {
    document_.sections.push_back({std::string(title), std::string(anchor), {}});
    return document_.sections.back();
  }

  void AddFact(absl::string_view name, const std::string& text) {
    if (!text.empty()) document_.facts.emplace_back(name, Words(text));
  }

  void AddFacts() {
    AddFact("What", absl::StrCat(NameOf(incident_.kind),
                                 incident_.severity_name.empty() ? "" : ", ",
                                 CleanText(incident_.severity_name)));
    if (incident_.start_time.has_value()) {
      std::string when = Moment(*incident_.start_time);
      if (incident_.resolve_time.has_value()) {
        absl::StrAppend(
            &when, " to ",
            Day(*incident_.start_time) == Day(*incident_.resolve_time)
                ? absl::FormatTime("%H:%M", *incident_.resolve_time,
                                   absl::UTCTimeZone())
                : Moment(*incident_.resolve_time),
            " UTC, ",
            DescribeDuration(*incident_.resolve_time - *incident_.start_time));
      } else {
        absl::StrAppend(&when, " UTC");
      }
      AddFact("When", when);
    }
    AddFact("Services", Shown(absl::StrJoin(incident_.services, ", ")));
    AddFact("Tags", Shown(absl::StrJoin(incident_.tags, ", ")));
    std::string state(StateWords(incident_.state));
    if (incident_.publish_time.has_value()) {
      absl::StrAppend(&state, ", on ", Day(*incident_.publish_time));
    } else if (incident_.review_due_time.has_value()) {
      absl::StrAppend(&state, ", due ", Day(*incident_.review_due_time));
    }
    AddFact("Review", state);
    std::vector<std::string> people;
    for (const Participant& each : incident_.participants) {
      people.push_back(
          with_names_ && !each.role.empty()
              ? absl::StrCat(Person(each.name), " (", CleanText(each.role), ")")
              : Person(each.name));
    }
    AddFact("People", absl::StrJoin(people, "; "));
    if (with_names_) AddFact("Facilitator", Person(incident_.facilitator));
  }

  void AddTexts() {
    if (!incident_.summary.empty()) {
      Add("Summary", "summary").blocks =
          BlocksOfPlain(incident_.summary, rewrite_);
    }
    if (!incident_.narrative.empty()) {
      Add("What happened", "what-happened").blocks =
          BlocksOfMarkdown(incident_.narrative, rewrite_);
    }
    if (!incident_.publish_word.empty()) {
      Add("A word from the facilitator", "facilitator").blocks =
          BlocksOfPlain(incident_.publish_word, rewrite_);
    }
  }

  std::string OriginOf(TimeField field) const {
    for (const TimeOrigin& origin : incident_.time_origins) {
      if (origin.field != field) continue;
      if (!origin.set_by.empty()) {
        return absl::StrCat("set by ", Person(origin.set_by));
      }
      const Entry* entry = EntryOf(origin.event_id);
      return entry == nullptr
                 ? "from an event"
                 : absl::StrCat("from the ", NameOf(entry->kind), " \"",
                                Headline(Shown(entry->title)), "\"");
    }
    return "";
  }

  void AddTimes() {
    Block block;
    block.kind = BlockKind::kTable;
    block.table.columns = {"Moment", "UTC", "Where it comes from"};
    for (int i = 0; i < kTimeFieldCount; ++i) {
      const auto field = static_cast<TimeField>(i);
      const auto& time = TimeOf(incident_, field);
      if (!time.has_value()) continue;
      block.table.rows.push_back({Words(TimeWords(field)), Words(Clock(*time)),
                                  Words(OriginOf(field))});
    }
    if (block.table.rows.empty()) return;
    Section& section = Add("How long it took", "how-long");
    Block durations;
    durations.kind = BlockKind::kBullets;
    for (const NamedDuration& each : DurationsOf(incident_)) {
      durations.items.push_back({Paragraph(
          {{absl::StrCat(each.name, ": "), TextStyle::kPlain, ""},
           {DescribeDuration(each.duration), TextStyle::kStrong, ""}})});
    }
    if (!durations.items.empty()) {
      section.blocks.push_back(std::move(durations));
    }
    section.blocks.push_back(std::move(block));
  }

  void AddPicture() {
    if (story_.entries.empty()) return;
    std::vector<std::string> anchors;
    for (size_t i = 0; i < story_.entries.size(); ++i) {
      anchors.push_back(AnchorOf(i));
    }
    Block block;
    block.kind = BlockKind::kPicture;
    block.picture = MakePicture(incident_, story_.entries, anchors, rewrite_);
    Add("At a glance", "at-a-glance").blocks.push_back(std::move(block));
  }

  void AddSurprises() {
    Block bullets;
    bullets.kind = BlockKind::kBullets;
    for (const Account& account : story_.accounts) {
      if (account.state != AccountState::kGiven || !IsSurprise(account)) {
        continue;
      }
      Text text = {{RoleOf(account), TextStyle::kStrong, ""}};
      const Entry* entry = EntryOf(account.entry_id);
      if (entry != nullptr) {
        text.push_back(
            {absl::StrCat(", at ", Name(*entry)), TextStyle::kPlain, ""});
      }
      std::vector<Block> item = {Paragraph(std::move(text))};
      AddLabelled("Expected: ", account.expectation, &item);
      AddLabelled("Saw: ", account.observed_effect, &item);
      if (item.size() == 1) AddLabelled("Told: ", account.words, &item);
      bullets.items.push_back(std::move(item));
    }
    if (incident_.surprise.empty() && bullets.items.empty()) return;
    Section& section = Add("What surprised people", "surprises");
    section.blocks = BlocksOfPlain(incident_.surprise, rewrite_);
    if (!bullets.items.empty()) section.blocks.push_back(std::move(bullets));
  }

  void AddLabelled(absl::string_view label, const std::string& text,
                   std::vector<Block>* blocks) const {
    if (text.empty()) return;
    Text line = {{std::string(label), TextStyle::kEmphasis, ""}};
    for (Span& span : Told(text)) line.push_back(std::move(span));
    blocks->push_back(Paragraph(std::move(line)));
  }

  Card CardOf(const Account& account) const {
    Card card;
    card.title = RoleOf(account);
    if (account.state == AccountState::kDeclined) {
      card.note = "would rather not tell";
      return card;
    }
    if (IsSurprise(account)) {
      card.note = "was surprised";
      card.is_marked = true;
    }
    const std::pair<absl::string_view, const std::string&> lines[] = {
        {"Did", account.action},
        {"Saw", account.observed_effect},
        {"Expected", account.expectation},
        {"Took for granted", account.assumption},
        {"Also knew", account.also_known},
        {"In their words", account.words}};
    for (const auto& [label, text] : lines) {
      if (!text.empty()) card.lines.emplace_back(label, Told(text));
    }
    return card;
  }

  CardGroup CardsOf(const Entry& entry) const {
    CardGroup group;
    for (const Account& account : story_.accounts) {
      if (account.entry_id == entry.id) group.cards.push_back(CardOf(account));
    }
    if (!group.cards.empty()) group.title = Name(entry);
    return group;
  }

  Text WhatOf(const Entry& entry) const {
    Text text = {
        {absl::StrCat(NameOf(entry.kind), ": "), TextStyle::kEmphasis, ""}};
    for (Span& span : Plain(entry.title)) text.push_back(std::move(span));
    std::string more;
    if (entry.repeat_count > 0) {
      absl::StrAppend(&more, " (and ", entry.repeat_count, " more");
      if (entry.last_event_time.has_value()) {
        absl::StrAppend(&more, " until ", Clock(*entry.last_event_time));
      }
      absl::StrAppend(&more, ")");
    }
    if (entry.kind == EventKind::kAlertFired) {
      absl::StrAppend(
          &more, entry.resolve_time.has_value()
                     ? absl::StrCat("; resolved ", Clock(*entry.resolve_time))
                     : "; no resolve is known");
    }
    if (entry.contributed) {
      absl::StrAppend(&more, "; found to have contributed");
    }
    if (!more.empty()) text.push_back({more, TextStyle::kPlain, ""});
    if (!entry.description.empty()) {
      text.push_back({"\n", TextStyle::kPlain, ""});
      for (Span& span : Plain(entry.description)) {
        text.push_back(std::move(span));
      }
    }
    const std::string& who = entry.is_event ? entry.actor : entry.author;
    if (!who.empty()) {
      text.push_back(
          {absl::StrCat("\n", entry.is_event ? "by " : "told by ", Person(who)),
           TextStyle::kPlain, ""});
    }
    for (const Link& link : entry.links) {
      if (!IsWebUrl(link.url)) continue;
      text.push_back({" ", TextStyle::kPlain, ""});
      text.push_back({Shown(link.title.empty() ? link.url : link.title),
                      TextStyle::kPlain, link.url});
    }
    return text;
  }

  void AddTimeline() {
    if (story_.entries.empty()) return;
    Block block;
    block.kind = BlockKind::kTable;
    block.table.columns = {"UTC", "Where", "What"};
    for (size_t i = 0; i < story_.entries.size(); ++i) {
      const Entry& entry = story_.entries[i];
      block.table.rows.push_back({Words(Clock(entry.event_time)),
                                  Words(Shown(entry.service)), WhatOf(entry)});
      block.table.row_anchors.push_back(AnchorOf(i));
      block.table.row_cards.push_back(CardsOf(entry));
    }
    Add("Timeline", "timeline").blocks.push_back(std::move(block));
  }

  // Accounts of no line, or of one that is no longer on the timeline.
  void AddWholeAccounts() {
    Block block;
    block.kind = BlockKind::kCards;
    for (const Account& account : story_.accounts) {
      if (EntryOf(account.entry_id) == nullptr) {
        block.cards.cards.push_back(CardOf(account));
      }
    }
    if (block.cards.cards.empty()) return;
    Add("Accounts of the whole", "accounts").blocks.push_back(std::move(block));
  }

  // Whoever did something knew of it: that it was written down later, and
  // nobody said when it was known, says nothing.
  static bool IsKnownLater(const Entry& entry) {
    return entry.known_time - entry.event_time >= kKnownLater &&
           (entry.is_event || entry.kind != EventKind::kHumanAction ||
            entry.known_time != entry.append_time);
  }

  void AddKnownLater() {
    std::vector<const Entry*> later;
    for (const Entry& entry : story_.entries) {
      if (IsKnownLater(entry)) {
        later.push_back(&entry);
      }
    }
    if (later.empty()) return;
    std::stable_sort(later.begin(), later.end(),
                     [](const Entry* a, const Entry* b) {
                       return a->known_time < b->known_time;
                     });
    Block block;
    block.kind = BlockKind::kTable;
    block.table.columns = {"Known from", "What", "Happened", "Later by"};
    for (const Entry* entry : later) {
      // What was told when all was over helped nobody then; how long after
      // it was told says nothing.
      const bool is_after = entry->known_time > end_;
      block.table.rows.push_back(
          {Words(is_after ? "after it was over" : Clock(entry->known_time)),
           Plain(Headline(entry->title)), Words(Clock(entry->event_time)),
           Words(is_after ? ""
                          : DescribeDuration(entry->known_time -
                                             entry->event_time))});
    }
    Section& section = Add("What was known only later", "known-later");
    section.blocks = {Paragraph(Words("Until then, nobody could act on it.")),
                      block};
  }

  void AddQuestions() {
    if (gaps_.empty()) return;
    Block bullets;
    bullets.kind = BlockKind::kBullets;
    for (const Gap& gap : gaps_) {
      std::vector<Block> item = {
          Paragraph({{Shown(gap.question), TextStyle::kStrong, ""}}),
          Paragraph(Plain(gap.text))};
      if (!gap.answer.has_value()) {
        item.push_back(
            Paragraph({{"Not answered yet.", TextStyle::kEmphasis, ""}}));
      } else {
        Text answer = {{gap.answer->set_aside ? "Set aside. " : "Answer: ",
                        TextStyle::kEmphasis, ""}};
        for (Span& span : Plain(gap.answer->text)) {
          answer.push_back(std::move(span));
        }
        item.push_back(Paragraph(std::move(answer)));
      }
      bullets.items.push_back(std::move(item));
    }
    Add("Questions", "questions").blocks.push_back(std::move(bullets));
  }

  Text AnswersTo(const Action& action) const {
    for (const Account& account : story_.accounts) {
      if (account.id != action.account_id || account.id.empty()) continue;
      return Words(absl::StrCat("what ", RoleOf(account), " told"));
    }
    const Entry* entry = EntryOf(action.entry_id);
    return entry == nullptr ? Text() : Words(Name(*entry));
  }

  void AddActions() {
    if (story_.actions.empty()) return;
    Block block;
    block.kind = BlockKind::kTable;
    block.table.columns = {"Action", "Owner", "Due", "State", "Answers"};
    for (const Action& action : story_.actions) {
      Text title = Plain(action.title);
      if (IsWebUrl(action.tracker_url)) {
        title.push_back({" ", TextStyle::kPlain, ""});
        title.push_back({"(tracker)", TextStyle::kPlain, action.tracker_url});
      }
      if (!action.description.empty()) {
        title.push_back({"\n", TextStyle::kPlain, ""});
        for (Span& span : Plain(action.description)) {
          title.push_back(std::move(span));
        }
      }
      block.table.rows.push_back(
          {std::move(title),
           Words(action.owner.empty() ? "nobody yet" : Person(action.owner)),
           Words(action.due_time.has_value() ? Day(*action.due_time) : ""),
           Words(StateWords(action.state)), AnswersTo(action)});
    }
    Add("Actions", "actions").blocks.push_back(std::move(block));
  }

  void AddLinks() {
    Block bullets;
    bullets.kind = BlockKind::kBullets;
    for (const Link& link : incident_.links) {
      if (!IsWebUrl(link.url)) continue;
      bullets.items.push_back(
          {Paragraph({{Shown(link.title.empty() ? link.url : link.title),
                       TextStyle::kPlain, link.url}})});
    }
    if (bullets.items.empty()) return;
    Add("Links", "links").blocks.push_back(std::move(bullets));
  }

  const Story& story_;
  const Incident& incident_;
  const absl::Span<const Gap> gaps_;
  const Roles roles_;
  const std::function<std::string(absl::string_view)> rewrite_;
  const bool with_names_;
  absl::flat_hash_map<std::string, size_t> index_;  // of entries, by id
  absl::Time begin_;
  absl::Time end_;
  bool has_days_ = false;
  bool has_seconds_ = false;
  Document document_;
};

}  // namespace

Document MakeReport(const Story& story, absl::Span<const Gap> gaps,
                    const ReportOptions& options) {
  return Reporter(story, gaps, options).Make();
}

}  // namespace secondstory::review
