#include "wire/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/invariant.hpp"

namespace helios::wire {

namespace {

const unsigned char* as_unsigned(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* as_unsigned(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string out(sha256_bytes, '\0');
  unsigned int size = 0;
  const int ok = EVP_Digest(bytes.data(), bytes.size(), as_unsigned(out), &size, EVP_sha256(), nullptr);
  HELIOS_INVARIANT(ok == 1 && size == sha256_bytes, "SHA-256 is available");
  return out;
}

std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  std::string message;
  for (auto part : parts) message.append(part);
  std::string out(sha256_bytes, '\0');
  unsigned int size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_unsigned(message), message.size(),
                          as_unsigned(out), &size);
  HELIOS_INVARIANT(done != nullptr && size == sha256_bytes, "HMAC-SHA-256 is available");
  return out;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  std::string out(sha256_bytes, '\0');
  const int ok = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), as_unsigned(salt),
                                   static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                                   static_cast<int>(out.size()), as_unsigned(out));
  HELIOS_INVARIANT(ok == 1, "PBKDF2 is available");
  return out;
}

std::string random_bytes(std::size_t n) {
  std::string out(n, '\0');
  HELIOS_INVARIANT(RAND_bytes(as_unsigned(out), static_cast<int>(n)) == 1, "the system has random bytes");
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64_encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(as_unsigned(out), as_unsigned(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string{};
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(as_unsigned(out), as_unsigned(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // EVP_DecodeBlock counts padding as zero bytes, and takes white space that we do not.
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  if (static_cast<std::size_t>(size) < padding) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  if (base64_encode(out) != text) return std::nullopt;
  return out;
}

}  // namespace helios::wire
