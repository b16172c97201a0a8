#pragma once
// Rules of the text types that casts and functions share with their input: lengths, padding, bytea's text.

#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"

namespace helios::sql {

inline constexpr std::size_t name_bytes_max = 63;

/// bpchar's trailing spaces mean nothing in comparisons and casts.
std::string_view without_trailing_spaces(std::string_view text);
/// varchar(n), char(n): an explicit cast cuts silently, anything else throws 22001 unless only spaces are cut.
std::string_view fit_varchar(std::string_view text, std::int32_t modifier, bool is_explicit);
datum fit_bpchar(std::string_view text, std::int32_t modifier, bool is_explicit, arena& mem);
/// At most 63 bytes, cut at a character.
std::string_view fit_name(std::string_view text);

void write_bytea_text(std::string_view bytes, bool hex, std::string& out);
std::string parse_bytea_text(std::string_view text);

}  // namespace helios::sql
