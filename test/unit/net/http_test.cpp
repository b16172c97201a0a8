#include "net/http.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>

#include "net_fixture.hpp"

using namespace helios;
using namespace helios::net;
using tcp = boost::asio::ip::tcp;

namespace {

struct http_fixture {
  mailbox<http_respond> held;
  io_threads threads;
  std::unique_ptr<http_server> server;

  explicit http_fixture(std::size_t connections_max = 256) {
    server = std::move(*http_server::open(
        threads.io, "127.0.0.1", 0,
        [this](http_request r, http_respond respond) {
          if (r.path == "/hold") return held.push(std::move(respond));
          http_response out;
          out.status = r.path == "/missing" ? 404 : 200;
          out.body = r.method + " " + r.path + " " + r.query["q"] + " " + r.authorization + " " + r.body;
          out.headers["X-Test"] = "yes";
          respond(std::move(out));
        },
        connections_max));
  }
  /// Requests that were never answered must go before the io_context.
  ~http_fixture() {
    server.reset();
    while (!held.empty()) held.take();
  }
  result<http_response> fetch(http_request r, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    mailbox<result<http_response>> outcome;
    http_fetch(threads.io, "127.0.0.1", server->port(), std::move(r), timeout,
               [&](result<http_response> got) { outcome.push(std::move(got)); });
    return *outcome.take(std::chrono::seconds(20));
  }
  /// Sends bytes as they are and reads until the server closes.
  std::string raw(const std::string& bytes) {
    tcp::socket s(threads.io);
    s.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
    boost::system::error_code failed;
    std::size_t sent = 0;
    while (sent < bytes.size() && !failed) sent += s.send(boost::asio::buffer(bytes.data() + sent, bytes.size() - sent), 0, failed);
    std::string out;
    std::array<char, 4096> chunk;
    for (failed = {}; !failed;) out.append(chunk.data(), s.read_some(boost::asio::buffer(chunk), failed));
    return out;
  }
};

http_request request(std::string method, std::string path, std::string body = {}) {
  http_request out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.body = std::move(body);
  return out;
}

}  // namespace

TEST_CASE("a request reaches the handler, and its answer the client") {
  http_fixture f;
  auto r = request("POST", "/a b/c", "{}");
  r.query["q"] = "x&y";
  r.authorization = "Bearer t";
  const auto got = f.fetch(r);
  REQUIRE(got.ok());
  CHECK(got->status == 200);
  CHECK(got->content_type == "application/json");
  CHECK(got->body == "POST /a b/c x&y Bearer t {}");
  CHECK(got->headers.at("X-Test") == "yes");
  CHECK(f.fetch(request("GET", "/missing"))->status == 404);
}

TEST_CASE("HEAD is answered as GET, with the length and without the body") {
  http_fixture f;
  const auto text = f.raw("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(text.starts_with("HTTP/1.1 200"));
  CHECK(text.find("Content-Length: 9\r\n") != std::string::npos);  // "GET /x   " without authorization and body
  CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("one connection serves several requests") {
  http_fixture f;
  const auto text = f.raw("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(text.find("GET /1") != std::string::npos);
  CHECK(text.find("GET /2") != std::string::npos);
}

TEST_CASE("a handler may answer later and from another thread") {
  http_fixture f;
  mailbox<result<http_response>> outcome;
  http_fetch(f.threads.io, "127.0.0.1", f.server->port(), request("GET", "/hold"), std::chrono::seconds(10),
             [&](result<http_response> got) { outcome.push(std::move(got)); });
  auto respond = *f.held.take();
  http_response answer;
  answer.status = 503;
  respond(answer);
  CHECK((*outcome.take())->status == 503);
}

TEST_CASE("no answer within the time allowed is a timeout") {
  http_fixture f;
  const auto got = f.fetch(request("GET", "/hold"), std::chrono::milliseconds(100));
  REQUIRE_FALSE(got.ok());
  CHECK(got.failure().code == errc::timeout);
}

TEST_CASE("too much is refused with the right status") {
  http_fixture f;
  CHECK(f.fetch(request("POST", "/x", std::string(http_body_bytes_max + 1, 'b')))->status == 413);
  CHECK(f.fetch(request("POST", "/x", std::string(http_body_bytes_max, 'b')))->status == 200);
  CHECK(f.raw("GET /x HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431"));
}

TEST_CASE("what is no HTTP is answered 400 or closed") {
  http_fixture f;
  CHECK(f.raw("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(f.raw("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(f.fetch(request("GET", "/still-alive"))->status == 200);
}

TEST_CASE("connections beyond the maximum are closed") {
  http_fixture f(1);
  tcp::socket first(f.threads.io);
  first.connect({boost::asio::ip::make_address("127.0.0.1"), f.server->port()});
  const std::string r = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  first.send(boost::asio::buffer(r));
  std::array<char, 4096> chunk;
  REQUIRE(first.read_some(boost::asio::buffer(chunk)) > 0);  // it is the one connection
  CHECK(f.raw(r).empty());
}

TEST_CASE("a server that is no HTTP server is a protocol error") {
  io_threads threads;
  auto rude = listener::open(threads.io, "127.0.0.1", 0, {}, [](connection_ptr c) {
    c->set_callbacks({});
    c->send("E\0\0\0 not HTTP at all\r\n\r\n");
    c->close_after_flush(std::chrono::seconds(1));
  });
  mailbox<result<http_response>> outcome;
  http_fetch(threads.io, "127.0.0.1", (*rude)->port(), request("GET", "/"), std::chrono::seconds(5),
             [&](result<http_response> got) { outcome.push(std::move(got)); });
  const auto got = outcome.take();
  REQUIRE((got && !got->ok()));
  CHECK(got->failure().code == errc::protocol);
}
