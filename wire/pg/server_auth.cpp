#include "wire/pg/server_auth.hpp"

#include <array>
#include <utility>

#include "wire/pg/frontend.hpp"

namespace helios::wire::pg {

server_authentication::server_authentication(std::optional<scram_verifier> verifier, std::string user,
                                             std::string_view mock_secret)
    : user_(std::move(user)), scram_(std::move(verifier), user_, mock_secret) {}

void server_authentication::start(backend_encoder& out) {
  const std::array mechanisms{scram_mechanism};
  out.authentication_sasl(mechanisms);
}

result<bool> server_authentication::on_password(std::string_view body, backend_encoder& out) {
  if (std::exchange(first_, false)) {
    const auto initial = parse_sasl_initial(body);
    if (!initial) {
      return error{errc::protocol,
                   "the client answered with a cleartext or md5 password; only SCRAM-SHA-256 is spoken here"};
    }
    if (initial->mechanism != scram_mechanism) {
      return error{errc::protocol, "client selected an invalid SASL authentication mechanism"};
    }
    // A client may leave the data out and send it after an empty challenge; no known client does.
    if (!initial->data) return error{errc::protocol, "SASLInitialResponse without data"};
    auto answer = scram_.first(*initial->data);
    if (!answer) return answer.failure();
    out.authentication_sasl_continue(*answer);
    return false;
  }
  auto answer = scram_.final(body);
  if (!answer) return answer.failure();
  out.authentication_sasl_final(*answer);
  out.authentication_ok();
  return true;
}

error_report server_authentication::failure_report(const error& why) const {
  error_report out;
  out.severity = "FATAL";
  const bool wrong_password = why.code == errc::refused;
  out.sqlstate = wrong_password ? sqlstate::invalid_password : sqlstate::protocol_violation;
  out.message = wrong_password ? "password authentication failed for user \"" + user_ + "\"" : why.detail;
  return out;
}

}  // namespace helios::wire::pg
