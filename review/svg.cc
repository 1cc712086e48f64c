#include "review/svg.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "review/html_text.h"

namespace secondstory::review {
namespace {

constexpr double kWidth = 960;
constexpr double kGutter = 132;  // lane names
constexpr double kBand = 30;     // what lies outside of the axis
constexpr double kRight = 12;
constexpr double kRowHeight = 21;
constexpr double kLanePadding = 7;
constexpr double kSign = 12;     // a sign's width
constexpr double kLetter = 6.1;  // the mean width of a letter at 11 px
constexpr size_t kLabelLettersMax = 46;
constexpr size_t kLaneNameLettersMax = 19;
constexpr size_t kLabelledRowCountMax = 7;
constexpr size_t kRowCountMax = 9;

constexpr std::array<absl::Duration, 17> kSteps = {
    absl::Seconds(10),    absl::Seconds(30),    absl::Minutes(1),
    absl::Minutes(2),     absl::Minutes(5),     absl::Minutes(10),
    absl::Minutes(15),    absl::Minutes(30),    absl::Hours(1),
    absl::Hours(2),       absl::Hours(3),       absl::Hours(6),
    absl::Hours(12),      absl::Hours(24),      absl::Hours(7 * 24),
    absl::Hours(30 * 24), absl::Hours(365 * 24)};
constexpr int kTickCountMax = 9;

absl::string_view ClassOf(MarkKind kind) {
  constexpr absl::string_view kClasses[] = {"alert", "change", "report",
                                            "action", "note"};
  return kClasses[static_cast<size_t>(kind)];
}

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

// At most `count` characters, cut between them.
std::string Shorten(absl::string_view text, size_t count) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (characters++ == count) return absl::StrCat(text.substr(0, i), "\u2026");
  }
  return std::string(text);
}

double WidthOf(absl::string_view text) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return kLetter * static_cast<double>(characters);
}

// A mark in its place, or several that are too close to tell apart.
struct Placed {
  const Mark* mark = nullptr;
  double left = 0;
  double right = 0;
  size_t row = 0;
  int count = 1;
  std::string label;
};

class Painter {
 public:
  explicit Painter(const Picture& picture)
      : picture_(picture),
        has_earlier_(HasOutside(
            [&](const Mark& mark) { return mark.start < picture.from; })),
        has_later_(HasOutside(
            [&](const Mark& mark) { return mark.start > picture.to; })),
        axis_left_(kGutter + (has_earlier_ ? 2 * kBand : kSign)),
        axis_right_(kWidth - kRight - (has_later_ ? 2 * kBand : kSign)) {}

  std::string Paint() {
    double y = PaintMilestoneNames();
    const double top = y;
    std::string lanes;
    for (size_t i = 0; i < picture_.lanes.size(); ++i) {
      y = PaintLane(picture_.lanes[i], y, i % 2 == 0, &lanes);
    }
    const double bottom = y;
    std::string grid = PaintAxis(top, bottom);
    y = bottom + 22;
    const std::string legend = PaintLegend(y + 14);
    const double height = y + 26;
    return absl::StrCat("<svg class=\"timeline\" role=\"img\" viewBox=\"0 0 ",
                        Number(kWidth), " ", Number(height),
                        "\" aria-labelledby=\"picture-title "
                        "picture-description\">\n<title id=\"picture-title\">",
                        EscapeHtml(picture_.title),
                        "</title>\n<desc id=\"picture-description\">",
                        EscapeHtml(picture_.description), "</desc>\n", bands_,
                        grid, PaintMilestones(top, bottom), lanes,
                        milestone_names_, legend, "</svg>\n");
  }

 private:
  template <typename Predicate>
  bool HasOutside(Predicate predicate) const {
    return std::any_of(
        picture_.lanes.begin(), picture_.lanes.end(), [&](const Lane& lane) {
          return std::any_of(lane.marks.begin(), lane.marks.end(), predicate);
        });
  }

  double PlaceOf(absl::Time time) const {
    if (time < picture_.from) return kGutter + kBand;
    if (time > picture_.to) return kWidth - kRight - kBand;
    const absl::Duration whole =
        std::max(picture_.to - picture_.from, absl::Seconds(1));
    return axis_left_ + (axis_right_ - axis_left_) *
                            absl::FDivDuration(time - picture_.from, whole);
  }

