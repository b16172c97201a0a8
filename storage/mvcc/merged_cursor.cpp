#include "storage/mvcc/merged_cursor.hpp"

#include <utility>

namespace helios::storage {
namespace {

class merged_cursor final : public cursor {
 public:
  merged_cursor(std::vector<std::unique_ptr<entry_source>> sources, scan_direction direction,
                std::shared_ptr<const void> keep_alive)
      : keep_alive_(std::move(keep_alive)), sources_(std::move(sources)), direction_(direction) {
    choose();
  }

  bool valid() const override { return best_ != nullptr; }
  std::string_view key() const override { return best_->current().key; }
  std::string_view value() const override { return best_->current().value; }
  lsn version() const override { return best_->current().version; }
  void next() override {
    step();
    choose();
  }

 private:
  bool precedes(std::string_view a, std::string_view b) const {
    return direction_ == scan_direction::forward ? a < b : b < a;
  }

  void choose() {
    for (;; step()) {
      best_ = nullptr;
      for (auto& source : sources_) {
        if (source->valid() && (best_ == nullptr || precedes(source->current().key, best_->current().key)))
          best_ = source.get();
      }
      if (best_ == nullptr || !best_->current().erased) return;
    }
  }

  // Moves every level past the key shown. The chosen one goes last: the others compare with its key.
  void step() {
    const auto shown = best_->current().key;
    for (auto& source : sources_) {
      if (source.get() != best_ && source->valid() && source->current().key == shown) source->next();
    }
    best_->next();
  }

  std::shared_ptr<const void> keep_alive_;
  std::vector<std::unique_ptr<entry_source>> sources_;
  scan_direction direction_;
  entry_source* best_ = nullptr;
};

class cursor_source final : public entry_source {
 public:
  explicit cursor_source(std::unique_ptr<cursor> from) : from_(std::move(from)) { load(); }
  bool valid() const override { return from_->valid(); }
  const entry& current() const override { return entry_; }
  void next() override {
    from_->next();
    load();
  }

 private:
  void load() {
    if (from_->valid()) entry_ = {from_->key(), from_->value(), from_->version(), false};
  }
  std::unique_ptr<cursor> from_;
  entry entry_;
};

}  // namespace

std::unique_ptr<cursor> merge(std::vector<std::unique_ptr<entry_source>> sources, scan_direction direction,
                              std::shared_ptr<const void> keep_alive) {
  return std::make_unique<merged_cursor>(std::move(sources), direction, std::move(keep_alive));
}

std::unique_ptr<entry_source> as_source(std::unique_ptr<cursor> from) {
  return std::make_unique<cursor_source>(std::move(from));
}

}  // namespace helios::storage
