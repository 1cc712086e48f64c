#include "tools/story/morgue_story.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "tools/story/morgue_html.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr size_t kNarrativeBytesMax = 64 << 10;  // see Incident.narrative

std::string Get(const DumpRow& row, const std::string& column) {
  return MorgueText(row, column);
}

int64_t GetNumber(const DumpRow& row, const std::string& column) {
  return MorgueNumber(row, column);
}

bool IsDeleted(const DumpRow& row) { return GetNumber(row, "deleted") != 0; }

// The longest beginning of at most `bytes_max` bytes that ends with a character
// and, where there is one in its second half, with a line.
std::string Beginning(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  const size_t line = text.rfind('\n', end);
  if (line != std::string::npos && line > bytes_max / 2) end = line + 1;
  return text.substr(0, end);
}

bool IsUrl(const std::string& text) {
  return (absl::StartsWithIgnoreCase(text, "http://") ||
          absl::StartsWithIgnoreCase(text, "https://")) &&
         text.size() <= limits::kUrlBytesMax &&
         text.find_first_of(" \t\r\n") == std::string::npos;
}

std::string Join(const std::string& base, const std::string& path) {
  return absl::StrCat(absl::StripSuffix(base, "/"), "/",
                      absl::StripPrefix(path, "/"));
}

// What a channel is called in an address.
std::string Escape(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) ||
        absl::StrContains("-._~", std::string(1, c))) {
      escaped.push_back(c);
    } else {
      escaped.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return escaped;
}

// Builds the story of one post-mortem.
class Builder {
 public:
  Builder(const MorgueOptions& options, const MorgueRows& rows,
          MorguePostmortem* result)
      : options_(options),
        rows_(rows),
        row_(rows.postmortem),
        result_(*result),
        story_(result->story),
        incident_(*result->story.mutable_incident()) {}

  // False when there is no moment at which it began.
  bool SetTimes() {
    int64_t start = GetNumber(row_, "starttime");
    for (const char* column : {"detecttime", "created"}) {
      if (start != 0) break;
      start = GetNumber(row_, column);
      if (start != 0) {
        Remark(absl::StrCat("it has no start; ", column, " stands for it"));
      }
    }
    if (start == 0) return false;
    Set(start, incident_.mutable_start_time());
    if (const int64_t detect = GetNumber(row_, "detecttime"); detect != 0) {
      Set(detect, incident_.mutable_detect_time());
    }
    const int64_t end = GetNumber(row_, "endtime");
    if (end >= start) {
      Set(end, incident_.mutable_resolve_time());
    } else if (end != 0) {
      Annotate("morgue_endtime", absl::StrCat(end));
      Remark("its end lies before its start; kept as an annotation");
    }
    if (const int64_t created = GetNumber(row_, "created"); created != 0) {
      Set(created, incident_.mutable_create_time());
    }
    int64_t status = GetNumber(row_, "statustime");
    if (status == 0) status = GetNumber(row_, "etsystatustime");
    if (status != 0) {
      SetKnown(AddEntry(status, "posted on the status page", ""));
    }
    return true;
  }

  void SetTexts() {
    const std::string title = OneLine(Get(row_, "title"));
    incident_.set_title(
        title.empty() ? absl::StrCat("post-mortem ", result_.id, " of Morgue")
                      : Beginning(title, limits::kTitleBytesMax));
    incident_.set_summary(Fit("tldr", limits::kTextBytesMax));
    incident_.set_narrative(Fit("summary", kNarrativeBytesMax));
    incident_.set_surprise(Fit("why_surprised", limits::kTextBytesMax));
    const int64_t severity = GetNumber(row_, "severity");
    if (severity >= 1 && severity <= 5) {
      incident_.set_severity(static_cast<uint32_t>(severity));
    } else if (severity != 0) {
      Remark(absl::StrCat("its severity ", severity,
                          " is none of 1 to 5; kept as an annotation"));
      Annotate("morgue_severity", absl::StrCat(severity));
    }
    incident_.set_kind(v1::INCIDENT_KIND_INCIDENT);
    Annotate("morgue_id", absl::StrCat(result_.id));
  }

  void SetPeople() {
    const std::string contact = Name("contact");
    if (!contact.empty()) {
      v1::Participant* const participant = incident_.add_participants();
      participant->set_name(contact);
      participant->set_role("contact");
    }
    const std::string facilitator = Name("facilitator");
    if (absl::EqualsIgnoreCase(facilitator, contact)) {
      Annotate("morgue_facilitator", facilitator);
      if (!facilitator.empty()) {
        Remark("its facilitator was there, too; kept as an annotation");
      }
    } else {
      incident_.set_facilitator(facilitator);
    }
    Annotate("morgue_facilitator_email", Get(row_, "facilitator_email"));
  }

