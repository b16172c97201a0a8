#pragma once
// The session that a standby's session has on the primary, over a forward link (wire/repl: open_session, pg_bytes). Owned by
// the write router; on_frames/on_closed run on the session actor's thread, the rest on its fiber.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "actors/session/session_fiber.hpp"
#include "actors/session/session_services.hpp"
#include "net/peer_link.hpp"
#include "wire/pg/client.hpp"

namespace helios::actors {

/// Dials the primary; `link` numbers the attempt. Frames and the end of the link come as messages with that number; `then`
/// runs on any thread.
using upstream_dialer = std::function<void(const upstream_target& to, std::uint64_t link,
                                           std::function<void(result<net::peer_link_ptr>)> then)>;

class upstream_link {
 public:
  upstream_link(session_services& services, session_fiber& host, upstream_dialer dial);
  ~upstream_link();

  // --- actor's thread ---
  void on_frames(std::uint64_t link, std::vector<wire::repl::decoded_frame> frames);
  void on_closed(std::uint64_t link, const std::string& why);
  /// Cancels what the primary runs for us.
  void cancel();

  // --- fiber ---
  bool connected() const { return link_ != nullptr && !lost_; }
  /// Tries until `deadline`: the primary may be away, or not yet open. Throws 08006 naming it, or the primary's own error
  /// if it refuses this user.
  void connect(const wire::repl::open_session& as, std::chrono::steady_clock::time_point deadline);
  /// Throws 08006 when the link is lost; nothing was sent then.
  void send(std::string_view pg_messages);
  /// The next message of the primary; valid until the following call. Throws 08006 when the link is lost.
  wire::pg::backend_message next();
  /// The same without waiting: nothing when none is here.
  std::optional<wire::pg::backend_message> next_if_here();
  /// Where the last commit ended that the primary has told of.
  lsn position() const { return position_; }
  /// Who was asked last.
  const upstream_target& target() const { return target_; }
  void close();

 private:
  std::optional<std::string> try_connect(const wire::repl::open_session& as, std::chrono::steady_clock::time_point deadline);
  std::optional<std::string> open_there(const wire::repl::open_session& as, std::chrono::steady_clock::time_point deadline);
  /// Nothing when the link is lost, or at the deadline.
  std::optional<wire::repl::frame> next_frame(std::optional<std::chrono::steady_clock::time_point> deadline = {});
  [[noreturn]] void throw_lost();
  void take(wire::repl::frame frame);

  session_services& services_;
  session_fiber& host_;
  upstream_dialer dial_;
  net::peer_link_ptr link_;
  upstream_target target_;
  std::uint64_t number_ = 0;
  bool lost_ = false;
  std::string lost_why_;
  std::deque<wire::repl::frame> inbox_;
  completion_ptr arrived_;
  wire::pg::backend_decoder decoder_;
  lsn position_;
};

}  // namespace helios::actors
