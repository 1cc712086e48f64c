#include "tools/evaluate/learnt_topology.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json_text.h"
#include "timeline/phrase.h"

namespace secondstory::evaluate {
namespace {

constexpr double kChanceOfAnyMax = 0.05;

double LogChoose(int64_t all, int64_t chosen) {
  const auto log_factorial = [](int64_t n) {
    return std::lgamma(static_cast<double>(n) + 1);
  };
  return log_factorial(all) - log_factorial(chosen) -
         log_factorial(all - chosen);
}

// That the two share as many of `count` incidents as they do, or more.
double ChanceOf(const ConnectedPair& pair, int64_t count) {
  const int64_t most = std::min(pair.one_count, pair.other_count);
  const double all = LogChoose(count, pair.other_count);
  double chance = 0;
  for (int64_t shared = pair.together_count; shared <= most; ++shared) {
    if (pair.other_count - shared > count - pair.one_count) continue;
    chance += std::exp(
        LogChoose(pair.one_count, shared) +
        LogChoose(count - pair.one_count, pair.other_count - shared) - all);
  }
  return std::min(1.0, chance);
}

// The services of each incident, without those of none and of very many.
std::vector<std::set<std::string>> ServicesOf(const History& history,
                                              int64_t* large_count) {
  std::map<std::string, std::string> service_of;
  for (const timeline::Event& event : history.events) {
    service_of[event.id] = event.service;
  }
  std::vector<std::set<std::string>> incidents;
  for (const Incident& incident : history.incidents) {
    std::set<std::string> services;
    for (const std::string& symptom : incident.symptoms) {
      const std::string& service = service_of[symptom];
      if (!service.empty()) services.insert(service);
    }
    if (services.size() > kToldApartMax) {
      ++*large_count;
    } else if (!services.empty()) {
      incidents.push_back(std::move(services));
    }
  }
  return incidents;
}

// A plain scalar where YAML takes it for nothing but a text.
std::string YamlName(const std::string& name) {
  const bool is_plain =
      std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ||
               c == '/';
      });
  static const auto* const kOther = new std::set<std::string>(
      {"null", "true", "false", "yes", "no", "on", "off", "y", "n"});
  if (is_plain && absl::ascii_isalpha(static_cast<unsigned char>(name[0])) &&
      kOther->count(absl::AsciiStrToLower(name)) == 0) {
    return name;
  }
  std::string quoted;
  AppendJsonText(name, &quoted);
  return quoted;
}

std::string DescribeHow(const LearntTopology& learnt) {
  using timeline::DescribeCount;
  std::string text =
      absl::StrCat("# Services whose alerts kept coming together, learnt from ",
                   DescribeCount(learnt.incident_count, "incident"), ".\n");
  if (learnt.large_count > 0) {
    absl::StrAppend(
        &text, "# Left out: ", DescribeCount(learnt.large_count, "incident"),
        " of more than ", kToldApartMax, " services.\n");
  }
  absl::StrAppend(&text, "# Listed are pairs that came together in ",
                  learnt.together_min,
                  " or more, and more often than chance\n# explains: for all ",
                  DescribeCount(learnt.tried_count, "pair"),
                  " tried, the chance of any false one is below 5 %.\n");
  if (learnt.pairs.empty()) {
    return absl::StrCat(text, "# None did; more incidents may show some.\n");
  }
  return absl::StrCat(
      text,
      "#\n"
      "# Correct this before assemblerd reads it. Incidents do not say who "
      "calls whom, so\n"
      "# each pair stands in both directions: delete the wrong one. Delete "
      "both where two\n"
      "# services came together only because both call a third.\n");
}

std::string DescribePair(const ConnectedPair& pair, int64_t incident_count) {
  const double by_chance = static_cast<double>(pair.one_count) *
                           static_cast<double>(pair.other_count) /
                           static_cast<double>(incident_count);
  return absl::StrFormat(
      "  # together in %d of %d and %d; by chance %.1f, p = %.1g",
      pair.together_count, pair.one_count, pair.other_count, by_chance,
      pair.chance);
}

}  // namespace

LearntTopology LearnTopology(const History& history, int64_t together_min) {
  LearntTopology learnt;
  learnt.together_min = together_min;
  const std::vector<std::set<std::string>> incidents =
      ServicesOf(history, &learnt.large_count);
  learnt.incident_count = static_cast<int64_t>(incidents.size());
  std::map<std::string, int64_t> counts;
  std::map<std::pair<std::string, std::string>, int64_t> together;
  for (const std::set<std::string>& services : incidents) {
    for (auto one = services.begin(); one != services.end(); ++one) {
      ++counts[*one];
      for (auto other = std::next(one); other != services.end(); ++other) {
        ++together[{*one, *other}];
      }
    }
  }
  const auto frequent = std::count_if(
      counts.begin(), counts.end(),
      [&](const auto& each) { return each.second >= together_min; });
  learnt.tried_count = frequent * (frequent - 1) / 2;
  for (const auto& [names, count] : together) {
    if (count < together_min) continue;
    ConnectedPair pair{names.first, names.second, counts[names.first],
                       counts[names.second], count};
    pair.chance = ChanceOf(pair, learnt.incident_count);
    if (pair.chance * static_cast<double>(learnt.tried_count) <
        kChanceOfAnyMax) {
      learnt.pairs.push_back(std::move(pair));
    }
  }
  return learnt;
}

std::string FormatTopologyYaml(const LearntTopology& learnt) {
  std::map<std::string, std::map<std::string, std::string>> services;
  for (const ConnectedPair& pair : learnt.pairs) {
    services[pair.one][pair.other] = DescribePair(pair, learnt.incident_count);
    services[pair.other][pair.one] = "";
  }
  std::string text = DescribeHow(learnt);
  for (const auto& [service, others] : services) {
    absl::StrAppend(&text, YamlName(service), ":\n");
    for (const auto& [other, comment] : others) {
      absl::StrAppend(&text, "- ", YamlName(other), comment, "\n");
    }
  }
  return text;
}

}  // namespace secondstory::evaluate