  // Titles of tags, then what Morgue kept in columns of their own.
  void SetTags() {
    std::vector<std::string> titles;
    for (const auto& [reference, tag] : rows_.tags) {
      if (IsDeleted(reference) || IsDeleted(tag)) {
        ++left_out_;
      } else {
        titles.push_back(Get(tag, "title"));
      }
    }
    std::sort(titles.begin(), titles.end());
    for (const std::string& title : titles) AddTag(title);
    constexpr std::pair<const char*, const char*> kColumns[] = {
        {"problem_type", "problem:"},
        {"impact_type", "impact:"},
        {"incident_cause", "cause:"},
        {"subsystem", "subsystem:"},
        {"owner_team", "team:"}};
    for (const auto& [column, prefix] : kColumns) {
      const std::string value = Get(row_, column);
      if (!value.empty()) AddTag(prefix + value);
    }
  }

  void SetLinks() {
    if (!options_.morgue_url.empty()) {
      AddLink("Morgue",
              Join(options_.morgue_url, absl::StrCat("events/", result_.id)));
    }
    AddLink("meeting notes", Get(row_, "meeting_notes_link"));
    AddLink("review meeting", Get(row_, "gcal"));
    for (const DumpRow& row : Kept(rows_.forum_links)) {
      const std::string comment = OneLine(Get(row, "comment"));
      AddLink(comment.empty() ? "forum" : comment, Get(row, "forum_link"));
    }
    for (const DumpRow& row : Kept(rows_.irc)) {
      const std::string channel = OneLine(Get(row, "channel"));
      if (channel.empty()) continue;
      if (options_.irc_url.empty()) {
        AddTag("irc:" + channel);
      } else {
        AddLink(channel, options_.irc_url + Escape(channel));
      }
    }
    for (const DumpRow& row : Kept(rows_.slack)) {
      const std::string channel = Escape(Get(row, "channel_id"));
      AddLink(absl::StrCat("#", OneLine(Get(row, "channel_name"))),
              options_.slack_url.empty()
                  ? "https://slack.com/app_redirect?channel=" + channel
                  : Join(options_.slack_url, "archives/" + channel));
    }
    for (const DumpRow& row : Kept(rows_.images)) {
      AddLink("image", Get(row, "image_link"));
    }
    PlaceLinks();
  }

  void AddTickets() {
    std::set<std::string> known;
    for (const DumpRow& row : rows_.jira) {
      const std::string ticket = OneLine(Get(row, "ticket"));
      if (ticket.empty() || !known.insert(ticket).second) continue;
      v1::ActionItem* const action = story_.add_actions();
      if (IsDeleted(row)) action->mutable_delete_time();  // set by SetState
      action->set_title(ticket);
      action->set_state(options_.ticket_state);
      *action->mutable_create_time() = Created();
      if (!options_.jira_url.empty()) {
        action->set_tracker_url(
            Join(options_.jira_url, "browse/" + Escape(ticket)));
      } else if (IsUrl(ticket)) {
        action->set_tracker_url(ticket);
      }
    }
  }

  // Messages carry whole minutes: a microsecond for each that follows keeps
  // them in their order.
  void AddConversations() {
    for (const DumpRow& row : Kept(rows_.slack)) {
      const std::string html = Get(row, "message");
      if (html.empty()) continue;
      const std::string channel = OneLine(Get(row, "channel_name"));
      const std::vector<SlackMessage> messages =
          ParseSlackConversation(html, options_.zone);
      if (messages.empty()) {
        AddEntry(Start(), absl::StrCat("conversation in #", channel),
                 TextOfHtml(html));
        continue;
      }
      for (size_t i = 0; i < messages.size(); ++i) {
        AddMessage(messages[i], static_cast<int64_t>(i));
      }
    }
  }

  // One line for each person and day: who wrote, how often, and the differences
  // that Morgue kept.
  void AddHistory() {
    Rows history = rows_.history;
    std::stable_sort(history.begin(), history.end(),
                     [](const DumpRow& a, const DumpRow& b) {
                       return std::make_pair(GetNumber(a, "create_date"),
                                             GetNumber(a, "id")) <
                              std::make_pair(GetNumber(b, "create_date"),
                                             GetNumber(b, "id"));
                     });
    if (!history.empty()) {
      incident_.set_created_by(
          Beginning(OneLine(Get(history.front(), "auth_username")),
                    limits::kNameBytesMax));
      last_edit_ = GetNumber(history.back(), "create_date");
    }
    std::map<std::pair<int64_t, std::string>, Rows> days;
    for (const DumpRow& row : history) {
      days[{GetNumber(row, "create_date") / 86400, Get(row, "auth_username")}]
          .push_back(row);
    }
    for (const auto& [day, rows] : days) AddEdits(day.second, rows);
  }

