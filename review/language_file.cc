#include "review/language_file.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "re2/re2.h"
#include "yaml-cpp/yaml.h"

namespace secondstory::review {
namespace {

// Lists within lists, and what a pattern may grow to: no file of rules comes
// near, and a list that contains itself twice would fill the memory.
constexpr int kNestingMax = 8;
constexpr size_t kPatternBytesMax = 256 << 10;

class Reader {
 public:
  explicit Reader(absl::string_view origin) : origin_(origin) {}

  LanguageFile Read(const YAML::Node& root) {
    LanguageFile file;
    Fields fields =
        ReadFields(root, "", {"format", "language", "name", "words", "rules"});
    if (!errors_.empty()) return file;
    const std::string format = ReadText(root, fields, "", "format");
    if (!format.empty() && format != absl::StrCat(kLanguageFileFormat)) {
      Report(fields["format"], "format",
             absl::StrCat(format, "; expected ", kLanguageFileFormat,
                          ", the only one there is"));
      return file;
    }
    file.language = ReadText(root, fields, "", "language");
    file.name = ReadText(root, fields, "", "name");
    if (fields["words"].IsDefined()) ReadWords(fields["words"]);
    const YAML::Node rules = fields["rules"];
    if (!rules.IsDefined() || !rules.IsSequence() || rules.size() == 0) {
      Report(rules.IsDefined() ? rules : root, "rules", "expected a list");
      return file;
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      file.rules.push_back(ReadRule(rules[i], absl::StrCat("rules[", i, "].")));
    }
    return file;
  }

  void Report(const YAML::Node& node, const std::string& path,
              const std::string& what) {
    const YAML::Mark mark = node.Mark();
    errors_.push_back(absl::StrCat(
        origin_, mark.is_null() ? "" : absl::StrCat(":", mark.line + 1), ": ",
        path, path.empty() ? "" : ": ", what));
  }

  void Report(const YAML::Exception& error) {
    errors_.push_back(absl::StrCat(origin_, ":", error.mark.line + 1,
                                   ": no YAML: ", error.msg));
  }

