#pragma once
// Messages between the nodes of a cluster, as structs. Their bytes are in frame_codec.hpp, described in FORMAT.md.
// A connection to a node's replication port begins with a mutual proof of the cluster's secret (challenge, proof), and only
// then says what it is for: a WAL stream, a forwarded PostgreSQL session, or a watch (observer, proxy).
//
// I1 Every frame carries the cluster id's hash and the sender's highest epoch in its header; the receiver refuses a lower one
//    where the frame changes anything (wal, ack, forward).
// I2 No frame exceeds frame_bytes_max; a longer length is a protocol error before anything is allocated.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/types.hpp"

namespace helios::wire::repl {

inline constexpr std::uint32_t protocol_version = 2;
inline constexpr std::size_t frame_bytes_max = 17u << 20;

enum class purpose : std::uint8_t { wal_stream, forward, watch };

/// First frame of the dialer: who calls, and a random challenge of 32 bytes.
struct hello {
  std::uint32_t version = protocol_version;
  std::string cluster_id;
  std::string node_id;
  node_role role{};
  std::string challenge;
};
/// Answer: the listener's own challenge, and its proof for the dialer's: HMAC-SHA-256(secret, "listener" || both challenges || both node ids).
struct hello_reply {
  std::string node_id;
  node_role role{};
  std::string challenge;
  std::string proof;
};
/// The dialer's proof ("dialer" || ...), and what it wants.
struct authenticate {
  std::string proof;
  purpose wants{};
};
/// The listener says no and closes. `code` is an SQLSTATE-like word for logs: "cluster", "secret", "role", "epoch", "version".
struct refusal {
  std::string code;
  std::string message;
};

/// standby -> primary, after authenticate(wal_stream): what its log holds.
struct start_stream {
  sync_mode mode{};
  bool has_store = false;
  lsn flushed;             ///< end of its log
  lsn checkpoint;          ///< what lies before it cannot be cut
  std::vector<std::pair<epoch, lsn>> history;  ///< its epochs and where each begins, oldest first; empty: so is the log
  std::string advertised_host;
  std::uint16_t pg_port = 0;
  std::uint64_t attempt = 0;
};
/// primary -> standby: what happens next.
struct stream_plan {
  enum class kind : std::uint8_t { stream, truncate, base_backup } what{};
  lsn position;            ///< stream from here / truncate to here, then connect again / the fork: what lies beyond is replaced
  lsn caught_up;           ///< of stream: who has fsynced up to here has caught up
  std::uint64_t backup_bytes = 0;
};
struct backup_chunk {
  std::uint64_t offset = 0;
  std::string bytes;
  bool last = false;
};

/// primary -> standby. Whole records, over one frame or several. `flushed`: what the primary had fsynced when it sent this.
struct wal_data {
  lsn begin;
  lsn flushed;
  lsn visible;             ///< the commit rule's watermark: show up to here
  std::int64_t sent_time_us = 0;
  std::string bytes;
  bool more = false;       ///< the last record goes on in the next wal_data
};
/// primary -> standby: the watermark moved, or heartbeat.
struct watermark {
  lsn visible;
  lsn written;             ///< end of the primary's log: the standby's lag
  std::int64_t time_us = 0;
  std::int64_t oldest_unapplied_us = 0;  ///< commit time of the oldest change the standby has not acknowledged as applied; 0: none
};
/// standby -> primary, after fsync (flushed) and after the memtable (applied). Also its heartbeat.
struct ack {
  lsn received, flushed, applied;
  lsn visible;
  std::int64_t time_us = 0;
};
/// Either side leaves on purpose (graceful shutdown): no grace period is waited for.
struct goodbye {
  std::string reason;
};

/// standby or proxy -> primary (or any node), after authenticate(forward): open a session as this user. Then both sides send
/// `pg_bytes` holding PostgreSQL protocol messages as after authentication.
struct open_session {
  std::string user, database;
  std::string client_address;
  std::uint16_t client_port = 0;
  bool allow_read_only = false;   ///< false: refused with "role" unless the node is a primary open for writes
  std::vector<std::pair<std::string, std::string>> settings;
};
/// The session is open. `process_id`/`secret`: its cancel key on that node.
struct session_opened {
  std::uint32_t process_id = 0, secret = 0;
};
struct pg_bytes {
  std::string bytes;
};
/// Precedes the pg_bytes with a ReadyForQuery: everything that the session has committed, or that its answers have shown, lies below. Who
/// reads elsewhere afterwards reads there no older state.
struct session_position {
  lsn position;
};
/// Cancels the statement that the session of this connection runs.
struct cancel {};

/// node -> watcher, at once and on every change, and as heartbeat.
struct node_state {
  std::string node_id;
  node_role role{};
  std::string mode;               ///< "sync", "semi-sync", "async", "" on a primary
  bool serving = false;           ///< answers queries
  bool writable = false;          ///< primary, open for writes
  epoch number;
  lsn written, flushed, applied, visible;
  std::int64_t lag_ms = 0, lag_bytes = 0;
  std::string primary;            ///< node id it follows
  std::int64_t time_us = 0;
  std::string members;            ///< a list of members that was changed at run time (replication/ha/message_codec.hpp); empty: none
};

/// member -> member, on the watch link that the sender dialed: a message of the failover rules, whose bytes this layer does not
/// look into (replication/ha/message_codec.hpp).
struct member_message {
  std::string bytes;
};

using frame = std::variant<hello, hello_reply, authenticate, refusal, start_stream, stream_plan, backup_chunk, wal_data, watermark,
                           ack, goodbye, open_session, session_opened, pg_bytes, session_position, cancel, node_state, member_message>;

}  // namespace helios::wire::repl
