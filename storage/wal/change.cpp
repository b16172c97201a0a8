#include "storage/wal/change.hpp"

#include "base/bytes.hpp"
#include "base/invariant.hpp"

namespace helios::storage {
namespace {

void put_varint(std::string& out, std::size_t value) {
  HELIOS_INVARIANT(value <= UINT32_MAX, "a length in a WAL body fits into 32 bits");
  while (value >= 0x80) {
    out += static_cast<char>(0x80 | (value & 0x7f));
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out += bytes;
}

void put_string(std::string& out, std::string_view text) {
  put_le(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string read_string(byte_reader& in) { return std::string(in.bytes(in.le<std::uint32_t>())); }

}  // namespace

void encode_put(std::string& body, space_id space, std::string_view key, std::string_view value) {
  body += static_cast<char>(change_type::put);
  put_varint(body, space.value);
  put_bytes(body, key);
  put_bytes(body, value);
}

void encode_erase(std::string& body, space_id space, std::string_view key) {
  body += static_cast<char>(change_type::erase);
  put_varint(body, space.value);
  put_bytes(body, key);
}

void encode_drop_space(std::string& body, space_id space) {
  body += static_cast<char>(change_type::drop_space);
  put_varint(body, space.value);
}

bool change_reader::read_varint(std::uint32_t& out) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (rest_.empty()) return false;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      out = static_cast<std::uint32_t>(value);
      return value <= UINT32_MAX;
    }
  }
  return false;
}

bool change_reader::read_bytes(std::string_view& out) {
  std::uint32_t length = 0;
  if (!read_varint(length) || length > rest_.size()) return false;
  out = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

std::optional<change> change_reader::fail() {
  ok_ = false;
  rest_ = {};
  return std::nullopt;
}

std::optional<change> change_reader::next() {
  if (rest_.empty()) return std::nullopt;
  change out;
  const auto type = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  if (type < static_cast<std::uint8_t>(change_type::put) || type > static_cast<std::uint8_t>(change_type::drop_space))
    return fail();
  out.type = static_cast<change_type>(type);
  if (!read_varint(out.space.value)) return fail();
  if (out.type != change_type::drop_space && !read_bytes(out.key)) return fail();
  if (out.type == change_type::put && !read_bytes(out.value)) return fail();
  return out;
}

bool well_formed(std::string_view body) {
  change_reader in(body);
  while (in.next()) {
  }
  return in.ok();
}

std::string encode_epoch_start(const epoch_entry& entry) {
  std::string out;
  put_le(out, entry.parent.value);
  put_string(out, entry.leader);
  return out;
}

std::optional<epoch_entry> decode_epoch_start(std::string_view body, epoch number, lsn begin) {
  byte_reader in(body);
  epoch_entry out;
  out.number = number;
  out.begin = begin;
  out.parent = epoch{in.le<std::uint64_t>()};
  out.leader = read_string(in);
  if (!in.finished()) return std::nullopt;
  return out;
}

std::string encode_config(const cohort_config& config) {
  std::string out;
  put_le(out, config.version);
  put_le(out, config.number.value);
  put_string(out, config.leader);
  put_le(out, config.acks_needed);
  put_le(out, static_cast<std::uint32_t>(config.members.size()));
  for (const auto& member : config.members) put_string(out, member);
  return out;
}

std::optional<cohort_config> decode_config(std::string_view body) {
  byte_reader in(body);
  cohort_config out;
  out.version = in.le<std::uint64_t>();
  out.number = epoch{in.le<std::uint64_t>()};
  out.leader = read_string(in);
  out.acks_needed = in.le<std::uint32_t>();
  const auto members = in.le<std::uint32_t>();
  for (std::uint32_t i = 0; i < members && in.ok(); ++i) out.members.push_back(read_string(in));
  if (!in.finished()) return std::nullopt;
  return out;
}

}  // namespace helios::storage