  std::vector<Placed> Place(const Lane& lane, bool with_labels) const {
    std::vector<Placed> placed;
    for (const Mark& mark : lane.marks) {
      Placed each;
      each.mark = &mark;
      const double x = PlaceOf(mark.start);
      each.left = x - kSign / 2;
      each.right = x + kSign / 2;
      if (mark.kind == MarkKind::kAlert) {
        each.left = x;
        each.right =
            mark.is_open ? axis_right_ : PlaceOf(mark.end.value_or(mark.start));
        each.right = std::max(each.right, x + kSign);
      }
      if (with_labels) each.label = Shorten(mark.label, kLabelLettersMax);
      placed.push_back(std::move(each));
    }
    return placed;
  }

  // One sign for neighbours of a kind that would cover one another.
  static std::vector<Placed> Gather(std::vector<Placed> placed) {
    std::vector<Placed> gathered;
    std::array<size_t, 5> last;
    last.fill(placed.size());
    for (Placed& each : placed) {
      size_t& before = last[static_cast<size_t>(each.mark->kind)];
      if (before < gathered.size() &&
          each.left - gathered[before].left < kSign) {
        ++gathered[before].count;
        gathered[before].right = std::max(gathered[before].right, each.right);
        continue;
      }
      before = gathered.size();
      gathered.push_back(std::move(each));
    }
    return gathered;
  }

  // Gives each its row, the first that is free; returns how many there are.
  static size_t Pack(std::vector<Placed>* placed) {
    std::vector<double> ends;
    for (Placed& each : *placed) {
      const double label = each.label.empty() ? 0 : 5 + WidthOf(each.label);
      // Inside of a long span, behind everything else.
      const bool is_inside = each.right - each.left > label + 4;
      double left = each.left;
      double right = is_inside ? each.right : each.right + label;
      if (right > kWidth) {  // then the label stands before the sign
        left = each.left - label;
        right = each.right;
      }
      each.row = ends.size();
      for (size_t row = 0; row < ends.size(); ++row) {
        if (ends[row] + 3 <= left) {
          each.row = row;
          break;
        }
      }
      if (each.row == ends.size()) {
        if (ends.size() < kRowCountMax) {
          ends.push_back(0);
        } else {
          each.row = static_cast<size_t>(
              std::min_element(ends.begin(), ends.end()) - ends.begin());
        }
      }
      ends[each.row] = std::max(ends[each.row], right);
    }
    return ends.size();
  }

  double PaintLane(const Lane& lane, double y, bool is_shaded,
                   std::string* out) {
    std::vector<Placed> placed = Place(lane, true);
    size_t rows = Pack(&placed);
    if (rows > kLabelledRowCountMax) {
      placed = Gather(Place(lane, false));
      rows = Pack(&placed);
    }
    const double height =
        2 * kLanePadding +
        kRowHeight * static_cast<double>(std::max<size_t>(rows, 1));
    if (is_shaded) {
      absl::StrAppend(&bands_, "<rect class=\"band\" x=\"0\" y=\"", Number(y),
                      "\" width=\"", Number(kWidth), "\" height=\"",
                      Number(height), "\"/>\n");
    }
    absl::StrAppend(out, is_shaded ? "<g class=\"shaded\">" : "<g>",
                    "<text class=\"lane\" x=\"6\" y=\"",
                    Number(y + kLanePadding + kRowHeight / 2 + 4), "\">",
                    EscapeHtml(Shorten(lane.name, kLaneNameLettersMax)),
                    "</text>\n");
    for (const Placed& each : placed) {
      PaintMark(
          each,
          y + kLanePadding + kRowHeight * (static_cast<double>(each.row) + 0.5),
          out);
    }
    absl::StrAppend(out, "</g>\n");
    return y + height;
  }

