// Operators, functions and casts of macaddr and macaddr8.
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_hardware_address_functions(registry&);
void add_hardware_address_casts(registry&);

namespace {

using args_t = std::span<const datum>;

template <class Change>
datum changed(call_context& c, datum v, Change change) {
  std::string bytes(v.as_bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(change(i, static_cast<unsigned char>(bytes[i])));
  return text_result(c, bytes);
}
datum invert(call_context& c, args_t a) {
  return changed(c, a[0], [](std::size_t, unsigned char byte) { return ~byte; });
}
datum both(call_context& c, args_t a) {
  return changed(c, a[0], [&](std::size_t i, unsigned char byte) { return byte & static_cast<unsigned char>(a[1].as_bytes()[i]); });
}
datum either(call_context& c, args_t a) {
  return changed(c, a[0], [&](std::size_t i, unsigned char byte) { return byte | static_cast<unsigned char>(a[1].as_bytes()[i]); });
}
/// The manufacturer's part alone.
datum truncated(call_context& c, args_t a) {
  return changed(c, a[0], [](std::size_t i, unsigned char byte) { return i < 3 ? byte : 0; });
}
datum seventh_bit(call_context& c, args_t a) {
  return changed(c, a[0], [](std::size_t i, unsigned char byte) { return i == 0 ? byte | 2 : byte; });
}

datum widen(call_context& c, datum v, std::int32_t, bool) {
  std::string bytes(v.as_bytes());
  return text_result(c, bytes.insert(3, "\xff\xfe"));
}
datum narrow(call_context& c, datum v, std::int32_t, bool) {
  std::string bytes(v.as_bytes());
  if (bytes.substr(3, 2) != "\xff\xfe")
    throw sql_error(sqlstate::numeric_value_out_of_range, "macaddr8 data out of range to convert to macaddr")
        .hint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be "
              "converted from macaddr8 to macaddr.");
  return text_result(c, bytes.erase(3, 2));
}

template <class Test>
datum compared(call_context&, args_t a) { return datum::of_bool(Test::holds(compare_bytes(a[0].as_bytes(), a[1].as_bytes()))); }
struct is_equal { static bool holds(std::strong_ordering o) { return o == 0; } };
struct is_unequal { static bool holds(std::strong_ordering o) { return o != 0; } };
struct is_less { static bool holds(std::strong_ordering o) { return o < 0; } };
struct is_less_equal { static bool holds(std::strong_ordering o) { return o <= 0; } };
struct is_greater { static bool holds(std::strong_ordering o) { return o > 0; } };
struct is_greater_equal { static bool holds(std::strong_ordering o) { return o >= 0; } };

}  // namespace

void add_hardware_address_casts(registry& r) {
  r.cast(type_oid::macaddr, type_oid::macaddr8, cast_context::implicit, widen);
  r.cast(type_oid::macaddr8, type_oid::macaddr, cast_context::implicit, narrow);
}

void add_hardware_address_functions(registry& r) {
  for (const oid type : {oid{type_oid::macaddr}, oid{type_oid::macaddr8}}) {
    r.op("=", {type, type}, sig::b, compared<is_equal>);
    r.op("<>", {type, type}, sig::b, compared<is_unequal>);
    r.op("<", {type, type}, sig::b, compared<is_less>);
    r.op("<=", {type, type}, sig::b, compared<is_less_equal>);
    r.op(">", {type, type}, sig::b, compared<is_greater>);
    r.op(">=", {type, type}, sig::b, compared<is_greater_equal>);
    r.op("~", {type}, type, invert);
    r.op("&", {type, type}, type, both);
    r.op("|", {type, type}, type, either);
    r.add("trunc", {type}, type, truncated);
  }
  r.add("macaddr8_set7bit", {type_oid::macaddr8}, type_oid::macaddr8, seventh_bit);
}

}  // namespace helios::sql
