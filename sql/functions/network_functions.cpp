// Functions, operators and casts of inet and cidr.
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/network.hpp"
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {

void add_network_casts(registry&);

namespace {

using args_t = std::span<const datum>;

[[noreturn]] void invalid(const std::string& text) { throw sql_error(sqlstate::invalid_parameter_value, text); }

datum result(call_context& c, const network& n) { return n.to_datum(*c.mem); }
network arg(args_t a, std::size_t i = 0) { return network::from(a[i]); }

datum host(call_context& c, args_t a) { return text_result(c, arg(a).host()); }
datum with_mask(call_context& c, args_t a) { return text_result(c, arg(a).to_text(true)); }
datum abbreviated_inet(call_context& c, args_t a) { return text_result(c, arg(a).to_text(false)); }
/// cidr: without the octets of an IPv4 address that the mask leaves out.
datum abbreviated_cidr(call_context& c, args_t a) {
  const network n = arg(a);
  if (n.family != network::ipv4) return text_result(c, n.to_text(true));
  std::string out;
  const int octets = std::max(1, (n.bits + 7) / 8);
  for (int i = 0; i < octets; ++i) out += (i > 0 ? "." : "") + std::to_string(n.address[static_cast<std::size_t>(i)]);
  return text_result(c, out + "/" + std::to_string(n.bits));
}
datum family(call_context&, args_t a) { return datum::of_int(arg(a).family == network::ipv4 ? 4 : 6); }
datum mask_length(call_context&, args_t a) { return datum::of_int(arg(a).bits); }
datum broadcast(call_context& c, args_t a) { return result(c, arg(a).filled(true)); }
datum network_of(call_context& c, args_t a) { return result(c, arg(a).filled(false)); }
network mask_of(const network& of, bool host_part) {
  network out = of;
  out.address.fill(0);
  out = out.filled(true);
  if (!host_part)
    for (auto& byte : out.address) byte = static_cast<std::uint8_t>(~byte);
  out.bits = out.bits_max();
  return out;
}
datum netmask(call_context& c, args_t a) { return result(c, mask_of(arg(a), false)); }
datum hostmask(call_context& c, args_t a) { return result(c, mask_of(arg(a), true)); }
template <bool Cidr>
datum set_mask_length(call_context& c, args_t a) {
  network n = arg(a);
  const std::int64_t bits = a[1].as_int() == -1 ? n.bits_max() : a[1].as_int();
  if (bits < 0 || bits > n.bits_max()) invalid("invalid mask length: " + std::to_string(a[1].as_int()));
  n.bits = static_cast<int>(bits);
  return result(c, Cidr ? n.filled(false) : n);
}
datum same_family(call_context&, args_t a) { return datum::of_bool(arg(a, 0).family == arg(a, 1).family); }
datum merge(call_context& c, args_t a) {
  network l = arg(a, 0);
  const network r = arg(a, 1);
  if (l.family != r.family) invalid("cannot merge addresses from different families");
  int bits = std::min(l.bits, r.bits);
  while (!l.same_prefix(r, bits)) --bits;
  l.bits = bits;
  return result(c, l.filled(false));
}

bool inside(const network& inner, const network& outer, bool or_equal) {
  return (or_equal ? inner.bits >= outer.bits : inner.bits > outer.bits) && inner.same_prefix(outer, outer.bits);
}
datum below(call_context&, args_t a) { return datum::of_bool(inside(arg(a, 0), arg(a, 1), false)); }
datum below_or_equal(call_context&, args_t a) { return datum::of_bool(inside(arg(a, 0), arg(a, 1), true)); }
datum above(call_context&, args_t a) { return datum::of_bool(inside(arg(a, 1), arg(a, 0), false)); }
datum above_or_equal(call_context&, args_t a) { return datum::of_bool(inside(arg(a, 1), arg(a, 0), true)); }
datum overlaps(call_context&, args_t a) {
  const network l = arg(a, 0), r = arg(a, 1);
  return datum::of_bool(l.same_prefix(r, std::min(l.bits, r.bits)));
}

datum invert(call_context& c, args_t a) {
  network n = arg(a);
  for (std::size_t i = 0; i < n.size(); ++i) n.address[i] = static_cast<std::uint8_t>(~n.address[i]);
  return result(c, n);
}
template <bool And>
datum bitwise(call_context& c, args_t a) {
  network l = arg(a, 0);
  const network r = arg(a, 1);
  if (l.family != r.family) invalid(std::string("cannot ") + (And ? "AND" : "OR") + " inet values of different sizes");
  for (std::size_t i = 0; i < l.size(); ++i)
    l.address[i] = static_cast<std::uint8_t>(And ? l.address[i] & r.address[i] : l.address[i] | r.address[i]);
  l.bits = std::max(l.bits, r.bits);
  return result(c, l);
}
network moved(network n, std::int64_t by) {
  std::int64_t carry = 0;
  std::int64_t rest = by;
  for (std::size_t i = n.size(); i-- > 0;) {
    const std::int64_t sum = n.address[i] + (rest & 0xFF) + carry;
    n.address[i] = static_cast<std::uint8_t>(sum & 0xFF);
    carry = sum >> 8;
    rest >>= 8;  // keeps the sign: a negative number goes on with 0xFF
  }
  // In range when what is left is the sign alone and the carry agrees with it.
  if (!((by >= 0 && rest == 0 && carry == 0) || (by < 0 && rest == -1 && carry == 1)))
    throw sql_error(sqlstate::numeric_value_out_of_range, "result is out of range");
  return n;
}
datum plus(call_context& c, args_t a) { return result(c, moved(arg(a), a[1].as_int())); }
datum plus_reversed(call_context& c, args_t a) { return result(c, moved(arg(a, 1), a[0].as_int())); }
datum minus(call_context& c, args_t a) {
  std::int64_t by = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, a[1].as_int(), &by)) throw sql_error(sqlstate::numeric_value_out_of_range, "result is out of range");
  return result(c, moved(arg(a), by));
}
datum difference(call_context&, args_t a) {
  const network l = arg(a, 0), r = arg(a, 1);
  if (l.family != r.family) invalid("cannot subtract inet values of different sizes");
  __extension__ using wide = __int128;
  // Beyond 128 bits the difference is out of range anyway: 65 bits of it are enough.
  wide out = 0;
  bool fits = true;
  for (std::size_t i = 0; i < l.size(); ++i) {
    out = out * 256 + (static_cast<int>(l.address[i]) - static_cast<int>(r.address[i]));
    fits = fits && out > -(wide{1} << 100) && out < (wide{1} << 100);
    if (!fits) break;
  }
  if (!fits || out > INT64_MAX || out < INT64_MIN) throw sql_error(sqlstate::numeric_value_out_of_range, "result is out of range");
  return datum::of_int(static_cast<std::int64_t>(out));
}

