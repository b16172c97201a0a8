#pragma once
// Patterns of to_char, to_date and to_timestamp, cut into what they are made of. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace helios::sql {

enum class date_key : std::uint8_t {
  ad_dots, am_dots, ad, am, cc, day_name, ddd, dd, d, dy, ff, hh24, hh12, iddd, id, iw, iyyy, iyy, iy, i, j, mi, mm,
  month_name, mon, ms, of, q, rm, ssss, ss, tzh, tzm, tz, us, ww, w, y_yyy, yyyy, yyy, yy, y
};

enum class letter_case : std::uint8_t { upper, lower, capital };

struct date_part {
  enum class kind : std::uint8_t { field, space, separator, text } what = kind::text;
  date_key key{};
  letter_case letters = letter_case::upper;
  std::uint8_t digits = 0;       ///< FF1 to FF6
  bool is_number = false;
  bool fill = false;             ///< FM: no padding
  bool ordinal = false;          ///< TH, th
  bool ordinal_upper = false;
  std::string text;              ///< of a field: as written; else one character
};
struct date_pattern {
  std::vector<date_part> parts;
  bool exact = false;            ///< FX
};

date_pattern parse_date_pattern(std::string_view text);
/// "st", "nd", "rd" or "th" for a number that ends in `digits`.
std::string ordinal_suffix(std::string_view digits, bool upper);

extern const char* const month_names[12];
extern const char* const day_names[7];
extern const char* const roman_months[12];

}  // namespace helios::sql