  void PaintMark(const Placed& placed, double y, std::string* out) {
    const Mark& mark = *placed.mark;
    if (!mark.anchor.empty()) {
      absl::StrAppend(out, "<a href=\"#", EscapeHtml(mark.anchor), "\">");
    }
    absl::StrAppend(out, "<g class=\"", ClassOf(mark.kind), "\"><title>",
                    EscapeHtml(mark.description));
    if (placed.count > 1) {
      absl::StrAppend(out, " (and ", placed.count - 1, " more here)");
    }
    absl::StrAppend(out, "</title>");
    if (mark.kind == MarkKind::kAlert) {
      PaintSpan(placed, y, out);
    } else {
      PaintSign(mark.kind, placed.left + kSign / 2, y, out);
    }
    if (placed.count > 1) {
      absl::StrAppend(out, "<text class=\"count\" x=\"",
                      Number(placed.left + kSign / 2), "\" y=\"", Number(y + 3),
                      "\">", placed.count, "</text>");
    }
    PaintLabel(placed, y, out);
    absl::StrAppend(out, "</g>", mark.anchor.empty() ? "" : "</a>", "\n");
  }

  static void PaintSpan(const Placed& placed, double y, std::string* out) {
    absl::StrAppend(out, "<rect", placed.mark->is_open ? " class=\"open\"" : "",
                    " x=\"", Number(placed.left), "\" y=\"", Number(y - 8),
                    "\" width=\"", Number(placed.right - placed.left),
                    "\" height=\"16\" rx=\"3\"/>");
  }

  static void PaintSign(MarkKind kind, double x, double y, std::string* out) {
    const auto at = [&](double dx, double dy) {
      return absl::StrCat(Number(x + dx), ",", Number(y + dy));
    };
    switch (kind) {
      case MarkKind::kChange:
        absl::StrAppend(out, "<path d=\"M", at(0, -7), " L", at(7, 0), " L",
                        at(0, 7), " L", at(-7, 0), " Z\"/>");
        return;
      case MarkKind::kReport:
        absl::StrAppend(out, "<path d=\"M", at(-7, -6), " L", at(7, -6), " L",
                        at(0, 7), " Z\"/>");
        return;
      case MarkKind::kAction:
        absl::StrAppend(out, "<circle cx=\"", Number(x), "\" cy=\"", Number(y),
                        "\" r=\"6\"/>");
        return;
      case MarkKind::kNote:
      case MarkKind::kAlert:
        absl::StrAppend(out, "<rect x=\"", Number(x - 5), "\" y=\"",
                        Number(y - 5), "\" width=\"10\" height=\"10\"/>");
        return;
    }
  }

  static void PaintLabel(const Placed& placed, double y, std::string* out) {
    if (placed.label.empty()) return;
    const double width = WidthOf(placed.label);
    const bool is_inside = placed.mark->kind == MarkKind::kAlert &&
                           placed.right - placed.left > width + 9;
    double x = placed.right + 5;
    absl::string_view anchor = "start";
    if (is_inside) {
      x = placed.left + 5;
    } else if (placed.right + 5 + width > kWidth) {
      x = placed.left - 5;
      anchor = "end";
    }
    absl::StrAppend(out, "<text class=\"", is_inside ? "inside" : "label",
                    "\" text-anchor=\"", anchor, "\" x=\"", Number(x),
                    "\" y=\"", Number(y + 4), "\">", EscapeHtml(placed.label),
                    "</text>");
  }

  // The names in as many rows as they need; returns where the lanes begin.
  double PaintMilestoneNames() {
    std::vector<double> ends;
    for (const Milestone& each : picture_.milestones) {
      const double x = PlaceOf(each.time);
      const double width = WidthOf(each.name) + 6;
      const bool before = x + width > kWidth;
      const double left = before ? x - width : x;
      size_t row = 0;
      while (row < ends.size() && ends[row] + 6 > left) ++row;
      if (row == ends.size()) ends.push_back(0);
      ends[row] = left + width;
      name_rows_.push_back(row);
      absl::StrAppend(&milestone_names_, "<text class=\"milestone\" x=\"",
                      Number(before ? x - 4 : x + 4), "\" y=\"",
                      Number(13 + 15 * static_cast<double>(row)),
                      "\" text-anchor=\"", before ? "end" : "start", "\">",
                      EscapeHtml(each.name), "</text>\n");
    }
    return 10 + 15 * static_cast<double>(ends.size());
  }

