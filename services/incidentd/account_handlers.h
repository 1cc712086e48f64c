// ReviewService, accounts: what people tell, under a role; who told stays
// apart.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_ACCOUNT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_ACCOUNT_HANDLERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "secondstory/v1/review_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Reads the key that RevealAuthor asks for: the first line of a file. An empty
// path gives an empty key, which reveals nothing.
//   NOT_FOUND, INVALID_ARGUMENT  no such file, or a key that is too short
absl::StatusOr<std::string> ReadRevealKey(const std::string& path);

// Threads: all methods may be called from any thread.
class AccountHandlers {
 public:
  // All must outlive the handlers. `reveal_key` may be empty.
  AccountHandlers(storage::Log* log, const storage::Store* store,
                  std::string reveal_key, Metrics* metrics);

  // Adds its methods of ReviewService to `server`.
  void Register(RpcServer* server);

  void Give(v1::GiveAccountRequest request, Done<v1::GiveAccountResponse> done);
  void Update(v1::UpdateAccountRequest request,
              Done<v1::UpdateAccountResponse> done);
  void Withdraw(v1::WithdrawAccountRequest request,
                Done<v1::WithdrawAccountResponse> done);
  void Reveal(v1::RevealAuthorRequest request,
              Done<v1::RevealAuthorResponse> done);
  absl::StatusOr<v1::ListAccountsResponse> List(
      const v1::ListAccountsRequest& request) const;

 private:
  storage::Log* const log_;
  const storage::Store* const store_;
  const TimelineReader reader_;
  const std::string reveal_key_;
  Counter* const revealed_;
  Counter* const refused_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_ACCOUNT_HANDLERS_H_