  // After all else: it asks what there is.
  void SetState() {
    if (GetNumber(row_, "endtime") == 0) {
      incident_.set_state(v1::INCIDENT_STATE_OPEN);
    } else if (incident_.narrative().empty() && incident_.summary().empty() &&
               incident_.surprise().empty()) {
      incident_.set_state(v1::INCIDENT_STATE_RESOLVED);
    } else {
      incident_.set_state(v1::INCIDENT_STATE_PUBLISHED);
      *incident_.mutable_publish_time() = LastChange();
    }
    if (result_.deleted) *incident_.mutable_delete_time() = LastChange();
    for (v1::ActionItem& action : *story_.mutable_actions()) {
      if (action.has_delete_time())
        *action.mutable_delete_time() = LastChange();
    }
    if (left_out_ > 0) {
      Remark(absl::StrCat("left out of it, because deleted there: ", left_out_,
                          " of its links, tags and channels"));
    }
  }

 private:
  void Remark(std::string text) { result_.remarks.push_back(std::move(text)); }

  void Annotate(const std::string& key, const std::string& value) {
    if (value.empty()) return;
    (*incident_.mutable_annotations())[key] =
        Beginning(value, limits::kTitleBytesMax);
  }

  static void Set(int64_t seconds, google::protobuf::Timestamp* time) {
    time->set_seconds(seconds);
  }

  // The last moment at which somebody is known to have changed it; Morgue says
  // neither when it was published nor when it was deleted.
  google::protobuf::Timestamp LastChange() const {
    google::protobuf::Timestamp time;
    Set(std::max({last_edit_, GetNumber(row_, "created"),
                  GetNumber(row_, "endtime"), Start()}),
        &time);
    return time;
  }

  int64_t Start() const { return incident_.start_time().seconds(); }

  google::protobuf::Timestamp Created() const {
    return incident_.has_create_time() ? incident_.create_time()
                                       : incident_.start_time();
  }

  std::string Name(const std::string& column) {
    const std::string name = OneLine(Get(row_, column));
    if (name.size() > limits::kNameBytesMax) {
      Remark(absl::StrCat("its ", column,
                          " is longer than a name can be; it is cut"));
    }
    return Beginning(name, limits::kNameBytesMax);
  }

  void AddTag(const std::string& text) {
    std::string tag = OneLine(text);
    if (tag.empty()) return;
    if (tag.size() > limits::kTagBytesMax) {
      Remark(absl::StrCat("its tag \"", tag, "\" is cut"));
      tag = Beginning(tag, limits::kTagBytesMax);
    }
    if (!tags_.insert(tag).second) return;
    if (incident_.tags_size() == limits::kTagCountMax) {
      Remark(absl::StrCat("it has more tags than ", limits::kTagCountMax,
                          "; without \"", tag, "\""));
      return;
    }
    incident_.add_tags(tag);
  }

  // What of a column fits; the rest goes on the timeline.
  std::string Fit(const std::string& column, size_t bytes_max) {
    const std::string text = Get(row_, column);
    const std::string beginning = Beginning(text, bytes_max);
    if (beginning.size() < text.size()) {
      AddEntry(Start(), absl::StrCat("the rest of Morgue's ", column),
               text.substr(beginning.size()));
      Remark(absl::StrCat("its ", column, " is longer than ", bytes_max,
                          " bytes; the rest is on the timeline"));
    }
    return beginning;
  }

  using Rows = std::vector<DumpRow>;

  // Rows that were not deleted.
  Rows Kept(const Rows& rows) {
    Rows kept;
    for (const DumpRow& row : rows) {
      if (!IsDeleted(row)) {
        kept.push_back(row);
      } else if (counted_.insert(&row).second) {
        ++left_out_;
      }
    }
    return kept;
  }

  // Texts that are no address are told on the timeline instead.
  void AddLink(const std::string& title, std::string url) {
    if (url.empty()) return;
    if (absl::StartsWith(url, "/") && !options_.morgue_url.empty()) {
      url = Join(options_.morgue_url, url);
    }
    if (!IsUrl(url)) {
      AddEntry(Start(), title, url);
      return;
    }
    for (const v1::Link& link : links_) {
      if (link.url() == url) return;
    }
    v1::Link& link = links_.emplace_back();
    link.set_title(Beginning(title, limits::kTitleBytesMax));
    link.set_url(url);
  }

  // The first on the incident; those beyond its limit on lines of their own.
  void PlaceLinks() {
    v1::TimelineEntry* entry = nullptr;
    for (const v1::Link& link : links_) {
      if (incident_.links_size() < limits::kIncidentLinkCountMax) {
        *incident_.add_links() = link;
        continue;
      }
      if (entry == nullptr || entry->links_size() == limits::kLinkCountMax) {
        entry = AddEntry(Start(), "more links of Morgue's", "");
      }
      *entry->add_links() = link;
    }
  }

