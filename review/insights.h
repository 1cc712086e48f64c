// What incidents teach together: what recurs, what was alike and what helped
// then, and how long things take.
//
// Pure functions, which any thread may call: the caller gives the digests of
// the stories it keeps, in any order, and the moment that counts as now. Equal
// input gives equal output. Digests without a start are never compared by time.
#ifndef SECONDSTORY_REVIEW_INSIGHTS_H_
#define SECONDSTORY_REVIEW_INSIGHTS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "review/lifecycle.h"
#include "review/story.h"

namespace secondstory::review {

// What one account told of one thing. Names in it are replaced by roles.
struct Telling {
  std::string incident_id;
  std::string account_id;
  std::string service;  // of the line, else the incident's only one
  std::string text;
};

// What is kept of a story to look back on: a few kilobytes.
struct Digest {
  std::string incident_id;
  std::string title;
  uint32_t severity = 0;
  std::array<std::optional<absl::Time>, kTimeFieldCount> times;
  std::vector<std::string> services;  // each of these sorted, each once
  std::vector<std::string> tags;
  std::vector<std::string> alerts;  // "checkout/CheckoutLatencyHigh"
  std::vector<std::string> words;   // of titles, summary and lines
  std::vector<Telling> surprises;
  std::vector<Telling> assumptions;
  int surprise_count = 0;
  std::vector<std::string> what_helped;  // see WhatHelped
  std::vector<Action> actions;
};

// The digest of a story. A candidate is a story, too: its lines are entries,
// its id is the incident's.
// Cost: proportional to the story.
Digest DigestOf(const Story& story);

// What people did that was seen to help, the nearest to its end first, at most
// three, by role: from accounts that say what an action did and were not
// surprised by it, and from rollbacks, each at most an hour before the
// mitigation (else the resolve). Says what was seen, not that it was the
// reason: "Ended the idle sessions by hand. Seen then: latency was back to
// normal within two minutes. (5 min before it was mitigated)"
std::vector<std::string> WhatHelped(const Story& story);

// Something that was told in several incidents.
struct Theme {
  std::string words;    // those that the tellings share, the rarest first
  std::string service;  // that all are about; empty for several
  int incident_count = 0;
  std::vector<Telling> tellings;  // at most kThemeTellingCountMax
};
inline constexpr size_t kThemeTellingCountMax = 20;

// Gathers tellings that share rare words into themes of at least two
// incidents, those of most incidents first. Words weigh ln((n + 1) / tellings
// that have them) (K. Sparck Jones, "A statistical interpretation of term
// specificity", 1972); a telling joins the theme whose weighted words are the
// most alike by cosine, at least .3, else begins one.
// Limits: looks at the first 10,000 tellings by (incident, account).
// Cost: each telling is compared with themes that share a word with it.
std::vector<Theme> FindThemes(std::vector<Telling> tellings);

// A past incident that is like another.
struct SimilarIncident {
  size_t index = 0;                  // into the digests given
  double score = 0;                  // 0 to 1
  double log_odds = 0;               // what `score` is made of
  std::vector<std::string> reasons;  // the weightiest first
};

// Finds past incidents that are like `subject`, the likest first, at most
// `limit`. Every alert, service, tag and word that both have adds the logarithm
// of how much more often than by chance it is shared, ln((n + 10) / (1 + those
// that have it)) times a weight of its kind (naive Bayes: the log-odds of
// independent signs add up; ten incidents that have none of it are counted
// beside the n, so that the first few past ones are not held for the rule). The
// score is their logistic function after 3, what it takes to be even odds, is
// taken off. Incidents with less than 1 are left out, and so is the subject
// itself.
std::vector<SimilarIncident> FindSimilar(const Digest& subject,
                                         absl::Span<const Digest> past,
                                         size_t limit);

// Indexes of incidents that started a whole number of years, at least one,
// before a day at most a week from `now` (UTC), in the order of their start.
std::vector<size_t> FindAnniversaries(absl::Span<const Digest> past,
                                      absl::Time now);

// The upper bounds of all but the last bin of a histogram.
inline constexpr std::array<absl::Duration, 6> kHistogramBounds = {
    absl::Minutes(1),  absl::Minutes(5),   absl::Minutes(15),
    absl::Minutes(60), absl::Minutes(240), absl::Minutes(1440)};

// How one duration is spread over incidents.
struct Spread {
  absl::string_view name;  // as in NamedDuration
  int count = 0;           // 0: everything else is zero
  absl::Duration min;
  absl::Duration quartile_1;
  absl::Duration median;
  absl::Duration quartile_3;
  absl::Duration decile_9;
  absl::Duration max;
  std::array<int, kHistogramBounds.size() + 1> histogram = {};
  std::string warning;  // what so few incidents cannot say; may be empty
};

// The four durations of DurationsOf, in that order.
std::vector<Spread> SpreadDurations(absl::Span<const Digest> past);

// The quantile `p` of sorted values by linear interpolation between order
// statistics: type 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in
// statistical packages", The American Statistician 50 (1996).
// REQUIRES: at least one value, 0 <= p <= 1.
absl::Duration Quantile(absl::Span<const absl::Duration> sorted, double p);

struct ServiceCount {
  std::string service;
  int incident_count = 0;
  int surprise_count = 0;  // accounts that were surprised
};

// By service, those of most incidents first.
std::vector<ServiceCount> CountServices(absl::Span<const Digest> past);

struct ActionCount {
  ActionState state = ActionState::kOpen;
  int count = 0;
  int overdue_count = 0;  // neither done nor dropped, and past their due time
};

// One for each state that occurs, in the order of states.
std::vector<ActionCount> CountActions(absl::Span<const Digest> past,
                                      absl::Time now);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_INSIGHTS_H_
