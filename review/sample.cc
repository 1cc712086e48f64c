#include "review/sample.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace secondstory::review {
namespace {

absl::Time AtClock(absl::string_view clock) {
  return At(absl::StrCat("2026-03-01T", clock, ":00Z"));
}

Account MakeAccount(absl::string_view id, absl::string_view entry_id,
                    absl::string_view role, absl::string_view author) {
  Account account;
  account.id = std::string(id);
  account.entry_id = std::string(entry_id);
  account.role = std::string(role);
  account.author = std::string(author);
  account.create_time = At("2026-03-03T09:00:00Z");
  return account;
}

void AddCheckoutEntries(Story* story) {
  std::vector<Entry>& entries = story->entries;
  Entry started = MakeEvent("e01", "09:31", EventKind::kChangeStarted,
                            "payments", "payments 2.9.0 canary");
  started.revision = "2.9.0";
  Entry deploy = MakeEvent("e02", "09:47", EventKind::kChangeFinished,
                           "checkout", "checkout 4.2.0 to prod-eu");
  deploy.revision = "4.2.0";
  deploy.description = "Retries are on for all calls to orders.";
  Entry export_job =
      MakeLine("e03", "09:58", EventKind::kNote, "Bo Lindqvist",
               "nightly export began a second time and held transactions open");
  export_job.known_time = AtClock("14:30");
  Entry latency = MakeEvent("e04", "10:05", EventKind::kAlertFired, "checkout",
                            "CheckoutLatencyHigh");
  latency.severity = Severity::kError;
  latency.resolve_time = AtClock("11:31");
  latency.repeat_count = 3;
  latency.last_event_time = AtClock("10:20");
  Entry connections = MakeEvent("e05", "10:09", EventKind::kAlertFired,
                                "orders-db", "PostgresConnectionsNearLimit");
  connections.severity = Severity::kWarning;
  connections.resolve_time = AtClock("11:26");
  Entry report = MakeEvent("e06", "10:12", EventKind::kUserReport, "checkout",
                           "two shops say that paying takes a minute");
  Entry restart = MakeLine("e07", "10:16", EventKind::kHumanAction, "alice",
                           "restarted two of six checkout pods");
  restart.service = "checkout";
  Entry timeouts = MakeEvent("e08", "10:24", EventKind::kAlertFired, "payments",
                             "PaymentTimeouts");
  timeouts.severity = Severity::kCritical;
  Entry declared = MakeLine("e09", "10:31", EventKind::kNote, "chen",
                            "incident declared; alice asked for a database "
                            "engineer");
  Entry idle = MakeLine("e10", "11:08", EventKind::kNote, "Bo Lindqvist",
                        "480 of 500 connections are idle in a transaction");
  idle.service = "orders-db";
  idle.links.push_back(
      {"dashboard", "https://dashboards.example.org/d/db?x=1"});
  Entry rollback = MakeEvent("e11", "11:14", EventKind::kChangeRolledBack,
                             "checkout", "checkout back to 4.1.7");
  rollback.revision = "4.1.7";
  rollback.actor = "alice";
  Entry ended =
      MakeLine("e12", "11:19", EventKind::kHumanAction, "Bo Lindqvist",
               "ended sessions that were idle for five minutes");
  ended.service = "orders-db";
  Entry flows = MakeLine("e13", "11:24", EventKind::kNote, "chen",
                         "orders flow again; both shops confirm");
  flows.service = "checkout";
  entries = {started,  deploy,  export_job, latency,  connections,
             report,   restart, timeouts,   declared, idle,
             rollback, ended,   flows};
}

void AddCheckoutAccounts(Story* story) {
  Account restart = MakeAccount("a01", "e07", "on-call, checkout", "alice");
  restart.action = "Restarted two pods, to see whether fresh ones do better.";
  restart.observed_effect =
      "The two were fast for a minute, then as slow as the others.";
  restart.expectation =
      "That they would stay fast, as in January when it was a memory leak.";
  restart.assumption = "That what is slow is in checkout itself.";
  restart.also_known =
      "The database dashboard was green: it counts active connections only.";
  restart.surprised = true;
  Account watching = MakeAccount("a02", "e07", "incident lead", "chen");
  watching.words =
      "From where I sat the restart worked: the graph went down as alice wrote "
      "that it was done. I took the next rise for a second problem.";
  watching.expectation = "One problem at a time.";
  watching.surprised = false;
  Account idle = MakeAccount("a03", "e10", "database engineer", "Bo Lindqvist");
  idle.action = "Listed sessions by state instead of reading the dashboard.";
  idle.observed_effect = "Nearly all were idle in a transaction.";
  idle.expectation = "A handful of slow queries.";
  idle.assumption = "That retries would give connections back.";
  idle.surprised = true;
  Account rollback = MakeAccount("a04", "e11", "on-call, checkout", "alice");
  rollback.action = "Rolled back 4.2.0, because it was the latest change.";
  rollback.observed_effect =
      "New connections stopped piling up; the old ones stayed.";
  rollback.expectation = "Everything would be well within a minute.";
  rollback.assumption = "A rollback gives back what the release took.";
  Account ended =
      MakeAccount("a05", "e12", "database engineer", "Bo Lindqvist");
  ended.action = "Ended the idle sessions by hand.";
  ended.observed_effect = "Latency was back to normal within two minutes.";
  ended.expectation = "Just that.";
  ended.surprised = false;
  Account declined = MakeAccount("a06", "e08", "on-call, payments", "dana");
  declined.state = AccountState::kDeclined;
  story->accounts = {restart, watching, idle, rollback, ended, declined};
}

void AddCheckoutActions(Story* story) {
  Action dashboard;
  dashboard.id = "t01";
  dashboard.title = "Show idle-in-transaction connections on the dashboard";
  dashboard.owner = "team databases";
  dashboard.due_time = At("2026-03-20T00:00:00Z");
  dashboard.state = ActionState::kDone;
  dashboard.tracker_url = "https://tracker.example.org/DB-412";
  dashboard.account_id = "a01";
  Action retries;
  retries.id = "t02";
  retries.title = "Give retries a budget, shared by all calls of a request";
  retries.owner = "alice";
  retries.due_time = At("2026-04-10T00:00:00Z");
  retries.state = ActionState::kInProgress;
  retries.tracker_url = "https://tracker.example.org/CHK-88";
  retries.entry_id = "e02";
  Action export_job;
  export_job.id = "t03";
  export_job.title = "Let the export refuse to begin while one runs";
  export_job.entry_id = "e03";
  story->actions = {dashboard, retries, export_job};
}

}  // namespace

