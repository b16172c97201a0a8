#include <chrono>

#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

// Howard Hinnant's civil calendar algorithms, on eras of 400 years that begin on March 1st.
std::int64_t days_of(civil_date d) {
  const std::int64_t y = d.year - (d.month <= 2);
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468 - unix_epoch_days;
}

civil_date civil_of(std::int64_t days) {
  const std::int64_t z = days + unix_epoch_days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t day_of_era = z - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2), month, day};
}

int days_in_month(std::int64_t year, int month) {
  static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : lengths[month - 1];
}

int day_of_week(std::int64_t days) { return static_cast<int>(((days + 6) % 7 + 7) % 7); }  // 2000-01-01: Saturday

int day_of_year(civil_date d) { return static_cast<int>(days_of(d) - days_of({d.year, 1, 1}) + 1); }

iso_week iso_week_of(std::int64_t days) {
  const std::int64_t thursday = days - (day_of_week(days) + 6) % 7 + 3;
  const auto year = civil_of(thursday).year;
  return {year, static_cast<int>((thursday - days_of({year, 1, 1})) / 7 + 1)};
}

std::int64_t check_timestamp(std::int64_t timestamp) {
  if (!is_infinite(timestamp) && (timestamp < timestamp_least || timestamp >= timestamp_end))
    throw sql_error(sqlstate::datetime_field_overflow, "timestamp out of range");
  return timestamp;
}

std::int64_t make_timestamp(std::int64_t days, std::int64_t us) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(days, us_per_day, &out) || __builtin_add_overflow(out, us, &out) || is_infinite(out))
    throw sql_error(sqlstate::datetime_field_overflow, "timestamp out of range");
  return check_timestamp(out);
}

std::int64_t round_to_precision(std::int64_t us, std::int32_t precision) {
  static constexpr std::int64_t unit[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
  if (precision < 0 || precision >= 6 || is_infinite(us)) return us;
  const std::int64_t u = unit[precision];
  return us >= 0 ? (us + u / 2) / u * u : -((-us + u / 2) / u * u);
}

date_style parse_date_style(std::string_view text) {
  date_style out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto word = trim(text.substr(0, comma));
    if (equal_ignoring_case(word, "iso")) out.output = date_output::iso;
    else if (equal_ignoring_case(word, "sql")) out.output = date_output::sql;
    else if (equal_ignoring_case(word, "german")) out = {date_output::german, date_order::dmy};
    else if (lower_ascii(word).starts_with("postgres")) out.output = date_output::postgres;
    else if (equal_ignoring_case(word, "ymd")) out.order = date_order::ymd;
    else if (equal_ignoring_case(word, "dmy") || lower_ascii(word).starts_with("euro")) out.order = date_order::dmy;
    else if (equal_ignoring_case(word, "mdy") || equal_ignoring_case(word, "us")) out.order = date_order::mdy;
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

std::int64_t clock_time_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count() - unix_epoch_us;
}

std::int64_t current_time_us(const format_settings& settings) {
  return settings.now_us ? settings.now_us(settings.now_owner) : clock_time_us();
}

}  // namespace helios::sql
