// Text of float4 and float8, shared by the types, casts and functions.
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

bool write_special(double v, std::string& out) {
  if (std::isnan(v)) out += "NaN";
  else if (std::isinf(v)) out += v < 0 ? "-Infinity" : "Infinity";
  else return false;
  return true;
}

/// `scientific` is what to_chars gives: d[.ddd]e[+-]dd.
void write_shortest(std::string_view scientific, int fixed_below, std::string& out) {
  if (scientific.front() == '-') {
    out.push_back('-');
    scientific.remove_prefix(1);
  }
  const auto e = scientific.find('e');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1), scientific.data() + scientific.size(),
                  exponent);
  if (exponent < -4 || exponent >= fixed_below) {
    out.append(scientific);
    return;
  }
  std::string digits(1, scientific[0]);
  if (e > 2) digits.append(scientific.substr(2, e - 2));
  const auto size = static_cast<int>(digits.size());
  if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  } else if (size <= exponent + 1) {
    out.append(digits).append(static_cast<std::size_t>(exponent + 1 - size), '0');
  } else {
    const auto whole = static_cast<std::size_t>(exponent + 1);
    out.append(digits, 0, whole).append(".").append(digits, whole);
  }
}

template <class Float>
void write_float(Float v, int extra, int digits, int fixed_below, std::string& out) {
  if (write_special(static_cast<double>(v), out)) return;
  char buffer[64];
  if (extra > 0) {
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr;
    write_shortest({buffer, static_cast<std::size_t>(end - buffer)}, fixed_below, out);
    return;
  }
  const int precision = digits + extra < 1 ? 1 : digits + extra;
  const int n = std::snprintf(buffer, sizeof buffer, "%.*g", precision, static_cast<double>(v));
  out.append(buffer, static_cast<std::size_t>(n));
}

template <class Float>
bool parse_special(std::string_view text, Float& v) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (equal_ignoring_case(text, "nan")) {
    v = std::numeric_limits<Float>::quiet_NaN();
  } else if (equal_ignoring_case(text, "infinity") || equal_ignoring_case(text, "inf")) {
    v = negative ? -std::numeric_limits<Float>::infinity() : std::numeric_limits<Float>::infinity();
  } else {
    return false;
  }
  return true;
}

template <class Float>
Float parse_float(std::string_view text, const char* type, Float (*convert)(const char*, char**)) {
  const std::string_view body = trim(text);
  Float v{};
  if (parse_special(body, v)) return v;
  const std::string copy(body);
  char* end = nullptr;
  errno = 0;
  v = convert(copy.c_str(), &end);
  if (copy.empty() || end != copy.c_str() + copy.size() || std::isnan(v)) invalid_text(type, text);
  if (errno == ERANGE && (v == 0 || std::isinf(v)))
    throw sql_error(sqlstate::numeric_value_out_of_range, "\"" + copy + "\" is out of range for type " + type);
  return v;
}

}  // namespace

void write_float8(double v, int extra, std::string& out) { write_float(v, extra, 15, 15, out); }
void write_float4(float v, int extra, std::string& out) { write_float(v, extra, 6, 6, out); }
double parse_float8(std::string_view text) { return parse_float<double>(text, "double precision", std::strtod); }
float parse_float4(std::string_view text) { return parse_float<float>(text, "real", std::strtof); }

}  // namespace helios::sql
