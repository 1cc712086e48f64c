#include "services/incidentd/account_handlers.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/review_validator.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {
namespace {

using stored::v1::AccountRecord;

// Hashed first, so that the time that a comparison takes says nothing.
bool IsKey(const std::string& given, const std::string& key) {
  return StableId({"reveal", given}) == StableId({"reveal", key});
}

void ClearOutputOnly(v1::Account* account) {
  account->clear_etag();
  account->clear_create_time();
  account->clear_update_time();
  account->clear_withdraw_time();
  account->clear_moved_to_incident_id();
}

void Stamp(int64_t now_micros, v1::Account* account) {
  if (account->state() == v1::ACCOUNT_STATE_UNSPECIFIED) {
    account->set_state(v1::ACCOUNT_STATE_GIVEN);
  }
  *account->mutable_update_time() = FromMicros(now_micros);
  account->set_etag(EtagOf(*account));
}

stored::v1::Record RecordOf(const v1::Account& account,
                            const std::string& author) {
  stored::v1::Record record;
  *record.mutable_account()->mutable_account() = account;
  record.mutable_account()->set_author(author);
  return record;
}

absl::Status NoAccount(const std::string& account_id,
                       const std::string& incident_id) {
  return absl::NotFoundError(absl::StrCat("there is no account ", account_id,
                                          " of incident ", incident_id));
}

absl::Status CheckNotMoved(const v1::Account& account) {
  if (account.moved_to_incident_id().empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("account ", account.account_id(), " belongs to incident ",
                   account.moved_to_incident_id(),
                   " since a split; name that one as incident_id"));
}

absl::Status CheckAuthor(const AccountRecord& record,
                         const std::string& author) {
  if (!author.empty() && record.author() == author) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "account ", record.account().account_id(),
      " can be changed only by whoever gave it, and author is \"", author,
      "\"; give an account of your own beside it (GiveAccount)"));
}

}  // namespace

absl::StatusOr<std::string> ReadRevealKey(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string key;
  if (!file.is_open()) {
    return absl::NotFoundError(
        absl::StrCat("reveal_key_file: ", path,
                     " cannot be opened; make it, or leave "
                     "reveal_key_file out"));
  }
  std::getline(file, key);
  absl::StripTrailingAsciiWhitespace(&key);
  if (key.size() < limits::kRevealKeyBytesMin ||
      key.size() > limits::kRevealKeyBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reveal_key_file: the first line of ", path, " has ", key.size(),
        " bytes; give ", limits::kRevealKeyBytesMin, " to ",
        limits::kRevealKeyBytesMax, " (openssl rand -hex 32)"));
  }
  return key;
}

AccountHandlers::AccountHandlers(storage::Log* log, const storage::Store* store,
                                 std::string reveal_key, Metrics* metrics)
    : log_(log),
      store_(store),
      reader_(log, store),
      reveal_key_(std::move(reveal_key)),
      revealed_(metrics->AddCounter(
          "secondstory_review_reveals_total",
          "Calls that asked who gave an account, by outcome.",
          {{"outcome", "answered"}})),
      refused_(metrics->AddCounter(
          "secondstory_review_reveals_total",
          "Calls that asked who gave an account, by outcome.",
          {{"outcome", "refused"}})) {}

void AccountHandlers::Give(v1::GiveAccountRequest request,
                           Done<v1::GiveAccountResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  // Without the author: with it, whoever knows the request id could try out
  // names against the account's id.
  const std::string id =
      NewId("account", request.incident_id(), request.request_id());
  Transact<v1::GiveAccountResponse>(
      log_, {IncidentObject(request.incident_id())},
      [this, id, request](
          const storage::Store& store, int64_t now_micros,
          v1::GiveAccountResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            v1::Incident incident,
            store.GetIncident(IdFromHex(request.incident_id())));
        SS_ASSIGN_OR_RETURN(const auto held, reader_.FindAccount(incident, id));
        v1::Account* account = response->mutable_account();
        if (held.has_value()) {
          if (held->second.author() != request.author()) {
            return absl::AlreadyExistsError(absl::StrCat(
                "request_id is \"", request.request_id(),
                "\", which belongs to another account of this incident; give "
                "one of your own, best a random one"));
          }
          *account = held->second.account();
          return Records();
        }
        SS_RETURN_IF_ERROR(ReadWritable(store, request.incident_id()).status());
        SS_RETURN_IF_ERROR(reader_.CheckOnTimeline(
            incident, "account.entry_id", request.account().entry_id()));
        SS_ASSIGN_OR_RETURN(const std::vector<AccountRecord> others,
                            reader_.Accounts(incident));
        if (others.size() >= limits::kAccountCountMax) {
          return absl::FailedPreconditionError(absl::StrCat(
              "incident ", request.incident_id(), " has ", others.size(),
              " accounts, and takes no more; split it (SplitIncident)"));
        }
        *account = request.account();
        ClearOutputOnly(account);
        account->set_account_id(id);
        account->set_incident_id(request.incident_id());
        *account->mutable_create_time() = FromMicros(now_micros);
        Stamp(now_micros, account);
        return Records{RecordOf(*account, request.author())};
      },
      std::move(done));
}

