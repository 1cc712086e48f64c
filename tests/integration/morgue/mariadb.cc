#include "tests/integration/morgue/mariadb.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/support/wait_until.h"

namespace secondstory::support {

absl::StatusOr<std::unique_ptr<MariaDb>> MariaDb::Start() {
  // A socket's path has at most 107 bytes, which Bazel's folders are beyond.
  char folder[] = "/tmp/second-story-mariadb-XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    return absl::InternalError("no folder for MariaDB in /tmp");
  }
  std::unique_ptr<MariaDb> db(new MariaDb(folder));
  std::filesystem::create_directory(db->folder_ + "/data");
  // Without tables of its own it starts in half a second; then there are no
  // users, and whoever reaches the socket may do everything.
  std::vector<std::string> flags = {
      "--no-defaults",
      "--skip-grant-tables",
      "--skip-networking",
      "--character-set-server=utf8mb4",
      "--innodb-log-file-size=4M",
      "--innodb-buffer-pool-size=16M",
      absl::StrCat("--datadir=", db->folder_, "/data"),
      absl::StrCat("--pid-file=", db->folder_, "/pid"),
      absl::StrCat("--socket=", db->folder_, "/socket")};
  if (geteuid() == 0) flags.emplace_back("--user=root");
  SS_ASSIGN_OR_RETURN(db->server_,
                      Subprocess::Start("/usr/sbin/mariadbd", flags));
  absl::Status status;
  if (!WaitUntil("MariaDB answers", [&db, &status] {
        status = db->Execute("", "SELECT 1");
        return status.ok();
      })) {
    return status;
  }
  return db;
}

MariaDb::~MariaDb() {
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::string> MariaDb::Run(const std::string& program,
                                         std::vector<std::string> args,
                                         const std::string& input) {
  args.insert(args.begin(), {"--no-defaults", "--default-character-set=utf8mb4",
                             absl::StrCat("--socket=", folder_, "/socket")});
  SS_ASSIGN_OR_RETURN(const std::unique_ptr<Subprocess> process,
                      Subprocess::Start(program, args, input));
  SS_ASSIGN_OR_RETURN(const int code, process->Wait());
  if (code != 0) {
    return absl::InternalError(
        absl::StrCat(program, ": ", process->stderr_text()));
  }
  return process->stdout_text();
}

absl::Status MariaDb::Execute(const std::string& database,
                              const std::string& sql) {
  std::vector<std::string> args;
  if (!database.empty()) args.push_back(database);
  return Run("/usr/bin/mariadb", std::move(args), sql).status();
}

absl::StatusOr<std::string> MariaDb::Dump(
    const std::string& database, const std::vector<std::string>& flags) {
  std::vector<std::string> args = {"--xml"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(database);
  return Run("/usr/bin/mysqldump", std::move(args), "");
}

}  // namespace secondstory::support
