#include "storage/mvcc/memtable.hpp"

#include <cstring>
#include <new>

#include "base/invariant.hpp"
#include "storage/checksum.hpp"
#include "storage/mvcc/memtable_node.hpp"

namespace helios::storage {

memtable::memtable() : head_(make_node({space_id{0}, {}, 0}, height_max)) {
  for (auto& way : recent_) way.fill(head_);
}

memtable::node* memtable::make_node(const bytes_of_node& what, int height) {
  static_assert(sizeof(node) % alignof(node::link) == 0);
  const auto levels = static_cast<std::size_t>(height);
  char* memory = arena_.allocate(sizeof(node) + levels * sizeof(node::link) + what.key.size());
  auto* made = ::new (memory) node;
  made->space = what.space;
  made->key_bytes = static_cast<std::uint32_t>(what.key.size());
  made->height = static_cast<std::uint32_t>(height);
  made->hash_low = static_cast<std::uint32_t>(what.hash);
  for (std::size_t i = 0; i < levels; ++i) ::new (made->links() + i) node::link(nullptr);
  if (!what.key.empty())
    std::memcpy(reinterpret_cast<char*>(made->links() + levels), what.key.data(), what.key.size());
  return made;
}

void memtable::version::set(const change& what, lsn position) {
  at = position;
  erased = what.type == change_type::erase;
  value_bytes = static_cast<std::uint32_t>(what.value.size());
  if (!what.value.empty()) std::memcpy(reinterpret_cast<char*>(this + 1), what.value.data(), what.value.size());
}

memtable::version* memtable::make_version(const change& what, lsn at) {
  auto* made = ::new (arena_.allocate(sizeof(version) + what.value.size())) version;
  made->set(what, at);
  return made;
}

int memtable::random_height() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  int height = 1;
  for (auto bits = random_; height < height_max && (bits & 3) == 0; bits >>= 2) ++height;
  return height;
}

void memtable::add_drop(space_id space, lsn at) {
  auto& newest = drops_of(space);
  auto* mark = ::new (arena_.allocate(sizeof(drop_mark))) drop_mark{space, at, newest.load(std::memory_order_relaxed)};
  newest.store(mark, std::memory_order_release);
}

void memtable::apply(const change& what, lsn at) {
  if (what.type == change_type::drop_space) return add_drop(what.space, at);
  auto* added = make_version(what, at);
  const bytes_of_node wanted{what.space, what.key, hash_of(what.space.value, what.key)};
  if (auto* found = exact(wanted.hash, what.space, what.key)) push_version(*found, added);
  else insert(wanted, added);
}

memtable::node* memtable::exact(std::uint64_t hash, space_id space, std::string_view key) const {
  return index_.find(hash, [space, key](const node& n) { return n.space == space && n.key() == key; });
}

void memtable::push_version(node& to, version* added) {
  auto* older = to.newest.load(std::memory_order_relaxed);
  HELIOS_INVARIANT(older->at <= added->at, "I2: versions of a key grow");
  added->older = older;
  to.newest.store(added, std::memory_order_release);
}

// The path to a key that is not there. When it lies behind the last insertion into its space, the search begins there and
// climbs only as high as it must: rows that come in order are each placed next to the one before.
void memtable::find_path(space_id space, std::string_view key, path& out) const {
  const int height = height_.load(std::memory_order_relaxed);
  int level = height - 1;
  node* at = head_;
  if (out[0] != head_ && out[0]->is_before(space, key)) {
    const auto overtaken = [&](int l) {
      node* n = out[static_cast<std::size_t>(l)]->next(l);
      return n != nullptr && n->is_before(space, key);
    };
    for (level = 0; level + 1 < height && overtaken(level);) ++level;
    for (int above = level + 1; above < height; ++above) {
      node*& last = out[static_cast<std::size_t>(above)];
      for (node* n = last->next(above); n != nullptr && n->is_before(space, key); n = last->next(above)) last = n;
    }
    at = out[static_cast<std::size_t>(level)];
  }
  for (; level >= 0; --level) {
    for (node* n = at->next(level); n != nullptr && n->is_before(space, key); n = at->next(level)) at = n;
    out[static_cast<std::size_t>(level)] = at;
  }
}

