#pragma once
// time with time zone: a time of the day and the offset where it is one. Bytes: microseconds of the day (i64) and seconds
// west of Greenwich (i32), little-endian. Values order by the moment they mean, and those of one moment by their offset.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/type.hpp"

namespace helios::sql {

struct zoned_time {
  std::int64_t us = 0;
  std::int32_t west = 0;

  static zoned_time from(datum v);
  datum to_datum(arena& mem) const;
  /// Of the day in Greenwich; may lie outside of it.
  std::int64_t utc() const { return us + west * std::int64_t{1'000'000}; }
  friend std::strong_ordering operator<=>(const zoned_time& a, const zoned_time& b) {
    const auto moment = a.utc() <=> b.utc();
    return moment != 0 ? moment : a.west <=> b.west;
  }
};

/// Without a zone in the text it is the session's, at the date in the text or today.
zoned_time parse_zoned_time(std::string_view text, const format_settings& settings);
void write_zoned_time(const zoned_time& v, std::string& out);
/// What a moment's clock shows where the session is.
zoned_time zoned_time_at(std::int64_t timestamptz, const format_settings& settings);

}  // namespace helios::sql