  absl::Status status() const {
    if (errors_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
  }

 private:
  using Fields = std::map<std::string, YAML::Node>;

  // The values of a mapping, each of `known` present: undefined if not given.
  Fields ReadFields(const YAML::Node& node, const std::string& path,
                    const std::vector<std::string>& known) {
    Fields fields;
    for (const std::string& key : known) {
      fields.emplace(key, YAML::Node(YAML::NodeType::Undefined));
    }
    if (!node.IsMap()) {
      Report(
          node, path,
          absl::StrCat("expected a mapping with ", absl::StrJoin(known, ", ")));
      return fields;
    }
    for (const auto& entry : node) {
      const std::string key =
          entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto found = fields.find(key);
      if (found == fields.end()) {
        Report(entry.first, path + key,
               absl::StrCat("unknown key; known here: ",
                            absl::StrJoin(known, ", ")));
      } else if (found->second.IsDefined()) {
        Report(entry.first, path + key, "given twice; keep one");
      } else {
        found->second.reset(entry.second);
      }
    }
    return fields;
  }

  std::string ReadText(const YAML::Node& owner, const Fields& fields,
                       const std::string& path, const std::string& key) {
    const YAML::Node& node = fields.at(key);
    if (node.IsDefined() && node.IsScalar() && !node.Scalar().empty()) {
      return node.Scalar();
    }
    Report(node.IsDefined() && !node.IsNull() ? node : owner, path + key,
           "is missing; expected a text");
    return "";
  }

  void ReadWords(const YAML::Node& node) {
    if (!node.IsMap()) {
      return Report(node, "words", "expected a mapping of names to lists");
    }
    for (const auto& entry : node) {
      const std::string name =
          entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (!RE2::FullMatch(name, "[a-z][a-z_]*")) {
        Report(entry.first, "words." + name,
               "no name; expected lower-case letters and underscores");
      } else if (!words_.emplace(name, entry.second).second) {
        Report(entry.first, "words." + name, "given twice; keep one");
      }
    }
    // Unused lists are looked at too: a typing error must not wait for a use.
    for (const auto& [name, list] : words_) {
      ReadPatterns(list, "words." + name);
    }
  }

  LanguageFile::Rule ReadRule(const YAML::Node& node, const std::string& path) {
    LanguageFile::Rule rule;
    const Fields fields =
        ReadFields(node, path, {"id", "why", "ask", "find", "unless"});
    if (!node.IsMap()) return rule;
    rule.id = ReadText(node, fields, path, "id");
    rule.why = ReadText(node, fields, path, "why");
    rule.ask = ReadText(node, fields, path, "ask");
    if (!rule.id.empty() && !RE2::FullMatch(rule.id, "[a-z]+(-[a-z]+)*")) {
      Report(fields.at("id"), path + "id",
             absl::StrCat("\"", rule.id,
                          "\"; expected lower-case letters and hyphens"));
    } else if (!rule.id.empty() && !ids_.insert(rule.id).second) {
      Report(fields.at("id"), path + "id",
             absl::StrCat("\"", rule.id, "\" is given twice"));
    }
    const YAML::Node& find = fields.at("find");
    rule.find = ReadPatterns(find.IsDefined() ? find : node, path + "find");
    if (fields.at("unless").IsDefined()) {
      rule.unless = ReadPatterns(fields.at("unless"), path + "unless");
    }
    return rule;
  }

  std::vector<std::string> ReadPatterns(const YAML::Node& list,
                                        const std::string& path) {
    std::vector<std::string> patterns;
    if (!list.IsSequence() || list.size() == 0) {
      Report(list, path, "expected a list of patterns");
      return patterns;
    }
    for (size_t i = 0; i < list.size(); ++i) {
      patterns.push_back(ReadPattern(list[i], absl::StrCat(path, "[", i, "]")));
    }
    return patterns;
  }

  std::string ReadPattern(const YAML::Node& node, const std::string& path) {
    if (!node.IsScalar() || node.Scalar().empty()) {
      Report(node, path, "expected a pattern");
      return "";
    }
    std::string error;
    std::string pattern = PutIn(node.Scalar(), 0, &error);
    if (error.empty()) {
      RE2::Options options(RE2::Quiet);
      options.set_never_capture(true);
      const RE2 compiled(pattern, options);
      if (!compiled.ok()) {
        error = compiled.error();
      } else if (RE2::PartialMatch("", compiled)) {
        error = "matches nothing at all; it would be everywhere";
      }
    }
    if (!error.empty()) {
      Report(node, path, absl::StrCat("\"", node.Scalar(), "\": ", error));
    }
    return pattern;
  }

  // `pattern` with the lists that it names.
  std::string PutIn(absl::string_view pattern, int nesting,
                    std::string* error) {
    static const RE2* const name_in_braces = new RE2(R"(\{([A-Za-z]\w*)\})");
    std::string result;
    re2::StringPiece rest(pattern.data(), pattern.size());
    re2::StringPiece found[2];
    while (error->empty() && name_in_braces->Match(rest, 0, rest.size(),
                                                   RE2::UNANCHORED, found, 2)) {
      // \p{Lu} is a class of RE2, no list.
      const size_t before = static_cast<size_t>(found[0].data() - rest.data());
      const bool is_class =
          before >= 2 && rest[before - 2] == '\\' &&
          (rest[before - 1] == 'p' || rest[before - 1] == 'P');
      result.append(rest.data(), before);
      result += is_class ? found[0].as_string()
                         : ListOf(found[1].as_string(), nesting, error);
      rest.remove_prefix(before + found[0].size());
      if (result.size() > kPatternBytesMax) *error = "too long";
    }
    return result.append(rest.data(), rest.size());
  }

  std::string ListOf(const std::string& name, int nesting, std::string* error) {
    const auto found = words_.find(name);
    if (found == words_.end()) {
      *error = absl::StrCat("there is no list {", name, "} in words");
      return "";
    }
    if (nesting == kNestingMax) {
      *error = absl::StrCat("{", name, "} contains itself");
      return "";
    }
    std::vector<std::string> entries;
    for (const YAML::Node& entry : found->second) {
      if (entry.IsScalar()) {
        entries.push_back(PutIn(entry.Scalar(), nesting + 1, error));
      }
    }
    return absl::StrCat("(?:", absl::StrJoin(entries, "|"), ")");
  }

  absl::string_view origin_;
  std::map<std::string, YAML::Node> words_;
  std::set<std::string> ids_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::StatusOr<LanguageFile> ParseLanguageFile(absl::string_view yaml,
                                               absl::string_view origin) {
  Reader reader(origin);
  LanguageFile file;
  try {
    file = reader.Read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    reader.Report(error);
  }
  if (!reader.status().ok()) return reader.status();
  return file;
}

}  // namespace secondstory::review
