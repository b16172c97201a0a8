#pragma once
// The stored form of a password, as PostgreSQL keeps it in pg_authid.rolpassword. The exchange itself is wire/pg's.

#include <string>
#include <string_view>

namespace helios::sql {

inline constexpr int scram_iterations = 4096;

/// "SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>" with a fresh random salt.
std::string make_scram_verifier(std::string_view password);
/// The same with a given salt.
std::string make_scram_verifier(std::string_view password, std::string_view salt, int iterations);
/// SASLprep (RFC 4013); a password it does not allow is used as it is, as PostgreSQL and libpq do.
std::string prepare_password(std::string_view password);

}  // namespace helios::sql