datum to_cidr(call_context& c, datum v, std::int32_t, bool) { return result(c, network::from(v).filled(false)); }
template <oid To>
datum to_string(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  const datum text = text_result(c, network::from(v).to_text(true));
  if constexpr (To == type_oid::varchar) return datum::of_bytes(fit_varchar(text.as_bytes(), modifier, is_explicit));
  if constexpr (To == type_oid::bpchar) return fit_bpchar(text.as_bytes(), modifier, is_explicit, *c.mem);
  return text;
}

}  // namespace

void add_network_casts(registry& r) {
  using namespace sig;
  constexpr oid in = type_oid::inet, ci = type_oid::cidr;
  r.cast(ci, in, cast_context::implicit, nullptr);
  r.cast(in, ci, cast_context::assignment, to_cidr);
  for (oid from : {in, ci}) {
    r.cast(from, txt, cast_context::assignment, to_string<txt>);
    r.cast(from, vc, cast_context::assignment, to_string<vc>);
    r.cast(from, bp, cast_context::assignment, to_string<bp>);
  }
}

void add_network_functions(registry& r) {
  using namespace sig;
  constexpr oid in = type_oid::inet, ci = type_oid::cidr;
  r.add("host", {in}, txt, host);
  r.add("text", {in}, txt, with_mask);
  r.add("abbrev", {in}, txt, abbreviated_inet);
  r.add("abbrev", {ci}, txt, abbreviated_cidr);
  r.add("family", {in}, i4, family);
  r.add("masklen", {in}, i4, mask_length);
  r.add("broadcast", {in}, in, broadcast);
  r.add("network", {in}, ci, network_of);
  r.add("netmask", {in}, in, netmask);
  r.add("hostmask", {in}, in, hostmask);
  r.add("set_masklen", {in, i4}, in, set_mask_length<false>);
  r.add("set_masklen", {ci, i4}, ci, set_mask_length<true>);
  r.add("inet_same_family", {in, in}, b, same_family);
  r.add("inet_merge", {in, in}, ci, merge);
  r.op("<<", {in, in}, b, below);
  r.op("<<=", {in, in}, b, below_or_equal);
  r.op(">>", {in, in}, b, above);
  r.op(">>=", {in, in}, b, above_or_equal);
  r.op("&&", {in, in}, b, overlaps);
  r.op("~", {in}, in, invert);
  r.op("&", {in, in}, in, bitwise<true>);
  r.op("|", {in, in}, in, bitwise<false>);
  r.op("+", {in, i8}, in, plus);
  r.op("+", {i8, in}, in, plus_reversed);
  r.op("-", {in, i8}, in, minus);
  r.op("-", {in, in}, i8, difference);
}

}  // namespace helios::sql
