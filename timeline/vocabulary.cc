#include "timeline/vocabulary.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "timeline/word.h"

namespace secondstory::timeline {
namespace {

// Words that come up whatever a text is about.
constexpr absl::string_view kGeneric =
    "able access account action active actually add allow another apply "
    "around array attempt available back backend base basic become begin "
    "behavior being best better bit block both bug build bunch call called "
    "case check class clean clear close code comma command comment common "
    "complete condition config configuration configure conflict connect "
    "connection correct correctly could create current currently data date "
    "day default define delete deploy deployment detail develop different "
    "disable disabled does doing done down drop each enable enabled end "
    "ensure entry even every everything example except exist existing "
    "expect extra fatal few file find first fixed follow force form found "
    "full function general give given global going good group handle happen "
    "having help here high hold host hour how however id image improve "
    "include including incorrect increase increased info initial install "
    "instance instead internal invalid item just keep key kind known large "
    "last later leave left less let level like likely limit line link list "
    "little load local log logging long look lot low made main make making "
    "manage many match maybe mean message method minute miss missing mode "
    "moment move moving much multiple must name named near needed needs "
    "never new next non none nothing number old only open option order "
    "other otherwise output over own page param parameter part path per php "
    "place plan point possible possibly post prevent previous probably "
    "process production project proper properly provide public pull purpose "
    "push put quite range rate reading real really reason recent refer "
    "reference regular related release remain remove removed replace report "
    "request require required restart result return role root rule run "
    "running same save say script second section see seems send separate "
    "server service setting setup several show side similar simple since "
    "single site size small something sometimes source special specific "
    "specify split stage standard start started state static status step "
    "still stop string such support supported sure switch system take "
    "temporarily temporary test testing text thing think though three "
    "through time today together top traffic try trying turn two type under "
    "undo unknown unless update updated updating upgrade url usage used "
    "user using valid value variable various version very via view wait "
    "want warning way web week well where whether who whole why wide within "
    "without world worse write wrong year";

struct WorkWords {
  Work work;
  absl::string_view words;
};

constexpr WorkWords kWorks[] = {
    {kReworks,
     "enable reenable activate use using start switch move migrate migration "
     "convert conversion replace replacement point refactor rewrite clean "
     "simplify split merge consolidate rename modernize modernise rework fold "
     "port into"},
    {kTunes,
     "limit timeout reduce increase lower raise ttl worker cache memory heap "
     "thread concurrency concurrent batch rate size pool"},
    {kBroad,
     "all everywhere everyone everything global globally default remaining "
     "wikis production prod hosts servers cluster clusters fleet"},
    {kRoutine,
     "user access ssh key sudo admin group shell permission account depool "
     "repool reimage decom decommission dhcp mac partman netboot spare rack "
     "install warm weight dns notification logo throttle icinga nagios monitor "
     "monitoring ganglia alert graph metric dashboard contact log logging "
     "debug"},
    {kFixes,
     "fix bugfix hotfix typo correct missing followup oops forgot forgotten "
     "wrong"},
};

struct Subject {
  absl::string_view name;
  absl::string_view words;
};

constexpr Subject kSubjects[] = {
    {"databases",
     "database db mysql mariadb sql postgres postgresql innodb schema table"},
    {"caches", "cache caching memcache memcached varnish redis mc cdn"},
    {"configuration management",
     "puppet catalog manifest hiera puppetmaster ansible terraform"},
    {"networks",
     "network networking vlan subnet ip ipv6 router switch bgp lvs "
     "loadbalancer"},
    {"certificates", "ssl tls https cert certificate x509 letsencrypt"},
    {"names and addresses", "dns resolver recursor dnsmasq ttl domain"},
    {"mail", "mail smtp exim mailman email"},
    {"logins",
     "login auth ldap pam password permission sudo account session token "
     "cookie oauth sso"},
    {"memory", "memory oom heap ram swap"},
    {"disks", "disk space volume raid partition storage filesystem nfs mount"},
    {"search",
     "search elasticsearch elastic cirrus solr index indices indexing"},
    {"queues", "queue job worker cron kafka rabbitmq"},
    {"logs", "log logging logstash syslog kibana"},
    {"media", "image thumbnail media video upload"},
    {"monitoring", "monitor icinga nagios alert check prometheus grafana"},
    {"builds", "build ci jenkins zuul pipeline"},
    {"virtual machines", "vm instance nova hypervisor"},
    {"containers", "container kubernetes k8s docker pod helm"},
    {"web servers", "apache httpd nginx vhost"},
};
static_assert(std::size(kSubjects) <= 32, "a bit each");

// One word is enough.
constexpr absl::string_view kOutside =
    "vendor provider isp ddos attack attacker botnet scraper hardware expired "
    "expiry expires";

struct Phrase {
  absl::string_view first;
  absl::string_view second;
};

// Both words somewhere in the text.
constexpr Phrase kOutsideTogether[] = {
    {"traffic", "spike"},      {"traffic", "surge"},  {"traffic", "flood"},
    {"third", "party"},        {"power", "failure"},  {"power", "outage"},
    {"power", "loss"},         {"disk", "failure"},   {"fibre", "cut"},
    {"fiber", "cut"},          {"quota", "exceeded"}, {"provider", "outage"},
    {"bandwidth", "exceeded"},
};

constexpr absl::string_view kInVain[] = {
    "no effect",    "not the cause",  "not the reason", "did not help",
    "didn't help",  "no improvement", "still down",     "still failing",
    "still broken", "persists",       "unrelated",      "red herring",
    "to no avail",  "in vain",        "not related",
};

// Runs of letters and digits, in lower case.
template <typename Visit>
void VisitTokens(absl::string_view text, Visit visit) {
  std::string token;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool inside =
        i < text.size() &&
        absl::ascii_isalnum(static_cast<unsigned char>(text[i]));
    if (inside) {
      token.push_back(absl::ascii_tolower(static_cast<unsigned char>(text[i])));
    } else if (!token.empty()) {
      visit(token);
      token.clear();
    }
  }
}

// "db1056": the name of one machine among many.
bool IsHostName(absl::string_view token) {
  const auto digit =
      std::find_if(token.begin(), token.end(), absl::ascii_isdigit);
  const auto letters = digit - token.begin();
  const auto digits = token.end() - digit;
  return letters >= 2 && digits >= 3 && digits <= 4 &&
         std::all_of(digit, token.end(), absl::ascii_isdigit);
}

// What is known of a stem.
struct Meaning {
  uint32_t works = 0;
  uint32_t subjects = 0;
  bool is_generic = false;
};

using Meanings = absl::flat_hash_map<Word, Meaning>;

template <typename Add>
void AddWords(absl::string_view words, Add add, Meanings* meanings) {
  for (absl::string_view word : absl::StrSplit(words, ' ', absl::SkipEmpty())) {
    add(&(*meanings)[HashOf(StemOf(word))]);
  }
}

Meanings* MakeMeanings() {
  auto* made = new Meanings;
  for (const WorkWords& each : kWorks) {
    AddWords(
        each.words, [&](Meaning* meaning) { meaning->works |= each.work; },
        made);
  }
  for (size_t i = 0; i < std::size(kSubjects); ++i) {
    AddWords(
        kSubjects[i].words,
        [&](Meaning* meaning) { meaning->subjects |= 1u << i; }, made);
  }
  AddWords(
      kGeneric, [](Meaning* meaning) { meaning->is_generic = true; }, made);
  return made;
}

Meaning MeaningOf(absl::string_view stem) {
  // Never destroyed: threads may still ask while the process ends.
  static const Meanings* const meanings = MakeMeanings();
  const auto found = meanings->find(HashOf(stem));
  return found == meanings->end() ? Meaning() : found->second;
}

absl::string_view StripPlural(absl::string_view word) {
  constexpr size_t kShortest = 3;
  static constexpr absl::string_view kEndings[] = {"ings", "ing", "ed", "es",
                                                   "s"};
  if (absl::EndsWith(word, "ss") || word.size() <= kShortest) return word;
  for (absl::string_view ending : kEndings) {
    if (absl::EndsWith(word, ending) &&
        word.size() - ending.size() > kShortest) {
      word.remove_suffix(ending.size());
      break;
    }
  }
  return word;
}

}  // namespace

