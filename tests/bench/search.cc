#include "tests/bench/search.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "secondstory/v1/learning_service.grpc.pb.h"
#include "secondstory/v1/review_service.grpc.pb.h"
#include "tests/bench/appends.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/bench/reads.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {
namespace {

constexpr int64_t kFirstMicros = 1'700'000'000'000'000;
constexpr int64_t kHourMicros = 3'600'000'000;
// How a team writes while an incident is on.
constexpr absl::Duration kBetweenLines = absl::Milliseconds(100);

// Texts of words that are as unevenly common as those of a language: the n-th
// one n times as rare as the first (Zipf).
class Prose {
 public:
  explicit Prose(uint64_t seed) : random_(seed) {
    double sum = 0;
    for (int i = 1; i <= kWords; ++i) sums_.push_back(sum += 1.0 / i);
  }

  static std::string Word(int rank) { return absl::StrCat("word", rank); }

  std::string Text(int words) {
    std::string text;
    for (int i = 0; i < words; ++i) {
      const double at =
          std::uniform_real_distribution<double>(0, sums_.back())(random_);
      const auto rank =
          std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin() + 1;
      absl::StrAppend(&text, i == 0 ? "" : " ", Word(static_cast<int>(rank)));
    }
    return text;
  }

 private:
  static constexpr int kWords = 20'000;
  std::mt19937_64 random_;
  std::vector<double> sums_;
};

grpc::ByteBuffer BytesOf(const google::protobuf::MessageLite& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

class SearchBench {
 public:
  SearchBench(const BenchOptions& options, Report* report)
      : options_(options),
        report_(report),
        incidentd_(StartIncidentd(options.dir + "/search", report)),
        incidents_(v1::IncidentService::NewStub(incidentd_.Connect())),
        learning_(v1::LearningService::NewStub(incidentd_.Connect())),
        reviews_(v1::ReviewService::NewStub(incidentd_.Connect())),
        prose_(options.seed + 300) {
    options_.round_time = std::min(options.round_time, absl::Seconds(1));
  }

  void Run() {
    Fill();
    CompareSearches();
    CompareLongIncident();
    MeasureFreshness();
  }

 private:
  // `count` calls of a writing method, many at a time.
  void WriteMany(
      const std::string& method, int64_t count,
      const std::function<grpc::ByteBuffer()>& next,
      const std::function<void(const grpc::ByteBuffer&)>& on_answer = nullptr) {
    Load load;
    load.address = incidentd_.address();
    load.method = "/secondstory.v1." + method;
    load.call_count = count;
    const LoadResult result = RunLoad(load, next, on_answer);
    report_->AddCheck(absl::StrCat(method, " succeeds: ", result.first_error),
                      result.error_count == 0 && result.answer_count == count);
  }

  grpc::ByteBuffer NextIncident() {
    v1::CreateIncidentRequest request;
    v1::Incident* const incident = request.mutable_incident();
    incident->set_title(prose_.Text(6));
    incident->set_summary(prose_.Text(60));
    incident->set_severity(static_cast<uint32_t>(1 + created_ % 5));
    incident->add_services(absl::StrCat("service-", created_ % 40));
    *incident->mutable_start_time() =
        FromMicros(kFirstMicros + created_++ * kHourMicros);
    request.set_author("bench");
    return BytesOf(request);
  }

  grpc::ByteBuffer NextLine(const std::string& incident_id) {
    v1::AddTimelineEntryRequest request;
    request.set_incident_id(incident_id);
    request.mutable_entry()->set_title(prose_.Text(10));
    *request.mutable_entry()->mutable_event_time() =
        FromMicros(kFirstMicros + lines_++);
    request.set_author("bench");
    return BytesOf(request);
  }

  grpc::ByteBuffer NextAccount(const std::string& incident_id,
                               const std::string& entry_id) {
    v1::GiveAccountRequest request;
    request.set_incident_id(incident_id);
    request.mutable_account()->set_entry_id(entry_id);
    request.mutable_account()->set_role("on-call");
    request.mutable_account()->set_expectation(prose_.Text(20));
    request.mutable_account()->set_observed_effect(prose_.Text(20));
    request.mutable_account()->set_words(prose_.Text(20));
    request.set_author(absl::StrCat("person ", ++accounts_ % 8));
    return BytesOf(request);
  }

  void Fill() {
    const int64_t incidents = options_.smoke ? 20 : 3000;
    std::vector<std::string> ids;
    WriteMany(
        "IncidentService/CreateIncident", incidents,
        [this] { return NextIncident(); },
        [&](const grpc::ByteBuffer& bytes) {
          v1::CreateIncidentResponse response;
          grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&bytes));
          if (response.ParseFromZeroCopyStream(&reader)) {
            ids.push_back(response.incident().incident_id());
          }
        });
    if (ids.empty()) return;
    int64_t line = 0, account = 0;
    WriteMany("IncidentService/AddTimelineEntry", 6 * incidents, [&] {
      return NextLine(ids[static_cast<size_t>(line++) % ids.size()]);
    });
    WriteMany("ReviewService/GiveAccount", 3 * incidents, [&] {
      return NextAccount(ids[static_cast<size_t>(account++) % ids.size()], "");
    });
    FillLong(ids.front());
    AwaitIndex(ids);
  }

