#pragma once
// A client session's backend on one node: messages out and in over a backend channel, with what has been replayed and
// prepared there. Owned by the conversation; on_* run on the session actor's thread, the rest on its fiber.
//
// I1 After `lost` nothing is sent and nothing arrives; whether what was sent was executed is the caller's question.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/proxy/backend_channel.hpp"
#include "actors/session/session_fiber.hpp"
#include "wire/pg/client.hpp"

namespace helios::actors {

class backend {
 public:
  backend(session_fiber& host, backend_channel_ptr channel, std::uint64_t number);
  ~backend();

  // --- actor's thread ---
  void on_frames(std::vector<wire::repl::decoded_frame> frames);
  void on_closed(const std::string& why);
  void on_suspect();
  void cancel();

  // --- fiber ---
  std::uint64_t number() const { return number_; }
  const backend_key& key() const { return channel_->key(); }
  bool lost() const { return lost_; }
  const std::string& lost_why() const { return lost_why_; }
  /// The node is silent since then.
  std::optional<std::chrono::steady_clock::time_point> suspect_since() const { return suspect_since_; }
  void no_longer_suspect() { suspect_since_.reset(); }

  void send(std::string pg_messages);
  void send_frame(const wire::repl::frame& frame);
  /// The next message. Nothing when lost, when the node became suspect just now, or at `deadline` where one is given.
  std::optional<wire::pg::backend_message> next(
      std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt);
  /// The same without waiting.
  std::optional<wire::pg::backend_message> next_if_here();
  /// The next frame that is no pg_bytes: the answer to open_session. Same rules.
  std::optional<wire::repl::frame> next_frame(std::optional<std::chrono::steady_clock::time_point> deadline);
  void give_up(const std::string& why);
  /// For the pool: idle and whole.
  backend_channel_ptr release();

  /// What the node's session has committed or shown (wire::repl::session_position).
  lsn position() const { return channel_ ? channel_->position() : lsn{}; }
  std::uint64_t replayed = 0;                          ///< of the session's log
  std::map<std::string, std::uint64_t> prepared;       ///< name -> client_statement::id

 private:
  enum class waited { news, nothing };
  void take(wire::repl::frame frame);
  waited wait(std::optional<std::chrono::steady_clock::time_point> deadline);

  session_fiber& host_;
  backend_channel_ptr channel_;
  std::uint64_t number_;
  std::deque<wire::repl::frame> inbox_;
  completion_ptr arrived_;
  wire::pg::backend_decoder decoder_;
  bool lost_ = false;
  bool suspect_news_ = false;
  std::string lost_why_;
  std::optional<std::chrono::steady_clock::time_point> suspect_since_;
};

}  // namespace helios::actors
