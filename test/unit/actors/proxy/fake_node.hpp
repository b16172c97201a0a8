#pragma once
// A data node as the proxy sees it: a replication port with watch and forward links, and just enough of a session behind
// them. Answers by the text of the statement; keeps a journal of what was run. Its links run on one thread of its own.

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/peer_link.hpp"
#include "wire/pg/backend_encoder.hpp"
#include "wire/pg/frontend.hpp"
#include "wire/pg/scram.hpp"

namespace helios::actors::test {

/// What all nodes of a test cluster share.
struct fake_cluster {
  std::string secret = "cluster-secret";
  wire::pg::scram_verifier verifier = wire::pg::make_verifier("helios", 4096);
  std::atomic<std::uint64_t> log_end{100};
};

class fake_node {
 public:
  fake_node(fake_cluster& cluster, std::string id, node_role role)
      : cluster_(cluster), id_(std::move(id)), work_(io_.get_executor()), heartbeat_(io_) {
    state_.node_id = id_;
    state_.role = role;
    state_.serving = true;
    state_.writable = role == node_role::primary;
    state_.number = epoch{1};
    state_.visible = lsn{cluster_.log_end};
    thread_ = std::thread([this] { io_.run(); });
    open(0);
  }
  ~fake_node() {
    on_thread([this] { close_all(); });
    work_.reset();  // handshakes under way end with their peer, which is gone
    thread_.join();
  }

  const std::string& id() const { return id_; }
  std::uint16_t port() const { return port_; }

  /// The process dies: every connection is reset, the port is closed.
  void kill() {
    on_thread([this] { close_all(); });
  }
  void restart() { open(port_); }
  /// SIGSTOP: connections stay, nothing is answered.
  void pause(bool paused) {
    on_thread([&] {
      paused_ = paused;
      if (!paused) push_state();
    });
  }
  void change(const std::function<void(wire::repl::node_state&)>& how) {
    on_thread([&] {
      how(state_);
      push_state();
    });
  }
  /// DISCARD ALL is not answered.
  void hold_cleaning() {
    on_thread([&] { holds_cleaning_ = true; });
  }
  /// Statements run here, oldest first.
  std::vector<std::string> journal() {
    std::vector<std::string> out;
    on_thread([&] { out = journal_; });
    return out;
  }
  bool ran(const std::string& text) {
    const auto all = journal();
    return std::find(all.begin(), all.end(), text) != all.end();
  }
  std::size_t sessions() {
    std::size_t out = 0;
    on_thread([&] { out = sessions_.size(); });
    return out;
  }

 private:
  struct session {
    net::peer_link_ptr link;
    wire::pg::frontend_decoder decoder{wire::pg::message_bytes_default_max, wire::pg::frontend_decoder::phase::session};
    std::map<std::string, std::string> statements, portals;
    std::string out;
    char status = 'I';
    bool skipping = false, copying = false, hanging = false, copy_simple = false;
    std::size_t copied = 0;
    std::vector<wire::repl::decoded_frame> delayed;
  };
  using session_ptr = std::shared_ptr<session>;

  void on_thread(const std::function<void()>& what) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

  void open(std::uint16_t port) {
    auto made = net::listener::open(io_, "127.0.0.1", port, {}, [this](net::connection_ptr c) {
      net::local_node self{{"helios", cluster_.secret, id_, state_.role}, [this] { return state_.number; }};
      net::accept_peer(io_, self, std::move(c), std::chrono::seconds(5), [this](result<net::accepted_peer> peer) {
        if (peer) accepted(std::move(*peer));
      });
    });
    port_ = (*made)->port();
    on_thread([&] {
      listener_ = std::move(*made);
      beat();
    });
  }

  void close_all() {
    if (listener_) listener_->stop();
    listener_ = nullptr;
    heartbeat_.cancel();
    for (auto& w : watchers_) w->close();
    for (auto& s : sessions_) s->link->close();
    watchers_.clear();
    sessions_.clear();
  }