  // An incident with many lines, each with an account.
  void FillLong(const std::string& id) {
    long_id_ = id;
    const int64_t lines = options_.smoke ? 30 : 1000;
    WriteMany("IncidentService/AddTimelineEntry", lines,
              [&] { return NextLine(id); });
    std::vector<std::string> entries;
    const v1::GetTimelineResponse timeline = Timeline(false);
    for (const v1::TimelineEntry& entry : timeline.entries()) {
      entries.push_back(entry.entry_id());
    }
    long_lines_ = static_cast<int>(entries.size());
    if (entries.empty()) return;
    size_t next = 0;
    WriteMany("ReviewService/GiveAccount", lines, [&] {
      return NextAccount(id, entries[next++ % entries.size()]);
    });
  }

  void AwaitIndex(const std::vector<std::string>& ids) {
    const auto position =
        static_cast<uint64_t>(std::max<int64_t>(RecordCount(incidentd_), 0));
    const absl::Time begin = absl::Now();
    const absl::Time patience = begin + absl::Minutes(2);
    uint64_t through = 0;
    while (through < position && absl::Now() < patience) {
      through = Search("word1").indexed_position();
    }
    report_->AddCheck("the index is even with the log", through >= position);
    report_->AddFigure("the index behind a team of many, until it is even",
                       absl::ToDoubleSeconds(absl::Now() - begin), "s");
    report_->AddFigure(
        "documents in the index",
        incidentd_.Metric("secondstory_storage_search_size_documents"), "");
    report_->AddResult("incidents", absl::StrCat(ids.size()));
  }

  v1::SearchResponse Search(const std::string& query) {
    v1::SearchRequest request;
    request.set_query(query);
    return Search(request);
  }
  v1::SearchResponse Search(const v1::SearchRequest& request) {
    grpc::ClientContext context;
    v1::SearchResponse response;
    const grpc::Status status = learning_->Search(&context, request, &response);
    report_->AddCheck("Search answers: " + status.error_message(), status.ok());
    return response;
  }

