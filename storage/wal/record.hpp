#pragma once
// One WAL record: a header of 56 bytes and a body (FORMAT.md). Pure functions over bytes; no file.
//
// I1 A record that passes `parse_record` is exactly what its writer encoded: the checksum covers all but itself.
// I2 A record knows its own position, so that stale bytes of a recycled place never pass for it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.hpp"

namespace helios::storage {

enum class record_type : std::uint8_t { commit = 1, epoch_start = 2, config = 3 };

struct record_header {
  record_type type = record_type::commit;
  std::uint32_t length = 0;  ///< header and body
  lsn position;
  epoch number;
  txn_id txn;
  std::int64_t commit_time_us = 0;
  lsn durable;               ///< known to be fsynced on the writing primary when it wrote this record
};
inline constexpr std::size_t record_header_bytes = 56;

struct record_view {
  record_header header;
  std::string_view body;
  lsn end() const { return header.position + header.length; }
};

/// Appends the encoded record to `out`. `length` of the header is computed.
void encode_record(std::string& out, record_header header, std::string_view body);

enum class record_fault { none, incomplete, not_a_record, wrong_position, checksum };
const char* to_string(record_fault fault);

struct parsed_record {
  record_fault fault = record_fault::none;
  record_view record;
};
/// Checks the record at the start of `bytes`, which must say that it lies at `position`.
parsed_record parse_record(std::string_view bytes, lsn position, std::uint64_t record_bytes_max);

/// What the header at the start of `bytes` (at least record_header_bytes) says of its record's length; not checked.
std::uint32_t record_length(std::string_view bytes);

/// The first record of bytes that parse_record has checked before.
record_view view_record(std::string_view bytes);

/// The first record that checks at or after offset `from` of `bytes`, where bytes[0] lies at `base`.
std::optional<record_view> find_record(std::string_view bytes, lsn base, std::size_t from,
                                       std::uint64_t record_bytes_max);

}  // namespace helios::storage
