#include <date/tz.h>

#include <charconv>
#include <mutex>
#include <unordered_map>

#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

struct abbreviation {
  const char* name;
  int seconds_east;
};
/// The abbreviations of PostgreSQL's default set that mean one offset and are in wide use.
constexpr abbreviation abbreviations[] = {
    {"utc", 0},       {"gmt", 0},        {"z", 0},          {"zulu", 0},      {"ut", 0},        {"uct", 0},
    {"wet", 0},       {"west", 3600},    {"bst", 3600},     {"cet", 3600},    {"cest", 7200},   {"met", 3600},
    {"mest", 7200},   {"eet", 7200},     {"eest", 10800},   {"msk", 10800},   {"msd", 14400},   {"est", -18000},
    {"edt", -14400},  {"cst", -21600},   {"cdt", -18000},   {"mst", -25200},  {"mdt", -21600},  {"pst", -28800},
    {"pdt", -25200},  {"akst", -32400},  {"akdt", -28800},  {"hst", -36000},  {"ast", -14400},  {"adt", -10800},
    {"nst", -12600},  {"ndt", -9000},    {"ist", 7200},     {"jst", 32400},   {"kst", 32400},   {"hkt", 28800},
    {"sgt", 28800},   {"pht", 28800},    {"aest", 36000},   {"aedt", 39600},  {"acst", 34200},  {"acdt", 37800},
    {"awst", 28800},  {"nzst", 43200},   {"nzdt", 46800},   {"brt", -10800},  {"brst", -7200},  {"art", -10800},
    {"clt", -14400},  {"clst", -10800},  {"sast", 7200},    {"eat", 10800},   {"pkt", 18000},   {"npt", 20700}};

const date::time_zone* find_named(std::string_view name) {
  static std::mutex mutex;
  static std::unordered_map<std::string, const date::time_zone*> known;
  std::string key = lower_ascii(name);
  const std::lock_guard lock(mutex);
  if (known.empty())
    for (const auto& zone : date::get_tzdb().zones) known.emplace(lower_ascii(zone.name()), &zone);
  auto it = known.find(key);
  return it == known.end() ? nullptr : it->second;
}

/// "+2", "-03:30", "+05:30:15": seconds, or nothing. `rest` gets what follows.
std::optional<int> scan_offset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-' && !is_digit(text[0]))) return std::nullopt;
  const bool negative = text[0] == '-';
  if (!is_digit(text[0])) text.remove_prefix(1);
  int parts[3] = {0, 0, 0}, n = 0;
  const std::string_view digits = text;
  for (; n < 3 && !text.empty(); ++n) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts[n]);
    if (error != std::errc()) return std::nullopt;
    const auto taken = static_cast<std::size_t>(end - text.data());
    text.remove_prefix(taken);
    if (n == 0 && text.empty() && (taken == 3 || taken == 4)) parts[1] = parts[0] % 100, parts[0] /= 100;
    if (text.empty()) break;
    if (text[0] != ':') return std::nullopt;
    text.remove_prefix(1);
  }
  if (digits.empty() || !text.empty() || parts[0] > 167 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const int seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return negative ? -seconds : seconds;
}

/// POSIX: "UTC+3" and "<+03>-3" are west-positive.
std::optional<int> scan_posix(std::string_view text, std::string& name) {
  std::size_t end = 0;
  if (text.starts_with('<')) {
    end = text.find('>');
    if (end == std::string_view::npos) return std::nullopt;
    name = text.substr(1, end - 1);
    ++end;
  } else {
    while (end < text.size() && to_lower_ascii(text[end]) >= 'a' && to_lower_ascii(text[end]) <= 'z') ++end;
    if (end < 3) return std::nullopt;
    name = text.substr(0, end);
  }
  const auto offset = scan_offset(text.substr(end));
  return offset ? std::optional<int>(-*offset) : std::nullopt;
}

std::string offset_name(int seconds_east) {
  char buffer[32];
  const int a = std::abs(seconds_east);
  const int n = a % 3600 == 0 ? std::snprintf(buffer, sizeof buffer, "%c%02d", seconds_east < 0 ? '-' : '+', a / 3600)
                              : std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", seconds_east < 0 ? '-' : '+',
                                              a / 3600, a / 60 % 60);
  return std::string(buffer, static_cast<std::size_t>(n));
}

/// The zone files end in 2037; what holds then goes on. A later moment is looked up in a year of the same shape.
std::int64_t in_known_years(std::int64_t timestamp) {
  const auto [days, us] = split(timestamp);
  const civil_date d = civil_of(days);
  if (d.year <= 2036) return timestamp;
  const auto first = days_of({d.year, 1, 1});
  std::int64_t year = 2036;
  while (days_in_month(year, 2) != days_in_month(d.year, 2) || day_of_week(days_of({year, 1, 1})) != day_of_week(first))
    --year;
  return (days - first + days_of({year, 1, 1})) * us_per_day + us;
}

std::int64_t to_unix_seconds(std::int64_t timestamp) {
  const std::int64_t us = timestamp < timestamp_least ? timestamp_least : timestamp;
  const auto [days, rest] = split(us);
  return (days + unix_epoch_days) * 86400 + rest / us_per_second;
}

}  // namespace

time_zone time_zone::fixed(int seconds_east) {
  time_zone out;
  out.fixed_ = seconds_east;
  out.abbreviation_ = offset_name(seconds_east);
  return out;
}

std::optional<time_zone> time_zone::find(std::string_view name) {
  time_zone out;
  if (const auto* zone = find_named(name)) {
    out.zone_ = zone;
    return out;
  }
  const std::string word = lower_ascii(name);
  for (const auto& a : abbreviations)
    if (word == a.name) {
      out.fixed_ = a.seconds_east;
      for (char c : word) out.abbreviation_.push_back(to_upper_ascii(c));
      return out;
    }
  if (const auto offset = scan_offset(name)) return fixed(*offset);
  if (const auto offset = scan_posix(name, out.abbreviation_)) {
    out.fixed_ = *offset;
    return out;
  }
  return std::nullopt;
}

time_zone time_zone::of(const format_settings& settings) {
  if (settings.time_zone == "UTC" || settings.time_zone == "GMT") {
    time_zone out;
    out.abbreviation_ = settings.time_zone;
    return out;
  }
  return find(settings.time_zone).value_or(fixed(0));
}

time_zone::info time_zone::at(std::int64_t utc) const {
  if (!zone_) return {fixed_, abbreviation_, false};
  const auto moment = date::sys_seconds(std::chrono::seconds(to_unix_seconds(in_known_years(utc))));
  const auto found = static_cast<const date::time_zone*>(zone_)->get_info(moment);
  return {static_cast<int>(found.offset.count()), found.abbrev, found.save != std::chrono::minutes::zero()};
}

std::int64_t time_zone::to_local(std::int64_t utc) const {
  return is_infinite(utc) ? utc : utc + at(utc).seconds_east * us_per_second;
}

int time_zone::offset_of_local(std::int64_t local) const {
  if (!zone_) return fixed_;
  const auto moment = date::local_seconds(std::chrono::seconds(to_unix_seconds(in_known_years(local))));
  const auto found = static_cast<const date::time_zone*>(zone_)->get_info(moment);
  const auto& chosen = found.result == date::local_info::ambiguous ? found.second : found.first;
  return static_cast<int>(chosen.offset.count());
}

std::int64_t time_zone::to_utc(std::int64_t local) const {
  return is_infinite(local) ? local : check_timestamp(local - offset_of_local(local) * us_per_second);
}

}  // namespace helios::sql