absl::Time At(absl::string_view time) {
  absl::Time parsed;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, time, &parsed, &error)) {
    std::cerr << "not a time: " << time << ": " << error << "\n";
    std::abort();
  }
  return parsed;
}

Entry MakeEvent(absl::string_view id, absl::string_view clock, EventKind kind,
                absl::string_view service, absl::string_view title) {
  Entry entry;
  entry.id = std::string(id);
  entry.is_event = true;
  entry.kind = kind;
  entry.event_time = AtClock(clock);
  entry.known_time = entry.event_time + absl::Seconds(20);
  entry.append_time = entry.event_time + absl::Seconds(21);
  entry.service = std::string(service);
  entry.title = std::string(title);
  entry.source = "test";
  return entry;
}

Entry MakeLine(absl::string_view id, absl::string_view clock, EventKind kind,
               absl::string_view author, absl::string_view title) {
  Entry entry = MakeEvent(id, clock, kind, "", title);
  entry.is_event = false;
  entry.source.clear();
  entry.author = std::string(author);
  return entry;
}

Story MakeStory() {
  Story story;
  story.incident.id = "00000000000000000000000000000001";
  story.incident.title = "Orders are slow";
  story.incident.start_time = AtClock("10:00");
  story.incident.resolve_time = AtClock("12:00");
  story.incident.state = IncidentState::kResolved;
  return story;
}

