#include "storage/checkpoint/lmdb_format.hpp"

#include <fmt/format.h>
#include <lmdb.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "base/log.hpp"
#include "storage/checksum.hpp"
#include "storage/env/env.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"lmdb"};
constexpr std::string_view meta_magic = "HELIOSDB";
constexpr std::uint32_t meta_format = 1;

std::uint32_t check_of(std::string_view full, std::string_view version, std::string_view value) {
  return static_cast<std::uint32_t>(checksum(full, version, value));
}

void put_text(std::string& out, std::string_view text) {
  put_le(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string read_text(byte_reader& in) { return std::string(in.bytes(in.le<std::uint32_t>())); }
}  // namespace

std::string full_key(space_id space, std::string_view key) {
  std::string out;
  out.reserve(space_bytes + key.size());
  put_be(out, space.value);
  out += key;
  return out;
}

std::string stored_key(std::string_view full) {
  if (!in_bucket(full.size())) return std::string(full);
  std::string out(full.substr(0, direct_key_max));
  out += '\0';
  return out;
}

std::string encode_value(std::string_view full, lsn version, std::string_view value) {
  std::string out;
  out.reserve(value_header_bytes + value.size());
  put_le(out, version.value);
  put_le(out, check_of(full, out, value));
  out += value;
  return out;
}

std::optional<versioned_view> decode_value(std::string_view full, std::string_view stored) {
  if (stored.size() < value_header_bytes) return std::nullopt;
  const auto value = stored.substr(value_header_bytes);
  if (load_le<std::uint32_t>(stored.data() + 8) != check_of(full, stored.substr(0, 8), value)) return std::nullopt;
  return versioned_view{lsn{load_le<std::uint64_t>(stored.data())}, value};
}

std::optional<std::vector<bucket_entry>> decode_bucket(std::string_view bytes) {
  std::vector<bucket_entry> out;
  byte_reader in(bytes);
  while (in.ok() && in.remaining() > 0) {
    const auto suffix_bytes = in.le<std::uint32_t>();
    const auto stored_bytes = in.le<std::uint32_t>();
    const auto suffix = in.bytes(suffix_bytes);
    out.push_back({suffix, in.bytes(stored_bytes)});
  }
  if (!in.finished()) return std::nullopt;
  return out;
}

void append_bucket_entry(std::string& bucket, const bucket_entry& entry) {
  put_le(bucket, static_cast<std::uint32_t>(entry.suffix.size()));
  put_le(bucket, static_cast<std::uint32_t>(entry.stored.size()));
  bucket += entry.suffix;
  bucket += entry.stored;
}

std::string encode_meta(const store_meta& meta) {
  std::string out(meta_magic);
  put_le(out, meta_format);
  put_text(out, meta.cluster_id);
  put_le(out, meta.checkpoint.value);
  put_le(out, meta.catalog_version.value);
  put_le(out, meta.last_txn.value);
  put_text(out, encode_config(meta.config));
  put_le(out, static_cast<std::uint32_t>(meta.epochs.size()));
  for (const auto& entry : meta.epochs) {
    put_le(out, entry.number.value);
    put_le(out, entry.begin.value);
    put_text(out, encode_epoch_start(entry));
  }
  put_le(out, checksum(out));
  return out;
}

std::optional<store_meta> decode_meta(std::string_view bytes) {
  if (bytes.size() < meta_magic.size() + 8 || !bytes.starts_with(meta_magic)) return std::nullopt;
  const auto checked = bytes.substr(0, bytes.size() - 8);
  if (load_le<std::uint64_t>(bytes.data() + checked.size()) != checksum(checked)) return std::nullopt;
  byte_reader in(checked.substr(meta_magic.size()));
  if (in.le<std::uint32_t>() != meta_format) return std::nullopt;
  store_meta out;
  out.cluster_id = read_text(in);
  out.checkpoint = lsn{in.le<std::uint64_t>()};
  out.catalog_version = lsn{in.le<std::uint64_t>()};
  out.last_txn = txn_id{in.le<std::uint64_t>()};
  auto config = decode_config(read_text(in));
  const auto epochs = in.le<std::uint32_t>();
  for (std::uint32_t i = 0; i < epochs && in.ok(); ++i) {
    const epoch number{in.le<std::uint64_t>()};
    const lsn begin{in.le<std::uint64_t>()};
    auto entry = decode_epoch_start(read_text(in), number, begin);
    if (!entry) return std::nullopt;
    out.epochs.push_back(std::move(*entry));
  }
  if (!in.finished() || !config) return std::nullopt;
  out.config = std::move(*config);
  return out;
}

void stop_on_damage(const std::filesystem::path& file, std::string_view what) {
  log::error(speaker,
             "corrupt: {}: {}; the node stops rather than serve wrong data; on a standby remove the data directory, it "
             "resynchronises by itself; on a primary promote a standby or restore a base backup, and keep this file",
             file.string(), what);
  log::flush();
  invariant_failed("the stored value checks", "I2: wrong data is never served", __FILE__, __LINE__);
}

error lmdb_error(std::string_view what, const std::filesystem::path& file, int code) {
  if (code == MDB_MAP_FULL)
    return error{errc::disk_full, fmt::format("{} {}: the reserved map is used up", what, file.string())};
  if (code > 0) return system_error(what, file, code);
  return error{errc::corrupt,
               fmt::format("{} {}: {}; on a standby remove the data directory, it resynchronises by itself; on a primary "
                           "promote a standby or restore a base backup, and keep this file for analysis",
                           what, file.string(), mdb_strerror(code))};
}

}  // namespace helios::storage
