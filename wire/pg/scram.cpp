#include "wire/pg/scram.hpp"

#include <charconv>
#include <utility>

#include "wire/crypto.hpp"

namespace helios::wire::pg {

namespace {

constexpr std::size_t salt_bytes = 16, nonce_bytes = 18;
/// A hostile server may not keep a client busy for ever.
constexpr std::uint32_t iterations_max = 10'000'000;

error malformed(std::string_view what) { return {errc::protocol, "malformed SCRAM message: " + std::string(what)}; }

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

/// Takes "<name>=<value>" and the comma after it from the front of `text`.
std::optional<std::string_view> take_attribute(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
  const auto end = text.find(',');
  const auto value = text.substr(2, end == std::string_view::npos ? end : end - 2);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return value;
}

std::optional<std::uint32_t> parse_iterations(std::string_view text) {
  std::uint32_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size() || out < 1 || out > iterations_max) return std::nullopt;
  return out;
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < '!' || c > '~' || c == ',') return false;
  }
  return !text.empty();
}

}  // namespace

std::optional<scram_verifier> parse_verifier(std::string_view text) {
  const std::string prefix = std::string(scram_mechanism) + "$";
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto colon = text.find(':'), dollar = text.find('$');
  if (colon == std::string_view::npos || dollar == std::string_view::npos || colon > dollar) return std::nullopt;
  const auto keys = text.substr(dollar + 1);
  const auto key_colon = keys.find(':');
  if (key_colon == std::string_view::npos) return std::nullopt;
  const auto iterations = parse_iterations(text.substr(0, colon));
  const auto salt = base64_decode(text.substr(colon + 1, dollar - colon - 1));
  const auto stored_key = base64_decode(keys.substr(0, key_colon)), server_key = base64_decode(keys.substr(key_colon + 1));
  if (!iterations || !salt || salt->empty() || !stored_key || !server_key) return std::nullopt;
  if (stored_key->size() != sha256_bytes || server_key->size() != sha256_bytes) return std::nullopt;
  return scram_verifier{*iterations, *salt, *stored_key, *server_key};
}

std::string to_string(const scram_verifier& v) {
  return std::string(scram_mechanism) + "$" + std::to_string(v.iterations) + ":" + base64_encode(v.salt) + "$" +
         base64_encode(v.stored_key) + ":" + base64_encode(v.server_key);
}

scram_verifier make_verifier(std::string_view password, std::uint32_t iterations) {
  return make_verifier(password, iterations, random_bytes(salt_bytes));
}

scram_verifier make_verifier(std::string_view password, std::uint32_t iterations, std::string salt) {
  const auto salted = pbkdf2_sha256(password, salt, iterations);
  auto stored_key = sha256(hmac_sha256(salted, {"Client Key"}));
  auto server_key = hmac_sha256(salted, {"Server Key"});
  return {iterations, std::move(salt), std::move(stored_key), std::move(server_key)};
}

scram_server::scram_server(std::optional<scram_verifier> verifier, std::string_view user, std::string_view mock_secret)
    : known_(verifier.has_value()) {
  if (verifier) {
    verifier_ = std::move(*verifier);
    return;
  }
  verifier_.iterations = scram_iterations_default;
  verifier_.salt = hmac_sha256(mock_secret, {"mock salt", user}).substr(0, salt_bytes);
  verifier_.stored_key = random_bytes(sha256_bytes);
  verifier_.server_key = random_bytes(sha256_bytes);
}

