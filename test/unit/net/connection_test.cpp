#include "net/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <thread>

#include "net_fixture.hpp"

using namespace helios;
using namespace helios::net;
using tcp = boost::asio::ip::tcp;

namespace {

/// The other end as a plain blocking socket, for peers that misbehave.
tcp::socket plain_peer(boost::asio::io_context& io, std::uint16_t port) {
  tcp::socket out(io);
  out.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  return out;
}

}  // namespace

TEST_CASE("bytes arrive whole and in order in both directions") {
  pair_fixture f;
  f.client->c->send("hello");
  CHECK(f.server->read(5) == "hello");
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    auto piece = "piece " + std::to_string(i) + ";";
    expected += piece;
    f.server->c->send(std::move(piece));
  }
  CHECK(f.client->read(expected.size()) == expected);
}

TEST_CASE("an idle connection sends at once: the kernel has the bytes when send returns") {
  pair_fixture f;
  f.client->c->send("committed");
  CHECK(f.client->c->pending_bytes() == 0);
}

TEST_CASE("data arrives only after it was asked for") {
  pair_fixture f;
  f.client->c->send("unasked");
  f.client->c->send("twice");
  // A round trip the other way shows that both have had time to arrive.
  f.server->c->send("x");
  CHECK(f.client->read(1) == "x");
  CHECK(f.server->data.empty());
  CHECK(f.server->read(12) == "unaskedtwice");
}

TEST_CASE("a slow reader leaves bytes pending, and the sender learns when they are gone") {
  pair_fixture f;
  const std::string block(1u << 20, 'b');
  std::size_t sent = 0;
  while (f.client->c->pending_bytes() < (4u << 20)) {
    f.client->c->send(block);
    sent += block.size();
  }
  mailbox<std::size_t> below;
  f.client->c->when_pending_below(1u << 20, [&] { below.push(f.client->c->pending_bytes()); });
  CHECK(below.empty());
  CHECK(f.server->read(sent).size() == sent);
  const auto at = below.take();
  REQUIRE(at);
  CHECK(*at <= 1u << 20);
  mailbox<int> now;
  f.client->c->when_pending_below(1u << 20, [&] { now.push(1); });
  CHECK_FALSE(now.empty());
}

TEST_CASE("a peer that closes is an end of file, told once") {
  pair_fixture f;
  f.server->c->read();
  f.client->c->close();
  const auto why = f.server->closed.take();
  REQUIRE(why);
  CHECK(why->code == errc::closed);
  CHECK(f.server->closed.empty());
  CHECK(f.client->closed.empty());  // close() is silent on its own side
}

TEST_CASE("a peer that resets is an input/output error") {
  pair_fixture f;
  auto gone = plain_peer(f.threads.io, f.listening->port());
  peer server(*f.accepted.take());
  server.c->read();
  gone.set_option(boost::asio::socket_base::linger(true, 0));
  gone.close();
  const auto why = server.closed.take();
  REQUIRE(why);
  CHECK(why->code == errc::io);
}

TEST_CASE("waiters of a connection that ends are released") {
  pair_fixture f;
  while (f.client->c->pending_bytes() == 0) f.client->c->send(std::string(1u << 20, 'b'));
  mailbox<int> released;
  f.client->c->when_pending_below(0, [&] { released.push(1); });
  SUBCASE("by the peer") { f.server->c->close(); }
  SUBCASE("by this side") { f.client->c->close(); }
  CHECK(released.take());
  f.client->c->when_pending_below(0, [&] { released.push(2); });
  CHECK(released.take() == 2);
}

TEST_CASE("close_after_flush delivers what is pending, even to a peer that still sends") {
  pair_fixture f;
  std::string everything;
  while (f.client->c->pending_bytes() < (2u << 20)) {
    f.client->c->send(std::string(1u << 20, 'e'));
    everything.append(1u << 20, 'e');
  }
  f.server->c->send("noise that nobody reads");
  f.client->c->close_after_flush(std::chrono::seconds(10));
  f.client->c->send("too late");
  CHECK(f.server->read(everything.size()) == everything);
  f.server->c->read();
  CHECK(f.server->closed.take()->code == errc::closed);
  f.server->c->close();
  CHECK(f.client->closed.take());
}

TEST_CASE("close_after_flush gives up on a peer that does not read") {
  pair_fixture f;
  while (f.client->c->pending_bytes() < (2u << 20)) f.client->c->send(std::string(1u << 20, 'e'));
  f.client->c->close_after_flush(std::chrono::milliseconds(50));
  CHECK(f.client->closed.take());
  CHECK(f.client->c->pending_bytes() == 0);
}

TEST_CASE("a peer that has only stopped sending still gets its answer") {
  pair_fixture f;
  auto half = plain_peer(f.threads.io, f.listening->port());
  peer server(*f.accepted.take());
  boost::asio::write(half, boost::asio::buffer("query", 5));
  half.shutdown(tcp::socket::shutdown_send);
  CHECK(server.read(5) == "query");
  std::string answer(3u << 20, 'a');
  server.c->send(answer);
  server.c->close_after_flush(std::chrono::seconds(10));
  std::string got(answer.size() + 1, '\0');
  boost::system::error_code ended;
  std::size_t n = 0;
  while (!ended) n += half.read_some(boost::asio::buffer(got.data() + n, got.size() - n), ended);
  CHECK(n == answer.size());
  CHECK(ended == boost::asio::error::eof);
}

