#include "net/peer_link.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

namespace helios::net {
namespace {

using wire::repl::decoded_frame;
using wire::repl::frame;

constexpr std::chrono::milliseconds refusal_flush{500};

class link final : public peer_link, public std::enable_shared_from_this<link> {
 public:
  link(connection_ptr over, local_node self, node_id peer, node_role role, wire::repl::frame_decoder decoder)
      : over_(std::move(over)), self_(std::move(self)), peer_(std::move(peer)), role_(role), decoder_(std::move(decoder)),
        hash_(wire::repl::cluster_hash(self_.identity.cluster_id)) {
    decoder_.set_bytes_max(wire::repl::frame_bytes_max);
  }

  void set_callbacks(callbacks to) override {
    on_frames_ = std::move(to.on_frames);
    on_closed_ = std::move(to.on_closed);
    over_->set_callbacks({[me = weak_from_this()](std::string bytes) {
                            if (auto self = me.lock()) self->receive(std::move(bytes));
                          },
                          [me = shared_from_this()](const error& why) { me->closed(why); }});
  }

  void read() override {
    // What came with the handshake's last frame is delivered before the socket is asked.
    if (first_read_.exchange(false) && decoder_.buffered_bytes() > 0) {
      receive({});
      return;
    }
    over_->read();
  }

  void send(const frame& f) override { over_->send(wire::repl::encode(f, {hash_, self_.epoch_now()})); }
  std::size_t pending_bytes() const override { return over_->pending_bytes(); }
  void when_pending_below(std::size_t bytes, std::function<void()> then) override {
    over_->when_pending_below(bytes, std::move(then));
  }
  void close() override { over_->close(); }
  void close_after_flush(std::chrono::milliseconds within) override { over_->close_after_flush(within); }
  const node_id& peer_node() const override { return peer_; }
  node_role peer_role() const override { return role_; }
  std::string remote_address() const override {
    return over_->remote_host() + ":" + std::to_string(over_->remote_port());
  }

 private:
  void receive(std::string bytes) {
    decoder_.feed(std::move(bytes));
    std::vector<decoded_frame> frames;
    for (;;) {
      auto next = decoder_.next();
      if (!next) return fail(next.failure());
      if (!*next) break;
      if ((**next).header.cluster_hash != hash_) return fail({errc::refused, "a frame of another cluster"});
      frames.push_back(std::move(**next));
    }
    if (on_frames_) on_frames_(std::move(frames));
  }

  void fail(const error& why) {
    over_->close();
    closed(why);
  }

  void closed(const error& why) {
    if (closed_.exchange(true)) return;
    if (on_closed_) on_closed_(why);
  }

  connection_ptr over_;
  local_node self_;
  node_id peer_;
  node_role role_;
  wire::repl::frame_decoder decoder_;
  std::uint64_t hash_;
  std::function<void(std::vector<decoded_frame>)> on_frames_;
  std::function<void(const error&)> on_closed_;
  std::atomic<bool> first_read_{true};
  std::atomic<bool> closed_{false};
};

// One handshake under way: pumps frames until it ends well, badly or by the deadline. The deadline's wait keeps it: the connection,
// which it keeps itself, must not, or the two outlive an io_context that is stopped meanwhile.
class handshake_pump : public std::enable_shared_from_this<handshake_pump> {
 public:
  handshake_pump(boost::asio::io_context& io, local_node self) : self_(std::move(self)), deadline_(io) {}
  virtual ~handshake_pump() = default;

  void start(connection_ptr over, std::chrono::milliseconds timeout) {
    over_ = std::move(over);
    deadline_.expires_after(timeout);
    deadline_.async_wait([me = shared_from_this()](const boost::system::error_code& ec) {
      if (!ec) me->give_up({errc::timeout, "the peer did not finish the handshake in time"});
    });
    over_->set_callbacks({[me = weak_from_this()](std::string bytes) {
                            if (const auto self = me.lock()) self->receive(std::move(bytes));
                          },
                          [me = weak_from_this()](const error& why) {
                            if (const auto self = me.lock()) self->failed(why);
                          }});
    begin();
    over_->read();
  }

 protected:
  virtual void begin() {}
  virtual void on_frame(frame f) = 0;
  virtual void failed(const error& why) = 0;

