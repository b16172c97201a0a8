#pragma once
// jsonb as a value: a tree in bytes that is read in place (FORMAT.md beside this file). A member of an object is found
// by binary search and an element of an array at once; nothing is parsed again.
//
// I1 Keys of an object are unique and ordered by their length, then by their bytes.
// I2 Nesting is at most json_tree_depth_max: walks are recursive.

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/types/datum.hpp"
#include "sql/types/json_tree.hpp"

namespace helios::sql {

/// A view of one value. Throws XX001 where the bytes are damaged.
class jsonb_view {
 public:
  using kind = json_node::kind;
  explicit jsonb_view(std::string_view bytes);
  explicit jsonb_view(datum v) : jsonb_view(v.as_bytes()) {}

  kind what() const { return what_; }
  bool scalar() const { return what_ != kind::array && what_ != kind::object; }
  bool truth() const { return truth_; }
  /// Of a string.
  std::string_view text() const { return bytes_.substr(1); }
  /// Of a number: a numeric.
  datum number() const { return datum::of_bytes(bytes_.substr(1)); }
  /// Elements of an array or members of an object.
  std::uint32_t size() const { return size_; }
  jsonb_view item(std::uint32_t i) const;
  std::string_view key(std::uint32_t i) const;
  std::optional<jsonb_view> find(std::string_view key) const;
  /// From the end when negative.
  std::optional<jsonb_view> at(std::int64_t index) const;
  /// The value's encoding, which may stand inside another's.
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view part(std::uint32_t i) const;

  std::string_view bytes_;
  kind what_;
  bool truth_ = false;
  std::uint32_t size_ = 0;
};

using jsonb_member = std::pair<std::string_view, std::string_view>;  ///< key, encoded value

/// Encoders append one value to `out`.
void put_jsonb_null(std::string& out);
void put_jsonb_bool(bool v, std::string& out);
void put_jsonb_string(std::string_view v, std::string& out);
void put_jsonb_number(datum numeric, std::string& out);
void put_jsonb_array(std::span<const std::string_view> items, std::string& out);
/// Orders the members; of equal keys the last counts.
void put_jsonb_object(std::vector<jsonb_member> members, std::string& out);
/// Throws 22003 for a number beyond numeric.
void put_jsonb(const json_node& v, std::string& out);
datum parse_jsonb(std::string_view text, arena& mem);
/// Throws 54001 when nested deeper than I2 allows; for values that were put together.
datum checked_jsonb(std::string_view bytes, arena& mem);

void write_jsonb(const jsonb_view& v, std::string& out);
void write_jsonb_pretty(const jsonb_view& v, std::string& out);
/// The order of jsonb_ops: object, array, boolean, number, string, null from the greatest down; more members first.
std::strong_ordering compare_jsonb(const jsonb_view& a, const jsonb_view& b);
bool equal_scalars(const jsonb_view& a, const jsonb_view& b);
bool jsonb_contains(const jsonb_view& a, const jsonb_view& b);
void write_jsonb_key(const jsonb_view& v, std::string& out);

}  // namespace helios::sql
