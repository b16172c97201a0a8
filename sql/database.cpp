#include "sql/database.hpp"

#include <map>
#include <mutex>

#include "sql/notifications.hpp"

namespace helios::sql {

struct database::cache {
  std::mutex mutex;
  lsn version;
  catalog_ptr latest;
  std::map<lsn, std::weak_ptr<const catalog>> older;  ///< of snapshots that are still in use

  std::mutex waits_mutex;
  std::multimap<lsn, completion_ptr> waits;
};

database::database(storage::engine& engine, storage::commit_sink& sink, node_facts& facts)
    : engine_(engine), sink_(sink), facts_(facts), cache_(std::make_unique<cache>()),
      notifications_(std::make_unique<notification_hub>()) {}

database::~database() {
  for (auto& [position, wait] : cache_->waits) wait->complete(error{errc::closed, "the node is shutting down"});
}

catalog_ptr database::catalog_at(const storage::snapshot_ptr& at) {
  auto version = at->catalog_version();
  {
    std::lock_guard lock(cache_->mutex);
    if (cache_->latest && cache_->version == version) return cache_->latest;
    if (auto found = cache_->older.find(version); found != cache_->older.end()) {
      if (auto still = found->second.lock()) return still;
    }
  }
  // Loaded without the mutex: two sessions may do the same work once, nobody waits.
  auto loaded = catalog::load(at, nullptr, 0);
  std::lock_guard lock(cache_->mutex);
  if (cache_->latest && cache_->version == version) return cache_->latest;
  std::erase_if(cache_->older, [](auto& entry) { return entry.second.expired(); });
  if (!cache_->latest || cache_->version < version) {
    if (cache_->latest) cache_->older[cache_->version] = cache_->latest;
    cache_->latest = loaded;
    cache_->version = version;
  } else {
    cache_->older[version] = loaded;
  }
  return loaded;
}

catalog_ptr database::latest_catalog() { return catalog_at(engine_.take_snapshot()); }

completion_ptr database::wait_visible(lsn position) {
  if (engine_.positions().visible >= position) return nullptr;
  auto wait = std::make_shared<completion>();
  {
    std::lock_guard lock(cache_->waits_mutex);
    cache_->waits.emplace(position, wait);
  }
  // The watermark may have moved between the check and the registration.
  if (engine_.positions().visible >= position) visible_advanced();
  return wait;
}

void database::visible_advanced() {
  std::vector<completion_ptr> met;
  {
    std::lock_guard lock(cache_->waits_mutex);
    if (cache_->waits.empty()) return;
    auto end = cache_->waits.upper_bound(engine_.positions().visible);
    for (auto it = cache_->waits.begin(); it != end; ++it) met.push_back(it->second);
    cache_->waits.erase(cache_->waits.begin(), end);
  }
  for (auto& wait : met) wait->complete();
}

}  // namespace helios::sql
