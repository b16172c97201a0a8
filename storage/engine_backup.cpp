// Base backups: an LMDB copy and the position from which WAL continues it.

#include <fmt/format.h>

#include <system_error>

#include "base/log.hpp"
#include "storage/backup_files.hpp"
#include "storage/engine_core.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"backup"};

result<store_meta> read_backup(const std::filesystem::path& file) {
  lmdb_options options;
  options.file = file;
  options.read_only = true;
  auto opened = lmdb_env::open(std::move(options));
  if (!opened) return opened.failure();
  auto read = (*opened)->read();
  if (!read) return read.failure();
  return read->meta();
}
}  // namespace

base_backup::~base_backup() {
  if (file.empty()) return;
  if (auto removed = posix_env().remove(file); !removed)
    log::warning(speaker, "a used base backup stays behind: {}", to_string(removed.failure()));
}

result<std::unique_ptr<base_backup>> engine_core::make_base_backup() {
  auto out = std::make_unique<base_backup>();
  out->file = paths_.directory / fmt::format("{}{}.mdb", backup_prefix, backups_.fetch_add(1));
  if (auto copied = base_->copy_to(out->file); !copied) return copied.failure();
  // The copy knows what it holds: a checkpoint may have been finished while it was made.
  auto meta = read_backup(out->file);
  if (!meta) return meta.failure();
  out->checkpoint = meta->checkpoint;
  std::error_code failure;
  out->bytes = std::filesystem::file_size(out->file, failure);
  if (failure) return system_error("stat", out->file, failure.value());
  return out;
}

result<void> engine::install_base_backup(const std::filesystem::path& directory, const std::filesystem::path& file) {
  return install_base_backup_on(posix_env(), directory, file);
}

result<void> install_base_backup_on(env& environment, const std::filesystem::path& directory,
                                    const std::filesystem::path& file) {
  auto meta = read_backup(file);
  if (!meta) return meta.failure();
  const store_paths paths{directory};
  if (auto made = make_durable_directory(environment, directory); !made) return made;
  auto locked = environment.lock(paths.lock());
  if (!locked) return locked.failure();
  // An older replacement that a crash interrupted is finished or forgotten first.
  if (auto settled = settle_incoming(environment, paths); !settled) return settled;
  const store_paths incoming{paths.incoming()};
  if (auto made = environment.make_directory(incoming.directory); !made) return made;
  {
    auto opened = environment.open(file, open_mode::read_write);
    if (!opened) return opened.failure();
    if (auto synced = (*opened)->sync(); !synced) return synced;
  }
  if (auto moved = environment.rename(file, incoming.data()); !moved) return moved;
  environment.reached("after backup move");
  if (auto adopted = adopt_incoming(environment, paths, meta->checkpoint); !adopted) return adopted;
  log::info(speaker, "base backup installed in {}: WAL continues at {}", directory.string(), meta->checkpoint.value);
  return {};
}

}  // namespace helios::storage
