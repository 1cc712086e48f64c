#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/status_macros.h"
#include "review/language.h"
#include "tools/story/commands.h"
#include "tools/story/language_page.h"

namespace secondstory::story {
namespace {

absl::Status Check(const Call& call) {
  absl::optional<review::Language> given;
  if (call.arguments.Has("rules")) {
    const std::string file = call.arguments.Get("rules");
    SS_ASSIGN_OR_RETURN(const std::string yaml,
                        ReadInput(call, "--rules", file));
    SS_ASSIGN_OR_RETURN(given, review::Language::Parse(yaml, file));
  }
  const review::Language& language = given ? *given : review::English();
  size_t count = 0;
  for (const std::string& file : call.arguments.words) {
    SS_ASSIGN_OR_RETURN(const std::string text, ReadInput(call, "check", file));
    const std::vector<review::LanguageFinding> findings = language.Check(text);
    count += findings.size();
    call.out() << (call.json ? LanguageJson(file, text, findings)
                             : LanguagePage(file, text, findings, call.page));
  }
  const std::string summary =
      count == 0   ? "Nothing found that hinders learning."
      : count == 1 ? "1 place to look at again."
                   : absl::StrCat(count, " places to look at again.");
  if (call.arguments.Has("fail") && count > 0) {
    return absl::FailedPreconditionError(summary);
  }
  if (!call.json) call.out() << summary << "\n";
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> LanguageCommands() {
  return {
      {"check",
       {"FILE..."},
       "finds words in a text that hinder learning",
       "A FILE is Markdown or plain text; - is standard input. What is found "
       "is advice:\neach place comes with why, and with a question to ask "
       "instead. Quotations, code\nand lines of logs are left alone. Needs no "
       "server.",
       {{"rules", "FILE", "another language's rules; default English"},
        {"fail", "", "exit with 1 when something is found"}},
       Check},
  };
}

}  // namespace secondstory::story
