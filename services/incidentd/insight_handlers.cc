#include "services/incidentd/insight_handlers.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/checker.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/learning_validator.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/story_reader.h"

namespace secondstory::incidentd {
namespace {

constexpr uint32_t kSimilarDefault = 5;
constexpr uint32_t kSimilarMax = 20;
// Compared: those that the index finds likely, and the latest. The latest say
// how often a sign is shared by chance.
constexpr size_t kLikelyCount = 50;
constexpr size_t kLatestCount = 400;
constexpr size_t kInsightCountMax = 2000;
constexpr size_t kAnniversaryCountMax = 200;
constexpr int kAnniversaryYears = 10;
constexpr size_t kPageSize = 500;

// A candidate is a story of which nobody has told yet.
review::Story StoryOf(const v1::Candidate& candidate) {
  review::Story story;
  review::Incident& incident = story.incident;
  incident.id = candidate.candidate_id();
  incident.title = candidate.title();
  incident.start_time = ToTime(candidate.onset_time());
  incident.services.assign(candidate.services().begin(),
                           candidate.services().end());
  for (const v1::TimelineEntry& entry : MergeTimeline({}, {candidate})) {
    story.entries.push_back(ToEntry(entry, nullptr));
  }
  return story;
}

v1::Incident WithoutLists(v1::Incident incident) {
  incident.clear_narrative();
  incident.clear_candidate_ids();
  incident.clear_attached_event_ids();
  incident.clear_detached_event_ids();
  incident.clear_merged_incident_ids();
  return incident;
}

v1::DurationSpread ToProto(const review::Spread& spread) {
  v1::DurationSpread proto;
  proto.set_name(std::string(spread.name));
  proto.set_count(static_cast<uint32_t>(spread.count));
  proto.set_warning(spread.warning);
  if (spread.count == 0) return proto;
  *proto.mutable_min() = FromDuration(spread.min);
  *proto.mutable_quartile_1() = FromDuration(spread.quartile_1);
  *proto.mutable_median() = FromDuration(spread.median);
  *proto.mutable_quartile_3() = FromDuration(spread.quartile_3);
  *proto.mutable_decile_9() = FromDuration(spread.decile_9);
  *proto.mutable_max() = FromDuration(spread.max);
  for (const int count : spread.histogram) {
    proto.add_histogram(static_cast<uint32_t>(count));
  }
  return proto;
}

v1::ActionState ToProto(review::ActionState state) {
  switch (state) {
    case review::ActionState::kOpen:
      return v1::ACTION_STATE_OPEN;
    case review::ActionState::kInProgress:
      return v1::ACTION_STATE_IN_PROGRESS;
    case review::ActionState::kDone:
      return v1::ACTION_STATE_DONE;
    case review::ActionState::kDropped:
      return v1::ACTION_STATE_DROPPED;
  }
  return v1::ACTION_STATE_UNSPECIFIED;
}

std::vector<review::Telling> AllOf(
    const std::vector<review::Digest>& digests,
    std::vector<review::Telling> review::Digest::*tellings) {
  std::vector<review::Telling> all;
  for (const review::Digest& digest : digests) {
    all.insert(all.end(), (digest.*tellings).begin(), (digest.*tellings).end());
  }
  return all;
}

}  // namespace

absl::StatusOr<review::Digest> InsightHandlers::SubjectOf(
    const v1::FindSimilarIncidentsRequest& request) {
  if (!request.candidate_id().empty()) {
    SS_ASSIGN_OR_RETURN(
        v1::Candidate candidate,
        store_->GetCandidate(IdFromHex(request.candidate_id())));
    std::set<std::string> seen;
    while (!candidate.merged_into_candidate_id().empty() &&
           seen.insert(candidate.candidate_id()).second) {
      SS_ASSIGN_OR_RETURN(candidate,
                          store_->GetCandidate(
                              IdFromHex(candidate.merged_into_candidate_id())));
    }
    review::Digest digest = review::DigestOf(StoryOf(candidate));
    if (candidate.incident_id().empty()) return digest;
    // Its own incident is not like it, but the same.
    SS_ASSIGN_OR_RETURN(const v1::Incident own,
                        ShownIncident(*store_, candidate.incident_id()));
    digest.incident_id = own.incident_id();
    return digest;
  }
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      ShownIncident(*store_, request.incident_id()));
  SS_ASSIGN_OR_RETURN(const std::shared_ptr<const review::Digest> digest,
                      digests_.Get(incident.incident_id()));
  return *digest;
}

