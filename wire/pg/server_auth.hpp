#pragma once
// The server's half of authentication as messages: AuthenticationSASL out, password messages in, AuthenticationOk or a
// FATAL report at the end. Used by the data node's session and by the proxy. Pure; one per connection.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/sql_error.hpp"
#include "wire/pg/backend_encoder.hpp"
#include "wire/pg/scram.hpp"

namespace helios::wire::pg {

class server_authentication {
 public:
  server_authentication(std::optional<scram_verifier> verifier, std::string user, std::string_view mock_secret);

  /// Appends AuthenticationSASL.
  void start(backend_encoder& out);
  /// The body of a password message. True: the client is who it says, and AuthenticationOk is appended.
  /// After a failure send failure_report(), then close.
  result<bool> on_password(std::string_view body, backend_encoder& out);
  /// FATAL 28P01 for a wrong password, 08P01 otherwise.
  error_report failure_report(const error& why) const;

 private:
  std::string user_;
  scram_server scram_;
  bool first_ = true;
};

}  // namespace helios::wire::pg
