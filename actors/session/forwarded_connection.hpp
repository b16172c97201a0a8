#pragma once
// A forward link that looks like a client's connection: its pg_bytes are the bytes, and a cancel frame goes to the session.
// Shared between the session actor and the link's callbacks; any thread.
//
// I1 One read() gives one on_data with bytes: frames of other kinds ask the link for more by themselves.
// I2 After close() no callback runs, except one under way on another thread.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "net/connection.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

class forwarded_connection final : public net::connection {
 public:
  forwarded_connection(net::peer_link_ptr link, std::string client_address, std::uint16_t client_port,
                       std::function<void()> on_cancel);
  /// Takes over the link's callbacks, and what its last frames held beyond open_session.
  void start(std::vector<wire::repl::decoded_frame> early);

  void set_callbacks(callbacks to) override;
  void read() override;
  void send(std::string bytes) override;
  std::size_t pending_bytes() const override { return link_->pending_bytes(); }
  void when_pending_below(std::size_t bytes, std::function<void()> then) override {
    link_->when_pending_below(bytes, std::move(then));
  }
  void close_after_flush(std::chrono::milliseconds within) override { link_->close_after_flush(within); }
  void close() override;
  std::string remote_host() const override { return client_address_; }
  std::uint16_t remote_port() const override { return client_port_; }
  void start_tls_server(std::function<void(result<void>)> then) override;

 private:
  std::shared_ptr<forwarded_connection> self() { return std::static_pointer_cast<forwarded_connection>(shared_from_this()); }
  void on_frames(std::vector<wire::repl::decoded_frame> frames);
  void on_closed(const error& why);
  void deliver_or_ask();

  net::peer_link_ptr link_;
  std::string client_address_;
  std::uint16_t client_port_;
  std::function<void()> on_cancel_;

  std::mutex mutex_;
  callbacks callbacks_;
  std::string received_;
  bool wanted_ = false;
  bool asked_ = false;  ///< the link has been asked to read
  bool closed_ = false;
};

}  // namespace helios::actors