result<std::string> scram_server::first(std::string_view client_first) {
  if (std::exchange(step_, step::over) != step::first) return malformed("unexpected client-first-message");
  auto rest = client_first;
  // gs2 header: "n,," or "y,,". "p=..." needs channel binding, which is not offered; an authorization identity is not taken.
  if (rest.size() < 3 || (rest[0] != 'n' && rest[0] != 'y')) {
    return malformed("the client asks for channel binding, or the message has no GS2 header");
  }
  if (rest[1] != ',' || rest[2] != ',') return malformed("authorization identities are not supported");
  gs2_header_ = rest.substr(0, 3);
  rest.remove_prefix(3);
  client_first_bare_ = rest;
  // The user name here is ignored: the startup message has said it.
  if (!take_attribute(rest, 'n')) return malformed("user name expected");
  const auto client_nonce = take_attribute(rest, 'r');
  if (!client_nonce || !is_printable(*client_nonce)) return malformed("nonce expected");
  nonce_ = std::string(*client_nonce) + base64_encode(random_bytes(nonce_bytes));
  server_first_ = "r=" + nonce_ + ",s=" + base64_encode(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
  step_ = step::final;
  return server_first_;
}

result<std::string> scram_server::final(std::string_view client_final) {
  if (std::exchange(step_, step::over) != step::final) return malformed("unexpected client-final-message");
  auto rest = client_final;
  const auto binding = take_attribute(rest, 'c');
  if (!binding || *binding != base64_encode(gs2_header_)) return malformed("channel binding does not match");
  const auto nonce = take_attribute(rest, 'r');
  if (!nonce || *nonce != nonce_) return malformed("nonce does not match");
  const auto proof_at = client_final.rfind(",p=");
  if (proof_at == std::string_view::npos) return malformed("proof expected");
  const auto proof = base64_decode(client_final.substr(proof_at + 3));
  if (!proof || proof->size() != sha256_bytes) return malformed("proof of a wrong length");
  const auto message = client_first_bare_ + "," + server_first_ + "," + std::string(client_final.substr(0, proof_at));
  const auto client_key = exclusive_or(*proof, hmac_sha256(verifier_.stored_key, {message}));
  const bool equal = constant_time_equal(sha256(client_key), verifier_.stored_key);
  if (!equal || !known_) return error{errc::refused, "password authentication failed"};
  return "v=" + base64_encode(hmac_sha256(verifier_.server_key, {message}));
}

scram_client::scram_client(std::string password)
    : password_(std::move(password)),
      nonce_(base64_encode(random_bytes(nonce_bytes))),
      first_("n,,n=,r=" + nonce_) {}

result<std::string> scram_client::final(std::string_view server_first) {
  auto rest = server_first;
  const auto nonce = take_attribute(rest, 'r');
  const auto salt_text = take_attribute(rest, 's');
  const auto iterations_text = take_attribute(rest, 'i');
  if (!nonce || !salt_text || !iterations_text) return malformed("server-first-message");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) return malformed("the server's nonce does not extend ours");
  const auto salt = base64_decode(*salt_text);
  const auto iterations = parse_iterations(*iterations_text);
  if (!salt || salt->empty() || !iterations) return malformed("server-first-message");
  const auto salted = pbkdf2_sha256(password_, *salt, *iterations);
  const auto client_key = hmac_sha256(salted, {"Client Key"});
  const std::string without_proof = "c=biws,r=" + std::string(*nonce);  // biws: base64 of "n,,"
  const auto message = first_.substr(3) + "," + std::string(server_first) + "," + without_proof;
  const auto proof = exclusive_or(client_key, hmac_sha256(sha256(client_key), {message}));
  expected_signature_ = hmac_sha256(hmac_sha256(salted, {"Server Key"}), {message});
  return without_proof + ",p=" + base64_encode(proof);
}

result<void> scram_client::verify(std::string_view server_final) const {
  auto rest = server_final;
  if (const auto refused = take_attribute(rest, 'e')) return error{errc::refused, "SCRAM: " + std::string(*refused)};
  const auto signature = take_attribute(rest, 'v');
  const auto bytes = signature ? base64_decode(*signature) : std::nullopt;
  if (!bytes || expected_signature_.empty() || !constant_time_equal(*bytes, expected_signature_)) {
    return error{errc::refused, "SCRAM: the server does not know this user's password"};
  }
  return {};
}

}  // namespace helios::wire::pg
