#pragma once
// Distinct types for the identifiers that cross every layer. Two of them never convert into each other, so that a
// position cannot be passed where an epoch is meant. All are trivially copyable values without an owner.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace helios {

/// An unsigned integer that is only itself. `Tag` makes each use a type of its own.
template <class Tag, class Rep = std::uint64_t>
struct strong_id {
  using rep = Rep;
  Rep value = 0;

  constexpr strong_id() = default;
  constexpr explicit strong_id(Rep v) : value(v) {}
  friend constexpr auto operator<=>(strong_id, strong_id) = default;
};

/// Position in the write-ahead log: bytes since the log of this cluster began. 0 means "nothing yet".
using lsn = strong_id<struct lsn_tag>;
/// Fencing token: grows with every start of a primary and every promotion. 0 means "never had a primary".
using epoch = strong_id<struct epoch_tag>;
/// A transaction of one primary. Never reused within a cluster; 0 means "none".
using txn_id = strong_id<struct txn_id_tag>;
/// A client connection of one node, as it appears in the log and in pg_stat_activity. 0 means "none".
using session_id = strong_id<struct session_id_tag>;

/// Bytes from `from` to `to`; 0 where `to` is not ahead.
constexpr std::uint64_t distance(lsn from, lsn to) { return to > from ? to.value - from.value : 0; }
constexpr lsn operator+(lsn position, std::uint64_t bytes) { return lsn{position.value + bytes}; }

/// Name of a node, unique in its cluster: [A-Za-z0-9_-], 1 to 63 characters (checked by config).
struct node_id {
  std::string value;
  friend auto operator<=>(const node_id&, const node_id&) = default;
};

/// Durability mode of a standby, as the tutorial and the views name them: `sync`, `semi-sync`, `async`.
enum class sync_mode : std::uint8_t { sync, semi_sync, async };
/// What a node is for. A data node is `primary` or `standby`.
enum class node_role : std::uint8_t { primary, standby, observer, proxy };

constexpr const char* to_string(sync_mode mode) {
  switch (mode) {
    case sync_mode::sync: return "sync";
    case sync_mode::semi_sync: return "semi-sync";
    case sync_mode::async: return "async";
  }
  return "?";
}

constexpr const char* to_string(node_role role) {
  switch (role) {
    case node_role::primary: return "primary";
    case node_role::standby: return "standby";
    case node_role::observer: return "observer";
    case node_role::proxy: return "proxy";
  }
  return "?";
}

}  // namespace helios

template <class Tag, class Rep>
struct std::hash<helios::strong_id<Tag, Rep>> {
  std::size_t operator()(helios::strong_id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
template <>
struct std::hash<helios::node_id> {
  std::size_t operator()(const helios::node_id& id) const noexcept { return std::hash<std::string>{}(id.value); }
};
