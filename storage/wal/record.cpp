#include "storage/wal/record.hpp"

#include <cstring>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "storage/checksum.hpp"

namespace helios::storage {
namespace {
constexpr std::string_view magic = "HWL";
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t magic_offset = 8;
constexpr std::size_t length_offset = 12;

bool known(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(record_type::commit) && type <= static_cast<std::uint8_t>(record_type::config);
}

record_header decode_header(std::string_view bytes) {
  byte_reader in(bytes.substr(magic_offset + magic.size()));
  record_header out;
  out.type = static_cast<record_type>(in.le<std::uint8_t>());
  out.length = in.le<std::uint32_t>();
  out.position = lsn{in.le<std::uint64_t>()};
  out.number = epoch{in.le<std::uint64_t>()};
  out.txn = txn_id{in.le<std::uint64_t>()};
  out.commit_time_us = in.le<std::int64_t>();
  out.durable = lsn{in.le<std::uint64_t>()};
  return out;
}
}  // namespace

void encode_record(std::string& out, record_header header, std::string_view body) {
  HELIOS_INVARIANT(body.size() <= UINT32_MAX - record_header_bytes, "a record's length fits into 32 bits");
  const std::size_t begin = out.size();
  const auto length = static_cast<std::uint32_t>(record_header_bytes + body.size());
  put_le<std::uint64_t>(out, 0);
  out += magic;
  put_le(out, static_cast<std::uint8_t>(header.type));
  put_le(out, length);
  put_le(out, header.position.value);
  put_le(out, header.number.value);
  put_le(out, header.txn.value);
  put_le(out, header.commit_time_us);
  put_le(out, header.durable.value);
  HELIOS_INVARIANT(out.size() - begin == record_header_bytes, "the record header has its fixed size");
  out += body;
  store_le(out.data() + begin, checksum(std::string_view(out).substr(begin + checksum_bytes)));
}

const char* to_string(record_fault fault) {
  switch (fault) {
    case record_fault::none: return "none";
    case record_fault::incomplete: return "incomplete record";
    case record_fault::not_a_record: return "no record header";
    case record_fault::wrong_position: return "record of another position";
    case record_fault::checksum: return "checksum mismatch";
  }
  return "?";
}

parsed_record parse_record(std::string_view bytes, lsn position, std::uint64_t record_bytes_max) {
  parsed_record out;
  if (bytes.size() < record_header_bytes) {
    out.fault = record_fault::incomplete;
    return out;
  }
  const auto header = decode_header(bytes);
  if (bytes.substr(magic_offset, magic.size()) != magic || !known(static_cast<std::uint8_t>(header.type)) ||
      header.length < record_header_bytes || header.length > record_bytes_max) {
    out.fault = record_fault::not_a_record;
  } else if (header.position != position) {
    out.fault = record_fault::wrong_position;
  } else if (header.length > bytes.size()) {
    out.fault = record_fault::incomplete;
  } else if (load_le<std::uint64_t>(bytes.data()) !=
             checksum(bytes.substr(checksum_bytes, header.length - checksum_bytes))) {
    out.fault = record_fault::checksum;
  } else {
    out.record = {header, bytes.substr(record_header_bytes, header.length - record_header_bytes)};
  }
  return out;
}

std::uint32_t record_length(std::string_view bytes) {
  HELIOS_INVARIANT(bytes.size() >= record_header_bytes, "only whole headers say a length");
  return load_le<std::uint32_t>(bytes.data() + length_offset);
}

record_view view_record(std::string_view bytes) {
  HELIOS_INVARIANT(bytes.size() >= record_header_bytes, "only whole records are viewed");
  const auto header = decode_header(bytes);
  HELIOS_INVARIANT(header.length >= record_header_bytes && header.length <= bytes.size(), "only whole records are viewed");
  return {header, bytes.substr(record_header_bytes, header.length - record_header_bytes)};
}

std::optional<record_view> find_record(std::string_view bytes, lsn base, std::size_t from,
                                       std::uint64_t record_bytes_max) {
  for (std::size_t at = bytes.find(magic, from + magic_offset); at != std::string_view::npos;
       at = bytes.find(magic, at + 1)) {
    const std::size_t begin = at - magic_offset;
    auto parsed = parse_record(bytes.substr(begin), base + begin, record_bytes_max);
    if (parsed.fault == record_fault::none) return parsed.record;
  }
  return std::nullopt;
}

}  // namespace helios::storage
