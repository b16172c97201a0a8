#pragma once
// The settings of one node as plain, validated structs. Made by load_options (config/load.hpp); immutable afterwards.
// Every limit of the node is named here with its unit and its bounds; load_options refuses values outside them.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace helios::config {

struct address {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const address&, const address&) = default;
};

/// What a node must know of another: where it listens. Names are resolved on every connection attempt.
struct peer {
  node_id id;
  std::string host;
  std::uint16_t pg_port = 0;           ///< 0 for an observer
  std::uint16_t replication_port = 0;
  std::uint16_t http_port = 0;
};

struct listen_options {
  std::string host = "127.0.0.1";
  std::uint16_t pg_port = 5432;
  std::uint16_t replication_port = 5433;
  std::uint16_t http_port = 8080;      ///< proxy: the admin port, 9090
  std::uint32_t connections_max = 2000;
};

struct storage_options {
  std::string directory;               ///< required on data nodes and observers
  std::uint64_t segment_bytes = 16u << 20;
  std::uint64_t memtable_bytes_max = 256u << 20;
  std::uint64_t checkpoint_wal_bytes = 256u << 20;
  std::chrono::milliseconds checkpoint_interval{300'000};
};

/// What happens to writes when no sync standby is left (ha_protocol.md): block, or go on degraded and visibly so.
enum class cohort_policy : std::uint8_t { strict, available };
enum class failover_policy : std::uint8_t { manual, automatic };

struct replication_options {
  sync_mode mode = sync_mode::async;                    ///< a standby's own mode
  bool write_routing = true;                            ///< TWR; always off for async
  std::chrono::milliseconds write_routing_timeout{30'000};  ///< a forwarded write waits this long for a primary
  cohort_policy policy = cohort_policy::available;
  failover_policy failover = failover_policy::manual;
  std::chrono::milliseconds lease{2'000};               ///< of a primary under automatic failover (ha_protocol, "Lease")
  std::uint32_t priority = 100;                         ///< who leads where logs are equal: the greater; 0: never by itself
  std::uint32_t sync_acks = 1;                          ///< K
  std::chrono::milliseconds sync_timeout{5'000};        ///< a silent sync standby leaves the cohort (policy available)
  std::chrono::milliseconds heartbeat_interval{250};
  std::chrono::milliseconds peer_timeout{5'000};        ///< silence after which a connection counts as lost
  std::chrono::milliseconds reconnect_base{5'000};
  std::chrono::milliseconds reconnect_cap{60'000};
  double reconnect_jitter = 0.1;                        ///< fraction of the delay, 0 to 0.5
  std::uint64_t wal_keep_bytes_max = 1ull << 30;        ///< WAL kept for an absent standby; beyond it, base backup
  std::uint32_t in_flight_bytes_max = 16u << 20;        ///< sent and not acknowledged, per standby
};

struct proxy_options {
  std::chrono::milliseconds write_timeout{30'000};
  std::chrono::milliseconds health_interval{250};
  std::chrono::milliseconds read_lag_max{10'000};       ///< a standby further behind gets no reads
  std::uint32_t pool_size_max = 200;                    ///< backend connections per node
};

struct runtime_options {
  std::uint32_t io_threads = 0;                         ///< 0: number of cores, at least 2
  std::chrono::milliseconds shutdown_grace{8'000};
};

struct node_options {
  node_role role = node_role::primary;
  node_id id;
  std::string cluster_id = "heliosdb";
  std::string cluster_secret;                           ///< required; at least 8 characters
  std::string database = "heliosdb";
  std::string superuser = "helios";
  std::string superuser_password;                       ///< primary, first start only
  std::string log_level = "info";
  std::string advertised_host;                          ///< how peers and hints name this node; default listen.host
  listen_options listen;
  storage_options storage;
  replication_options replication;
  proxy_options proxy;
  runtime_options runtime;
  /// All data nodes and observers of the cluster, this one included or not. A standby finds its primary by `primary`.
  std::vector<peer> peers;
  node_id primary;                                      ///< of a standby: the peer to follow at first
  std::string api_token;                                ///< authenticates HTTP actions; empty: actions are refused
};

}  // namespace helios::config
