#pragma once
// SCRAM-SHA-256 (RFC 5802, 7677) as PostgreSQL speaks it, both sides, as state machines over the SASL payloads. Pure.
// Passwords are used as the bytes they are: equal to PostgreSQL's result for ASCII and for text already in normal form.
//
// I1 An unknown user takes the same steps as a known one, with a salt that is always the same for that name: neither the
//    messages nor the work tell whether a role exists.
// I2 Proofs are compared in constant time.
// I3 A step out of order, or after a failure, fails.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace helios::wire::pg {

inline constexpr std::string_view scram_mechanism = "SCRAM-SHA-256";
inline constexpr std::uint32_t scram_iterations_default = 4096;

/// "SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>", salt and keys in base64, as in pg_authid.rolpassword.
struct scram_verifier {
  std::uint32_t iterations = 0;
  std::string salt, stored_key, server_key;
  friend bool operator==(const scram_verifier&, const scram_verifier&) = default;
};
/// Nothing if the text is no verifier.
std::optional<scram_verifier> parse_verifier(std::string_view text);
std::string to_string(const scram_verifier& verifier);
/// With a random salt.
scram_verifier make_verifier(std::string_view password, std::uint32_t iterations = scram_iterations_default);
scram_verifier make_verifier(std::string_view password, std::uint32_t iterations, std::string salt);

class scram_server {
 public:
  /// `verifier`: nothing for a role that does not exist or has no password. `mock_secret`: a secret of the cluster, the same
  /// on each node, from which the salts of unknown users are derived.
  scram_server(std::optional<scram_verifier> verifier, std::string_view user, std::string_view mock_secret);

  /// client-first-message -> server-first-message. errc::protocol when malformed.
  result<std::string> first(std::string_view client_first);
  /// client-final-message -> server-final-message. errc::refused: wrong password or unknown user, undistinguished.
  result<std::string> final(std::string_view client_final);

 private:
  scram_verifier verifier_;
  bool known_ = false;
  enum class step { first, final, over } step_ = step::first;
  std::string gs2_header_, client_first_bare_, server_first_, nonce_;
};

class scram_client {
 public:
  explicit scram_client(std::string password);

  const std::string& first() const { return first_; }
  /// server-first-message -> client-final-message.
  result<std::string> final(std::string_view server_first);
  /// Checks the server-final-message: the server knows the verifier.
  result<void> verify(std::string_view server_final) const;

 private:
  std::string password_, nonce_, first_, expected_signature_;
};

}  // namespace helios::wire::pg
