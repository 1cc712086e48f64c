// What Alertmanager says, as events: pure functions from JSON to Event.
//
// An occurrence of an alert is (source, fingerprint, startsAt). It is up to two
// events: that it fired and that it resolved. Their ids hold nothing else, so a
// repeat, a copy from another replica and a second report of the end are events
// that incidentd knows already. See docs/alertmanager.md.
//
// Every event that comes out is within the limits of base/limits.h: what is too
// long is shortened, and a label says so.
//
// Threads: all functions may be called from any thread.
#ifndef SECONDSTORY_INGEST_ALERTS_NORMALIZE_H_
#define SECONDSTORY_INGEST_ALERTS_NORMALIZE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

struct NormalizeOptions {
  // "alertmanager/prod".
  std::string source;
  // When we received it, by our own clock.
  absl::Time observe_time;
  // Labels that name the service and the environment; the first one that an
  // alert has counts. Empty: DefaultServiceLabels(),
  // DefaultEnvironmentLabels().
  std::vector<std::string> service_labels;
  std::vector<std::string> environment_labels;
};

const std::vector<std::string>& DefaultServiceLabels();
const std::vector<std::string>& DefaultEnvironmentLabels();

// One occurrence.
struct Alert {
  std::string fingerprint;
  absl::Time start_time;
  // When it resolved; while it fires, when Alertmanager will take it for
  // resolved unless it hears more, or InfiniteFuture when it does not say.
  absl::Time end_time;
  bool resolved = false;
  // That it fired.
  v1::Event fired;
};

// An alert that cannot be taken.
struct RefusedAlert {
  int index = 0;       // in the list of alerts
  std::string field;   // "startsAt"
  std::string value;   // as given, shortened; empty when missing
  std::string reason;  // what is wrong, and what to do
  std::string json;    // the alert itself
};

struct NormalizedAlerts {
  std::vector<Alert> alerts;
  std::vector<RefusedAlert> refused;
  // Alerts of the group that the sender left out of its message.
  uint64_t truncated_count = 0;
};

// The body of a webhook: Alertmanager's, version 4, or Grafana's, which has the
// same shape. INVALID_ARGUMENT: no such body at all; says where and why.
absl::StatusOr<NormalizedAlerts> NormalizeWebhook(
    absl::string_view body, const NormalizeOptions& options);

// The answer to GET /api/v2/alerts: alerts that fire. Errors as above.
absl::StatusOr<NormalizedAlerts> NormalizeAlertList(
    absl::string_view body, const NormalizeOptions& options);

// The event that the occurrence of `fired` ended at `end_time`, as we learnt
// at `observe_time`. `resolution` says how we know; empty when the source said
// so.
v1::Event ResolvedEvent(const v1::Event& fired, absl::Time end_time,
                        absl::Time observe_time, const std::string& resolution);

// Appends what is known of `alert`: that it fired and, when it resolved, that
// too. That it fired goes with it, because the message that said so may have
// been missed.
void AppendEventsOf(const Alert& alert, std::vector<v1::Event>* events);

// The fingerprint that Alertmanager gives to an alert with these labels.
std::string AlertmanagerFingerprint(
    const std::map<std::string, std::string>& labels);

// Our own labels, beside those of the alert; rare, see docs/alertmanager.md.
//
// The state when the poll first saw it, unless "active".
inline constexpr char kStateLabel[] = "secondstory_state";
// Ids of the silences, and fingerprints of the alerts, that suppressed it then.
inline constexpr char kSilencedByLabel[] = "secondstory_silenced_by";
inline constexpr char kInhibitedByLabel[] = "secondstory_inhibited_by";
// How we know that it resolved, when the source did not say so.
inline constexpr char kResolutionLabel[] = "secondstory_resolution";
// What was shortened or left out to stay within the limits of an event.
inline constexpr char kShortenedLabel[] = "secondstory_shortened";

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_NORMALIZE_H_
