#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "base/invariant.hpp"

namespace helios::net {

namespace {

std::string last_failure() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS failure";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace

result<tls_context_ptr> make_tls_context(const std::string& certificate_file, const std::string& key_file) {
  tls_context_ptr context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  HELIOS_INVARIANT(context != nullptr, "OpenSSL gives a context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return error{errc::invalid_argument, "TLS certificate " + certificate_file + ": " + last_failure()};
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return error{errc::invalid_argument, "TLS key " + key_file + ": " + last_failure()};
  }
  return context;
}

tls_session::tls_session(const tls_context_ptr& context) : ssl_(SSL_new(context.get())) {
  HELIOS_INVARIANT(ssl_ != nullptr, "OpenSSL gives a session");
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl_);
}

tls_session::~tls_session() { SSL_free(ssl_); }

result<void> tls_session::receive(std::string_view ciphertext, std::string& plain) {
  ERR_clear_error();
  while (!ciphertext.empty()) {
    const int n = BIO_write(SSL_get_rbio(ssl_), ciphertext.data(), static_cast<int>(ciphertext.size()));
    if (n <= 0) return error{errc::io, last_failure()};
    ciphertext.remove_prefix(static_cast<std::size_t>(n));
  }
  if (!established_) {
    auto done = handshake();
    if (!done || !established_) return done;
  }
  return decrypt(plain);
}

result<void> tls_session::handshake() {
  const int n = SSL_do_handshake(ssl_);
  if (n == 1) {
    established_ = true;
    return {};
  }
  if (SSL_get_error(ssl_, n) == SSL_ERROR_WANT_READ) return {};
  return error{errc::io, "TLS handshake: " + last_failure()};
}

result<void> tls_session::decrypt(std::string& plain) {
  std::array<char, 16384> chunk;
  for (;;) {
    const int n = SSL_read(ssl_, chunk.data(), static_cast<int>(chunk.size()));
    if (n > 0) {
      plain.append(chunk.data(), static_cast<std::size_t>(n));
      continue;
    }
    switch (SSL_get_error(ssl_, n)) {
      case SSL_ERROR_WANT_READ: return {};
      case SSL_ERROR_ZERO_RETURN: return error{errc::closed, "the peer closed the connection"};
      default: return error{errc::io, "TLS: " + last_failure()};
    }
  }
}

result<void> tls_session::send(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    constexpr std::size_t once_max = 1u << 20;
    const int n = SSL_write(ssl_, plain.data(), static_cast<int>(std::min(plain.size(), once_max)));
    if (n <= 0) return error{errc::io, "TLS: " + last_failure()};
    plain.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void tls_session::send_close_notify() {
  if (established_) SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string tls_session::take_output() {
  BIO* out = SSL_get_wbio(ssl_);
  std::string bytes(BIO_ctrl_pending(out), '\0');
  if (!bytes.empty()) {
    const int n = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  return bytes;
}

}  // namespace helios::net
