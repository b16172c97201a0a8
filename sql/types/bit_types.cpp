// bit, bit varying.
#include "sql/types/bit_string.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

bit_string bit_string::from(datum v) {
  byte_reader in(v.as_bytes());
  bit_string out;
  out.size_ = in.le<std::uint32_t>();
  out.bytes_ = in.bytes(in.remaining());
  if (!in.ok() || out.bytes_.size() != (out.size_ + 7) / 8) throw sql_error(sqlstate::data_corrupted, "a stored bit string is damaged");
  return out;
}

datum bit_string::to_datum(arena& mem) const {
  std::string out;
  put_le(out, static_cast<std::uint32_t>(size_));
  return datum::of_bytes(mem.copy(out + bytes_));
}

void bit_string::set(std::size_t i, bool v) {
  const auto mask = static_cast<unsigned char>(0x80 >> (i % 8));
  const auto byte = static_cast<unsigned char>(bytes_[i / 8]);
  bytes_[i / 8] = static_cast<char>(v ? byte | mask : byte & ~mask);
}

bit_string bit_string::part(std::size_t from, std::size_t count) const {
  bit_string out(count);
  for (std::size_t i = 0; i < count && from + i < size_; ++i) out.set(i, get(from + i));
  return out;
}

void bit_string::append(const bit_string& other) {
  const std::size_t before = size_;
  size_ += other.size_;
  bytes_.resize((size_ + 7) / 8);
  for (std::size_t i = 0; i < other.size_; ++i) set(before + i, other.get(i));
}

std::string bit_string::to_text() const {
  std::string out(size_, '0');
  for (std::size_t i = 0; i < size_; ++i)
    if (get(i)) out[i] = '1';
  return out;
}

namespace {
[[noreturn]] void bad_digit(std::string_view rest, const char* kind) {
  throw sql_error(sqlstate::invalid_text_representation,
                  "\"" + std::string(rest.substr(0, utf8_size(rest[0]))) + "\" is not a valid " + kind + " digit");
}
constexpr std::size_t bits_max = 0x7fffffff;
}  // namespace

bit_string bit_string::parse(std::string_view text) {
  const bool hex = text.starts_with('x') || text.starts_with('X');
  if (hex || text.starts_with('b') || text.starts_with('B')) text.remove_prefix(1);
  const std::size_t width = hex ? 4 : 1;
  if (text.size() > bits_max / 4)
    throw sql_error("54000", "bit string length exceeds the maximum allowed (" + std::to_string(bits_max) + ")");
  bit_string out(text.size() * width);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = to_lower_ascii(text[i]);
    const int v = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
    if (v >= (1 << width)) bad_digit(text.substr(i), hex ? "hexadecimal" : "binary");
    for (std::size_t k = 0; k < width; ++k) out.set(i * width + k, (v >> (width - 1 - k) & 1) != 0);
  }
  return out;
}

bit_string fit_bit(bit_string v, std::int32_t modifier, bool is_explicit) {
  const auto wanted = static_cast<std::size_t>(std::max(modifier, 0));
  if (wanted == 0 || wanted == v.size()) return v;
  if (!is_explicit)
    throw sql_error("22026", "bit string length " + std::to_string(v.size()) + " does not match type bit(" + std::to_string(wanted) + ")");
  return v.part(0, wanted);
}
bit_string fit_varbit(bit_string v, std::int32_t modifier, bool is_explicit) {
  const auto most = static_cast<std::size_t>(std::max(modifier, 0));
  if (most == 0 || v.size() <= most) return v;
  if (!is_explicit) throw sql_error(sqlstate::string_data_right_truncation, "bit string too long for type bit varying(" + std::to_string(most) + ")");
  return v.part(0, most);
}

namespace {

template <bool Varying>
bit_string fitted(bit_string v, std::int32_t modifier) {
  return Varying ? fit_varbit(std::move(v), modifier, false) : fit_bit(std::move(v), modifier, false);
}
template <bool Varying>
datum parse_bits(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) {
  return fitted<Varying>(bit_string::parse(text), modifier).to_datum(mem);
}
void write_bits(datum v, const format_settings&, std::string& out) { out += bit_string::from(v).to_text(); }
template <bool Varying>
datum parse_bits_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  byte_reader in(bytes);
  const auto size = in.be<std::int32_t>();
  if (!in.ok()) throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
  if (size < 0) throw sql_error(sqlstate::invalid_binary_representation, "invalid length in external bit string");
  const std::size_t length = (static_cast<std::size_t>(size) + 7) / 8;
  if (in.remaining() < length) throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
  if (in.remaining() > length) throw sql_error(sqlstate::invalid_binary_representation, "incorrect binary data format in bind parameter");
  std::string stored;
  put_le(stored, static_cast<std::uint32_t>(size));
  stored.append(bytes.substr(4));
  // Bits behind the end count as 0, whatever was sent.
  if (size % 8 != 0) stored.back() = static_cast<char>(stored.back() & static_cast<char>(0xFF << (8 - size % 8)));
  return fitted<Varying>(bit_string::from(datum::of_bytes(stored)), modifier).to_datum(mem);
}
void write_bits_binary(datum v, std::string& out) {
  const bit_string b = bit_string::from(v);
  put_be(out, static_cast<std::int32_t>(b.size()));
  out += b.bytes();
}
std::strong_ordering compare_bits(datum x, datum y) {
  const bit_string a = bit_string::from(x), b = bit_string::from(y);
  const std::size_t common = std::min(a.bytes().size(), b.bytes().size());
  const auto order = compare_bytes(std::string_view(a.bytes()).substr(0, common), std::string_view(b.bytes()).substr(0, common));
  return order != 0 ? order : a.size() <=> b.size();
}
void write_bits_key(datum v, std::string& out) {
  const bit_string b = bit_string::from(v);
  put_ordered_bytes(out, b.bytes());
  put_be(out, static_cast<std::uint32_t>(b.size()));
}
std::uint64_t hash_bits(datum v) { return hash_bytes(v.as_bytes()); }

constexpr type_ops bit_ops{type_oid::bit, "bit", "bit", -1, 'V', false, false, type_oid::bit_array, parse_bits<false>, write_bits,
                           parse_bits_binary<false>, write_bits_binary, compare_bits, hash_bits, write_bits_key};
constexpr type_ops varbit_ops{type_oid::varbit, "varbit", "bit varying", -1, 'V', true, false, type_oid::varbit_array, parse_bits<true>, write_bits,
                              parse_bits_binary<true>, write_bits_binary, compare_bits, hash_bits, write_bits_key};

}  // namespace

void add_bit_types(type_list& list) {
  list.push_back(&bit_ops);
  list.push_back(&varbit_ops);
}

}  // namespace helios::sql
