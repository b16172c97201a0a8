// inet, cidr.
#include <arpa/inet.h>

#include <charconv>

#include "sql/types/network.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

const char* name_of(bool as_cidr) { return as_cidr ? "cidr" : "inet"; }

/// Decimal digits without a sign; nothing when there are none or the number is above `most`.
int take_number(std::string_view& text, int most, bool leading_zero) {
  std::size_t n = 0;
  int v = 0;
  while (n < text.size() && is_digit(text[n]) && v <= most) v = v * 10 + (text[n++] - '0');
  if (n == 0 || v > most || (!leading_zero && n > 1 && text[0] == '0')) return -1;
  text.remove_prefix(n);
  return v;
}

/// The mask that a class A, B, C, D or E address has, at least as wide as the octets that were written.
int class_bits(std::uint8_t first, std::size_t octets) {
  int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  bits = std::max(bits, static_cast<int>(octets) * 8);
  return bits == 8 && first == 224 ? 4 : bits;
}

bool parse_v4(std::string_view text, bool as_cidr, network& out) {
  std::size_t octets = 0;
  do {
    if (octets > 0) text.remove_prefix(1);
    const int v = octets < 4 ? take_number(text, 255, true) : -1;
    if (v < 0) return false;
    out.address[octets++] = static_cast<std::uint8_t>(v);
  } while (text.starts_with('.'));
  int bits = -1;
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    bits = take_number(text, 32, true);
    if (bits < 0) return false;
  }
  if (!text.empty()) return false;
  if (bits < 0) {
    if (!as_cidr && octets < 4) return false;
    bits = as_cidr ? class_bits(out.address[0], octets) : 32;
  } else if (!as_cidr && static_cast<std::size_t>(bits) / 8 > octets) {
    return false;
  }
  out.bits = bits;
  return true;
}

bool parse_v6(std::string_view text, network& out) {
  const auto slash = text.find('/');
  out.bits = 128;
  if (slash != std::string_view::npos) {
    auto mask = text.substr(slash + 1);
    out.bits = take_number(mask, 128, false);
    if (out.bits < 0 || !mask.empty()) return false;
  }
  const std::string address(text.substr(0, slash));
  return inet_pton(AF_INET6, address.c_str(), out.address.data()) == 1;
}

}  // namespace

network network::parse(std::string_view text, bool as_cidr) {
  network out;
  out.family = text.find(':') != std::string_view::npos ? ipv6 : ipv4;
  if (text.find('\0') != std::string_view::npos || !(out.family == ipv4 ? parse_v4(text, as_cidr, out) : parse_v6(text, out)))
    invalid_text(name_of(as_cidr), text);
  if (as_cidr && out.filled(false).address != out.address)
    throw sql_error(sqlstate::invalid_text_representation, "invalid cidr value: \"" + std::string(text) + "\"")
        .detail("Value has bits set to right of mask.");
  return out;
}

network network::from(datum v) {
  const auto bytes = v.as_bytes();
  if (bytes.empty() || (bytes[0] != ipv4 && bytes[0] != ipv6)) return parse(bytes, false);
  network out;
  out.family = static_cast<std::uint8_t>(bytes[0]);
  if (bytes.size() != 2 + out.size() || static_cast<std::uint8_t>(bytes[1]) > out.bits_max())
    throw sql_error(sqlstate::data_corrupted, "a stored network address is damaged");
  out.bits = static_cast<std::uint8_t>(bytes[1]);
  std::memcpy(out.address.data(), bytes.data() + 2, out.size());
  return out;
}

datum network::to_datum(arena& mem) const {
  char* to = mem.allocate(2 + size());
  to[0] = static_cast<char>(family);
  to[1] = static_cast<char>(bits);
  std::memcpy(to + 2, address.data(), size());
  return datum::of_bytes({to, 2 + size()});
}

std::string network::host() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family == ipv4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
  return text;
}

std::string network::to_text(bool always_mask) const {
  return always_mask || bits != bits_max() ? host() + "/" + std::to_string(bits) : host();
}

network network::filled(bool value) const {
  network out = *this;
  for (int n = bits; n < bits_max(); ++n) {
    const auto mask = static_cast<std::uint8_t>(1 << (7 - n % 8));
    auto& byte = out.address[static_cast<std::size_t>(n / 8)];
    byte = static_cast<std::uint8_t>(value ? byte | mask : byte & ~mask);
  }
  return out;
}