std::string StemOf(absl::string_view word) {
  constexpr size_t kShortest = 4;
  static constexpr absl::string_view kEndings[] = {"ies", "ied"};
  for (absl::string_view ending : kEndings) {
    if (word.size() > ending.size() + 2 && absl::EndsWith(word, ending)) {
      word.remove_suffix(ending.size());
      return std::string(word) + "y";
    }
  }
  word = StripPlural(word);
  if (word.size() > kShortest && word.back() == 'e') word.remove_suffix(1);
  // "stopped" is "stop", but "install" stays.
  if (word.size() > kShortest && word.back() == word[word.size() - 2] &&
      word.back() != 'l' && word.back() != 's') {
    word.remove_suffix(1);
  }
  return std::string(word);
}

uint32_t WorksOf(absl::string_view title) {
  uint32_t works = 0;
  VisitTokens(title, [&](absl::string_view token) {
    works |= MeaningOf(StemOf(token)).works;
    if (IsHostName(token)) works |= kRoutine;
  });
  return works;
}

bool IsGeneric(absl::string_view stem) { return MeaningOf(stem).is_generic; }

uint32_t SubjectsOf(absl::string_view stem) { return MeaningOf(stem).subjects; }

absl::string_view SubjectName(uint32_t subject) {
  size_t index = 0;
  while ((subject >>= 1) != 0) ++index;
  return kSubjects[index].name;
}

absl::string_view FindOutside(absl::string_view text) {
  static const auto* const words =
      new absl::flat_hash_set<absl::string_view>(absl::StrSplit(kOutside, ' '));
  std::vector<std::string> tokens;
  VisitTokens(text, [&](const std::string& token) { tokens.push_back(token); });
  for (const std::string& token : tokens) {
    const auto found = words->find(token);
    if (found != words->end()) return *found;
  }
  const auto has = [&](absl::string_view word) {
    return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
  };
  for (const Phrase& phrase : kOutsideTogether) {
    if (has(phrase.first) && has(phrase.second)) return phrase.second;
  }
  return "";
}

bool SaysInVain(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(
      std::begin(kInVain), std::end(kInVain),
      [&](absl::string_view each) { return absl::StrContains(lower, each); });
}

}  // namespace secondstory::timeline
