#include "tools/replay/measuring.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "ingest/assembler/topology_file.h"
#include "timeline/assembler.h"

namespace secondstory::replay {
namespace {

// As assemblerd's --cursor_interval.
constexpr absl::Duration kForgetEvery = absl::Minutes(10);

absl::Time KnownAt(const timeline::Event& event) {
  return event.append_time == absl::InfinitePast() ? event.event_time
                                                   : event.append_time;
}

size_t HeapBytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

}  // namespace

absl::StatusOr<Measurement> Measure(const ReplayOptions& options,
                                    size_t take_every, const Clock& clock,
                                    std::vector<std::string>* skipped) {
  SS_ASSIGN_OR_RETURN(timeline::Topology topology,
                      ingest::ReadTopologyFile(options.topology_file));
  std::vector<timeline::Event> events;
  SS_RETURN_IF_ERROR(ReadEvents(
      options,
      [&](timeline::Event event) { events.push_back(std::move(event)); },
      skipped));
  std::stable_sort(events.begin(), events.end(),
                   [](const timeline::Event& a, const timeline::Event& b) {
                     return KnownAt(a) < KnownAt(b);
                   });
  timeline::AssemblerOptions assembling;
  assembling.ranking.lookback = options.lookback;
  const size_t heap_before = HeapBytes();
  timeline::Assembler assembler(assembling, std::move(topology));
  Measurement measured;
  measured.event_count = events.size();
  absl::Time forgotten_at = absl::InfinitePast();
  for (size_t i = 0; i < events.size();) {
    const size_t end = std::min(events.size(), i + take_every);
    std::vector<timeline::Event> batch(
        events.begin() + static_cast<std::ptrdiff_t>(i),
        events.begin() + static_cast<std::ptrdiff_t>(end));
    const absl::Time start = clock.Now();
    for (timeline::Event& event : batch) assembler.Add(std::move(event));
    measured.revision_count += assembler.TakeChanged().size();
    measured.duration += clock.Now() - start;
    measured.open_count_max =
        std::max(measured.open_count_max,
                 assembler.CountCandidates(timeline::CandidateState::kOpen));
    i = end;
    if (assembler.retained_event_count() > measured.retained_count_max) {
      measured.retained_count_max = assembler.retained_event_count();
      batch = {};
      measured.retained_bytes = HeapBytes() - heap_before;
    }
    if (assembler.watermark() < forgotten_at + kForgetEvery) continue;
    const absl::Time forget = clock.Now();
    assembler.Forget();
    measured.duration += clock.Now() - forget;
    forgotten_at = assembler.watermark();
  }
  return measured;
}

std::string Describe(const Measurement& measured) {
  const auto per = [](size_t amount, double divisor) {
    return divisor > 0 ? static_cast<double>(amount) / divisor : 0;
  };
  return absl::StrFormat(
      "%d events in %s, one core: %.0f a second\n"
      "%d revisions of candidates; at most %d candidates open at a time\n"
      "at most %d events retained, in %.1f MiB: %.0f bytes an event\n",
      measured.event_count,
      absl::FormatDuration(
          absl::Trunc(measured.duration, absl::Milliseconds(1))),
      per(measured.event_count, absl::ToDoubleSeconds(measured.duration)),
      measured.revision_count, measured.open_count_max,
      measured.retained_count_max, per(measured.retained_bytes, 1 << 20),
      per(measured.retained_bytes,
          static_cast<double>(measured.retained_count_max)));
}

}  // namespace secondstory::replay