  void beat() {
    push_state();
    heartbeat_.expires_after(std::chrono::milliseconds(20));
    // A beat that was due when the node was closed comes uncancelled.
    heartbeat_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled && listener_) beat();
    });
  }
  void push_state() {
    if (paused_) return;
    for (auto& w : watchers_) w->send(state_);
  }

  void accepted(net::accepted_peer peer) {
    if (!listener_) return peer.link->close();  // shaken hands with while the node was closed
    if (peer.wants == wire::repl::purpose::watch) {
      peer.link->set_callbacks({[](auto) {}, [this, raw = peer.link.get()](const error&) {
                                  std::erase_if(watchers_, [raw](const auto& w) { return w.get() == raw; });
                                }});
      peer.link->read();
      watchers_.push_back(peer.link);
      if (!paused_) peer.link->send(state_);
      return;
    }
    auto s = std::make_shared<session>();
    s->link = peer.link;
    sessions_.insert(s);
    // The session holds the link, so the link's callbacks must not hold the session.
    peer.link->set_callbacks({[this, weak = std::weak_ptr<session>(s)](std::vector<wire::repl::decoded_frame> frames) {
                                if (auto live = weak.lock()) take(live, std::move(frames));
                              },
                              [this, weak = std::weak_ptr<session>(s)](const error&) {
                                if (auto gone = weak.lock()) sessions_.erase(gone);
                              }});
    peer.link->read();
  }

  void take(const session_ptr& s, std::vector<wire::repl::decoded_frame> frames) {
    if (!sessions_.contains(s)) return;
    if (paused_) return;  // what a stopped process received is not seen again by these tests
    for (auto& f : frames) {
      if (auto* open = std::get_if<wire::repl::open_session>(&f.body)) opened(s, *open);
      else if (std::get_if<wire::repl::cancel>(&f.body)) cancelled(s);
      else if (auto* bytes = std::get_if<wire::repl::pg_bytes>(&f.body)) s->decoder.feed(std::move(bytes->bytes));
    }
    while (sessions_.contains(s)) {
      const auto message = s->decoder.next();
      if (!message || !*message) break;
      handle(s, **message);
    }
    flush(s);
    if (sessions_.contains(s)) s->link->read();
  }

  void flush(const session_ptr& s) {
    if (!s->out.empty() && sessions_.contains(s)) s->link->send(wire::repl::pg_bytes{std::exchange(s->out, {})});
  }

  void opened(const session_ptr& s, const wire::repl::open_session& open) {
    if (open.database == "nodb") return s->link->send(wire::repl::refusal{"3D000", "database \"nodb\" does not exist"});
    if (!open.allow_read_only && !state_.writable) return s->link->send(wire::repl::refusal{"role", "not a primary"});
    s->link->send(wire::repl::session_opened{1, 2});
  }

  void cancelled(const session_ptr& s) {
    if (!std::exchange(s->hanging, false)) return;
    wire::pg::backend_encoder out(s->out);
    fail(*s, out, "57014", "canceling statement due to user request");
    out.ready_for_query(s->status);
    flush(s);
  }

  void fail(session& s, wire::pg::backend_encoder& out, const char* state, const std::string& text) {
    error_report r;
    r.sqlstate = state;
    r.message = text;
    out.error_response(r);
    if (s.status == 'T') s.status = 'E';
  }

  void row(wire::pg::backend_encoder& out, const std::string& value, bool describe) {
    if (describe) {
      wire::pg::row_field f;
      f.name = "value";
      f.type = 25;
      out.row_description({&f, 1});
    }
    out.begin_row(1);
    out.field(value);
    out.end_row();
  }

  void die(const session_ptr& s) {
    sessions_.erase(s);
    s->link->close_after_flush(std::chrono::milliseconds(100));
  }

  void committed(session& s) {
    if (s.status != 'I') return;
    cluster_.log_end += 10;
    state_.visible = lsn{cluster_.log_end};
    s.link->send(wire::repl::session_position{state_.visible});
  }

  /// False if the statement failed, hangs or took the session away: nothing more is to be said.
  bool run(const session_ptr& s, const std::string& text, bool describe) {
    journal_.push_back(text);
    wire::pg::backend_encoder out(s->out);
    const bool writes = text.starts_with("INSERT") || text.starts_with("COPY") || text.starts_with("SELECT write()");
    if (s->status == 'E' && text != "ROLLBACK" && text != "COMMIT") {
      fail(*s, out, "25P02", "current transaction is aborted");
      return false;
    }
    if (text.starts_with("SELECT die")) return die(s), false;
    if (text.starts_with("SELECT partial")) {
      for (int i = 0; i < 50; ++i) row(out, std::string(2000, 'p'), describe && i == 0);
      flush(s);
      return die(s), false;
    }
    if (text.starts_with("SELECT hang") || (holds_cleaning_ && text == "DISCARD ALL")) {
      s->hanging = true;
      return false;
    }
    if (writes && !state_.writable) {
      fail(*s, out, "25006", "cannot execute in a read-only transaction");
      return false;
    }
    if (text.starts_with("INSERT die")) return die(s), false;
    if (text == "INSERT fatal") {
      error_report r;
      r.severity = "FATAL";
      r.sqlstate = "57P01";
      r.message = "terminating connection due to administrator command";
      out.error_response(r);
      flush(s);
      return die(s), false;
    }
    if (text == "INSERT fail") {
      fail(*s, out, "23505", "duplicate key");
      return false;
    }
    if (text.starts_with("COPY")) {
      out.copy_in_response(0, 1);
      s->copying = true;
      s->copied = 0;
      s->copy_simple = describe;
      return false;
    }
    answer(*s, out, text, describe);
    return true;
  }

  void answer(session& s, wire::pg::backend_encoder& out, const std::string& text, bool describe) {
    if (text.starts_with("SHOW ")) {
      row(out, "value of " + text.substr(5), describe);
      out.command_complete("SHOW");
    } else if (text.find("rolpassword") != std::string::npos) {
      row(out, wire::pg::to_string(cluster_.verifier), false);
      out.command_complete("SELECT 1");
    } else if (text.starts_with("SELECT")) {
      row(out, id_, describe);
      out.command_complete("SELECT 1");
      s.link->send(wire::repl::session_position{state_.visible});
      if (text.starts_with("SELECT write()")) committed(s);
    } else if (text.starts_with("BEGIN")) {
      s.status = 'T';
      out.command_complete("BEGIN");
    } else if (text == "COMMIT") {
      const bool good = s.status == 'T';
      s.status = 'I';
      if (good) committed(s);
      out.command_complete(good ? "COMMIT" : "ROLLBACK");
    } else if (text == "ROLLBACK") {
      s.status = 'I';
      out.command_complete("ROLLBACK");
    } else if (text.starts_with("INSERT")) {
      committed(s);
      out.command_complete("INSERT 0 1");
    } else {
      if (text == "DISCARD ALL") s.statements.clear();
      out.command_complete(text.substr(0, text.find(' ')) == "DISCARD" ? "DISCARD ALL" : text.substr(0, text.find(' ')));
    }
  }

  void handle(const session_ptr& s, const wire::pg::frontend_message& m) {
    using kind = wire::pg::frontend_kind;
    wire::pg::backend_encoder out(s->out);
    if (s->copying) return copy(s, m);
    if (s->skipping && m.kind != kind::sync) return;
    switch (m.kind) {
      case kind::query: {
        const std::string text(*wire::pg::parse_string(m.body));
        const bool done = run(s, text, true);
        if (!s->hanging && !s->copying && sessions_.contains(s)) out.ready_for_query(s->status);
        static_cast<void>(done);
        return;
      }
      case kind::sync:
        s->skipping = false;
        if (!s->hanging) out.ready_for_query(s->status);
        return;
      case kind::parse: return parse(s, m);
      case kind::bind: {
        wire::pg::bind_message b;
        (void)wire::pg::parse_bind(m.body, b);
        const auto found = s->statements.find(std::string(b.statement));
        if (found == s->statements.end()) {
          s->skipping = true;
          return fail(*s, out, "26000", "prepared statement \"" + std::string(b.statement) + "\" does not exist");
        }
        s->portals[std::string(b.portal)] = found->second;
        return out.bind_complete();
      }
      case kind::describe: {
        const auto target = *wire::pg::parse_target(m.body);
        if (target.what == 'S') out.parameter_description({});
        wire::pg::row_field f;
        f.name = "value";
        return out.row_description({&f, 1});
      }
      case kind::execute: {
        const auto text = s->portals[std::string(wire::pg::parse_execute(m.body)->portal)];
        if (!run(s, text, false) && !s->copying && !s->hanging) s->skipping = true;
        return;
      }
      case kind::close: {
        const auto target = *wire::pg::parse_target(m.body);
        if (target.what == 'S') s->statements.erase(std::string(target.name));
        return out.close_complete();
      }
      default: return;
    }
  }

  void parse(const session_ptr& s, const wire::pg::frontend_message& m) {
    wire::pg::backend_encoder out(s->out);
    wire::pg::parse_message p;
    (void)wire::pg::parse_parse(m.body, p);
    const std::string name(p.statement);
    journal_.push_back("parse " + name + ": " + std::string(p.query));
    if (!name.empty() && s->statements.contains(name)) {
      s->skipping = true;
      return fail(*s, out, "42P05", "prepared statement \"" + name + "\" already exists");
    }
    s->statements[name] = p.query;
    out.parse_complete();
  }

  void copy(const session_ptr& s, const wire::pg::frontend_message& m) {
    using kind = wire::pg::frontend_kind;
    wire::pg::backend_encoder out(s->out);
    if (m.kind == kind::copy_data) ++s->copied;
    if (m.kind != kind::copy_done && m.kind != kind::copy_fail) return;
    s->copying = false;
    if (m.kind == kind::copy_fail) {
      fail(*s, out, "57014", "COPY from stdin failed");
    } else {
      out.command_complete("COPY " + std::to_string(s->copied));
      committed(*s);
    }
    if (s->copy_simple) out.ready_for_query(s->status);
    else if (m.kind == kind::copy_fail) s->skipping = true;
  }

  fake_cluster& cluster_;
  const std::string id_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer heartbeat_;
  std::unique_ptr<net::listener> listener_;
  std::uint16_t port_ = 0;
  bool paused_ = false, holds_cleaning_ = false;
  wire::repl::node_state state_;
  std::vector<net::peer_link_ptr> watchers_;
  std::set<session_ptr> sessions_;
  std::vector<std::string> journal_;
  std::thread thread_;
};

}  // namespace helios::actors::test
