// numeric's entry in the type table: text, binary, order and keys.
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

constexpr std::uint16_t sign_negative = 0x4000, sign_nan = 0xC000, sign_plus_infinity = 0xD000,
                        sign_minus_infinity = 0xF000;

datum parse_numeric(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) {
  return apply_modifier(decimal::parse(text), modifier).to_datum(mem);
}
void write_numeric(datum v, const format_settings&, std::string& out) { out += decimal::from(v).to_text(); }

/// The digits in groups of four around the point, without leading and trailing zero groups.
struct groups {
  std::vector<std::int16_t> digits;
  int weight = 0;
};
groups to_groups(const decimal& v) {
  groups out;
  if (v.sign() == 0 || !v.finite()) return out;
  std::string text = mpz_class(abs(v.coefficient)).get_str();
  text.append(static_cast<std::size_t>((4 - v.scale % 4) % 4), '0');
  const int behind = (v.scale + 3) / 4;
  text.insert(0, (4 - text.size() % 4) % 4, '0');
  for (std::size_t i = 0; i < text.size(); i += 4)
    out.digits.push_back(static_cast<std::int16_t>(std::stoi(text.substr(i, 4))));
  out.weight = static_cast<int>(out.digits.size()) - behind - 1;
  while (out.digits.back() == 0) out.digits.pop_back();
  return out;
}

std::uint16_t sign_code(const decimal& v) {
  switch (v.what) {
    case decimal::kind::nan: return sign_nan;
    case decimal::kind::plus_infinity: return sign_plus_infinity;
    case decimal::kind::minus_infinity: return sign_minus_infinity;
    case decimal::kind::finite: break;
  }
  return v.sign() < 0 ? sign_negative : 0;
}

void write_numeric_binary(datum value, std::string& out) {
  const decimal v = decimal::from(value);
  const groups g = to_groups(v);
  put_be(out, static_cast<std::int16_t>(g.digits.size()));
  put_be(out, static_cast<std::int16_t>(g.weight));
  put_be(out, sign_code(v));
  put_be(out, static_cast<std::int16_t>(v.infinite() ? 0x20 : v.scale));  // as PostgreSQL sends them
  for (auto d : g.digits) put_be(out, d);
}

[[noreturn]] void bad_external(const char* what) {
  throw sql_error(sqlstate::invalid_binary_representation, std::string("invalid ") + what + " in external \"numeric\" value");
}

decimal from_groups(byte_reader& in, int count, int weight, int scale) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto d = in.be<std::int16_t>();
    if (!in.ok()) throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
    if (d < 0 || d > 9999) bad_external("digit");
    const std::string group = std::to_string(d);
    text.append(4 - group.size(), '0').append(group);
  }
  decimal out(mpz_class(text.empty() ? "0" : text, 10), (count - 1 - weight) * 4);
  if (out.scale < 0) {
    out.coefficient *= power_of_ten(static_cast<unsigned>(-out.scale));
    out.scale = 0;
  }
  return truncate(out, scale);
}

datum parse_numeric_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  byte_reader in(bytes);
  const auto count = in.be<std::int16_t>(), weight = in.be<std::int16_t>();
  const auto sign = in.be<std::uint16_t>();
  const auto scale = in.be<std::int16_t>();
  if (!in.ok()) throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
  if (count < 0) bad_external("length");
  if (scale < 0 || scale > 16383) bad_external("scale");
  decimal out;
  switch (sign) {
    case sign_nan: out = decimal(decimal::kind::nan); break;
    case sign_plus_infinity: out = decimal(decimal::kind::plus_infinity); break;
    case sign_minus_infinity: out = decimal(decimal::kind::minus_infinity); break;
    case 0:
    case sign_negative:
      out = from_groups(in, count, weight, scale);
      if (sign == sign_negative) out = negate(out);
      break;
    default: bad_external("sign");
  }
  if (out.finite() && !in.finished()) invalid_binary("numeric");
  return apply_modifier(check_range(out), modifier).to_datum(mem);
}

std::strong_ordering compare_numeric(datum a, datum b) { return compare(decimal::from(a), decimal::from(b)); }

/// Class byte (-Infinity 0, negative 1, zero 2, positive 3, Infinity 4, NaN 5); for the two in the middle: number of
/// digits before the point (i32), digits in pairs plus one without trailing zeros, 0. Negative ones are inverted.
void write_numeric_key(datum value, std::string& out) {
  const decimal v = decimal::from(value);
  if (!v.finite()) {
    out.push_back(v.nan() ? '\5' : v.sign() > 0 ? '\4' : '\0');
    return;
  }
  out.push_back(static_cast<char>(2 + v.sign()));
  if (v.sign() == 0) return;
  const std::size_t begin = out.size();
  put_ordered(out, static_cast<std::int32_t>(v.digits_before_point()));
  std::string digits = mpz_class(abs(v.coefficient)).get_str();
  digits.resize(digits.find_last_not_of('0') + 1);
  if (digits.size() % 2 != 0) digits.push_back('0');
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<char>((digits[i] - '0') * 10 + (digits[i + 1] - '0') + 1));
  out.push_back('\0');
  if (v.sign() < 0)
    for (std::size_t i = begin; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

std::uint64_t hash_numeric(datum v) {
  std::string key;
  write_numeric_key(v, key);
  return hash_bytes(key);
}

constexpr type_ops numeric_ops{type_oid::numeric, "numeric", "numeric", -1, 'N', false, false,
                               type_oid::numeric_array, parse_numeric, write_numeric, parse_numeric_binary,
                               write_numeric_binary, compare_numeric, hash_numeric, write_numeric_key};

}  // namespace

void add_numeric_type(type_list& list) { list.push_back(&numeric_ops); }

}  // namespace helios::sql