void memtable::insert(const bytes_of_node& what, const version* first) {
  auto& way = recent_of(what.space);
  find_path(what.space, what.key, way);
  const int wanted = random_height();
  const int height = height_.load(std::memory_order_relaxed);
  for (int level = height; level < wanted; ++level) way[static_cast<std::size_t>(level)] = head_;
  if (wanted > height) height_.store(wanted, std::memory_order_relaxed);
  node* made = make_node(what, wanted);
  made->newest.store(first, std::memory_order_relaxed);
  for (int level = 0; level < wanted; ++level) {
    node*& left = way[static_cast<std::size_t>(level)];
    made->links()[level].store(left->next(level), std::memory_order_relaxed);
    left->links()[level].store(made, std::memory_order_release);
    left = made;
  }
  index_.insert(what.hash, made);
}

const memtable::node* memtable::before(space_id space, std::string_view key) const {
  const node* at = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    for (const node* n = at->next(level); n != nullptr && n->is_before(space, key); n = at->next(level)) at = n;
  }
  return at == head_ ? nullptr : at;
}

const memtable::node* memtable::lower_bound(space_id space, std::string_view key) const {
  const node* left = before(space, key);
  const node* at = (left != nullptr ? left : head_)->next(0);
  // What the writer has put in between meanwhile lies before the key, too.
  while (at != nullptr && at->is_before(space, key)) at = at->next(0);
  return at;
}

const memtable::node* memtable::last_of(space_id space) const {
  if (space.value < UINT32_MAX) return before(space_id{space.value + 1}, {});
  const node* at = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    for (const node* n = at->next(level); n != nullptr; n = at->next(level)) at = n;
  }
  return at == head_ ? nullptr : at;
}

const memtable::node* memtable::following(const node* n) { return n->next(0); }
space_id memtable::space_of(const node* n) { return n->space; }
std::string_view memtable::key_of(const node* n) { return n->key(); }
const memtable::version* memtable::newest_of(const node* n) { return n->newest.load(std::memory_order_acquire); }

const memtable::version* memtable::visible_of(const node* n, lsn at) {
  const version* v = newest_of(n);
  while (v != nullptr && v->at > at) v = v->older;
  return v;
}

const memtable::version* memtable::find(space_id space, std::string_view key, lsn at) const {
  const node* n = exact(hash_of(space.value, key), space, key);
  return n == nullptr ? nullptr : visible_of(n, at);
}

std::optional<lsn> memtable::dropped(space_id space, lsn at) const {
  for (auto* d = drops_of(space).load(std::memory_order_acquire); d != nullptr; d = d->older) {
    if (d->space == space && d->at <= at) return d->at;
  }
  return std::nullopt;
}

std::optional<std::string_view> memtable::largest_key(space_id space) const {
  const node* n = last_of(space);
  if (n == nullptr || n->space != space) return std::nullopt;
  return n->key();
}

bool memtable::empty() const {
  bool no_drops = true;
  for_each_drop([&no_drops](space_id, lsn) { no_drops = false; });
  return no_drops && head_->next(0) == nullptr;
}

namespace {

class memtable_source final : public entry_source {
 public:
  memtable_source(const memtable& table, space_id space, const key_range& range, scan_direction direction, lsn at)
      : table_(table), space_(space), range_(range), direction_(direction), at_(at) {
    if (direction == scan_direction::forward) node_ = table.lower_bound(space, range.lower);
    else node_ = range.upper ? table.before(space, *range.upper) : table.last_of(space);
    settle();
  }

  bool valid() const override { return node_ != nullptr; }
  const entry& current() const override { return entry_; }
  void next() override {
    step();
    settle();
  }

 private:
  void step() {
    if (direction_ == scan_direction::forward) node_ = memtable::following(node_);
    else node_ = table_.before(space_, memtable::key_of(node_));
  }

  // Moves on to the next key that has a version to show.
  void settle() {
    for (; node_ != nullptr; step()) {
      if (memtable::space_of(node_) != space_ || !within(range_, direction_, memtable::key_of(node_))) break;
      if (const auto* v = memtable::visible_of(node_, at_)) {
        entry_ = v->as_entry(memtable::key_of(node_));
        return;
      }
    }
    node_ = nullptr;
  }

  const memtable& table_;
  space_id space_;
  key_range range_;
  scan_direction direction_;
  lsn at_;
  const memtable::node* node_ = nullptr;
  entry entry_;
};

}  // namespace

std::unique_ptr<entry_source> memtable::scan(space_id space, const key_range& range, scan_direction direction,
                                             lsn at) const {
  return std::make_unique<memtable_source>(*this, space, range, direction, at);
}

}  // namespace helios::storage
