#include "actors/session/pg_listener.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>
#include <variant>

#include "actors/session/forwarded_connection.hpp"
#include "actors/session/pg_session.hpp"

namespace helios::actors {
namespace {

constexpr std::chrono::seconds open_time_max{10};
constexpr std::chrono::milliseconds refusal_time{500};

// A link whose peer has not yet said which session it wants. Lives in the link's callbacks until it lets go of the link. It has an
// entry in the directory, for the services are touched before there is a session.
class forward_opening : public std::enable_shared_from_this<forward_opening> {
 public:
  forward_opening(caf::actor_system& system, boost::asio::io_context& io, session_services_ptr services, net::peer_link_ptr link)
      : system_(system), services_(std::move(services)), link_(std::move(link)), io_(io), deadline_(io) {}

  void start() {
    const auto self = shared_from_this();
    if (!enter()) return refuse({wire::repl::refusal_code::role, "this node takes no more sessions"});
    link_->set_callbacks({[self](std::vector<wire::repl::decoded_frame> frames) { self->take(std::move(frames)); },
                          [self](const error&) { self->take_end(); }});
    deadline_.expires_after(open_time_max);
    deadline_.async_wait([self](const boost::system::error_code& stopped) {
      if (stopped || !self->link_) return;
      self->let_go();
    });
    link_->read();
  }

 private:
  bool enter() {
    auto made = services_->directory->add_unadmitted([weak = weak_from_this(), &io = io_](interrupt what) {
      if (what == interrupt::cancel) return;
      boost::asio::post(io, [weak] {
        if (const auto self = weak.lock()) self->let_go();
      });
    });
    if (!made) return false;
    entry_ = {nullptr, [directory = services_->directory, id = made->id](void*) { directory->remove(id); }};
    return true;
  }

  void let_go() {
    if (link_) link_->close();
    forget();
  }
  void forget() {
    deadline_.cancel();
    link_ = nullptr;
    entry_ = nullptr;
  }

  // Posted: the link's callbacks are replaced outside of them. Nothing else is read in between.
  void take(std::vector<wire::repl::decoded_frame> frames) {
    boost::asio::post(io_, [self = shared_from_this(), frames = std::move(frames)]() mutable {
      if (self->link_) self->on_frames(std::move(frames));
    });
  }
  void take_end() {
    boost::asio::post(io_, [self = shared_from_this()] {
      self->forget();
    });
  }

  void on_frames(std::vector<wire::repl::decoded_frame> frames) {
    if (frames.empty()) return link_->read();
    auto* wanted = std::get_if<wire::repl::open_session>(&frames.front().body);
    if (!wanted) return refuse({"version", "a forward link begins with open_session"});
    if (services_->read_only() && !wanted->allow_read_only) {
      return refuse({wire::repl::refusal_code::role, "this node is a standby and accepts no writes"});
    }
    if (services_->not_accepting) {
      if (const auto why = services_->not_accepting()) return refuse({wire::repl::refusal_code::role, *why});
    }
    auto as = std::move(*wanted);
    frames.erase(frames.begin());
    open(std::move(as), std::move(frames));
  }

  void refuse(const wire::repl::refusal& why) {
    link_->send(why);
    link_->close_after_flush(refusal_time);
    forget();
  }

  void open(wire::repl::open_session as, std::vector<wire::repl::decoded_frame> early) {
    // Set on the session's fiber, read on the link's thread.
    auto id = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto client = std::make_shared<forwarded_connection>(link_, as.client_address, as.client_port, [id, directory = services_->directory] {
      directory->interrupt_one(session_id{id->load()}, interrupt::cancel);
    });
    client->start(std::move(early));
    forwarded_client forwarded;
    forwarded.user = std::move(as.user);
    forwarded.database = std::move(as.database);
    forwarded.client_address = std::move(as.client_address);
    forwarded.client_port = as.client_port;
    forwarded.settings = std::move(as.settings);
    forwarded.announce_position = [link = link_](lsn position) { link->send(wire::repl::session_position{position}); };
    forwarded.opened = [link = link_, id](std::uint32_t process_id, std::uint32_t secret) {
      id->store(process_id);
      link->send(wire::repl::session_opened{process_id, secret});
    };
    forwarded.opening = std::move(entry_);
    spawn_pg_session(system_, client, services_, std::move(forwarded));
    forget();
  }

  caf::actor_system& system_;
  session_services_ptr services_;
  net::peer_link_ptr link_;
  boost::asio::io_context& io_;
  boost::asio::steady_timer deadline_;
  std::shared_ptr<void> entry_;  ///< removes itself from the directory
};

}  // namespace

result<std::unique_ptr<net::listener>> open_pg_listener(caf::actor_system& system, boost::asio::io_context& io,
                                                        session_services_ptr services, const net::tls_files& tls) {
  const auto at = services->options.listen;
  return net::listener::open(io, at.host, at.pg_port, tls, [&system, services = std::move(services)](net::connection_ptr client) {
    spawn_pg_session(system, std::move(client), services);
  });
}

void accept_forward_session(caf::actor_system& system, boost::asio::io_context& io, session_services_ptr services,
                            net::peer_link_ptr link) {
  std::make_shared<forward_opening>(system, io, std::move(services), std::move(link))->start();
}

}  // namespace helios::actors
