#pragma once
// The session's end of its client connection: whole messages in, encoded messages out, with back-pressure both ways.
// Owned by the session actor. on_bytes/on_closed run on the actor's thread, the rest on its fiber.
//
// I1 At most one chunk is read ahead of what the session has consumed: a client that pipelines is slowed, not buffered.
// I2 A view returned by next() stays valid until the following next().

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "actors/session/session_fiber.hpp"
#include "net/connection.hpp"
#include "wire/pg/backend_encoder.hpp"
#include "wire/pg/frontend.hpp"

namespace helios::actors {

/// Output is handed to the connection when this much has gathered.
inline constexpr std::size_t output_flush_bytes = 32u << 10;
/// With more than this accepted and not yet sent, the session's fiber waits for the client to read.
inline constexpr std::size_t output_pending_bytes_max = 1u << 20;

class client_io {
 public:
  client_io(net::connection_ptr over, session_fiber& host);

  // --- actor's thread ---
  void on_bytes(std::string bytes);
  void on_closed();
  bool closed() const { return closed_; }
  /// True when next() would not have to wait for the network.
  bool input_waiting() const { return !inbox_.empty(); }

  // --- fiber ---
  /// The next message; waits for it. Throws 08P01 (FATAL) for malformed input, 08006 when the client is gone.
  wire::pg::frontend_message next();
  /// The next message if it is here already.
  std::optional<wire::pg::frontend_message> next_if_here();
  wire::pg::backend_encoder& out() { return encoder_; }
  std::size_t out_bytes() const { return buffer_.size(); }
  /// Hands the output over; waits while the client does not read. Where the answer gate forbids it, FATAL 57P01 for
  /// what was asked too late, 08007 for what was asked in time.
  void flush();
  /// Asked when a request is taken and when its answer leaves (session_services::may_answer). Nothing that a primary acknowledges or reads
  /// leaves after its lease has run out, be it that the process was stopped in between. Fiber.
  void set_answer_gate(std::function<bool(bool asked_in_time)> may_answer) { may_answer_ = std::move(may_answer); }
  /// flush() when enough has gathered.
  void flush_if_full() {
    if (buffer_.size() >= output_flush_bytes) flush();
  }
  wire::pg::frontend_decoder& decoder() { return decoder_; }
  net::connection& connection() { return *over_; }
  /// Last words without waiting.
  void send_now();

 private:
  void ask_for_more();

  net::connection_ptr over_;
  session_fiber& host_;
  wire::pg::frontend_decoder decoder_;
  std::deque<std::string> inbox_;
  completion_ptr arrived_;
  bool reading_ = false;
  bool closed_ = false;
  std::function<bool(bool asked_in_time)> may_answer_;
  bool doubtful_ = false;  ///< a request was taken, since the last flush, while the gate said no
  std::string buffer_;
  wire::pg::backend_encoder encoder_{buffer_};
};

}  // namespace helios::actors