  std::string PaintMilestones(double top, double bottom) const {
    std::string out;
    for (size_t i = 0; i < picture_.milestones.size(); ++i) {
      const std::string x = Number(PlaceOf(picture_.milestones[i].time));
      absl::StrAppend(
          &out, "<line class=\"milestone\" x1=\"", x, "\" x2=\"", x, "\" y1=\"",
          Number(std::min(top, 4 + 15 * static_cast<double>(name_rows_[i]))),
          "\" y2=\"", Number(bottom), "\"/>\n");
    }
    return out;
  }

  std::string PaintAxis(double top, double bottom) const {
    const absl::TimeZone utc = absl::UTCTimeZone();
    const absl::Duration whole = picture_.to - picture_.from;
    absl::Duration step = kSteps.back();
    for (absl::Duration each : kSteps) {
      if (whole <= each * kTickCountMax) {
        step = each;
        break;
      }
    }
    const bool has_days = whole > absl::Hours(20);
    const bool has_seconds = step < absl::Minutes(1);
    std::string out;
    const int64_t seconds = absl::ToInt64Seconds(step);
    int64_t tick = absl::ToUnixSeconds(picture_.from) / seconds * seconds;
    for (; absl::FromUnixSeconds(tick) <= picture_.to; tick += seconds) {
      const absl::Time time = absl::FromUnixSeconds(tick);
      if (time < picture_.from) continue;
      const std::string x = Number(PlaceOf(time));
      absl::StrAppend(&out, "<line class=\"grid\" x1=\"", x, "\" x2=\"", x,
                      "\" y1=\"", Number(top), "\" y2=\"", Number(bottom + 4),
                      "\"/><text class=\"tick\" x=\"", x, "\" y=\"",
                      Number(bottom + 17), "\">",
                      absl::FormatTime(has_days      ? "%b %e %H:%M"
                                       : has_seconds ? "%H:%M:%S"
                                                     : "%H:%M",
                                       time, utc),
                      "</text>\n");
    }
    if (has_earlier_) out += PaintOutside("earlier", kGutter + kBand, bottom);
    if (has_later_) {
      out += PaintOutside("later", kWidth - kRight - kBand, bottom);
    }
    return out;
  }

  static std::string PaintOutside(absl::string_view name, double x,
                                  double bottom) {
    return absl::StrCat("<text class=\"tick\" x=\"", Number(x), "\" y=\"",
                        Number(bottom + 17), "\">", name, "</text>\n");
  }

  std::string PaintLegend(double y) const {
    constexpr std::pair<MarkKind, absl::string_view> kLegend[] = {
        {MarkKind::kAlert, "alert, fired to resolved"},
        {MarkKind::kChange, "change"},
        {MarkKind::kReport, "report from outside"},
        {MarkKind::kAction, "human action"},
        {MarkKind::kNote, "note"}};
    std::string out;
    double x = kGutter;
    for (const auto& [kind, text] : kLegend) {
      absl::StrAppend(&out, "<g class=\"", ClassOf(kind), "\">");
      if (kind == MarkKind::kAlert) {
        Placed span;
        const Mark mark;
        span.mark = &mark;
        span.left = x - 8;
        span.right = x + 14;
        PaintSpan(span, y, &out);
        x += 8;
      } else {
        PaintSign(kind, x, y, &out);
      }
      absl::StrAppend(&out, "<text class=\"label\" x=\"", Number(x + 12),
                      "\" y=\"", Number(y + 4), "\">", text, "</text></g>\n");
      x += 38 + WidthOf(text);
    }
    absl::StrAppend(&out, "<text class=\"tick zone\" x=\"6\" y=\"",
                    Number(y + 4), "\">UTC</text>\n");
    return out;
  }

  const Picture& picture_;
  const bool has_earlier_;
  const bool has_later_;
  const double axis_left_;
  const double axis_right_;
  std::vector<size_t> name_rows_;
  std::string milestone_names_;
  std::string bands_;
};

}  // namespace

std::string RenderSvg(const Picture& picture) {
  return Painter(picture).Paint();
}

}  // namespace secondstory::review
