#include "tools/story/incident_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"
#include "base/status_macros.h"

namespace secondstory::story {
namespace {

// Options whose values are fields of the same kind.
struct Named {
  const char* option;
  const char* field;
  const char* help;
};

constexpr Named kTexts[] = {
    {"title", "title", "one line"},
    {"summary", "summary", "a paragraph"},
    {"narrative", "narrative", "what happened, told as a whole, in Markdown"},
    {"surprise", "surprise",
     "what surprised the people who were there, and why"},
    {"facilitator", "facilitator",
     "who leads the review; nobody who was there"}};

constexpr Named kTimes[] = {
    {"start", "start_time", "when it began: 11:30, or a whole time"},
    {"detect", "detect_time", "when somebody or something noticed"},
    {"acknowledge", "acknowledge_time", "when a person took it on"},
    {"mitigate", "mitigate_time", "when people outside no longer felt it"},
    {"resolve", "resolve_time", "when it was over"}};

const google::protobuf::FieldDescriptor* Field(const std::string& name) {
  return v1::Incident::descriptor()->FindFieldByName(name);
}

google::protobuf::Timestamp* MutableTime(v1::Incident* incident,
                                         const std::string& field) {
  return static_cast<google::protobuf::Timestamp*>(
      incident->GetReflection()->MutableMessage(incident, Field(field)));
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (absl::string_view word : absl::StrSplit(text, ',')) {
    word = absl::StripAsciiWhitespace(word);
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

std::vector<std::string> AllWords(const Call& call, const std::string& option) {
  std::vector<std::string> words;
  for (const std::string& text : call.arguments.GetAll(option)) {
    for (std::string& word : Words(text)) words.push_back(std::move(word));
  }
  return words;
}

absl::Status SetTexts(const Call& call, v1::Incident* incident,
                      google::protobuf::FieldMask* mask) {
  for (const Named& text : kTexts) {
    if (!call.arguments.Has(text.option)) continue;
    SS_ASSIGN_OR_RETURN(const std::string value, TextOf(call, text.option));
    incident->GetReflection()->SetString(incident, Field(text.field), value);
    mask->add_paths(text.field);
  }
  return absl::OkStatus();
}

absl::Status SetTimes(const Call& call, v1::Incident* incident,
                      google::protobuf::FieldMask* mask) {
  for (const Named& time : kTimes) {
    if (!call.arguments.Has(time.option)) continue;
    const std::string text = call.arguments.Get(time.option);
    mask->add_paths(time.field);
    if (text.empty()) {
      incident->GetReflection()->ClearField(incident, Field(time.field));
      continue;
    }
    const absl::Time reference = incident->has_start_time()
                                     ? ToTime(incident->start_time())
                                     : call.around.now;
    SS_ASSIGN_OR_RETURN(
        *MutableTime(incident, time.field),
        ParseNear(time.option, text, reference, call.around.now));
  }
  if (!call.arguments.Has("review-due")) return absl::OkStatus();
  mask->add_paths("review_due_time");
  const std::string due = call.arguments.Get("review-due");
  incident->clear_review_due_time();
  if (due.empty()) return absl::OkStatus();
  SS_ASSIGN_OR_RETURN(*incident->mutable_review_due_time(),
                      ParseDue("review-due", due, call.around.now));
  return absl::OkStatus();
}

// --services replaces, --add-services and --remove-services change.
void SetList(const Call& call, const std::string& name,
             google::protobuf::RepeatedPtrField<std::string>* list,
             google::protobuf::FieldMask* mask) {
  const std::string add = "add-" + name;
  const std::string remove = "remove-" + name;
  if (!call.arguments.Has(name) && !call.arguments.Has(add) &&
      !call.arguments.Has(remove)) {
    return;
  }
  if (call.arguments.Has(name)) list->Clear();
  ChangeList(AllWords(call, name), {}, list);
  ChangeList(AllWords(call, add), AllWords(call, remove), list);
  mask->add_paths(name);
}

absl::Status SetLinks(const Call& call, v1::Incident* incident,
                      google::protobuf::FieldMask* mask) {
  auto* const links = incident->mutable_links();
  const auto remove = [links](const std::string& url) {
    links->erase(
        std::remove_if(links->begin(), links->end(),
                       [&](const v1::Link& link) { return link.url() == url; }),
        links->end());
  };
  for (const std::string& url : call.arguments.GetAll("remove-link")) {
    const int before = links->size();
    remove(url);
    if (links->size() == before) {
      return absl::InvalidArgumentError(
          absl::StrCat("--remove-link: the incident has no link to ", url));
    }
  }
  for (const std::string& text : call.arguments.GetAll("add-link")) {
    SS_ASSIGN_OR_RETURN(v1::Link link, ParseLink("add-link", text));
    remove(link.url());
    *links->Add() = std::move(link);
  }
  if (call.arguments.Has("add-link") || call.arguments.Has("remove-link")) {
    mask->add_paths("links");
  }
  return absl::OkStatus();
}

absl::Status SetChoices(const Call& call, v1::Incident* incident,
                        google::protobuf::FieldMask* mask) {
  if (call.arguments.Has("severity")) {
    const std::string text = call.arguments.Get("severity");
    int64_t severity = 0;
    if (!text.empty() && text != "none") {
      SS_ASSIGN_OR_RETURN(severity, ParseCount("severity", text, 0));
    }
    incident->set_severity(static_cast<uint32_t>(severity));
    mask->add_paths("severity");
  }
  if (call.arguments.Has("kind")) {
    SS_ASSIGN_OR_RETURN(const std::vector<int> kinds,
                        ParseEnums("kind", call.arguments.Get("kind"),
                                   *v1::IncidentKind_descriptor()));
    incident->set_kind(kinds.empty()
                           ? v1::INCIDENT_KIND_UNSPECIFIED
                           : static_cast<v1::IncidentKind>(kinds.back()));
    mask->add_paths("kind");
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Option> IncidentFieldOptions() {
  std::vector<Option> options;
  for (const Named& text : kTexts) {
    options.push_back({text.option, "TEXT", text.help});
  }
  options.push_back({"severity", "1-5", "1 is worst; none takes it back"});
  options.push_back({"kind", "KIND", "incident, near_miss or success"});
  for (const Named& time : kTimes) {
    options.push_back({time.option, "TIME", time.help});
  }
  for (Option& option : std::vector<Option>{
           {"review-due", "TIME", "when the review should be published: 14d"},
           {"services", "NAME,...", "the services concerned"},
           {"add-services", "NAME,...", "these as well"},
           {"remove-services", "NAME,...", "not these"},
           {"tags", "TAG,...", "free words to find it by"},
           {"add-tags", "TAG,...", "these as well"},
           {"remove-tags", "TAG,...", "not these"},
           {"add-link", "[TITLE=]URL",
            "a chat channel, ticket or dashboard; may be repeated"},
           {"remove-link", "URL", "may be repeated"}}) {
    options.push_back(std::move(option));
  }
  return options;
}

absl::Status SetIncidentFields(const Call& call, v1::Incident* incident,
                               google::protobuf::FieldMask* mask) {
  SS_RETURN_IF_ERROR(SetTexts(call, incident, mask));
  SS_RETURN_IF_ERROR(SetTimes(call, incident, mask));
  SS_RETURN_IF_ERROR(SetChoices(call, incident, mask));
  SetList(call, "services", incident->mutable_services(), mask);
  SetList(call, "tags", incident->mutable_tags(), mask);
  return SetLinks(call, incident, mask);
}

absl::StatusOr<v1::Link> ParseLink(const std::string& option,
                                   absl::string_view text) {
  v1::Link link;
  const size_t scheme = text.find("://");
  if (scheme == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", option, ": \"", text,
                     "\"; expected a URL, or a title and a URL such as "
                     "dashboard=https://example.com/d/1"));
  }
  // A URL has no "=" before its "://".
  const size_t equals = text.rfind('=', scheme);
  if (equals != absl::string_view::npos) {
    link.set_title(std::string(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
  }
  link.set_url(std::string(text));
  return link;
}

void ChangeList(const std::vector<std::string>& more,
                const std::vector<std::string>& gone,
                google::protobuf::RepeatedPtrField<std::string>* list) {
  list->erase(std::remove_if(list->begin(), list->end(),
                             [&gone](const std::string& word) {
                               return std::find(gone.begin(), gone.end(),
                                                word) != gone.end();
                             }),
              list->end());
  for (const std::string& word : more) {
    if (std::find(list->begin(), list->end(), word) == list->end()) {
      *list->Add() = word;
    }
  }
}

}  // namespace secondstory::story
