#pragma once
// inet and cidr as values: family (2 IPv4, 3 IPv6), bits of the mask, address of 4 or 16 bytes. Stores of before kept inet
// as its text, which never begins with such a byte; `from` reads both.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"

namespace helios::sql {

struct network {
  static constexpr std::uint8_t ipv4 = 2, ipv6 = 3;

  std::uint8_t family = ipv4;
  int bits = 32;
  std::array<std::uint8_t, 16> address{};  ///< the first four of an IPv4 address

  static network from(datum v);
  /// Throws 22P02. `as_cidr`: a missing mask follows from the class, and bits behind the mask are an error.
  static network parse(std::string_view text, bool as_cidr);

  datum to_datum(arena& mem) const;
  std::size_t size() const { return family == ipv4 ? 4 : 16; }
  int bits_max() const { return family == ipv4 ? 32 : 128; }
  bool bit(int n) const { return (address[static_cast<std::size_t>(n / 8)] >> (7 - n % 8) & 1) != 0; }
  /// The address alone, without the mask.
  std::string host() const;
  std::string to_text(bool always_mask) const;
  /// Bits behind the mask set to `value`.
  network filled(bool value) const;
  bool same_prefix(const network& other, int length) const;
};

}  // namespace helios::sql
