#include "sql/catalog/scram_verifier.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <array>
#include <vector>

#include "base/sql_error.hpp"

namespace helios::sql {
namespace {

using key_bytes = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* unsigned_bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

[[noreturn]] void fail(const char* what) {
  throw sql_error(sqlstate::internal_error, std::string("could not make a password verifier: ") + what);
}

key_bytes hmac(const key_bytes& key, std::string_view text) {
  key_bytes out{};
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), unsigned_bytes(text), text.size(), out.data(),
            &size))
    fail("HMAC");
  return out;
}

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

}  // namespace

std::string prepare_password(std::string_view password) {
  bool ascii = true;
  for (char c : password) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  if (ascii) return std::string(password);

  UErrorCode status = U_ZERO_ERROR;
  std::vector<UChar> source(password.size() + 1), target(password.size() * 18 + 16);
  std::int32_t source_size = 0;
  u_strFromUTF8(source.data(), static_cast<std::int32_t>(source.size()), &source_size, password.data(),
                static_cast<std::int32_t>(password.size()), &status);
  UStringPrepProfile* profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
  if (U_FAILURE(status)) return std::string(password);
  const std::int32_t size = usprep_prepare(profile, source.data(), source_size, target.data(),
                                           static_cast<std::int32_t>(target.size()), USPREP_DEFAULT, nullptr, &status);
  usprep_close(profile);
  if (U_FAILURE(status)) return std::string(password);
  std::string out(static_cast<std::size_t>(size) * 3 + 1, '\0');
  std::int32_t out_size = 0;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &out_size, target.data(), size, &status);
  if (U_FAILURE(status)) return std::string(password);
  out.resize(static_cast<std::size_t>(out_size));
  return out;
}

std::string make_scram_verifier(std::string_view password, std::string_view salt, int iterations) {
  const std::string prepared = prepare_password(password);
  key_bytes salted{}, stored{};
  if (PKCS5_PBKDF2_HMAC(prepared.data(), static_cast<int>(prepared.size()), unsigned_bytes(salt),
                        static_cast<int>(salt.size()), iterations, EVP_sha256(), static_cast<int>(salted.size()),
                        salted.data()) != 1)
    fail("PBKDF2");
  const key_bytes client = hmac(salted, "Client Key");
  SHA256(client.data(), client.size(), stored.data());
  const key_bytes server = hmac(salted, "Server Key");
  return "SCRAM-SHA-256$" + std::to_string(iterations) + ":" + base64(unsigned_bytes(salt), salt.size()) + "$" +
         base64(stored.data(), stored.size()) + ":" + base64(server.data(), server.size());
}

std::string make_scram_verifier(std::string_view password) {
  std::array<unsigned char, 16> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) fail("no random bytes");
  return make_scram_verifier(password, {reinterpret_cast<const char*>(salt.data()), salt.size()}, scram_iterations);
}

}  // namespace helios::sql
