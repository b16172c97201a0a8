#include "storage/mvcc/memtable_loader.hpp"

#include <algorithm>
#include <string_view>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "storage/checksum.hpp"
#include "storage/mvcc/memtable_node.hpp"

namespace helios::storage {
namespace {

// Shorter keys are filled up with zeros: equal numbers say nothing about the order, different ones all.
std::uint64_t prefix_of(std::string_view key) {
  char first[sizeof(std::uint64_t)] = {};
  std::copy_n(key.data(), std::min(key.size(), sizeof first), first);
  return load_be<std::uint64_t>(first);
}

}  // namespace

void memtable_loader::add(const change& what, lsn at) {
  if (what.type == change_type::drop_space) return table_.add_drop(what.space, at);
  const auto hash = hash_of(what.space.value, what.key);
  table_.index_.prefetch(hash);
  waiting_[count_] = {what, at, hash};
  if (++count_ == group) flush();
}

void memtable_loader::flush() {
  std::array<const memtable::node*, group> guesses;
  for (std::size_t i = 0; i < count_; ++i) {
    guesses[i] = table_.index_.first_guess(waiting_[i].hash);
    if (guesses[i] != nullptr) __builtin_prefetch(guesses[i]);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (guesses[i] != nullptr) __builtin_prefetch(memtable::newest_of(guesses[i]), 1);
  }
  for (std::size_t i = 0; i < count_; ++i) place(waiting_[i]);
  count_ = 0;
}

void memtable_loader::place(const waiting& next) {
  auto* found = table_.exact(next.hash, next.what.space, next.what.key);
  if (found == nullptr) return add_node(next);
  if (next.at <= shown_) replace(*found, next.what, next.at);
  else memtable::push_version(*found, table_.make_version(next.what, next.at));
}

// I1: in the place of the old version where that has the room.
void memtable_loader::replace(memtable::node& in, const change& what, lsn at) {
  const auto* old = in.newest.load(std::memory_order_relaxed);
  HELIOS_INVARIANT(old->at <= at, "versions of a key grow");
  if (what.value.size() <= old->value_bytes) const_cast<memtable::version*>(old)->set(what, at);
  else in.newest.store(table_.make_version(what, at), std::memory_order_relaxed);
}

void memtable_loader::add_node(const waiting& next) {
  const auto& what = next.what;
  auto* made = table_.make_node({what.space, what.key, next.hash}, table_.random_height());
  made->newest.store(table_.make_version(what, next.at), std::memory_order_relaxed);
  table_.index_.insert(next.hash, made);
  if (last_used_ == nullptr || last_space_ != what.space) {
    last_used_ = &spaces_[what.space];
    last_space_ = what.space;
  }
  auto& nodes = last_used_->nodes;
  const unlinked added{prefix_of(what.key), made};
  if (!nodes.empty() && last_used_->sorted && is_before(added, nodes.back())) last_used_->sorted = false;
  nodes.push_back(added);
}

bool memtable_loader::is_before(const unlinked& a, const unlinked& b) {
  return a.prefix != b.prefix ? a.prefix < b.prefix : a.node->key() < b.node->key();
}

void memtable_loader::link(const std::vector<unlinked>& nodes, memtable::path& ends) {
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i + ahead < nodes.size()) __builtin_prefetch(nodes[i + ahead].node, 1);
    auto* node = nodes[i].node;
    for (std::size_t level = 0; level < node->height; ++level) {
      ends[level]->links()[level].store(node, std::memory_order_relaxed);
      ends[level] = node;
    }
    table_.height_ = std::max(table_.height_.load(std::memory_order_relaxed), static_cast<int>(node->height));
  }
}

void memtable_loader::finish() {
  flush();
  memtable::path ends;
  ends.fill(table_.head_);
  HELIOS_INVARIANT(table_.head_->next(0) == nullptr, "the table was empty at first");
  for (auto& [space, found] : spaces_) {
    if (!found.sorted) std::sort(found.nodes.begin(), found.nodes.end(), is_before);
    link(found.nodes, ends);
  }
  spaces_.clear();
  last_used_ = nullptr;
}

}  // namespace helios::storage
