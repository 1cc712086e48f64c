#include "tests/bench/incidents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "tests/bench/events.h"

namespace secondstory::bench {
namespace {

constexpr char kAuthor[] = "incident lead";
constexpr int kEventsPerCandidate = 150;
constexpr int kEntriesPerLine = 10;

v1::CandidateEvent CandidateEventOf(const v1::Event& event) {
  v1::CandidateEvent line;
  line.set_event_id(
      IdToHex(StableId({event.source(), event.source_event_id()})));
  line.set_source(event.source());
  line.set_source_event_id(event.source_event_id());
  line.set_kind(event.kind());
  *line.mutable_event_time() = event.event_time();
  line.set_service(event.service());
  line.set_title(event.title());
  line.set_severity(event.severity());
  line.set_reason("fires within 5 minutes on a service that calls this one");
  return line;
}

v1::Candidate MakeCandidate(EventGenerator* generator, int event_count) {
  v1::Candidate candidate;
  for (int i = 0; i < event_count; ++i) {
    const v1::Event event = generator->Next();
    *candidate.add_events() = CandidateEventOf(event);
    if (i == 0) {
      candidate.set_candidate_id(
          IdToHex(StableId({"bench", event.source_event_id()})));
      candidate.set_title(event.title());
      *candidate.mutable_onset_time() = event.event_time();
    }
    if (candidate.services_size() < 10 &&
        std::find(candidate.services().begin(), candidate.services().end(),
                  event.service()) == candidate.services().end()) {
      candidate.add_services(event.service());
    }
    *candidate.mutable_last_activity_time() = event.event_time();
  }
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  return candidate;
}

bool Submit(v1::CandidateService::Stub* stub, const v1::Candidate& candidate) {
  grpc::ClientContext context;
  v1::SubmitCandidateRequest request;
  *request.mutable_candidate() = candidate;
  v1::SubmitCandidateResponse response;
  return stub->SubmitCandidate(&context, request, &response).ok();
}

std::string Uuid(const std::string& hex) { return IdFromHex(hex); }

}  // namespace

BuiltIncident BuildIncident(const ServerProcess& incidentd, uint64_t seed,
                            int entry_count, Report* report) {
  const auto channel = incidentd.Connect();
  const auto candidates = v1::CandidateService::NewStub(channel);
  const auto incidents = v1::IncidentService::NewStub(channel);
  EventGenerator generator(seed);
  BuiltIncident built;
  built.entry_count = entry_count;
  const int line_count = entry_count / kEntriesPerLine;
  bool done = true;
  for (int left = entry_count - line_count; done && left > 0;) {
    const int count = std::min(left, kEventsPerCandidate);
    left -= count;
    built.candidates.push_back(MakeCandidate(&generator, count));
    const v1::Candidate& candidate = built.candidates.back();
    grpc::ClientContext context;
    v1::PromoteCandidateRequest request;
    request.set_candidate_id(candidate.candidate_id());
    request.set_author(kAuthor);
    request.set_incident_id(built.incident_id);
    v1::PromoteCandidateResponse response;
    done = Submit(candidates.get(), candidate) &&
           incidents->PromoteCandidate(&context, request, &response).ok();
    built.incident_id = response.incident().incident_id();
  }
  for (int i = 0; done && i < line_count; ++i) {
    grpc::ClientContext context;
    v1::AddTimelineEntryRequest request;
    request.set_incident_id(built.incident_id);
    request.set_author(kAuthor);
    const v1::Event event = generator.Next();
    v1::TimelineEntry* line = request.mutable_entry();
    *line->mutable_event_time() = event.event_time();
    line->set_service(event.service());
    line->set_title(event.title());
    v1::AddTimelineEntryResponse response;
    done = incidents->AddTimelineEntry(&context, request, &response).ok();
    built.lines.push_back(response.entry());
  }
  report->AddCheck(
      absl::StrCat("an incident of ", entry_count, " entries is made"), done);
  return built;
}

std::vector<v1::Candidate> SubmitCandidates(const ServerProcess& incidentd,
                                            uint64_t seed, int count,
                                            Report* report) {
  const auto stub = v1::CandidateService::NewStub(incidentd.Connect());
  EventGenerator generator(seed);
  std::vector<v1::Candidate> candidates;
  bool done = true;
  for (int i = 0; done && i < count; ++i) {
    candidates.push_back(MakeCandidate(&generator, 12));
    done = Submit(stub.get(), candidates.back());
  }
  report->AddCheck(absl::StrCat(count, " candidates are submitted"), done);
  return candidates;
}

void StoreCandidates(const std::vector<v1::Candidate>& candidates,
                     const std::string& incident_id, PgConnection* connection,
                     Report* report) {
  bool done =
      connection->Execute("DEALLOCATE ALL; BEGIN") &&
      connection->Prepare("candidate",
                          "INSERT INTO candidates VALUES ($1, $2, $3, $4, $5, "
                          "string_to_array($6, ','))") &&
      connection->Prepare(
          "event",
          "INSERT INTO candidate_events VALUES ($1, $2, $3, $4, $5, $6, $7)");
  for (const v1::Candidate& candidate : candidates) {
    const std::string id = Uuid(candidate.candidate_id());
    done = done &&
           connection->Run(
               "candidate",
               {id,
                incident_id.empty() ? std::string(16, '\0') : Uuid(incident_id),
                PgInt16(static_cast<int16_t>(candidate.state())),
                candidate.title(), PgTime(ToMicros(candidate.onset_time())),
                absl::StrJoin(candidate.services(), ",")}) == 1;
    for (const v1::CandidateEvent& event : candidate.events()) {
      done = done && connection->Run(
                         "event",
                         {id, PgTime(ToMicros(event.event_time())),
                          Uuid(event.event_id()),
                          PgInt16(static_cast<int16_t>(event.kind())),
                          event.service(), event.title(), event.reason()}) == 1;
    }
  }
  done = done && connection->Execute("COMMIT");
  report->AddCheck(
      absl::StrCat("PostgreSQL takes the candidates: ", connection->error()),
      done);
}

void StoreIncident(const BuiltIncident& incident, PgConnection* connection,
                   Report* report) {
  StoreCandidates(incident.candidates, incident.incident_id, connection,
                  report);
  bool done =
      connection->Execute("BEGIN") &&
      connection->Prepare(
          "line",
          "INSERT INTO timeline_entries VALUES ($1, $2, $3, $4, $5, $6, $7)");
  for (const v1::TimelineEntry& line : incident.lines) {
    done =
        done &&
        connection->Run(
            "line",
            {Uuid(incident.incident_id), PgTime(ToMicros(line.event_time())),
             Uuid(line.entry_id()), PgInt16(static_cast<int16_t>(line.kind())),
             line.service(), line.title(), line.author()}) == 1;
  }
  done = done && connection->Execute("COMMIT");
  report->AddCheck(
      absl::StrCat("PostgreSQL takes the lines: ", connection->error()), done);
}

}  // namespace secondstory::bench