  v1::GetTimelineResponse Timeline(bool with_accounts) {
    grpc::ClientContext context;
    v1::GetTimelineRequest request;
    request.set_incident_id(long_id_);
    request.set_page_size(10'000);
    request.set_with_accounts(with_accounts);
    v1::GetTimelineResponse response;
    const grpc::Status status =
        incidents_->GetTimeline(&context, request, &response);
    report_->AddCheck("GetTimeline answers: " + status.error_message(),
                      status.ok());
    return response;
  }

  // Each of them in every round.
  Rounds Measure(const std::string& title, const std::string& first,
                 std::vector<std::pair<std::string, std::function<int()>>> asks,
                 int wanted) {
    std::vector<Variant> variants;
    for (auto& [name, ask] : asks) {
      variants.push_back({name, [this, ask = ask, wanted] {
                            return RunReader(options_, ask, wanted, report_);
                          }});
    }
    Rounds rounds = Rounds::Run(
        options_,
        [&] { return ProbeSync(options_.dir, options_.smoke ? 5 : 200); },
        variants);
    report_->AddRounds(title, rounds, ReadMetrics(), first);
    return rounds;
  }

  void CompareSearches() {
    const auto ask = [this](const std::string& query) {
      return [this, query] { return Search(query).results_size(); };
    };
    v1::SearchRequest filtered;
    filtered.set_query(Prose::Word(20));
    filtered.add_services("service-3");
    filtered.add_kinds(v1::SEARCH_KIND_ACCOUNT);
    const Rounds rounds = Measure(
        "One reader: Search", "a word in a hundred",
        {{"a word in a hundred", ask(Prose::Word(20))},
         {"a rare word", ask(Prose::Word(5000))},
         {"two words", ask(Prose::Word(10) + " " + Prose::Word(30))},
         {"the commonest word", ask(Prose::Word(1))},
         {"a phrase",
          ask(absl::StrCat("\"", Prose::Word(1), " ", Prose::Word(2), "\""))},
         {"a prefix", ask("word199*")},
         {"a word, by service and kind",
          [this, filtered] { return Search(filtered).results_size(); }},
         {"filters alone",
          [this] {
            v1::SearchRequest request;
            request.add_services("service-3");
            return Search(request).results_size();
          }}},
        -1);
    report_->AddGate({"Search for a word in a hundred: p99 in ms",
                      rounds.MedianOf("a word in a hundred", "p99_ms"), 100, 20,
                      false});
  }

  void CompareLongIncident() {
    if (long_lines_ == 0) return;
    Measure(absl::StrCat("One reader: an incident of ", long_lines_,
                         " lines and accounts"),
            "GetTimeline",
            {{"GetTimeline", [this] { return Timeline(false).entries_size(); }},
             {"GetTimeline with accounts",
              [this] { return Timeline(true).entries_size(); }}},
            long_lines_);
    // A server that has no reports says so, and is asked no further.
    if (Report(v1::REPORT_FORMAT_MARKDOWN) < 0) return;
    const auto ask = [this](v1::ReportFormat format) {
      return [this, format] { return Report(format); };
    };
    Measure("One reader: the report of that incident", "Markdown",
            {{"Markdown", ask(v1::REPORT_FORMAT_MARKDOWN)},
             {"HTML", ask(v1::REPORT_FORMAT_HTML)},
             {"JSON", ask(v1::REPORT_FORMAT_JSON)}},
            -1);
  }

  // Its size; -1: there is none.
  int Report(v1::ReportFormat format) {
    grpc::ClientContext context;
    v1::GetReportRequest request;
    request.set_incident_id(long_id_);
    request.set_format(format);
    v1::GetReportResponse response;
    if (!reviews_->GetReport(&context, request, &response).ok()) return -1;
    return static_cast<int>(response.content().size());
  }

  // From the acknowledgement of a line to the first search that finds it, one
  // at a time, on the long incident, which is read whole for it.
  void MeasureFreshness() {
    const int count = options_.smoke ? 3 : 50;
    std::vector<double> seconds;
    for (int i = 0; i < count; ++i) {
      const std::string word = absl::StrCat("fresh", i);
      v1::AddTimelineEntryRequest request;
      request.set_incident_id(long_id_);
      request.mutable_entry()->set_title(word);
      *request.mutable_entry()->mutable_event_time() = FromMicros(kFirstMicros);
      request.set_author("bench");
      v1::AddTimelineEntryResponse response;
      grpc::ClientContext context;
      if (!incidents_->AddTimelineEntry(&context, request, &response).ok()) {
        break;
      }
      const absl::Time written = absl::Now();
      while (Search(word).results().empty() &&
             absl::Now() < written + absl::Minutes(1)) {
      }
      seconds.push_back(absl::ToDoubleSeconds(absl::Now() - written));
    }
    report_->AddCheck("every line was found",
                      static_cast<int>(seconds.size()) == count);
    if (seconds.empty()) return;
    std::sort(seconds.begin(), seconds.end());
    report_->AddFigure("from written to found, median",
                       seconds[seconds.size() / 2], "s");
    report_->AddFigure("from written to found, longest", seconds.back(), "s");
    report_->AddGate({"From written to found, the longest in s",
                      {seconds.back(), seconds.back(), seconds.back()},
                      1,
                      0.3,
                      false});
  }

  BenchOptions options_;
  bench::Report* const report_;
  const ServerProcess incidentd_;
  const std::unique_ptr<v1::IncidentService::Stub> incidents_;
  const std::unique_ptr<v1::LearningService::Stub> learning_;
  const std::unique_ptr<v1::ReviewService::Stub> reviews_;
  Prose prose_;
  int64_t created_ = 0, lines_ = 0, accounts_ = 0;
  std::string long_id_;
  int long_lines_ = 0;
};

// Adds lines to an incident while a round lasts, as people would.
class Writer {
 public:
  Writer(const ServerProcess& incidentd, Report* report)
      : stub_(v1::IncidentService::NewStub(incidentd.Connect())) {
    v1::CreateIncidentRequest request;
    request.mutable_incident()->set_title("an incident that is written");
    *request.mutable_incident()->mutable_start_time() =
        FromMicros(kFirstMicros);
    request.set_author("bench");
    v1::CreateIncidentResponse response;
    grpc::ClientContext context;
    report->AddCheck("an incident is created",
                     stub_->CreateIncident(&context, request, &response).ok());
    id_ = response.incident().incident_id();
  }

