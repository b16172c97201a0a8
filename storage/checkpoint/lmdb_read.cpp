#include <fmt/format.h>
#include <lmdb.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "storage/checkpoint/lmdb_format.hpp"

namespace helios::storage {
namespace {

MDB_val as_val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view as_view(const MDB_val& v) { return {static_cast<const char*>(v.mv_data), v.mv_size}; }

struct cursor_closer {
  void operator()(MDB_cursor* c) const { mdb_cursor_close(c); }
};
using lmdb_cursor = std::unique_ptr<MDB_cursor, cursor_closer>;

lmdb_cursor open_cursor(MDB_txn* txn, unsigned table, const std::filesystem::path& file) {
  MDB_cursor* made = nullptr;
  if (const int code = mdb_cursor_open(txn, table, &made)) stop_on_damage(file, mdb_strerror(code));
  return lmdb_cursor(made);
}

// The entries of one space and range. A bucket is one LMDB entry and shows as its members.
class lmdb_source final : public entry_source {
 public:
  lmdb_source(lmdb_cursor opened, const std::filesystem::path& file, space_id space, const key_range& range,
              scan_direction direction)
      : cursor_(std::move(opened)), file_(file), range_(range), direction_(direction) {
    put_be(prefix_, space.value);
    if (direction == scan_direction::forward) seek_forward(); else seek_backward(space);
    settle();
  }

  bool valid() const override { return valid_; }
  const entry& current() const override { return entry_; }
  void next() override {
    if (step_in_bucket()) {
      settle();
      return;
    }
    step();
    settle();
  }

 private:
  bool forward() const { return direction_ == scan_direction::forward; }

  bool get(MDB_cursor_op op) {
    MDB_val k = as_val(seek_), v{};
    const int code = mdb_cursor_get(cursor_.get(), &k, &v, op);
    if (code != 0 && code != MDB_NOTFOUND) stop_on_damage(file_, mdb_strerror(code));
    at_ = code == 0;
    if (at_) load(as_view(k), as_view(v));
    return at_;
  }

  void seek_forward() {
    const auto full = prefix_ + range_.lower;
    seek_ = stored_key(full);
    get(MDB_SET_RANGE);
  }

  // To the last entry that may hold a key below the upper end: a bucket that the end lies in counts.
  void seek_backward(space_id space) {
    if (range_.upper) {
      seek_ = stored_key(prefix_ + *range_.upper);
    } else if (space.value < UINT32_MAX) {
      seek_.clear();
      put_be(seek_, space.value + 1);
    } else {
      seek_.assign(direct_key_max, '\xff');
    }
    if (!get(MDB_SET_RANGE)) {
      get(MDB_LAST);
      return;
    }
    if (!(is_bucket_ && stored_ == seek_)) get(MDB_PREV);
  }

  void step() { get(forward() ? MDB_NEXT : MDB_PREV); }

  void load(std::string_view stored_key_bytes, std::string_view value) {
    stored_ = stored_key_bytes;
    value_ = value;
    is_bucket_ = stored_key_bytes.size() > direct_key_max;
    if (!is_bucket_) return;
    auto decoded = decode_bucket(value);
    if (!decoded || decoded->empty()) stop_on_damage(file_, "a bucket of long keys does not check");
    members_ = std::move(*decoded);
    member_ = forward() ? 0 : members_.size() - 1;
  }

  bool step_in_bucket() {
    if (!is_bucket_) return false;
    if (forward() ? member_ + 1 == members_.size() : member_ == 0) return false;
    member_ = forward() ? member_ + 1 : member_ - 1;
    return true;
  }

  // Makes the entry under the cursor the current one; passes over members of a bucket that lie before the range.
  void settle() {
    for (; at_ && stored_.substr(0, space_bytes) == prefix_; advance()) {
      std::string_view full = stored_;
      std::string_view stored_value = value_;
      if (is_bucket_) {
        long_key_.assign(stored_.substr(0, direct_key_max));
        long_key_ += members_[member_].suffix;
        full = long_key_;
        stored_value = members_[member_].stored;
      }
      const auto key = full.substr(space_bytes);
      if (!within(range_, direction_, key)) break;
      if (is_ahead_of_range(key)) continue;
      const auto decoded = decode_value(full, stored_value);
      if (!decoded) stop_on_damage(file_, "the checksum of a value does not match");
      entry_ = {key, decoded->value, decoded->version, false};
      valid_ = true;
      return;
    }
    valid_ = false;
  }

  bool is_ahead_of_range(std::string_view key) const {
    return forward() ? key < range_.lower : range_.upper && key >= *range_.upper;
  }

  void advance() {
    if (!step_in_bucket()) step();
  }

  lmdb_cursor cursor_;
  const std::filesystem::path& file_;
  std::string prefix_;
  key_range range_;
  scan_direction direction_;
  std::string seek_;
  bool at_ = false;
  bool valid_ = false;
  bool is_bucket_ = false;
  std::string_view stored_;
  std::string_view value_;
  std::vector<bucket_entry> members_;
  std::size_t member_ = 0;
  std::string long_key_;
  entry entry_;
};

}  // namespace

lmdb_read::~lmdb_read() {
  if (txn_ != nullptr) owner_->give_back(txn_);
}

std::optional<versioned_view> lmdb_read::get(space_id space, std::string_view key) const {
  char direct[direct_key_max];
  std::string long_key;
  std::string_view full;
  if (const auto bytes = space_bytes + key.size(); !in_bucket(bytes)) {
    store_be(direct, space.value);
    std::copy(key.begin(), key.end(), direct + space_bytes);
    full = {direct, bytes};
  } else {
    long_key = full_key(space, key);
    full = long_key;
  }
  const bool bucketed = in_bucket(full.size());
  const auto bucket_key = bucketed ? stored_key(full) : std::string();
  MDB_val k = as_val(bucketed ? std::string_view(bucket_key) : full), v{};
  const int code = mdb_get(txn_, owner_->data_, &k, &v);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) stop_on_damage(owner_->path(), mdb_strerror(code));
  auto stored = as_view(v);
  if (bucketed) {
    const auto members = decode_bucket(stored);
    if (!members) stop_on_damage(owner_->path(), "a bucket of long keys does not check");
    const auto suffix = full.substr(direct_key_max);
    const auto found = std::lower_bound(members->begin(), members->end(), suffix,
                                        [](const bucket_entry& e, std::string_view s) { return e.suffix < s; });
    if (found == members->end() || found->suffix != suffix) return std::nullopt;
    stored = found->stored;
  }
  auto decoded = decode_value(full, stored);
  if (!decoded) stop_on_damage(owner_->path(), "the checksum of a value does not match");
  return decoded;
}

std::unique_ptr<entry_source> lmdb_read::scan(space_id space, const key_range& range, scan_direction direction) const {
  return std::make_unique<lmdb_source>(open_cursor(txn_, owner_->data_, owner_->path()), owner_->path(), space, range,
                                       direction);
}

std::optional<std::string> lmdb_read::largest_key(space_id space) const {
  const auto last = scan(space, {}, scan_direction::backward);
  if (!last->valid()) return std::nullopt;
  return std::string(last->current().key);
}

result<store_meta> lmdb_read::meta() const {
  MDB_val k = as_val("store"), v{};
  const int code = mdb_get(txn_, owner_->meta_, &k, &v);
  if (code != 0) return lmdb_error("read the meta data of", owner_->path(), code);
  auto meta = decode_meta(as_view(v));
  if (!meta) return lmdb_error("the meta data does not check in", owner_->path(), MDB_CORRUPTED);
  return std::move(*meta);
}

}  // namespace helios::storage
