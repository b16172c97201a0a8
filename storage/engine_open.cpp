// Opening and creating a store, and the settling of what a crash left half-way. What the log holds: engine_recovery.cpp.

#include <fmt/format.h>

#include <utility>

#include "base/log.hpp"
#include "storage/backup_files.hpp"
#include "storage/engine_core.hpp"
#include "storage/lock_table.hpp"
#include "storage/sequence.hpp"
#include "storage/transaction.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"storage"};
constexpr std::uint64_t segment_bytes_min = 4u << 10, segment_bytes_max = 1u << 30;

result<void> check(const engine_options& options) {
  if (options.directory.empty()) return error{errc::invalid_argument, "the store needs a directory"};
  if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max)
    return error{errc::invalid_argument, fmt::format("segment_bytes must be within {} and {}", segment_bytes_min,
                                                     segment_bytes_max)};
  if (options.record_bytes_max < record_header_bytes || options.record_bytes_max > UINT32_MAX)
    return error{errc::invalid_argument, "record_bytes_max must be below 4 GiB"};
  return {};
}

lmdb_options base_options(const store_paths& paths, const engine_options& options, bool create) {
  lmdb_options out;
  out.file = paths.data();
  out.map_bytes = options.map_bytes;
  out.create = create;
  out.sync_enabled = options.sync_enabled;
  return out;
}

result<void> move_in(env& environment, const std::filesystem::path& from, const std::filesystem::path& to) {
  if (!environment.exists(from)) return {};  // moved before the crash
  if (auto removed = environment.remove_tree(to); !removed) return removed;
  return environment.rename(from, to);
}
}  // namespace

result<void> make_durable_directory(env& environment, const std::filesystem::path& path) {
  auto existing = std::filesystem::absolute(path).lexically_normal();
  std::vector<std::filesystem::path> parents;
  for (; !environment.exists(existing) && existing.has_relative_path(); existing = existing.parent_path())
    parents.push_back(existing.parent_path());
  if (auto made = environment.make_directory(path); !made) return made;
  for (const auto& parent : parents) {
    if (auto synced = environment.sync_directory(parent); !synced) return synced;
  }
  return {};
}

result<void> settle_incoming(env& environment, const store_paths& paths) {
  if (environment.exists(paths.marker())) {
    environment.reached("before store replacement");
    const store_paths incoming{paths.incoming()};
    // LMDB's lock file belongs to the old data; nobody has it open.
    if (auto removed = environment.remove(paths.data().string() + "-lock"); !removed) return removed;
    if (auto moved = move_in(environment, incoming.data(), paths.data()); !moved) return moved;
    environment.reached("amid store replacement");
    if (auto moved = move_in(environment, incoming.wal(), paths.wal()); !moved) return moved;
    if (auto synced = environment.sync_directory(paths.directory); !synced) return synced;
    environment.reached("after store replacement");
    if (auto removed = environment.remove(paths.marker()); !removed) return removed;
    if (auto synced = environment.sync_directory(paths.directory); !synced) return synced;
  }
  return environment.remove_tree(paths.incoming());
}

result<void> adopt_incoming(env& environment, const store_paths& paths, lsn checkpoint) {
  const store_paths incoming{paths.incoming()};
  if (auto made = wal_log::create(environment, incoming.wal(), checkpoint); !made) return made;
  if (auto synced = environment.sync_directory(incoming.directory); !synced) return synced;
  if (auto synced = environment.sync_directory(paths.directory); !synced) return synced;
  environment.reached("before store marker");
  if (auto marked = replace_file(environment, paths.marker(), "complete\n"); !marked) return marked;
  environment.reached("after store marker");
  return settle_incoming(environment, paths);
}

// Base backups that were being sent when the node died.
result<void> remove_old_backups(env& environment, const store_paths& paths) {
  auto names = environment.list(paths.directory);
  if (!names) return names.failure();
  for (const auto& name : *names) {
    if (!name.starts_with(backup_prefix)) continue;
    if (auto removed = environment.remove(paths.directory / name); !removed) return removed;
  }
  return {};
}

bool engine::exists(const std::filesystem::path& directory) {
  const store_paths paths{directory};
  return posix_env().exists(paths.data()) || posix_env().exists(paths.marker());
}

