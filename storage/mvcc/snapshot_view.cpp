#include "storage/mvcc/snapshot_view.hpp"

#include <utility>
#include <vector>

#include "storage/mvcc/merged_cursor.hpp"

namespace helios::storage {

bool snapshot_view::dropped(space_id space, lsn at) const {
  return active->dropped(space, at) || (frozen != nullptr && frozen->dropped(space, at));
}

std::optional<entry> snapshot_view::find(space_id space, std::string_view key, lsn at) const {
  if (dropped(space, at)) return std::nullopt;
  if (const auto* v = active->find(space, key, at)) return v->as_entry(key);
  if (frozen != nullptr) {
    if (const auto* v = frozen->find(space, key, at)) return v->as_entry(key);
  }
  if (const auto stored = base->get(space, key)) return entry{key, stored->value, stored->version, false};
  return std::nullopt;
}

namespace {

class empty_cursor final : public cursor {
 public:
  bool valid() const override { return false; }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  lsn version() const override { return {}; }
  void next() override {}
};

class view_snapshot final : public snapshot {
 public:
  view_snapshot(view_ptr view, lsn at, lsn catalog_version)
      : view_(std::move(view)), at_(at), catalog_version_(catalog_version) {}

  lsn at() const override { return at_; }
  lsn catalog_version() const override { return catalog_version_; }

  std::optional<versioned_view> get(space_id space, std::string_view key) const override {
    const auto found = view_->find(space, key, at_);
    if (!found || found->erased) return std::nullopt;
    return versioned_view{found->version, found->value};
  }

  std::unique_ptr<cursor> scan(space_id space, const key_range& range, scan_direction direction) const override {
    if (view_->dropped(space, at_)) return std::make_unique<empty_cursor>();
    std::vector<std::unique_ptr<entry_source>> sources;
    for (const auto* table : {view_->active.get(), view_->frozen.get()}) {
      if (table == nullptr) continue;
      auto source = table->scan(space, range, direction, at_);
      if (source->valid()) sources.push_back(std::move(source));
    }
    sources.push_back(view_->base->scan(space, range, direction));
    return merge(std::move(sources), direction, view_);
  }

 private:
  view_ptr view_;
  lsn at_;
  lsn catalog_version_;
};

}  // namespace

snapshot_ptr make_snapshot(view_ptr view, lsn at, lsn catalog_version) {
  return std::make_shared<view_snapshot>(std::move(view), at, catalog_version);
}

}  // namespace helios::storage