void AccountHandlers::Update(v1::UpdateAccountRequest request,
                             Done<v1::UpdateAccountResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string incident_id = request.account().incident_id();
  Transact<v1::UpdateAccountResponse>(
      log_, {IncidentObject(incident_id)},
      [this, incident_id, request](
          const storage::Store& store, int64_t now_micros,
          v1::UpdateAccountResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                            ReadWritable(store, incident_id));
        const std::string& id = request.account().account_id();
        SS_ASSIGN_OR_RETURN(const auto held, reader_.FindAccount(incident, id));
        if (!held.has_value()) return NoAccount(id, incident_id);
        const AccountRecord& record = held->second;
        SS_RETURN_IF_ERROR(CheckNotMoved(record.account()));
        SS_RETURN_IF_ERROR(CheckAuthor(record, request.author()));
        if (record.account().has_withdraw_time()) {
          return absl::FailedPreconditionError(absl::StrCat(
              "account ", id, " was withdrawn; give a new one (GiveAccount)"));
        }
        SS_RETURN_IF_ERROR(
            CheckEtag("account", record.account(), request.etag()));
        v1::Account* next = response->mutable_account();
        *next = record.account();
        TakeFields(request.account(), request.update_mask().paths(), next);
        if (const auto wrong = Check(*next); !wrong.empty()) {
          return BadRequest(wrong);
        }
        if (next->entry_id() != record.account().entry_id()) {
          SS_RETURN_IF_ERROR(reader_.CheckOnTimeline(
              incident, "account.entry_id", next->entry_id()));
        }
        Stamp(now_micros, next);
        Records records = {RecordOf(*next, record.author())};
        next->set_incident_id(incident_id);
        return records;
      },
      std::move(done));
}

void AccountHandlers::Withdraw(v1::WithdrawAccountRequest request,
                               Done<v1::WithdrawAccountResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<v1::WithdrawAccountResponse>(
      log_, {IncidentObject(request.incident_id())},
      [this, request](
          const storage::Store& store, int64_t now_micros,
          v1::WithdrawAccountResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Incident incident,
            store.GetIncident(IdFromHex(request.incident_id())));
        // Words can be taken back from a deleted incident, too.
        if (incident.state() == v1::INCIDENT_STATE_MERGED) {
          return ReadWritable(store, request.incident_id()).status();
        }
        SS_ASSIGN_OR_RETURN(
            const auto held,
            reader_.FindAccount(incident, request.account_id()));
        if (!held.has_value()) {
          return NoAccount(request.account_id(), request.incident_id());
        }
        const AccountRecord& record = held->second;
        SS_RETURN_IF_ERROR(CheckNotMoved(record.account()));
        SS_RETURN_IF_ERROR(CheckAuthor(record, request.author()));
        v1::Account* next = response->mutable_account();
        if (record.account().has_withdraw_time()) {
          *next = record.account();
          return Records();
        }
        next->set_account_id(record.account().account_id());
        next->set_incident_id(held->first);
        next->set_role(record.account().role());
        next->set_state(record.account().state());
        *next->mutable_create_time() = record.account().create_time();
        *next->mutable_withdraw_time() = FromMicros(now_micros);
        Stamp(now_micros, next);
        return Records{RecordOf(*next, record.author())};
      },
      std::move(done));
}

