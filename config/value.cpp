#include "config/value.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace helios::config {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;

error wrong(std::string_view expected, std::string_view text) {
  return {errc::invalid_argument, fmt::format("expects {}, not \"{}\"", expected, text)};
}

struct number_and_unit {
  std::uint64_t number = 0;
  std::string_view suffix;
};

std::optional<number_and_unit> split(std::string_view text) {
  number_and_unit out;
  const char* end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, out.number);
  if (failure != std::errc{} || stop == text.data()) return std::nullopt;
  out.suffix = std::string_view(stop, static_cast<std::size_t>(end - stop));
  while (out.suffix.starts_with(' ')) out.suffix.remove_prefix(1);
  return out;
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(const number_and_unit& parts, const std::array<unit, N>& units, std::uint64_t largest) {
  for (const auto& [name, factor] : units) {
    if (parts.suffix != name) continue;
    if (parts.number > largest / factor) return std::nullopt;
    return parts.number * factor;
  }
  return std::nullopt;
}

constexpr std::array<unit, 5> duration_units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}}};
constexpr std::array<unit, 9> size_units{{{"", 1}, {"B", 1}, {"kB", 1024}, {"KB", 1024}, {"KiB", 1024},
                                          {"MB", 1u << 20}, {"MiB", 1u << 20}, {"GB", 1u << 30}, {"GiB", 1u << 30}}};

}  // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max() / 1000;
  auto parts = split(text);
  auto value = parts ? scaled(*parts, duration_units, largest) : std::nullopt;
  if (!value) return wrong("a duration such as 250ms, 5s, 2m or 1h", text);
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

result<std::uint64_t> parse_size(std::string_view text) {
  auto parts = split(text);
  auto value = parts ? scaled(*parts, size_units, std::numeric_limits<std::uint64_t>::max()) : std::nullopt;
  if (!value) return wrong("a size such as 65536, 64kB, 16MB or 1GB", text);
  return *value;
}

result<std::uint64_t> parse_whole_number(std::string_view text) {
  auto parts = split(text);
  if (!parts || !parts->suffix.empty()) return wrong("a whole number", text);
  return parts->number;
}

result<double> parse_fraction(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (failure != std::errc{} || stop != end) return wrong("a number such as 0.1", text);
  return value;
}

result<bool> parse_switch(std::string_view text) {
  for (auto yes : {"true", "on", "yes"})
    if (text == yes) return true;
  for (auto no : {"false", "off", "no"})
    if (text == no) return false;
  return wrong("true or false", text);
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto ms = value.count();
  if (ms != 0 && ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms != 0 && ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  if (ms != 0 && ms % 1000 == 0) return fmt::format("{}s", ms / 1000);
  return fmt::format("{}ms", ms);
}

std::string format_size(std::uint64_t bytes) {
  if (bytes != 0 && bytes % (1u << 30) == 0) return fmt::format("{}GB", bytes >> 30);
  if (bytes != 0 && bytes % (1u << 20) == 0) return fmt::format("{}MB", bytes >> 20);
  if (bytes != 0 && bytes % 1024 == 0) return fmt::format("{}kB", bytes >> 10);
  return fmt::format("{}", bytes);
}

}  // namespace helios::config
