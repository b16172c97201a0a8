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

// The bucket `old` with the member `suffix` replaced, added, or (without `stored`) taken out; nothing if `old` is none.
std::optional<std::string> rewritten(std::string_view old, std::string_view suffix,
                                     std::optional<std::string_view> stored) {
  const auto members = decode_bucket(old);
  if (!members) return std::nullopt;
  std::string out;
  bool placed = !stored;
  for (const auto& member : *members) {
    if (!placed && suffix <= member.suffix) {
      append_bucket_entry(out, {suffix, *stored});
      placed = true;
    }
    if (member.suffix != suffix) append_bucket_entry(out, member);
  }
  if (!placed) append_bucket_entry(out, {suffix, *stored});
  return out;
}

}  // namespace

lmdb_write::~lmdb_write() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

result<void> lmdb_write::store(std::string_view full, std::optional<std::string_view> stored) {
  const auto place = stored_key(full);
  MDB_val k = as_val(place), v{};
  std::string bucket;
  if (in_bucket(full.size())) {
    const int code = mdb_get(txn_, owner_->data_, &k, &v);
    if (code != 0 && code != MDB_NOTFOUND) return lmdb_error("read", owner_->path(), code);
    const auto suffix = full.substr(direct_key_max);
    auto changed = rewritten(code == 0 ? as_view(v) : std::string_view(), suffix, stored);
    if (!changed) return lmdb_error("a bucket of long keys does not check in", owner_->path(), MDB_CORRUPTED);
    bucket = std::move(*changed);
    stored = bucket.empty() ? std::nullopt : std::optional<std::string_view>(bucket);
  }
  int code = 0;
  if (stored) {
    v = as_val(*stored);
    code = mdb_put(txn_, owner_->data_, &k, &v, 0);
  } else {
    code = mdb_del(txn_, owner_->data_, &k, nullptr);
    if (code == MDB_NOTFOUND) code = 0;
  }
  return code == 0 ? result<void>{} : lmdb_error("write", owner_->path(), code);
}

result<void> lmdb_write::put(space_id space, std::string_view key, lsn version, std::string_view value) {
  const auto full = full_key(space, key);
  return store(full, encode_value(full, version, value));
}

result<void> lmdb_write::erase(space_id space, std::string_view key) {
  return store(full_key(space, key), std::nullopt);
}

result<void> lmdb_write::drop_space(space_id space) {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(txn_, owner_->data_, &cursor)) return lmdb_error("write", owner_->path(), code);
  std::string prefix;
  put_be(prefix, space.value);
  MDB_val k = as_val(prefix), v{};
  int code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
  while (code == 0 && as_view(k).substr(0, space_bytes) == prefix) {
    code = mdb_cursor_del(cursor, 0);
    if (code == 0) code = mdb_cursor_get(cursor, &k, &v, MDB_GET_CURRENT);
    // After the deletion of a page's last entry the cursor has no current one; the search finds the next.
    if (code == EINVAL || code == MDB_NOTFOUND) {
      k = as_val(prefix);
      code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    }
  }
  mdb_cursor_close(cursor);
  return code == 0 || code == MDB_NOTFOUND ? result<void>{} : lmdb_error("write", owner_->path(), code);
}

result<void> lmdb_write::put_meta(const store_meta& meta) {
  const auto bytes = encode_meta(meta);
  MDB_val k = as_val("store"), v = as_val(bytes);
  const int code = mdb_put(txn_, owner_->meta_, &k, &v, 0);
  return code == 0 ? result<void>{} : lmdb_error("write the meta data of", owner_->path(), code);
}

result<void> lmdb_write::commit() {
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  return code == 0 ? result<void>{} : lmdb_error("commit to", owner_->path(), code);
}

}  // namespace helios::storage
