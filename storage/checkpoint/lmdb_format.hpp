#pragma once
// How entries lie in LMDB (FORMAT.md): values with their version and check, buckets for long keys, and the meta record.
// Pure functions. Used by lmdb_read and lmdb_write only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/checkpoint/lmdb_env.hpp"

namespace helios::storage {

inline constexpr std::size_t space_bytes = 4;
inline constexpr std::size_t direct_key_max = 510;  ///< with the space; longer keys lie in a bucket
inline constexpr std::size_t value_header_bytes = 12;

/// Space and key as one byte string.
std::string full_key(space_id space, std::string_view key);
inline bool in_bucket(std::size_t full_key_bytes) { return full_key_bytes > direct_key_max; }
/// The LMDB key of a full key: itself, or its bucket's.
std::string stored_key(std::string_view full);

/// Version, check and value. The check covers the full key too, so that a value under a wrong key is noticed.
std::string encode_value(std::string_view full, lsn version, std::string_view value);
/// Nothing when it does not check.
std::optional<versioned_view> decode_value(std::string_view full, std::string_view stored);

/// An entry of a bucket: the part of its full key after the bucket's 510 bytes, and its stored value.
struct bucket_entry {
  std::string_view suffix;
  std::string_view stored;
};
/// Sorted by suffix. Nothing when the bytes are not a bucket.
std::optional<std::vector<bucket_entry>> decode_bucket(std::string_view bytes);
void append_bucket_entry(std::string& bucket, const bucket_entry& entry);

std::string encode_meta(const store_meta& meta);
/// Nothing when it does not check or has an unknown format version.
std::optional<store_meta> decode_meta(std::string_view bytes);

/// I2: logs what is damaged and what to do, and ends the process.
[[noreturn]] void stop_on_damage(const std::filesystem::path& file, std::string_view what);

/// Errors of LMDB as ours.
error lmdb_error(std::string_view what, const std::filesystem::path& file, int code);

}  // namespace helios::storage