TEST_CASE("no callback runs after close returned") {
  for (int round = 0; round < 50; ++round) {
    pair_fixture f;
    std::atomic<bool> closed{false};
    std::atomic<int> late{0};
    std::mutex running;  // a callback under way may finish
    f.server->c->set_callbacks({[&](std::string) {
                                  std::lock_guard guard(running);
                                  if (closed) ++late;
                                  f.server->c->read();
                                },
                                [&](const error&) {
                                  std::lock_guard guard(running);
                                  if (closed) ++late;
                                }});
    f.server->c->read();
    for (int i = 0; i < 20; ++i) f.client->c->send("x");
    f.client->c->close();
    f.server->c->close();
    {
      std::lock_guard guard(running);
      closed = true;
    }
    // One callback may have been under way on the other thread and enter after the flag; no second one can.
    CHECK(late <= 1);
  }
}

TEST_CASE("several threads may send: each piece stays whole") {
  pair_fixture f;
  constexpr int threads = 4, pieces = 500;
  std::vector<std::thread> senders;
  for (int t = 0; t < threads; ++t) {
    senders.emplace_back([&f, t] {
      for (int i = 0; i < pieces; ++i) f.client->c->send(std::string(100, static_cast<char>('a' + t)));
    });
  }
  const auto got = f.server->read(threads * pieces * 100);
  for (auto& s : senders) s.join();
  REQUIRE(got.size() == threads * pieces * 100);
  for (std::size_t at = 0; at < got.size(); at += 100) CHECK(got.substr(at, 100) == std::string(100, got[at]));
}

TEST_CASE("dialing a closed port fails, and names it") {
  io_threads threads;
  std::uint16_t port = 0;
  {
    auto once = listener::open(threads.io, "127.0.0.1", 0, {}, [](connection_ptr) {});
    port = (*once)->port();
  }
  mailbox<result<connection_ptr>> outcome;
  dial(threads.io, "127.0.0.1", port, std::chrono::seconds(5), [&](result<connection_ptr> r) { outcome.push(std::move(r)); });
  const auto r = outcome.take();
  REQUIRE((r && !r->ok()));
  CHECK(r->failure().code == errc::io);
  CHECK(r->failure().detail.find(std::to_string(port)) != std::string::npos);
}

TEST_CASE("a name that does not exist cannot be dialed") {
  io_threads threads;
  mailbox<result<connection_ptr>> outcome;
  dial(threads.io, "no-such-host.invalid", 1, std::chrono::seconds(5),
       [&](result<connection_ptr> r) { outcome.push(std::move(r)); });
  const auto r = outcome.take();
  REQUIRE((r && !r->ok()));
}

TEST_CASE("a listener that never accepts is given up at the deadline") {
  io_threads threads;
  // A full backlog of a listener that accepts nobody: further connects are left hanging by the kernel.
  tcp::acceptor full(threads.io, {boost::asio::ip::make_address("127.0.0.1"), 0}, true);
  full.listen(0);
  std::vector<std::unique_ptr<tcp::socket>> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(std::make_unique<tcp::socket>(threads.io));
    fillers.back()->async_connect(full.local_endpoint(), [](const boost::system::error_code&) {});
  }
  mailbox<result<connection_ptr>> outcome;
  const auto begin = std::chrono::steady_clock::now();
  dial(threads.io, "127.0.0.1", full.local_endpoint().port(), std::chrono::milliseconds(200),
       [&](result<connection_ptr> r) { outcome.push(std::move(r)); });
  const auto r = outcome.take();
  REQUIRE((r && !r->ok()));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("a port that is taken is named") {
  io_threads threads;
  auto first = listener::open(threads.io, "127.0.0.1", 0, {}, [](connection_ptr) {});
  REQUIRE(first.ok());
  const auto second = listener::open(threads.io, "127.0.0.1", (*first)->port(), {}, [](connection_ptr) {});
  REQUIRE_FALSE(second.ok());
  CHECK(second.failure().code == errc::io);
  CHECK(second.failure().detail.find(std::to_string((*first)->port())) != std::string::npos);
}

TEST_CASE("a stopped listener accepts no more, and its connections live on") {
  pair_fixture f;
  f.listening->stop();
  f.client->c->send("still here");
  CHECK(f.server->read(10) == "still here");
  mailbox<result<connection_ptr>> outcome;
  dial(f.threads.io, "127.0.0.1", f.listening->port(), std::chrono::seconds(5),
       [&](result<connection_ptr> r) { outcome.push(std::move(r)); });
  CHECK_FALSE(outcome.take()->ok());
}

TEST_CASE("both ends know the other's address") {
  pair_fixture f;
  CHECK(f.client->c->remote_host() == "127.0.0.1");
  CHECK(f.client->c->remote_port() == f.listening->port());
  CHECK(f.server->c->remote_host() == "127.0.0.1");
}