  Figures Beside(const std::function<Figures()>& run) {
    std::atomic<bool> stop = false;
    std::thread thread([&] {
      absl::Time next = absl::Now();
      while (!stop) {
        v1::AddTimelineEntryRequest request;
        request.set_incident_id(id_);
        request.mutable_entry()->set_title("restarted checkout-api on db-3");
        *request.mutable_entry()->mutable_event_time() =
            FromMicros(kFirstMicros);
        request.set_author("bench");
        v1::AddTimelineEntryResponse response;
        grpc::ClientContext context;
        stub_->AddTimelineEntry(&context, request, &response);
        next += kBetweenLines;
        absl::SleepFor(next - absl::Now());  // tidy: allow: a pace, not a wait
      }
    });
    Figures figures = run();
    stop = true;
    thread.join();
    return figures;
  }

 private:
  const std::unique_ptr<v1::IncidentService::Stub> stub_;
  std::string id_;
};

}  // namespace

void RunSearch(const BenchOptions& options, Report* report) {
  SearchBench(options, report).Run();
}

void RunIndexing(const BenchOptions& options, Report* report) {
  const ServerProcess on = StartIncidentd(options.dir + "/search-on", report);
  const ServerProcess off = StartIncidentd(options.dir + "/search-off", report,
                                           {"--search_enabled=false"});
  Writer writer_on(on, report), writer_off(off, report);
  Requests requests_on(options.seed + 310, 100);
  Requests requests_off(options.seed + 310, 100);
  const auto append = [&](const ServerProcess& server, Requests* requests) {
    return [&options, &server, requests, report] {
      return RunNewAppends(options, server, {100, 16}, requests, report);
    };
  };
  const auto append_on = append(on, &requests_on);
  const auto append_off = append(off, &requests_off);
  const Rounds rounds = Rounds::Run(
      options, [&] { return ProbeSync(options.dir, options.smoke ? 5 : 200); },
      {{"with the index", append_on},
       {"without", append_off},
       {"with it, people write", [&] { return writer_on.Beside(append_on); }},
       {"without, people write",
        [&] { return writer_off.Beside(append_off); }}});
  report->AddRounds("Intake with the search index and without", rounds,
                    AppendMetrics(), "with the index");
  report->AddGate(
      {"Intake with the search index against without",
       rounds.RatioOf("events_per_second", "with the index", "without"), 0.9,
       1});
  report->AddGate({"Intake while people write, with the index against without",
                   rounds.RatioOf("events_per_second", "with it, people write",
                                  "without, people write"),
                   0.9, 1});
}

}  // namespace secondstory::bench
