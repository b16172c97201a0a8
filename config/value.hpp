#pragma once
// Turns the text of one YAML scalar or environment variable into a value. Pure; a failure is the reason in words, made to
// follow "key 'x': ".

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace helios::config {

/// "250ms", "5s", "2m", "1h": a whole number and its unit.
result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "65536", "64kB", "16MB", "1GB": bytes, with units of 1024 as PostgreSQL reads them.
result<std::uint64_t> parse_size(std::string_view text);
result<std::uint64_t> parse_whole_number(std::string_view text);
result<double> parse_fraction(std::string_view text);
/// true/false, on/off, yes/no.
result<bool> parse_switch(std::string_view text);

/// "5s", "250ms": the shortest exact form.
std::string format_duration(std::chrono::milliseconds value);
/// "16MB": the largest unit that divides the value.
std::string format_size(std::uint64_t bytes);

}  // namespace helios::config
