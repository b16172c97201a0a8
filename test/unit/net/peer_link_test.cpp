#include "net/peer_link.hpp"

#include <doctest/doctest.h>

#include "net_fixture.hpp"

using namespace helios;
using namespace helios::net;
namespace repl = helios::wire::repl;

namespace {

local_node node(const char* id, node_role role, const char* secret = "cluster-secret") {
  return {{"helios", secret, id, role}, [] { return epoch{7}; }};
}

struct link_fixture {
  mailbox<result<accepted_peer>> accepted;
  mailbox<result<peer_link_ptr>> dialed;
  io_threads threads;
  std::unique_ptr<listener> listening = std::move(*listener::open(threads.io, "127.0.0.1", 0, {}, [this](connection_ptr c) {
    accept_peer(threads.io, node("primary", node_role::primary), c, accept_timeout,
                [this](result<accepted_peer> r) { accepted.push(std::move(r)); });
  }));
  std::chrono::milliseconds accept_timeout{5000};

  void dial_as(local_node self, node_id expected = {}) {
    dial_peer(threads.io, std::move(self), "127.0.0.1", listening->port(), std::move(expected), repl::purpose::watch,
              std::chrono::seconds(5), [this](result<peer_link_ptr> r) { dialed.push(std::move(r)); });
  }
};

}  // namespace

TEST_CASE("nodes with the same secret get a link, and frames with the epoch") {
  link_fixture f;
  f.dial_as(node("proxy", node_role::proxy), node_id{"primary"});
  auto there = *f.dialed.take();
  auto here = *f.accepted.take();
  REQUIRE((there.ok() && here.ok()));
  CHECK(here->wants == repl::purpose::watch);
  CHECK(here->link->peer_node() == node_id{"proxy"});
  CHECK(here->link->peer_role() == node_role::proxy);
  mailbox<repl::decoded_frame> frames;
  (*there)->set_callbacks({[&](std::vector<repl::decoded_frame> got) {
                             for (auto& g : got) frames.push(std::move(g));
                           },
                           [](const error&) {}});
  (*there)->read();
  here->link->set_callbacks({});
  here->link->send(repl::session_position{lsn{99}});
  const auto got = frames.take();
  REQUIRE(got);
  CHECK(got->header.number == epoch{7});
  CHECK(std::get<repl::session_position>(got->body).position == lsn{99});
  (*there)->close();
  here->link->close();
}

TEST_CASE("a dialer with another secret learns of it, and the listener too") {
  link_fixture f;
  f.dial_as(node("proxy", node_role::proxy, "another-secret"));
  const auto there = f.dialed.take();
  REQUIRE((there && !there->ok()));
  CHECK(there->failure().code == errc::refused);
  const auto here = f.accepted.take();
  REQUIRE((here && !here->ok()));
}

TEST_CASE("a silent dialer is given up") {
  link_fixture f;
  f.accept_timeout = std::chrono::milliseconds(50);
  mailbox<result<connection_ptr>> silent;
  dial(f.threads.io, "127.0.0.1", f.listening->port(), std::chrono::seconds(5),
       [&](result<connection_ptr> r) { silent.push(std::move(r)); });
  const auto here = f.accepted.take();
  REQUIRE((here && !here->ok()));
  CHECK(here->failure().code == errc::timeout);
}

TEST_CASE("another node than the expected one is refused") {
  link_fixture f;
  f.dial_as(node("proxy", node_role::proxy), node_id{"someone-else"});
  CHECK(f.dialed.take()->failure().code == errc::refused);
  CHECK_FALSE(f.accepted.take()->ok());
}
