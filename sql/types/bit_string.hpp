#pragma once
// bit and varbit as values: the number of bits (u32, little-endian) and the bits, the first one highest in its byte; bits behind
// the end are 0.

#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"

namespace helios::sql {

class bit_string {
 public:
  bit_string() = default;
  explicit bit_string(std::size_t size) : size_(size), bytes_((size + 7) / 8, '\0') {}
  /// Throws XX001.
  static bit_string from(datum v);
  /// "101", "b101" or "x1f"; throws 22P02.
  static bit_string parse(std::string_view text);

  datum to_datum(arena& mem) const;
  std::size_t size() const { return size_; }
  const std::string& bytes() const { return bytes_; }
  bool get(std::size_t i) const { return (static_cast<unsigned char>(bytes_[i / 8]) >> (7 - i % 8) & 1) != 0; }
  void set(std::size_t i, bool v);
  /// `count` bits from `from` on; beyond the end they are 0.
  bit_string part(std::size_t from, std::size_t count) const;
  void append(const bit_string& other);
  std::string to_text() const;

 private:
  std::size_t size_ = 0;
  std::string bytes_;
};

/// bit(n): an explicit cast cuts or fills up with zeros, else another length throws 22026. n below 1: any length.
bit_string fit_bit(bit_string v, std::int32_t modifier, bool is_explicit);
/// bit varying(n): what is too long is cut by an explicit cast, else throws 22001.
bit_string fit_varbit(bit_string v, std::int32_t modifier, bool is_explicit);

}  // namespace helios::sql
