#pragma once
// A blocking PostgreSQL client over our own codec, for tests that look at single messages. A server that says nothing for
// `silence_max` is an exception, not a test that hangs.

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <poll.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "wire/pg/client.hpp"
#include "wire/pg/scram.hpp"

namespace helios::actors::test {

struct answer {
  std::string types;                    ///< of the messages, in order, ReadyForQuery included
  std::vector<std::string> rows;        ///< first column
  std::vector<std::string> tags;
  std::optional<error_report> failure;  ///< the first
  char status = 0;                      ///< of ReadyForQuery; 0 if the connection ended

  /// SQLSTATE of the failure, or "".
  std::string state() const { return failure ? failure->sqlstate : std::string(); }
};

class pg_client {
 public:
  static constexpr std::chrono::milliseconds silence_max{60'000};

  explicit pg_client(std::uint16_t port) : socket_(io_) { socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port}); }

  /// Empty on success, else what the server said.
  std::optional<error_report> login(const std::string& user, const std::string& password, const std::string& database,
                                    std::vector<std::pair<std::string, std::string>> more = {}) {
    more.insert(more.begin(), {{"user", user}, {"database", database}});
    wire::pg::frontend_encoder(out).startup(more);
    send();
    wire::pg::scram_client scram(password);
    for (;;) {
      const auto m = next();
      if (!m) return closed();
      if (m->type == 'E') return *wire::pg::parse_error_report(m->body);
      if (m->type == 'S') {
        const auto p = *wire::pg::parse_parameter_status(m->body);
        parameters[std::string(p.first)] = p.second;
      }
      if (m->type == 'K') key = *wire::pg::parse_backend_key_data(m->body);
      if (m->type == 'Z') return std::nullopt;
      if (m->type != 'R') continue;
      const auto [code, data] = *wire::pg::parse_authentication(m->body);
      if (code == 10) wire::pg::frontend_encoder(out).sasl_initial(wire::pg::scram_mechanism, scram.first());
      if (code == 11) wire::pg::frontend_encoder(out).sasl_response(*scram.final(data));
      if (code == 12 && !scram.verify(data)) throw std::runtime_error("the server does not know the password");
      if (code == 10 || code == 11) send();
    }
  }

  answer query(const std::string& text) {
    wire::pg::frontend_encoder(out).query(text);
    send();
    return read_answer();
  }

  /// Sends what was encoded into `out`.
  void send() {
    boost::system::error_code failed;
    boost::asio::write(socket_, boost::asio::buffer(out), failed);
    out.clear();
  }
  answer read_answer() {
    answer a;
    for (;;) {
      const auto m = next();
      if (!m) return a;
      note(a, *m);
      if (m->type == 'Z' || m->type == 'G') return a;
    }
  }
  /// One message; nothing at the end of the connection.
  std::optional<wire::pg::backend_message> next() {
    for (;;) {
      auto m = in_.next();
      if (!m) throw std::runtime_error(m.failure().detail);
      if (*m) return **m;
      pollfd readable{socket_.native_handle(), POLLIN, 0};
      if (::poll(&readable, 1, static_cast<int>(silence_max.count())) == 0) throw std::runtime_error("the server is silent");
      std::array<char, 65536> chunk;
      boost::system::error_code failed;
      const auto n = socket_.read_some(boost::asio::buffer(chunk), failed);
      if (failed) return std::nullopt;
      in_.feed(std::string(chunk.data(), n));
    }
  }
  void extended(const std::string& name, const std::string& text) {
    wire::pg::frontend_encoder e(out);
    e.parse(name, text, {});
    bind_execute(name);
  }
  void bind_execute(const std::string& name) {
    wire::pg::frontend_encoder e(out);
    wire::pg::bind_message b;
    b.statement = name;
    e.bind(b);
    e.execute("", 0);
  }
  void sync() { wire::pg::frontend_encoder(out).sync(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

  std::string out;
  std::map<std::string, std::string> parameters;
  wire::pg::cancel_key key;

 private:
  static void note(answer& a, const wire::pg::backend_message& m) {
    a.types.push_back(m.type);
    if (m.type == 'D') {
      const auto row = *wire::pg::parse_data_row(m.body);
      a.rows.emplace_back(row.empty() || !row[0] ? "" : std::string(*row[0]));
    }
    if (m.type == 'C') a.tags.emplace_back(m.body.substr(0, m.body.size() - 1));
    if (m.type == 'E' && !a.failure) a.failure = *wire::pg::parse_error_report(m.body);
    if (m.type == 'Z') a.status = m.body[0];
  }
  static error_report closed() {
    error_report r;
    r.message = "connection closed";
    return r;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  wire::pg::backend_decoder in_;
};

}  // namespace helios::actors::test
