// A real MariaDB of Debian's as a child of a test.
#ifndef SECONDSTORY_TESTS_INTEGRATION_MORGUE_MARIADB_H_
#define SECONDSTORY_TESTS_INTEGRATION_MORGUE_MARIADB_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/subprocess.h"

namespace secondstory::support {

// Listens on a socket in its own folder only, and keeps nothing that was there
// before. The folder goes with this object.
class MariaDb {
 public:
  // Waits until it answers. NOT_FOUND: it is not installed.
  static absl::StatusOr<std::unique_ptr<MariaDb>> Start();
  ~MariaDb();

  // Runs statements.
  absl::Status Execute(const std::string& database, const std::string& sql);

  // What `mysqldump --xml` writes of a database.
  absl::StatusOr<std::string> Dump(const std::string& database,
                                   const std::vector<std::string>& flags = {});

 private:
  explicit MariaDb(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<std::string> Run(const std::string& program,
                                  std::vector<std::string> args,
                                  const std::string& input);

  const std::string folder_;
  std::unique_ptr<Subprocess> server_;
};

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_INTEGRATION_MORGUE_MARIADB_H_