absl::StatusOr<std::vector<v1::Incident>> InsightHandlers::List(
    storage::IncidentQuery query, size_t count_max) const {
  std::vector<v1::Incident> incidents;
  query.states = ShownStates();
  while (incidents.size() < count_max) {
    query.limit = std::min(kPageSize, count_max - incidents.size());
    SS_ASSIGN_OR_RETURN(storage::Page<v1::Incident> page,
                        store_->ListIncidents(query));
    for (v1::Incident& incident : page.items) {
      incidents.push_back(std::move(incident));
    }
    if (!page.more) break;
    const v1::Incident& last = incidents.back();
    query.after = {ToMicros(last.start_time()), IdFromHex(last.incident_id())};
  }
  return incidents;
}

absl::Status InsightHandlers::AddDigest(v1::Incident incident, Past* past) {
  SS_ASSIGN_OR_RETURN(const std::shared_ptr<const review::Digest> digest,
                      digests_.Get(incident.incident_id()));
  past->digests.push_back(*digest);
  past->incidents.push_back(std::move(incident));
  return absl::OkStatus();
}

absl::StatusOr<InsightHandlers::Past> InsightHandlers::Comparable(
    const review::Digest& subject) {
  Past past;
  std::set<std::string> seen;
  storage::IncidentQuery query;
  const auto& start =
      subject.times[static_cast<size_t>(review::TimeField::kStart)];
  if (start.has_value()) query.start.end_micros = absl::ToUnixMicros(*start);
  SS_ASSIGN_OR_RETURN(std::vector<v1::Incident> latest,
                      List(query, kLatestCount));
  for (v1::Incident& incident : latest) {
    seen.insert(incident.incident_id());
    SS_RETURN_IF_ERROR(AddDigest(std::move(incident), &past));
  }
  if (indexer_ == nullptr) return past;
  const absl::StatusOr<std::vector<std::string>> likely =
      indexer_->Likely(subject.words, subject.services, kLikelyCount);
  // While the index is being made, the latest ones have to do.
  if (!likely.ok()) return past;
  for (const std::string& id : *likely) {
    if (!seen.insert(id).second) continue;
    absl::StatusOr<v1::Incident> incident = store_->GetIncident(IdFromHex(id));
    // The index may be a moment behind.
    if (absl::IsNotFound(incident.status())) continue;
    SS_RETURN_IF_ERROR(incident.status());
    if (incident->has_delete_time() ||
        incident->state() == v1::INCIDENT_STATE_MERGED ||
        ToMicros(incident->start_time()) >= query.start.end_micros) {
      continue;
    }
    SS_RETURN_IF_ERROR(AddDigest(*std::move(incident), &past));
  }
  return past;
}

absl::StatusOr<v1::FindSimilarIncidentsResponse> InsightHandlers::FindSimilar(
    const v1::FindSimilarIncidentsRequest& request) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const review::Digest subject, SubjectOf(request));
  SS_ASSIGN_OR_RETURN(Past past, Comparable(subject));
  const uint32_t limit = request.limit() == 0
                             ? kSimilarDefault
                             : std::min(request.limit(), kSimilarMax);
  v1::FindSimilarIncidentsResponse response;
  for (const review::SimilarIncident& each :
       review::FindSimilar(subject, past.digests, limit)) {
    v1::SimilarIncident* similar = response.add_incidents();
    *similar->mutable_incident() = WithoutLists(past.incidents[each.index]);
    policy_->Name(similar->mutable_incident());
    similar->set_score(each.score);
    for (const std::string& reason : each.reasons) similar->add_reasons(reason);
    for (const std::string& helped : past.digests[each.index].what_helped) {
      similar->add_what_helped(helped);
    }
  }
  return response;
}

// The days around the same date of earlier years, one by one: whatever the
// range asked for, an anniversary is of something before it.
absl::StatusOr<std::vector<v1::Incident>> InsightHandlers::Anniversaries(
    const storage::IncidentQuery& query, absl::Time end) const {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond last = absl::ToCivilSecond(end, utc);
  std::vector<v1::Incident> around;
  std::vector<review::Digest> digests;
  for (int year = 1; year <= kAnniversaryYears; ++year) {
    const absl::Time then = absl::FromCivil(
        absl::CivilSecond(last.year() - year, last.month(), last.day()), utc);
    storage::IncidentQuery window = query;
    window.start = {absl::ToUnixMicros(then - absl::Hours(9 * 24)),
                    absl::ToUnixMicros(then + absl::Hours(9 * 24))};
    SS_ASSIGN_OR_RETURN(std::vector<v1::Incident> found,
                        List(window, kAnniversaryCountMax));
    for (v1::Incident& incident : found) {
      review::Digest digest;
      digest.incident_id = incident.incident_id();
      digest.times[static_cast<size_t>(review::TimeField::kStart)] =
          ToTime(incident.start_time());
      digests.push_back(std::move(digest));
      around.push_back(std::move(incident));
    }
  }
  std::vector<v1::Incident> anniversaries;
  for (const size_t index : review::FindAnniversaries(digests, end)) {
    anniversaries.push_back(WithoutLists(std::move(around[index])));
    policy_->Name(&anniversaries.back());
  }
  return anniversaries;
}

