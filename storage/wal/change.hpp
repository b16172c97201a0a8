#pragma once
// The bodies of WAL records (FORMAT.md): a commit's changes, an epoch's start, a cohort config. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/engine.hpp"

namespace helios::storage {

enum class change_type : std::uint8_t { put = 1, erase = 2, drop_space = 3 };

/// Views into the body it was read from.
struct change {
  change_type type = change_type::put;
  space_id space;
  std::string_view key;
  std::string_view value;
};

/// True for a space whose commits begin a new catalog version.
constexpr bool is_catalog(space_id space) { return space < first_data_space && space != sequence_space; }

void encode_put(std::string& body, space_id space, std::string_view key, std::string_view value);
void encode_erase(std::string& body, space_id space, std::string_view key);
void encode_drop_space(std::string& body, space_id space);

/// Walks a body; after the last change `next` gives nothing, and `ok()` says whether all of it was well formed.
class change_reader {
 public:
  explicit change_reader(std::string_view body) : rest_(body) {}
  std::optional<change> next();
  bool ok() const { return ok_; }

 private:
  bool read_varint(std::uint32_t& out);
  bool read_bytes(std::string_view& out);
  std::optional<change> fail();

  std::string_view rest_;
  bool ok_ = true;
};
bool well_formed(std::string_view body);

std::string encode_epoch_start(const epoch_entry& entry);
/// `number` and `begin` come from the record's header.
std::optional<epoch_entry> decode_epoch_start(std::string_view body, epoch number, lsn begin);

std::string encode_config(const cohort_config& config);
std::optional<cohort_config> decode_config(std::string_view body);

}  // namespace helios::storage