  // A line, and more of them when `description` is longer than one can be.
  v1::TimelineEntry* AddEntry(int64_t seconds, const std::string& title,
                              std::string description) {
    v1::TimelineEntry* entry = nullptr;
    int64_t micros = seconds * 1000000;
    do {
      entry = story_.add_entries();
      *entry->mutable_event_time() = FromMicros(micros++);
      entry->set_kind(v1::EVENT_KIND_NOTE);
      entry->set_title(Beginning(title, limits::kTitleBytesMax));
      entry->set_description(Beginning(description, limits::kTextBytesMax));
      description.erase(0, entry->description().size());
    } while (!description.empty());
    return entry;
  }

  // What was said at a moment was known then.
  static void SetKnown(v1::TimelineEntry* entry) {
    *entry->mutable_known_time() = entry->event_time();
  }

  void AddMessage(const SlackMessage& message, int64_t index) {
    const std::string line = OneLine(message.text);
    const std::string title = Beginning(line, limits::kTitleBytesMax);
    const size_t first = static_cast<size_t>(story_.entries_size());
    AddEntry(absl::ToUnixSeconds(message.time), title,
             title == message.text ? "" : message.text);
    for (auto i = static_cast<int>(first); i < story_.entries_size(); ++i) {
      v1::TimelineEntry* const entry = story_.mutable_entries(i);
      *entry->mutable_event_time() =
          FromMicros(ToMicros(entry->event_time()) + index);
      SetKnown(entry);
      entry->set_author(Beginning(OneLine(message.who), limits::kNameBytesMax));
    }
  }

  void AddEdits(const std::string& who, const Rows& edits) {
    std::map<std::string, int> actions;
    std::string differences;
    for (const DumpRow& edit : edits) {
      ++actions[OneLine(Get(edit, "action"))];
      for (const char* column : {"summary", "why_surprised"}) {
        const std::string difference = Get(edit, column);
        if (difference.empty()) continue;
        absl::StrAppend(&differences, differences.empty() ? "" : "\n\n", column,
                        ":\n", TextOfHtml(difference));
      }
    }
    const std::string did = absl::StrJoin(
        actions, ", ",
        [](std::string* out, const std::pair<const std::string, int>& action) {
          absl::StrAppend(out, action.first);
          if (action.second > 1) absl::StrAppend(out, " x ", action.second);
        });
    const int first = story_.entries_size();
    AddEntry(GetNumber(edits.back(), "create_date"),
             absl::StrCat("written in Morgue: ", did), differences);
    for (int i = first; i < story_.entries_size(); ++i) {
      story_.mutable_entries(i)->set_author(
          Beginning(OneLine(who), limits::kNameBytesMax));
      SetKnown(story_.mutable_entries(i));
    }
  }

  const MorgueOptions& options_;
  const MorgueRows& rows_;
  const DumpRow& row_;
  MorguePostmortem& result_;
  v1::IncidentExport& story_;
  v1::Incident& incident_;
  std::set<std::string> tags_;
  std::vector<v1::Link> links_;
  std::set<const DumpRow*> counted_;  // deleted rows that left_out_ has
  int left_out_ = 0;
  int64_t last_edit_ = 0;
};

}  // namespace

std::string MorgueText(const DumpRow& row, const std::string& column) {
  const auto found = row.find(column);
  if (found == row.end() || !found->second.has_value()) return "";
  return std::string(absl::StripAsciiWhitespace(*found->second));
}

int64_t MorgueNumber(const DumpRow& row, const std::string& column) {
  int64_t number = 0;
  return absl::SimpleAtoi(MorgueText(row, column), &number) ? number : 0;
}

MorguePostmortem MakeMorgueStory(const MorgueRows& rows,
                                 const MorgueOptions& options) {
  MorguePostmortem result;
  result.id = GetNumber(rows.postmortem, "id");
  result.request_id = absl::StrCat("morgue/", result.id);
  result.deleted = IsDeleted(rows.postmortem);
  result.story.set_format_version(1);
  Builder builder(options, rows, &result);
  if (!builder.SetTimes()) {
    result.status = absl::InvalidArgumentError(
        "it has no start, no detection and no time of creation; set its "
        "starttime in Morgue");
    return result;
  }
  builder.SetTexts();
  builder.SetPeople();
  builder.SetTags();
  builder.SetLinks();
  builder.AddTickets();
  builder.AddConversations();
  builder.AddHistory();
  builder.SetState();
  return result;
}

}  // namespace secondstory::story
