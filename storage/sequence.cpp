// Sequences. One mutex guards the cache; reservations are submitted under it, so that they are in the sink before any
// commit that uses a value they cover.

#include "storage/sequence.hpp"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/wall_clock.hpp"
#include "storage/engine_core.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {
namespace {

constexpr int reserve_values = 32;
constexpr std::uint32_t oid_sequence = 0;  ///< its key in sequence_space; no object has it
constexpr sequence_rule oid_rule{16384, 1, 16384, UINT32_MAX, false};

// The value after `last`; nothing when there is none within the rule.
std::optional<std::int64_t> following(std::int64_t last, const sequence_rule& rule) {
  std::int64_t next = 0;
  const bool overflow = __builtin_add_overflow(last, rule.increment, &next);
  if (!overflow && next <= rule.maximum && next >= rule.minimum) return next;
  if (rule.increment > 0 && !overflow && next < rule.minimum) return rule.minimum;
  if (rule.increment < 0 && !overflow && next > rule.maximum) return rule.maximum;
  if (!rule.cycle) return std::nullopt;
  return rule.increment > 0 ? rule.minimum : rule.maximum;
}

std::optional<std::int64_t> following(const sequence_state& state, const sequence_rule& rule) {
  if (!state.is_called) return state.last_value;
  return following(state.last_value, rule);
}

bool same(const sequence_rule& a, const sequence_rule& b) {
  return a.increment == b.increment && a.minimum == b.minimum && a.maximum == b.maximum && a.cycle == b.cycle;
}

std::string key_of(std::uint32_t oid) {
  std::string key;
  put_be(key, oid);
  return key;
}

std::string encode(const sequence_state& state) {
  std::string value;
  put_le(value, state.last_value);
  put_le(value, static_cast<std::uint8_t>(state.is_called));
  return value;
}

std::optional<sequence_state> decode(std::string_view value) {
  byte_reader in(value);
  sequence_state out;
  out.last_value = in.le<std::int64_t>();
  out.is_called = in.le<std::uint8_t>() != 0;
  if (!in.finished()) return std::nullopt;
  return out;
}

class cached_sequences final : public sequence_table {
 public:
  explicit cached_sequences(engine_core& owner) : engine_(owner) {}

  result<std::int64_t> next(std::uint32_t oid, const sequence_rule& rule, commit_sink& sink) override {
    std::lock_guard lock(mutex_);
    forget_other_role();
    auto& known = cached(oid, {rule.start, false});
    const auto value = following(known.state, rule);
    if (!value) {
      return error{errc::invalid_argument, fmt::format("reached {} value of sequence ({})",
                                                       rule.increment > 0 ? "maximum" : "minimum",
                                                       rule.increment > 0 ? rule.maximum : rule.minimum)};
    }
    if (known.reserved == 0 || !same(known.rule, rule)) reserve(oid, known, *value, rule, sink);
    --known.reserved;
    known.state = {*value, true};
    return *value;
  }

  void set(std::uint32_t oid, std::int64_t value, bool is_called, commit_sink& sink) override {
    std::lock_guard lock(mutex_);
    forget_other_role();
    auto& known = cached(oid, {value, is_called});
    known.state = {value, is_called};
    known.reserved = 0;
    write(oid, known.state, sink);
  }

  std::optional<sequence_state> peek(std::uint32_t oid) const override {
    std::lock_guard lock(mutex_);
    if (seen_role_changes_ == engine_.role_changes()) {
      if (const auto found = cache_.find(oid); found != cache_.end()) return found->second.state;
    }
    return stored(oid);
  }

  void flush(commit_sink& sink) override {
    std::lock_guard lock(mutex_);
    forget_other_role();
    for (auto& [oid, known] : cache_) {
      if (known.reserved == 0) continue;
      known.reserved = 0;
      write(oid, known.state, sink);
    }
  }

  std::uint32_t next_oid(commit_sink& sink) override {
    const auto value = next(oid_sequence, oid_rule, sink);
    HELIOS_INVARIANT(value.ok(), "object ids do not run out");
    return static_cast<std::uint32_t>(*value);
  }

 private:
  struct entry {
    sequence_state state;
    sequence_rule rule;
    int reserved = 0;  ///< values that may be handed out before the next reservation
  };

  void forget_other_role() {
    const auto now = engine_.role_changes();
    if (seen_role_changes_ == now) return;
    cache_.clear();
    seen_role_changes_ = now;
  }

  entry& cached(std::uint32_t oid, const sequence_state& fresh) {
    const auto found = cache_.find(oid);
    if (found != cache_.end()) return found->second;
    return cache_.emplace(oid, entry{stored(oid).value_or(fresh), {}, 0}).first->second;
  }

  std::optional<sequence_state> stored(std::uint32_t oid) const {
    const auto value = engine_.newest_value(sequence_space, key_of(oid));
    return value ? decode(*value) : std::nullopt;
  }

  // Makes `first` and what follows it, up to 32 values but not past a wrap, survive a crash as used.
  void reserve(std::uint32_t oid, entry& known, std::int64_t first, const sequence_rule& rule, commit_sink& sink) {
    sequence_rule no_wrap = rule;
    no_wrap.cycle = false;
    std::int64_t last = first;
    int count = 1;
    for (; count < reserve_values; ++count) {
      const auto more = following(last, no_wrap);
      if (!more) break;
      last = *more;
    }
    known.rule = rule;
    known.reserved = count;
    write(oid, {last, true}, sink);
  }

  void write(std::uint32_t oid, const sequence_state& state, commit_sink& sink) {
    auto unit = std::make_shared<commit_unit>();
    unit->txn = engine_.next_txn();
    unit->commit_time_us = wall_clock_us();
    encode_put(unit->body, sequence_space, key_of(oid), encode(state));
    sink.submit(std::move(unit));
  }

  engine_core& engine_;
  mutable std::mutex mutex_;
  std::uint64_t seen_role_changes_ = 0;
  std::unordered_map<std::uint32_t, entry> cache_;
};

}  // namespace

std::unique_ptr<sequence_table> make_sequence_table(engine_core& owner) {
  return std::make_unique<cached_sequences>(owner);
}

}  // namespace helios::storage
