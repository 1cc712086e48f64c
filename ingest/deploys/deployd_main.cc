#include "base/process.h"
#include "ingest/deploys/deployd_config_protos.h"
#include "ingest/deploys/worker.h"
#include "secondstory/config/v1/deployd.pb.h"

int main(int argc, char** argv) {
  secondstory::config::v1::DeploydConfig config;
  return secondstory::RunProcess(
      "deployd",
      "The deploy worker of Second Story: follows deploy logs and the history\n"
      "of Git repositories, and hands every change to incidentd.",
      secondstory::DeploydConfigProtos(), argc, argv, &config,
      [&config] { return secondstory::ingest::RunDeployd(config); });
}