result<std::unique_ptr<engine>> engine::open(engine_options options) {
  auto opened = engine_core::open(std::move(options), posix_env());
  if (!opened) return opened.failure();
  return std::unique_ptr<engine>(std::move(*opened));
}

engine_core::engine_core(engine_options options, env& environment)
    : options_(std::move(options)), env_(environment), paths_{options_.directory}, locks_(make_lock_table()) {}

engine_core::~engine_core() {
  stop_checkpoints();
  if (shown_ == nullptr) return;
  if (auto noted = shown_->note(lsn{visible_}); !noted) log::warning(speaker, "closing: {}", to_string(noted.failure()));
}

result<std::unique_ptr<engine_core>> engine_core::open(engine_options options, env& environment) {
  if (auto checked = check(options); !checked) return checked.failure();
  if (auto made = make_durable_directory(environment, options.directory); !made) return made.failure();
  std::unique_ptr<engine_core> out(new engine_core(std::move(options), environment));
  auto locked = environment.lock(out->paths_.lock());
  if (!locked) return locked.failure();
  out->process_lock_ = std::move(*locked);
  if (auto settled = settle_incoming(environment, out->paths_); !settled) return settled.failure();
  if (auto removed = remove_old_backups(environment, out->paths_); !removed) return removed.failure();
  if (!environment.exists(out->paths_.data())) {
    if (environment.exists(out->paths_.wal())) {
      return error{errc::corrupt, fmt::format("{}: the WAL is there but {} is missing; restore the directory from a base "
                                              "backup, or remove it on a standby",
                                              out->options_.directory.string(), out->paths_.data().string())};
    }
    if (auto created = create(environment, out->paths_, out->options_); !created) return created.failure();
  }
  if (auto opened = out->open_base(); !opened) return opened.failure();
  if (auto opened = out->open_log(); !opened) return opened.failure();
  out->sequences_ = make_sequence_table(*out);
  return out;
}

result<void> engine_core::create(env& environment, const store_paths& paths, const engine_options& options) {
  const store_paths incoming{paths.incoming()};
  if (auto made = environment.make_directory(incoming.directory); !made) return made;
  {
    auto base = lmdb_env::open(base_options(incoming, options, true));
    if (!base) return base.failure();
    auto txn = (*base)->write();
    if (!txn) return txn.failure();
    store_meta meta;
    meta.cluster_id = options.cluster_id;
    if (auto put = txn->put_meta(meta); !put) return put;
    if (auto committed = txn->commit(); !committed) return committed;
  }
  return adopt_incoming(environment, paths, lsn{0});
}

result<void> engine_core::open_base() {
  auto base = lmdb_env::open(base_options(paths_, options_, false));
  if (!base) return base.failure();
  struct locked_base {
    std::unique_ptr<process_lock> lock;
    std::unique_ptr<lmdb_env> env;
  };
  auto both = std::make_shared<locked_base>(locked_base{std::move(process_lock_), std::move(*base)});
  base_ = std::shared_ptr<lmdb_env>(both, both->env.get());
  auto read = base_->read();
  if (!read) return read.failure();
  auto meta = read->meta();
  if (!meta) return meta.failure();
  if (!options_.cluster_id.empty() && meta->cluster_id != options_.cluster_id) {
    return error{errc::refused, fmt::format("{} belongs to cluster \"{}\", not to \"{}\"", options_.directory.string(),
                                            meta->cluster_id, options_.cluster_id)};
  }
  catalog_version_ = meta->catalog_version;
  last_txn_ = meta->last_txn;
  epochs_ = meta->epochs;
  config_ = meta->config;
  if (!epochs_.empty()) epoch_ = epochs_.back().number.value;
  checkpoint_ = meta->checkpoint.value;
  visible_ = meta->checkpoint.value;
  applied_ = meta->checkpoint.value;
  options_.cluster_id = meta->cluster_id;
  active_ = std::make_shared<memtable>();
  view_ = std::make_shared<snapshot_view>(
      snapshot_view{active_, nullptr, base_, std::make_shared<lmdb_read>(std::move(*read))});
  catalog_versions_.push_back(catalog_version_);
  return {};
}

}  // namespace helios::storage