Story CheckoutStory() {
  Story story;
  Incident& incident = story.incident;
  incident.id = "5ec0d5702b1e4c0fa1f3c0ffee00cafe";
  incident.title = "Checkout slow, then refusing orders";
  incident.severity = 2;
  incident.severity_name = "SEV2";
  incident.state = IncidentState::kInReview;
  incident.start_time = AtClock("10:05");
  incident.detect_time = At("2026-03-01T10:05:20Z");
  incident.acknowledge_time = AtClock("10:11");
  incident.mitigate_time = AtClock("11:24");
  incident.resolve_time = AtClock("11:52");
  incident.time_origins = {{TimeField::kStart, "e04", ""},
                           {TimeField::kDetect, "e04", ""},
                           {TimeField::kAcknowledge, "", "alice"},
                           {TimeField::kMitigate, "", "chen"},
                           {TimeField::kResolve, "", "chen"}};
  incident.services = {"checkout", "orders-db", "payments"};
  incident.tags = {"connections", "retries"};
  incident.links = {{"chat", "https://chat.example.org/c/inc-217"},
                    {"", "https://status.example.org/217"}};
  incident.facilitator = "emre";
  incident.participants = {{"alice", "on-call, checkout"},
                           {"Bo Lindqvist", "database engineer"},
                           {"chen", "incident lead"},
                           {"dana", "on-call, payments"}};
  incident.summary =
      "For 79 minutes orders took up to a minute, and about one in nine was "
      "refused. A second run of the nightly export held database transactions "
      "open while a new release retried every call; together they used up all "
      "connections. Neither would have been felt alone.";
  incident.narrative =
      "At **10:05** checkout became slow. The on-call engineer looked at what "
      "had changed and found `checkout 4.2.0`, eighteen minutes old.\n\n"
      "### What the screens said\n\n"
      "- the checkout dashboard showed latency, and nothing else unusual\n"
      "- the database dashboard was green: it counts *active* connections\n"
      "- the export has no dashboard\n\n"
      "So a restart of two pods was the natural thing to try, and for a minute "
      "it seemed to work. Only when Bo listed sessions by state did the "
      "picture "
      "change:\n\n"
      "```\nstate                 count\nidle in transaction     480\n"
      "active                    9\n```\n\n"
      "> A green dashboard answers the question it was built for.\n";
  incident.surprise =
      "That a restart helped for exactly one minute. It made the wrong picture "
      "look right.";
  incident.review_due_time = At("2026-03-08T11:52:00Z");
  AddCheckoutEntries(&story);
  AddCheckoutAccounts(&story);
  AddCheckoutActions(&story);
  return story;
}

Story LongStory(int count, uint64_t seed) {
  constexpr absl::string_view kServices[] = {"checkout", "cart",    "payments",
                                             "search",   "gateway", "orders-db",
                                             "identity", "mail"};
  constexpr absl::string_view kTitles[] = {
      "LatencyHigh",  "ErrorRatio",         "QueueGrowing",
      "DiskFilling",  "release to prod-eu", "restarted pods",
      "looked at it", "CertificateExpiry"};
  // Not std::uniform_int_distribution: it differs between libraries.
  std::mt19937_64 random(seed);
  const auto below = [&random](uint64_t n) { return random() % n; };
  Story story = MakeStory();
  story.incident.resolve_time = AtClock("16:00");
  for (int i = 0; i < count; ++i) {
    const auto kind = static_cast<EventKind>(below(9));
    Entry entry = MakeEvent(absl::StrCat("long", 10000 + i), "10:00", kind,
                            kServices[below(8)], kTitles[below(8)]);
    entry.event_time += absl::Seconds(static_cast<int64_t>(below(6 * 3600)));
    entry.known_time = entry.event_time + absl::Seconds(30);
    if (kind == EventKind::kAlertFired && below(8) != 0) {
      entry.resolve_time =
          entry.event_time +
          absl::Seconds(static_cast<int64_t>(60 + below(3600)));
    }
    story.entries.push_back(std::move(entry));
  }
  std::sort(story.entries.begin(), story.entries.end(),
            [](const Entry& a, const Entry& b) {
              return std::make_pair(a.event_time, a.id) <
                     std::make_pair(b.event_time, b.id);
            });
  return story;
}

}  // namespace secondstory::review
