// The same incidents in incidentd and in PostgreSQL.
#ifndef SECONDSTORY_TESTS_BENCH_INCIDENTS_H_
#define SECONDSTORY_TESTS_BENCH_INCIDENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tests/bench/postgres.h"
#include "tests/bench/report.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {

// An incident whose timeline has so many entries: events of its candidates,
// and, one in ten, lines that people added.
struct BuiltIncident {
  std::string incident_id;  // 32 hex digits
  int entry_count = 0;
  std::vector<v1::Candidate> candidates;
  std::vector<v1::TimelineEntry> lines;
};

// Submits, promotes and adds what it takes.
BuiltIncident BuildIncident(const ServerProcess& incidentd, uint64_t seed,
                            int entry_count, Report* report);

// The candidates of nobody's incident, for lists.
std::vector<v1::Candidate> SubmitCandidates(const ServerProcess& incidentd,
                                            uint64_t seed, int count,
                                            Report* report);

// Writes the same rows.
void StoreIncident(const BuiltIncident& incident, PgConnection* connection,
                   Report* report);
void StoreCandidates(const std::vector<v1::Candidate>& candidates,
                     const std::string& incident_id, PgConnection* connection,
                     Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_INCIDENTS_H_
