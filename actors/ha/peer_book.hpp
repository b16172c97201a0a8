#pragma once
// Where the members of the cluster are, as a node knows it now: the peers of its configuration, and what the failover rules have changed
// since (docs/protocol.md, "Members"). Any thread; one mutex, held for copies of a pointer only.
//
// I1 Where the configuration lists a member, its address there counts: names may differ from node to node.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "replication/ha/types.hpp"

namespace helios::actors {

/// How a list of members carries an address: "HOST PG_PORT REPLICATION_PORT HTTP_PORT".
std::string to_contact(const config::peer& p);
/// Nothing where the contact is not one of the above.
std::optional<config::peer> to_peer(const replication::ha::member_entry& m);

class peer_book {
 public:
  using list = std::shared_ptr<const std::vector<config::peer>>;

  explicit peer_book(const std::vector<config::peer>& configured);

  /// Every member that can be reached, this node perhaps included.
  list all() const;
  std::optional<config::peer> find(const node_id& id) const;
  /// While nobody has changed the members, everybody who knows the cluster's secret is one.
  bool is_member(const node_id& id) const;
  /// True where it is later than what was known.
  bool change(const replication::ha::membership& m);

 private:
  const std::vector<config::peer> configured_;
  mutable std::mutex mutex_;  ///< guards the rest
  list all_;
  replication::ha::membership members_;
};

}  // namespace helios::actors