absl::Status InsightHandlers::AddThemes(
    std::vector<review::Telling> tellings,
    google::protobuf::RepeatedPtrField<v1::RecurringTheme>* themes) const {
  for (const review::Theme& theme : review::FindThemes(std::move(tellings))) {
    v1::RecurringTheme* proto = themes->Add();
    proto->set_words(theme.words);
    proto->set_service(theme.service);
    proto->set_incident_count(static_cast<uint32_t>(theme.incident_count));
    for (const review::Telling& telling : theme.tellings) {
      SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                          store_->GetIncident(IdFromHex(telling.incident_id)));
      SS_ASSIGN_OR_RETURN(const auto held,
                          reader_.FindAccount(incident, telling.account_id));
      if (!held.has_value()) continue;
      *proto->add_accounts() = held->second.account();
      // It may have been given to one that was merged into this.
      proto->mutable_accounts()->rbegin()->set_incident_id(telling.incident_id);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::GetInsightsResponse> InsightHandlers::Insights(
    const v1::GetInsightsRequest& request) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  const absl::Time now = clock_->Now();
  const absl::Time end =
      request.has_end_time() ? ToTime(request.end_time()) : now;
  const absl::Time start = request.has_start_time()
                               ? ToTime(request.start_time())
                               : end - absl::Hours(365 * 24);
  if (start >= end) {
    return BadRequest("start_time",
                      absl::StrCat("is ", Shown(request.start_time()),
                                   ", which is not before now; give an earlier "
                                   "one, or an end_time after it"));
  }
  storage::IncidentQuery query;
  query.services.assign(request.services().begin(), request.services().end());
  query.tags.assign(request.tags().begin(), request.tags().end());
  v1::GetInsightsResponse response;
  SS_ASSIGN_OR_RETURN(const std::vector<v1::Incident> anniversaries,
                      Anniversaries(query, end));
  for (const v1::Incident& incident : anniversaries) {
    *response.add_anniversaries() = incident;
  }
  query.start = {std::max<int64_t>(0, absl::ToUnixMicros(start)),
                 absl::ToUnixMicros(end)};
  SS_ASSIGN_OR_RETURN(std::vector<v1::Incident> incidents,
                      List(query, kInsightCountMax));
  Past past;
  for (v1::Incident& incident : incidents) {
    SS_RETURN_IF_ERROR(AddDigest(std::move(incident), &past));
  }
  response.set_incident_count(static_cast<uint32_t>(past.digests.size()));
  SS_RETURN_IF_ERROR(AddThemes(AllOf(past.digests, &review::Digest::surprises),
                               response.mutable_surprises()));
  SS_RETURN_IF_ERROR(
      AddThemes(AllOf(past.digests, &review::Digest::assumptions),
                response.mutable_assumptions()));
  for (const review::Spread& spread : review::SpreadDurations(past.digests)) {
    *response.add_durations() = ToProto(spread);
  }
  for (const review::ServiceCount& count :
       review::CountServices(past.digests)) {
    v1::ServiceInsight* service = response.add_services();
    service->set_service(count.service);
    service->set_incident_count(static_cast<uint32_t>(count.incident_count));
    service->set_surprise_count(static_cast<uint32_t>(count.surprise_count));
  }
  for (const review::ActionCount& count :
       review::CountActions(past.digests, now)) {
    v1::ActionCount* action = response.add_actions();
    action->set_state(ToProto(count.state));
    action->set_count(static_cast<uint32_t>(count.count));
    action->set_overdue_count(static_cast<uint32_t>(count.overdue_count));
  }
  return response;
}

void InsightHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.LearningService/";
  server->AddRead<v1::FindSimilarIncidentsRequest,
                  v1::FindSimilarIncidentsResponse>(
      service + "FindSimilarIncidents",
      [this](const auto& r) { return FindSimilar(r); });
  server->AddRead<v1::GetInsightsRequest, v1::GetInsightsResponse>(
      service + "GetInsights", [this](const auto& r) { return Insights(r); });
}

}  // namespace secondstory::incidentd