  void send(const frame& f) {
    over_->send(wire::repl::encode(f, {wire::repl::cluster_hash(self_.identity.cluster_id), self_.epoch_now()}));
  }
  /// True for the one who may report the outcome.
  bool finish() {
    if (done_.exchange(true)) return false;
    deadline_.cancel();
    return true;
  }
  void give_up(const error& why) {
    over_->close_after_flush(refusal_flush);
    failed(why);
  }
  peer_link_ptr make_link(const std::string& peer, node_role role) {
    return std::make_shared<link>(over_, self_, node_id{peer}, role, std::move(decoder_));
  }
  bool done() const { return done_; }

  local_node self_;

 private:
  void receive(std::string bytes) {
    decoder_.feed(std::move(bytes));
    while (!done()) {
      auto next = decoder_.next();
      if (!next) return give_up(next.failure());
      if (!*next) break;
      on_frame(std::move((**next).body));
    }
    if (!done()) over_->read();
  }

  connection_ptr over_;
  wire::repl::frame_decoder decoder_{wire::repl::handshake_frame_bytes_max};
  boost::asio::steady_timer deadline_;
  std::atomic<bool> done_{false};
};

class dialing final : public handshake_pump {
 public:
  dialing(boost::asio::io_context& io, local_node self, node_id expected, wire::repl::purpose wants,
          std::function<void(result<peer_link_ptr>)> then)
      : handshake_pump(io, self), expected_(std::move(expected)), rules_(self.identity, wants), then_(std::move(then)) {}

  void failed(const error& why) override {
    if (finish()) std::exchange(then_, nullptr)(why);
  }

 private:
  void begin() override { send(rules_.first()); }
  void on_frame(frame f) override {
    auto answer = rules_.on_reply(f, expected_.value);
    if (!answer) return give_up(answer.failure());
    if (!finish()) return;
    send(*answer);
    std::exchange(then_, nullptr)(make_link(rules_.peer_node(), rules_.peer_role()));
  }

  node_id expected_;
  wire::repl::dialer_handshake rules_;
  std::function<void(result<peer_link_ptr>)> then_;
};

class accepting final : public handshake_pump {
 public:
  accepting(boost::asio::io_context& io, local_node self, std::function<void(result<accepted_peer>)> then)
      : handshake_pump(io, self), rules_(self.identity), then_(std::move(then)) {}

 private:
  void failed(const error& why) override {
    if (finish()) std::exchange(then_, nullptr)(why);
  }
  void refuse(const wire::repl::refusal& no) {
    send(no);
    give_up({errc::refused, wire::repl::to_string(no)});
  }
  void on_frame(frame f) override {
    if (!greeted_) {
      greeted_ = true;
      auto answer = rules_.on_hello(f);
      if (auto* no = std::get_if<wire::repl::refusal>(&answer)) return refuse(*no);
      send(std::get<wire::repl::hello_reply>(answer));
      return;
    }
    auto answer = rules_.on_authenticate(f);
    if (auto* no = std::get_if<wire::repl::refusal>(&answer)) return refuse(*no);
    if (!finish()) return;
    accepted_peer peer{make_link(rules_.peer_node(), rules_.peer_role()), std::get<wire::repl::purpose>(answer)};
    std::exchange(then_, nullptr)(std::move(peer));
  }

  wire::repl::listener_handshake rules_;
  bool greeted_ = false;
  std::function<void(result<accepted_peer>)> then_;
};

}  // namespace

void dial_peer(boost::asio::io_context& io, local_node self, std::string host, std::uint16_t port, node_id expected,
               wire::repl::purpose wants, std::chrono::milliseconds timeout,
               std::function<void(result<peer_link_ptr>)> then) {
  auto pump = std::make_shared<dialing>(io, std::move(self), std::move(expected), wants, std::move(then));
  dial(io, std::move(host), port, timeout, [pump, timeout](result<connection_ptr> made) {
    if (!made) return pump->failed(made.failure());
    pump->start(std::move(*made), timeout);
  });
}

void accept_peer(boost::asio::io_context& io, local_node self, connection_ptr from, std::chrono::milliseconds timeout,
                 std::function<void(result<accepted_peer>)> then) {
  std::make_shared<accepting>(io, std::move(self), std::move(then))->start(std::move(from), timeout);
}

}  // namespace helios::net
