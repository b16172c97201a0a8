#pragma once
// The server side of TLS over byte strings: ciphertext in, ciphertext out; no socket. A connection owns one session and
// calls it under its own lock. Contexts are shared by all sessions of a listener.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace helios::net {

using tls_context_ptr = std::shared_ptr<ssl_ctx_st>;

/// TLS 1.2 and above. errc::invalid_argument names the file that does not load.
result<tls_context_ptr> make_tls_context(const std::string& certificate_file, const std::string& key_file);

class tls_session {
 public:
  explicit tls_session(const tls_context_ptr& context);
  ~tls_session();
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  bool established() const { return established_; }
  /// Feeds ciphertext; appends what decrypts to `plain`. errc::closed at the peer's close_notify, errc::io otherwise.
  result<void> receive(std::string_view ciphertext, std::string& plain);
  result<void> send(std::string_view plain);
  void send_close_notify();
  /// What has to go to the peer.
  std::string take_output();

 private:
  result<void> handshake();
  result<void> decrypt(std::string& plain);

  ssl_st* ssl_;
  bool established_ = false;
};

}  // namespace helios::net
