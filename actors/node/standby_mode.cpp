#include "actors/node/standby_mode.hpp"

#include <fmt/format.h>

#include "actors/ha/failover_member.hpp"
#include "base/log.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"node"};
constexpr sync_mode all_modes[] = {sync_mode::sync, sync_mode::semi_sync, sync_mode::async};

std::string written(sync_mode configured, sync_mode mode) {
  return fmt::format("configured {}\nmode {}\n", to_string(configured), to_string(mode));
}

}  // namespace

standby_mode::standby_mode(const config::node_options& options, storage::env& env)
    : env_(env),
      configured_(options.replication.mode),
      file_(std::filesystem::path(options.storage.directory) / failover_member::directory_name / "mode"),
      now_(configured_) {}

result<void> standby_mode::load() {
  if (!env_.exists(file_)) return {};
  const auto text = storage::read_file(env_, file_);
  if (!text) return text.failure();
  for (const auto configured : all_modes) {
    for (const auto mode : all_modes) {
      if (*text != written(configured, mode)) continue;
      if (configured != configured_) return {};
      now_ = mode;
      if (mode != configured) log::info(source, "mode {}, as it was changed at run time; the configuration says {}", to_string(mode), to_string(configured));
      return {};
    }
  }
  return error{errc::corrupt, file_.string() + " is damaged; without it the configured mode counts: remove it"};
}

result<void> standby_mode::change(sync_mode to) {
  // The storage directory may not exist yet: a base backup is still to come.
  for (const auto& directory : {file_.parent_path().parent_path(), file_.parent_path()}) {
    if (auto made = env_.make_directory(directory); !made) return made;
  }
  if (auto kept = storage::replace_file(env_, file_, written(configured_, to)); !kept) return kept;
  now_ = to;
  return {};
}

}  // namespace helios::actors
