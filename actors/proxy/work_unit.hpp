#pragma once
// A unit of work: what goes to one node as a whole, and what is known of it while it runs. A simple query, or the messages
// of a pipeline up to Flush or Sync.

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/proxy/routing.hpp"
#include "actors/proxy/session_log.hpp"
#include "base/types.hpp"

namespace helios::actors {

/// What one message sent to a backend is answered by.
struct expected_reply {
  enum class kind : std::uint8_t { parse, bind, describe, execute, close, sync } what{};
  bool swallow = false;             ///< we sent it, the client did not
  client_statement_ptr statement{}; ///< parse: what is prepared then; execute: what runs
  std::string name{};               ///< close: the statement's name
  char target = 'P';                ///< describe, close: 'S' statement, 'P' portal
};

struct work_unit {
  need wants = need::reader;
  const char* label = "read";        ///< for the log
  bool simple = false;               ///< ends with ReadyForQuery by itself
  bool ends_with_sync = false;
  bool writes = false;               ///< outside a transaction: may have committed when its node is lost
  bool ends_transaction = false;     ///< inside one: likewise
  bool harmless = false;             ///< may be sent again although it is no read: BEGIN alone, settings
  std::vector<statement_facts> facts;  ///< simple: in order
  std::size_t facts_done = 0;
  std::size_t facts_seen = 0;          ///< by classify
  std::string bytes;                 ///< what the client sent
  std::vector<client_statement_ptr> uses;  ///< extended: must be prepared where it runs
  std::vector<expected_reply> replies;     ///< extended: of `bytes`

  // While it runs.
  std::deque<expected_reply> expected;
  std::set<node_id> tried;
  int losses = 0;                    ///< nodes that were lost while it ran there
  std::optional<std::chrono::steady_clock::time_point> deadline;  ///< to find a node; from the first look for one
  std::size_t mark = 0;              ///< of the client's output, where its answers begin
  bool flushed = false;              ///< some of them are on their way
  bool failed = false;               ///< an ErrorResponse was relayed
};

/// A unit that was lost with this many nodes is not given to another one: it may be what ends them.
inline constexpr int losses_max = 4;

/// The strictest need of its statements decides for all: they run as one.
void classify(work_unit& unit, const std::vector<statement_facts>& facts);

/// How relaying a unit's answers ended.
enum class relay_end : std::uint8_t {
  complete,
  lost,      ///< the node is gone
  redirect   ///< a standby says that it writes: the answers are taken back
};

}  // namespace helios::actors
