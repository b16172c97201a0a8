#include "storage/checkpoint/lmdb_env.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.hpp"
#include "storage/checkpoint/lmdb_format.hpp"
#include "storage/env/env.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"lmdb"};
constexpr unsigned readers_max = 4096;
constexpr std::size_t pool_max = 16;
constexpr std::uint64_t map_bytes_least = 1ull << 30;

error no_store(const std::filesystem::path& file, std::string_view why) {
  return error{errc::corrupt,
               fmt::format("{}: {}; on a standby remove the data directory, it resynchronises by itself; on a primary "
                           "promote a standby or restore a base backup, and keep this file for analysis",
                           file.string(), why)};
}
}  // namespace

result<std::unique_ptr<lmdb_env>> lmdb_env::open(lmdb_options options) {
  std::unique_ptr<lmdb_env> out(new lmdb_env(std::move(options)));
  if (!out->options_.create && !posix_env().exists(out->options_.file))
    return no_store(out->options_.file, "the file is missing");
  if (auto opened = out->open_env(); !opened) return opened.failure();
  if (auto tables = out->open_tables(); !tables) return tables.failure();
  return out;
}

lmdb_env::~lmdb_env() {
  for (auto* txn : pool_) mdb_txn_abort(txn);
  if (env_ != nullptr) mdb_env_close(env_);
}

result<void> lmdb_env::open_env() {
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
  if (options_.read_only) flags |= MDB_RDONLY | MDB_NOLOCK;
  if (!options_.sync_enabled) flags |= MDB_NOSYNC;
  for (;;) {
    auto opened = map_and_open(flags);
    // Address space may be limited (ulimit, sanitizers): the size of the reservation is a wish.
    if (opened || opened.failure().code != errc::busy || options_.map_bytes <= map_bytes_least) return opened;
    options_.map_bytes /= 2;
    log::debug(speaker, "{}: reserving {} bytes instead", options_.file.string(), options_.map_bytes);
  }
}

result<void> lmdb_env::map_and_open(unsigned flags) {
  if (const int code = mdb_env_create(&env_)) return lmdb_error("create", options_.file, code);
  mdb_env_set_maxdbs(env_, 2);
  mdb_env_set_maxreaders(env_, readers_max);
  if (const int code = mdb_env_set_mapsize(env_, options_.map_bytes))
    return lmdb_error("reserve the map of", options_.file, code);
  const int code = mdb_env_open(env_, options_.file.c_str(), flags, 0640);
  if (code == 0) return {};
  mdb_env_close(env_);
  env_ = nullptr;
  if (code == ENOMEM) return error{errc::busy, fmt::format("{}: no room to map it", options_.file.string())};
  return lmdb_error("open", options_.file, code);
}

result<void> lmdb_env::open_tables() {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  auto size = posix_env().open(options_.file, open_mode::read);
  if (!size) return size.failure();
  auto bytes = (*size)->size();
  if (!bytes) return bytes.failure();
  if (*bytes < (info.me_last_pgno + 1) * stat.ms_psize && !options_.create)
    return no_store(options_.file, "the file is cut off");

  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, options_.create ? 0 : MDB_RDONLY, &txn))
    return lmdb_error("read", options_.file, code);
  const unsigned create = options_.create ? MDB_CREATE : 0;
  int code = mdb_dbi_open(txn, "data", create, &data_);
  if (code == 0) code = mdb_dbi_open(txn, "meta", create, &meta_);
  if (code != 0) {
    mdb_txn_abort(txn);
    if (code == MDB_NOTFOUND) return no_store(options_.file, "not a store: a table is missing");
    return lmdb_error("open the tables of", options_.file, code);
  }
  if (const int failed = mdb_txn_commit(txn)) return lmdb_error("open the tables of", options_.file, failed);
  return {};
}

result<lmdb_read> lmdb_env::read() {
  MDB_txn* txn = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!pool_.empty()) {
      txn = pool_.back();
      pool_.pop_back();
    }
  }
  const int code = txn != nullptr ? mdb_txn_renew(txn) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code != 0) {
    if (txn != nullptr) mdb_txn_abort(txn);
    return lmdb_error("begin to read", options_.file, code);
  }
  // Fetches the table's root now: later reads of this transaction write to nothing shared.
  MDB_stat ignored;
  if (const int failed = mdb_stat(txn, data_, &ignored)) {
    mdb_txn_abort(txn);
    return lmdb_error("read", options_.file, failed);
  }
  return lmdb_read(*this, txn);
}

void lmdb_env::give_back(MDB_txn* txn) {
  mdb_txn_reset(txn);
  std::lock_guard lock(mutex_);
  if (pool_.size() < pool_max) pool_.push_back(txn);
  else mdb_txn_abort(txn);
}

result<lmdb_write> lmdb_env::write() {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn)) return lmdb_error("begin to write", options_.file, code);
  return lmdb_write(*this, txn);
}

result<void> lmdb_env::copy_to(const std::filesystem::path& file) {
  if (auto removed = posix_env().remove(file); !removed) return removed;
  if (const int code = mdb_env_copy2(env_, file.c_str(), MDB_CP_COMPACT)) return lmdb_error("copy to", file, code);
  auto opened = posix_env().open(file, open_mode::read_write);
  if (!opened) return opened.failure();
  return (*opened)->sync();
}

lmdb_usage lmdb_env::usage() const {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return {info.me_mapsize, (info.me_last_pgno + 1) * stat.ms_psize};
}

}  // namespace helios::storage
