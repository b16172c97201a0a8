#pragma once
// A node that serves the PostgreSQL protocol on a free loopback port: engine, SQL and session actors, without replication.
// With `with_standby` a second, read-only node of the same database forwards its writes to the first over a real link.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/runtime/actor_runtime.hpp"
#include "actors/session/pg_listener.hpp"
#include "test/support/temporary_directory.hpp"

namespace helios::actors::test {

inline constexpr const char* user = "helios";
inline constexpr const char* password = "secret of helios";
inline constexpr const char* database = "heliosdb";

/// What system views see: the sessions, and nothing of replication.
class directory_facts final : public sql::node_facts {
 public:
  explicit directory_facts(session_directory& sessions, bool standby) : sessions_(sessions), standby_(standby) {}
  bool in_recovery() const override { return standby_; }
  sql::replication_status_row status() const override { return {}; }
  std::vector<sql::replication_standby_row> standbys() const override { return {}; }
  std::optional<sql::replication_primary_row> primary() const override { return std::nullopt; }
  std::vector<sql::metric_row> metrics() const override { return {}; }
  std::vector<sql::activity_row> activity() const override { return sessions_.list(); }
  completion_ptr take_over() override { return nullptr; }
  /// A change that ends every session before it is done.
  completion_ptr hand_over(std::int64_t session, const node_id& to) override {
    sessions_.answer_first(session_id{static_cast<std::uint64_t>(session)});
    sessions_.interrupt_all(interrupt::fenced);
    auto out = std::make_shared<completion>();
    std::thread([out, to] { out->complete(to.value.empty() ? result<void>() : error{errc::refused, "nobody is there"}); }).detach();
    return out;
  }
  bool cancel_session(std::int64_t session, bool terminate) override {
    return sessions_.interrupt_one(session_id{static_cast<std::uint64_t>(session)},
                                   terminate ? interrupt::terminate : interrupt::cancel);
  }

 private:
  session_directory& sessions_;
  bool standby_;
};

struct fixture_options {
  std::size_t connections_max = 100;
  bool with_standby = false;
  bool write_routing = true;
  std::chrono::milliseconds write_routing_timeout{5000};
  std::uint16_t port = 0;  ///< of the primary
  net::tls_files tls;
};

class served_node {
 public:
  served_node(actor_runtime& runtime, storage::engine& engine, const fixture_options& options, bool standby);
  ~served_node();
  std::uint16_t port() const { return clients->port(); }
  /// Closes every session, as a shutdown does.
  void stop();
  /// Forward links end as if the network had.
  void cut_links();

  config::node_options options;
  std::shared_ptr<session_directory> directory;
  directory_facts facts;
  storage::direct_commit_sink sink;
  sql::database db;
  std::optional<std::string> not_accepting;
  std::atomic<bool> leased{true}, lease_would_hold{true};  ///< what the answer gate says
  std::atomic<bool> promoted{false};  ///< the standby leads now
  session_services_ptr services;
  std::unique_ptr<net::listener> clients, links;
  std::atomic<int> links_accepted{0};

 private:
  std::mutex mutex_;
  std::vector<net::peer_link_ptr> forwarded_;
  actor_runtime& runtime_;
  net::tls_files tls_;
};

class session_fixture {
 public:
  explicit session_fixture(const fixture_options& options = {});
  ~session_fixture();
  std::uint16_t port() const { return primary->port(); }
  std::uint16_t standby_port() const { return standby->port(); }

  helios::test::temporary_directory directory;
  std::unique_ptr<storage::engine> engine;
  actor_runtime runtime{2};
  std::unique_ptr<served_node> primary, standby;
};

}  // namespace helios::actors::test
