#include "review/picture.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "review/lifecycle.h"
#include "timeline/phrase.h"

namespace secondstory::review {
namespace {

// How much around the incident the axis shows, as a part of its length.
constexpr int kAroundDivisor = 3;
constexpr absl::string_view kNoService = "no service";

MarkKind KindOf(EventKind kind) {
  switch (kind) {
    case EventKind::kChangeStarted:
    case EventKind::kChangeFinished:
    case EventKind::kChangeFailed:
    case EventKind::kChangeRolledBack:
      return MarkKind::kChange;
    case EventKind::kAlertFired:
      return MarkKind::kAlert;
    case EventKind::kUserReport:
      return MarkKind::kReport;
    case EventKind::kHumanAction:
      return MarkKind::kAction;
    case EventKind::kNote:
    case EventKind::kAlertResolved:
      break;
  }
  return MarkKind::kNote;
}

std::string DescribeTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

using AlertKey = std::pair<std::string, std::string>;

// For each entry the time of the resolve that is a line of its own; for that
// line, that it is taken.
struct Resolves {
  absl::flat_hash_map<size_t, absl::Time> end_of;
  std::vector<bool> is_taken;
};

Resolves MatchResolves(absl::Span<const Entry> entries) {
  Resolves resolves;
  resolves.is_taken.resize(entries.size());
  absl::flat_hash_map<AlertKey, std::vector<size_t>> open;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const AlertKey key(entry.service, entry.title);
    if (entry.kind == EventKind::kAlertFired) {
      if (!entry.resolve_time.has_value()) open[key].push_back(i);
    } else if (entry.kind == EventKind::kAlertResolved) {
      for (size_t fired : open[key]) {
        resolves.end_of[fired] = entry.event_time;
        resolves.is_taken[i] = true;
      }
      open[key].clear();
    }
  }
  return resolves;
}

class Sketch {
 public:
  Sketch(const Incident& incident, absl::Span<const Entry> entries,
         absl::Span<const std::string> anchors, Rewrite rewrite)
      : incident_(incident),
        entries_(entries),
        anchors_(anchors),
        rewrite_(rewrite) {}

  Picture Draw() {
    AddLanes();
    AddMilestones();
    SetAxis();
    picture_.title = absl::StrCat("Timeline of ", Say(incident_.title));
    Describe();
    return std::move(picture_);
  }

 private:
  std::string Say(absl::string_view text) const {
    return rewrite_(CleanText(text));
  }

  // The incident's own services first, in its order; then those of the lines.
  Lane& LaneOf(absl::string_view service) {
    const std::string name(service.empty() ? kNoService : service);
    const auto [found, is_new] =
        lane_by_name_.emplace(name, picture_.lanes.size());
    if (is_new) picture_.lanes.push_back({name, {}});
    return picture_.lanes[found->second];
  }

  void AddLanes() {
    for (const std::string& service : incident_.services) LaneOf(service);
    const Resolves resolves = MatchResolves(entries_);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (resolves.is_taken[i]) continue;
      std::optional<absl::Time> end = entries_[i].resolve_time;
      const auto resolve = resolves.end_of.find(i);
      if (resolve != resolves.end_of.end()) end = resolve->second;
      AddMark(entries_[i], i < anchors_.size() ? anchors_[i] : "", end);
    }
    const auto is_empty = [](const Lane& lane) { return lane.marks.empty(); };
    picture_.lanes.erase(
        std::remove_if(picture_.lanes.begin(), picture_.lanes.end(), is_empty),
        picture_.lanes.end());
    std::stable_partition(
        picture_.lanes.begin(), picture_.lanes.end(),
        [](const Lane& lane) { return lane.name != kNoService; });
    for (Lane& lane : picture_.lanes) lane.name = Say(lane.name);
  }

  void AddMark(const Entry& entry, const std::string& anchor,
               std::optional<absl::Time> end) {
    Mark mark;
    mark.kind = KindOf(entry.kind);
    mark.start = entry.event_time;
    mark.label = Say(entry.title);
    mark.anchor = anchor;
    mark.description = absl::StrCat(NameOf(entry.kind), ": ", mark.label, ", ",
                                    DescribeTime(entry.event_time));
    if (mark.kind == MarkKind::kAlert) {
      mark.end = end;
      mark.is_open = !end.has_value();
      absl::StrAppend(
          &mark.description,
          end.has_value()
              ? absl::StrCat(", resolved after ",
                             timeline::DescribeDuration(*end - mark.start))
              : ", not known to have resolved");
    }
    LaneOf(entry.service).marks.push_back(std::move(mark));
  }

  void AddMilestones() {
    constexpr absl::string_view kNames[] = {
        "started", "detected", "acknowledged", "mitigated", "resolved"};
    for (int i = 0; i < kTimeFieldCount; ++i) {
      const auto& time = TimeOf(incident_, static_cast<TimeField>(i));
      if (time.has_value()) {
        picture_.milestones.push_back({std::string(kNames[i]), *time});
      }
    }
    std::stable_sort(
        picture_.milestones.begin(), picture_.milestones.end(),
        [](const Milestone& a, const Milestone& b) { return a.time < b.time; });
  }

  void SetAxis() {
    absl::Time first = absl::InfiniteFuture();
    absl::Time last = absl::InfinitePast();
    for (const Lane& lane : picture_.lanes) {
      for (const Mark& mark : lane.marks) {
        first = std::min(first, mark.start);
        last = std::max(last, mark.end.value_or(mark.start));
      }
    }
    absl::Time from = first;
    absl::Time to = last;
    if (!picture_.milestones.empty()) {
      from = picture_.milestones.front().time;
      to = picture_.milestones.back().time;
      if (!incident_.resolve_time.has_value()) to = std::max(to, last);
    }
    const absl::Duration around =
        std::max((to - from) / kAroundDivisor, absl::Minutes(1));
    picture_.from = std::max(std::min(first, from), from - around);
    picture_.to = std::min(std::max(last, to), to + around);
    if (picture_.to - picture_.from < absl::Minutes(2)) {
      picture_.from -= absl::Minutes(1);
      picture_.to += absl::Minutes(1);
    }
  }

  void Describe() {
    size_t marks = 0;
    for (const Lane& lane : picture_.lanes) marks += lane.marks.size();
    picture_.description = absl::StrCat(
        timeline::DescribeCount(static_cast<int64_t>(marks), "mark"), " in ",
        timeline::DescribeCount(static_cast<int64_t>(picture_.lanes.size()),
                                "lane"),
        " from ", DescribeTime(picture_.from), " to ",
        DescribeTime(picture_.to),
        ". The table of the timeline says the same in words.");
    for (const Milestone& each : picture_.milestones) {
      absl::StrAppend(&picture_.description, " ", each.name, ": ",
                      DescribeTime(each.time), ".");
    }
  }

  const Incident& incident_;
  const absl::Span<const Entry> entries_;
  const absl::Span<const std::string> anchors_;
  const Rewrite rewrite_;
  absl::flat_hash_map<std::string, size_t> lane_by_name_;
  Picture picture_;
};

}  // namespace

Picture MakePicture(const Incident& incident, absl::Span<const Entry> entries,
                    absl::Span<const std::string> anchors, Rewrite rewrite) {
  return Sketch(incident, entries, anchors, rewrite).Draw();
}

absl::string_view NameOf(EventKind kind) {
  constexpr absl::string_view kNames[] = {
      "change began", "change", "change broke off",
      "rolled back",  "alert",  "report",
      "action",       "note",   "resolved"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace secondstory::review