void AccountHandlers::Reveal(v1::RevealAuthorRequest request,
                             Done<v1::RevealAuthorResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  if (reveal_key_.empty() || !IsKey(request.reveal_key(), reveal_key_)) {
    refused_->Increment();
    log::Warning("refused to say who gave an account",
                 {{"reader", request.reader()},
                  {"incident_id", request.incident_id()},
                  {"account_id", request.account_id()}});
    return done(absl::PermissionDeniedError(
        reveal_key_.empty()
            ? "this server reveals no author: it was given no reveal_key_file"
            : "reveal_key is not the one of this server; ask whoever keeps "
              "it"));
  }
  Transact<v1::RevealAuthorResponse>(
      log_, {IncidentObject(request.incident_id())},
      [this, request](
          const storage::Store& store, int64_t,
          v1::RevealAuthorResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Incident incident,
            store.GetIncident(IdFromHex(request.incident_id())));
        SS_ASSIGN_OR_RETURN(
            const auto held,
            reader_.FindAccount(incident, request.account_id()));
        if (!held.has_value() || held->second.account().has_withdraw_time()) {
          return NoAccount(request.account_id(), request.incident_id());
        }
        SS_RETURN_IF_ERROR(CheckNotMoved(held->second.account()));
        if (held->second.author().empty()) {
          return absl::FailedPreconditionError(absl::StrCat(
              "account ", request.account_id(),
              " was imported without its author; only the role is known"));
        }
        response->set_author(held->second.author());
        stored::v1::Record record;
        stored::v1::RevealRecord* reveal = record.mutable_reveal();
        reveal->set_incident_id(held->first);
        reveal->set_account_id(request.account_id());
        reveal->set_reader(request.reader());
        reveal->set_reason(request.reason());
        return Records{std::move(record)};
      },
      [this, done = std::move(done)](
          absl::StatusOr<v1::RevealAuthorResponse> response) {
        if (response.ok()) revealed_->Increment();
        done(std::move(response));
      });
}

absl::StatusOr<v1::ListAccountsResponse> AccountHandlers::List(
    const v1::ListAccountsRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(request.incident_id())));
  SS_ASSIGN_OR_RETURN(std::vector<AccountRecord> records,
                      reader_.Accounts(incident));
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  const uint32_t limit =
      request.page_size() == 0
          ? limits::kTimelinePageDefault
          : std::min(request.page_size(), limits::kTimelinePageMax);
  // A page begins behind the account that ended the one before; was that one
  // withdrawn meanwhile, behind its time.
  auto first = records.begin();
  if (place.has_value()) {
    first = std::find_if(records.begin(), records.end(),
                         [&place](const AccountRecord& record) {
                           return record.account().account_id() == place->rest;
                         });
    if (first != records.end()) {
      ++first;
    } else {
      first = std::find_if(records.begin(), records.end(),
                           [&place](const AccountRecord& record) {
                             return ToMicros(record.account().create_time()) >
                                    place->micros;
                           });
    }
  }
  v1::ListAccountsResponse response;
  size_t bytes = 0;
  for (; first != records.end(); ++first) {
    v1::Account* account = first->mutable_account();
    if (!request.entry_id().empty() &&
        account->entry_id() != request.entry_id()) {
      continue;
    }
    bytes += account->ByteSizeLong();
    if (response.accounts_size() > 0 &&
        (response.accounts_size() == static_cast<int>(limit) ||
         bytes > limits::kMessageBytesMax / 2)) {
      const v1::Account& last = response.accounts(response.accounts_size() - 1);
      response.set_next_page_token(
          MakePageToken(FiltersOf(request),
                        {ToMicros(last.create_time()), last.account_id()}));
      break;
    }
    *response.add_accounts() = std::move(*account);
  }
  return response;
}

void AccountHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.ReviewService/";
  server->AddAsync<v1::GiveAccountRequest, v1::GiveAccountResponse>(
      service + "GiveAccount", [this](auto request, auto done) {
        Give(std::move(request), std::move(done));
      });
  server->AddAsync<v1::UpdateAccountRequest, v1::UpdateAccountResponse>(
      service + "UpdateAccount", [this](auto request, auto done) {
        Update(std::move(request), std::move(done));
      });
  server->AddAsync<v1::WithdrawAccountRequest, v1::WithdrawAccountResponse>(
      service + "WithdrawAccount", [this](auto request, auto done) {
        Withdraw(std::move(request), std::move(done));
      });
  server->AddAsync<v1::RevealAuthorRequest, v1::RevealAuthorResponse>(
      service + "RevealAuthor", [this](auto request, auto done) {
        Reveal(std::move(request), std::move(done));
      });
  server->AddRead<v1::ListAccountsRequest, v1::ListAccountsResponse>(
      service + "ListAccounts", [this](const auto& r) { return List(r); });
}

}  // namespace secondstory::incidentd
