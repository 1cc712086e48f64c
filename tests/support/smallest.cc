// Prints what it reads, says that it is ready and waits for its stop.
#include <iostream>

#include "base/logging.h"
#include "base/process.h"
#include "secondstory/config/v1/assemblerd.pb.h"

int main(int argc, char** argv) {
  secondstory::config::v1::AssemblerdConfig config;
  return secondstory::RunProcess(
      "smallest", "The smallest process.", "", argc, argv, &config, [] {
        std::cout << std::cin.rdbuf() << std::flush;
        std::cerr << "a line of another library\n";
        secondstory::log::Info("listening",
                               {{"protocol", "grpc"}, {"port", 4711}});
        secondstory::log::Info("ready");
        secondstory::WaitForStop();
        return absl::OkStatus();
      });
}
