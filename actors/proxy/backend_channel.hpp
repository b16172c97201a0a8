#pragma once
// One forwarded session on a data node, as the pool keeps it: a peer link after session_opened. Its user changes (a client
// session, or the pool), its callbacks to the link do not. Any thread (one mutex).
//
// I1 While it is alive a read is always asked for, so that a node that goes away is noticed at once; a user that does not
//    take its frames stops the reading by not calling read() again.
// I2 After detach() returns no callback of the former user begins.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "net/peer_link.hpp"

namespace helios::actors {

/// Sessions with the same key may use each other's backends, after DISCARD ALL.
struct backend_key {
  node_id node;
  std::string user, database;
  std::vector<std::pair<std::string, std::string>> settings;  ///< at its start
  bool read_only = false;                                     ///< opened on a node that was no primary then
  friend auto operator<=>(const backend_key&, const backend_key&) = default;
};

class backend_channel : public std::enable_shared_from_this<backend_channel> {
 public:
  struct callbacks {
    std::function<void(std::vector<wire::repl::decoded_frame> frames)> on_frames;
    std::function<void(const std::string& why)> on_closed;
    std::function<void()> on_suspect;  ///< its node is no longer heard from; the link may still be whole
  };
  /// `slot` is the pool's count of it, given back when the channel goes. Takes the link's callbacks.
  static std::shared_ptr<backend_channel> make(net::peer_link_ptr link, backend_key key, std::shared_ptr<void> slot);
  backend_channel(net::peer_link_ptr link, backend_key key, std::shared_ptr<void> slot);
  ~backend_channel();

  const backend_key& key() const { return key_; }
  bool alive() const;
  /// False if it is closed already; then nothing is called.
  bool attach(callbacks to);
  void detach();
  void suspect();
  void read() { link_->read(); }
  void send(const wire::repl::frame& frame) { link_->send(frame); }
  std::size_t pending_bytes() const { return link_->pending_bytes(); }
  void when_pending_below(std::size_t bytes, std::function<void()> then) {
    link_->when_pending_below(bytes, std::move(then));
  }
  void close();

  /// What the node's session has shown to whoever used it last: it says so only once. Any thread.
  void note_position(lsn seen) { position_ = seen.value; }
  lsn position() const { return lsn{position_}; }

 private:
  std::shared_ptr<const callbacks> user() const;
  void on_closed(const std::string& why);

  const net::peer_link_ptr link_;
  const backend_key key_;
  std::shared_ptr<void> slot_;
  std::atomic<std::uint64_t> position_{0};
  mutable std::mutex mutex_;
  bool alive_ = true;
  std::shared_ptr<const callbacks> user_;
};
using backend_channel_ptr = std::shared_ptr<backend_channel>;

}  // namespace helios::actors
