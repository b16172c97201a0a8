#include "actors/replication/backup_file.hpp"

#include <utility>

#include "base/log.hpp"

namespace helios::actors {

result<std::unique_ptr<backup_file>> backup_file::create(const std::filesystem::path& path, std::uint64_t bytes) {
  auto& env = storage::posix_env();
  if (auto made = env.make_directory(path.parent_path()); !made) return made.failure();
  if (auto removed = env.remove(path); !removed) return removed.failure();
  auto opened = env.open(path, storage::open_mode::create);
  if (!opened) return opened.failure();
  return std::unique_ptr<backup_file>(new backup_file(path, std::move(*opened), bytes));
}

backup_file::~backup_file() {
  if (finished_) return;
  file_.reset();
  if (auto removed = storage::posix_env().remove(path_); !removed) {
    log::warning({"wal_receiver"}, "an unfinished base backup stays behind: {}", to_string(removed.failure()));
  }
}

result<void> backup_file::append(std::uint64_t offset, std::string_view bytes) {
  if (offset != written_ || bytes.size() > expected_ - written_) {
    return error{errc::protocol, "a piece of the base backup does not follow the one before it"};
  }
  if (auto done = file_->write_at(offset, bytes); !done) return done;
  written_ += bytes.size();
  return {};
}

result<void> backup_file::finish() {
  if (written_ != expected_) return error{errc::protocol, "the base backup is shorter than announced"};
  if (auto done = file_->sync(); !done) return done;
  if (auto done = storage::posix_env().sync_directory(path_.parent_path()); !done) return done;
  finished_ = true;
  return {};
}

}  // namespace helios::actors