bool network::same_prefix(const network& other, int length) const {
  if (family != other.family) return false;
  for (int n = 0; n < length; ++n)
    if (bit(n) != other.bit(n)) return false;
  return true;
}

namespace {

template <bool Cidr>
datum parse_network(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  return network::parse(text, Cidr).to_datum(mem);
}
template <bool Cidr>
void write_network(datum v, const format_settings&, std::string& out) { out += network::from(v).to_text(Cidr); }

[[noreturn]] void bad_external(const char* what, bool as_cidr) {
  throw sql_error(sqlstate::invalid_binary_representation, std::string("invalid ") + what + " in external \"" + name_of(as_cidr) + "\" value");
}
/// Family, bits, whether cidr, length, address.
template <bool Cidr>
datum parse_network_binary(std::string_view bytes, std::int32_t, arena& mem) {
  byte_reader in(bytes);
  network out;
  out.family = in.be<std::uint8_t>();
  out.bits = in.be<std::uint8_t>();
  (void)in.be<std::uint8_t>();
  const auto size = in.be<std::uint8_t>();
  if (!in.ok()) throw sql_error(sqlstate::protocol_violation, "no data left in message");
  if (out.family != network::ipv4 && out.family != network::ipv6) bad_external("address family", Cidr);
  if (out.bits > out.bits_max()) bad_external("bits", Cidr);
  if (size != out.size()) bad_external("length", Cidr);
  const auto address = in.bytes(size);
  if (!in.ok()) throw sql_error(sqlstate::protocol_violation, "no data left in message");
  if (!in.finished()) throw sql_error(sqlstate::invalid_binary_representation, "incorrect binary data format in bind parameter");
  std::memcpy(out.address.data(), address.data(), size);
  if (Cidr && out.filled(false).address != out.address)
    throw sql_error(sqlstate::invalid_binary_representation, "invalid external \"cidr\" value").detail("Value has bits set to right of mask.");
  return out.to_datum(mem);
}
template <bool Cidr>
void write_network_binary(datum v, std::string& out) {
  const network n = network::from(v);
  out.push_back(static_cast<char>(n.family));
  out.push_back(static_cast<char>(n.bits));
  out.push_back(Cidr ? '\1' : '\0');
  out.push_back(static_cast<char>(n.size()));
  out.append(reinterpret_cast<const char*>(n.address.data()), n.size());
}

/// Family; per bit of the network 1 or 2, then 0; the address. So a network comes before what lies in it.
void write_network_key(datum v, std::string& out) {
  const network n = network::from(v);
  out.push_back(static_cast<char>(n.family));
  for (int i = 0; i < n.bits; ++i) out.push_back(n.bit(i) ? '\2' : '\1');
  out.push_back('\0');
  out.append(reinterpret_cast<const char*>(n.address.data()), n.size());
}
std::strong_ordering compare_network(datum x, datum y) {
  const network a = network::from(x), b = network::from(y);
  if (a.family != b.family) return a.family <=> b.family;
  const int common = std::min(a.bits, b.bits);
  for (int i = 0; i < common; ++i)
    if (a.bit(i) != b.bit(i)) return static_cast<int>(a.bit(i)) <=> static_cast<int>(b.bit(i));
  if (a.bits != b.bits) return a.bits <=> b.bits;
  return std::memcmp(a.address.data(), b.address.data(), a.size()) <=> 0;
}
std::uint64_t hash_network(datum v) {
  std::string key;
  write_network_key(v, key);
  return hash_bytes(key);
}

template <bool Cidr>
constexpr type_ops network_ops(oid id, oid array) {
  return {id, Cidr ? "cidr" : "inet", Cidr ? "cidr" : "inet", -1, 'I', !Cidr, false, array, parse_network<Cidr>, write_network<Cidr>,
          parse_network_binary<Cidr>, write_network_binary<Cidr>, compare_network, hash_network, write_network_key};
}
constexpr type_ops inet_ops = network_ops<false>(type_oid::inet, type_oid::inet_array);
constexpr type_ops cidr_ops = network_ops<true>(type_oid::cidr, type_oid::cidr_array);

}  // namespace

void add_network_types(type_list& list) {
  list.push_back(&inet_ops);
  list.push_back(&cidr_ops);
}

}  // namespace helios::sql
