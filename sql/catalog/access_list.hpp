#pragma once
// Rights as bits, and access lists. Bits and letters are PostgreSQL's.

#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/types/type.hpp"

namespace helios::sql {

using rights_mask = std::uint32_t;
namespace right {
inline constexpr rights_mask insert = 1u << 0, select = 1u << 1, update = 1u << 2, erase = 1u << 3, truncate = 1u << 4,
                             references = 1u << 5, trigger = 1u << 6, execute = 1u << 7, usage = 1u << 8, create = 1u << 9,
                             temporary = 1u << 10, connect = 1u << 11;
}  // namespace right
/// In the order of the bits.
inline constexpr std::string_view right_letters = "arwdDxtXUCTc";
inline constexpr std::string_view right_names[] = {"INSERT",  "SELECT",  "UPDATE", "DELETE", "TRUNCATE",  "REFERENCES",
                                                   "TRIGGER", "EXECUTE", "USAGE",  "CREATE", "TEMPORARY", "CONNECT"};

struct access_item {
  oid grantee = 0;            ///< 0: PUBLIC
  oid grantor = 0;
  rights_mask rights = 0;
  rights_mask grantable = 0;  ///< part of `rights`
  friend bool operator==(const access_item&, const access_item&) = default;
};
using access_list = std::vector<access_item>;

}  // namespace helios::sql
