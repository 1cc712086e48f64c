#include "services/incidentd/storage_metrics.h"

#include <map>
#include <string>

namespace secondstory::incidentd {

void AddStorageMetrics(const storage::RocksTables* tables,
                       const storage::Log* log, Metrics* metrics) {
  std::map<std::string, Gauge*> properties;
  for (const auto& [name, value] : tables->Properties()) {
    properties[name] = metrics->AddGauge(
        "secondstory_storage_rocksdb_property",
        "A property of the database, summed over its column families, by "
        "RocksDB's own name.",
        {{"property", name}});
  }
  std::map<std::string, Counter*> tickers;
  for (const auto& [name, value] : tables->Tickers()) {
    tickers[name] = metrics->AddCounter(
        "secondstory_storage_rocksdb_ticker_total",
        "A ticker of the database since the process started, by RocksDB's own "
        "name.",
        {{"ticker", name}});
  }
  Gauge* const position =
      metrics->AddGauge("secondstory_storage_log_position_records",
                        "Position of the last durable record of the log.");
  Gauge* const healthy = metrics->AddGauge(
      "secondstory_storage_log_healthy_bool",
      "1 while the log takes appends, 0 after a failed write.");
  metrics->OnScrape([=] {
    for (const auto& [name, value] : tables->Properties()) {
      if (const auto it = properties.find(name); it != properties.end()) {
        it->second->Set(static_cast<double>(value));
      }
    }
    for (const auto& [name, value] : tables->Tickers()) {
      if (const auto it = tickers.find(name); it != tickers.end()) {
        it->second->Increment(static_cast<double>(value) - it->second->Value());
      }
    }
    position->Set(static_cast<double>(log->head()));
    healthy->Set(log->health().ok() ? 1 : 0);
  });
}

}  // namespace secondstory::incidentd
