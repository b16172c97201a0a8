#include "checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim_node.hpp"

namespace helios::sim {

void checker::fail(const std::string& rule, const std::string& text) const { throw violation(rule + ": " + text); }

void checker::promised(const sim_node& n, epoch number, const node_id& candidate) {
  auto& highest = promises_[n.name()];
  if (number < highest) fail("promises never decrease", fmt::format("{} promises {} after {}", n.name(), number.value, highest.value));
  highest = number;
  const auto& vote = votes_.try_emplace({n.name(), number}, candidate).first->second;
  if (vote != candidate)
    fail("one vote per epoch", fmt::format("{} promises {} to {} and to {}", n.name(), number.value, vote.value, candidate.value));
}

void checker::record_written(const sim_node& n) {
  const auto& config = n.stored().record.config;
  if (config.version == 0) return;
  auto& known = stored_.try_emplace({config.number, config.version}, config, std::set<std::string>{}).first->second;
  if (known.first != config)
    fail("configs are ordered", fmt::format("two configs {} of epoch {}", config.version, config.number.value));
  known.second.insert(n.name());
}

void checker::restarted(const sim_node& n) {
  record_written(n);  // what was being written at the crash may have reached the disk
  if (n.stored().record.promised < promises_[n.name()])
    fail("promises never decrease", fmt::format("{} forgot its promise {} in a crash", n.name(), promises_[n.name()].value));
}

void checker::same_as_committed(const sim_node& n, std::size_t from, std::size_t to, const char* when) const {
  const auto& log = n.stored().log;
  for (auto i = from; i < to; ++i) {
    if (i < log.size() && log[i].same_as(committed_[i])) continue;
    fail("acknowledged commits survive",
         fmt::format("{} {} and lacks position {} of epoch {}, which was shown to somebody; it has {} of epoch {}", n.name(), when, i,
                     committed_[i].number.value, log.size(), i < log.size() ? log[i].number.value : 0));
  }
}

void checker::leads(const sim_node& n, epoch number) {
  const auto& leader = leaders_.try_emplace(number, n.process_name()).first->second;
  if (leader != n.process_name()) fail("one leader per epoch", fmt::format("{} and {} lead {}", leader, n.process_name(), number.value));
  // A late winner of an old epoch is no later leader: it cannot open any more.
  same_as_committed(n, 0, committed_before(number), "leads");
}

std::size_t checker::committed_before(epoch number) const {
  std::size_t out = 0;
  for (const auto& [to, in] : shown_in_)
    if (in < number) out = std::max(out, to);
  return out;
}

void checker::holds_wal(const sim_node& n, epoch number) const {
  const auto promise = promises_.find(n.name());
  if (promise != promises_.end() && number < promise->second)
    fail("a promise ends lower WAL", fmt::format("{} acknowledges WAL of {} after it promised {}", n.name(), number.value, promise->second.value));
}

void checker::satisfied(const sim_node& n, std::size_t to, const ha::config_record& rule) {
  const auto holds = [&](const sim_node& other) {
    const auto& d = other.stored();
    // A store that is being replaced held it when it was acknowledged; in an election it counts for nothing.
    return !d.complete || (d.durable >= to && d.log[to - 1].same_as(n.stored().log[to - 1]));
  };
  const auto count = std::count_if(nodes_.begin(), nodes_.end(), [&](const sim_node* m) {
    return std::find(rule.members.begin(), rule.members.end(), node_id{m->name()}) != rule.members.end() && holds(*m);
  });
  if (!holds(n) || count < rule.acks_needed)
    fail("visible needs the commit rule", fmt::format("{} shows {}, held by {} of the {} needed", n.name(), to, count, rule.acks_needed));
  goes_by(n, rule);
  if (!published_.contains({rule.number, rule.version}))
    fail("the rule in force is published", fmt::format("{} goes by config {} of epoch {}", n.name(), rule.version, rule.number.value));
}

// Whoever votes later: majorities of lists that follow each other meet.
void checker::goes_by(const sim_node& n, const ha::config_record& rule) {
  const auto stored = stored_.find({rule.number, rule.version});
  std::size_t voters = 0, have = 0;
  for (const auto& m : n.members()) {
    voters += m.voter ? 1 : 0;
    have += m.voter && stored != stored_.end() && stored->second.second.contains(m.id.value) ? 1 : 0;
  }
  if (have >= voters / 2 + 1) published_.insert({rule.number, rule.version});
}

void checker::shows(const sim_node& n, std::size_t to, const ha::config_record* rule) {
  const auto known = std::min(to, committed_.size());
  same_as_committed(n, std::min(known, n.checked()), known, "shows it");
  if (to <= committed_.size()) return;
  if (rule == nullptr) fail("visible needs the commit rule", fmt::format("standby {} shows {}, nobody else does", n.name(), to));
  satisfied(n, to, *rule);
  const auto& log = n.stored().log;
  committed_.insert(committed_.end(), log.begin() + static_cast<std::ptrdiff_t>(committed_.size()),
                    log.begin() + static_cast<std::ptrdiff_t>(to));
  shown_in_.emplace_back(to, rule->number);
}

void checker::acknowledged(const sim_node& n, std::size_t position) {
  if (position > committed_.size()) fail("visible needs the commit rule", "acknowledged before it is visible");
  if (leases_ && !n.holds_lease()) fail("acknowledge only under the lease", n.name() + " acknowledges without holding the lease");
  acknowledged_ = std::max(acknowledged_, position);
  ++acknowledgements_;
}

void checker::strong_read(const sim_node& n, std::size_t shown, std::size_t floor) {
  // A primary that nobody can tell that it has been replaced answers what it knows.
  if (leases_ && shown < floor)
    fail("strong reads see what was acknowledged", fmt::format("{} shows {} where {} was acknowledged before", n.name(), shown, floor));
}

void checker::cuts(const sim_node& n, std::size_t to) {
  if (to < committed_.size() && n.shown() > to)
    fail("what was shown stays", fmt::format("{} cuts to {} and has shown {}", n.name(), to, n.shown()));
}

void checker::each_step() {
  if (!leases_) return;
  const sim_node* holder = nullptr;
  for (const auto* n : nodes_) {
    if (!n->holds_lease()) continue;
    if (holder != nullptr) fail("one lease holder", holder->name() + " and " + n->name() + " hold the lease at one time");
    holder = n;
  }
}

bool checker::is_at_rest() const {
  const sim_node* leader = nullptr;
  for (const auto* n : nodes_)
    if (n->accepts_writes()) leader = n;
  if (leader == nullptr) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [leader](const sim_node* n) {
    if (!n->is_data_node() || !leader->is_member(n->own_entry().id)) return true;
    const auto& d = n->stored();
    return d.complete && d.durable == leader->stored().log.size() && d.log.size() == d.durable && n->follows(*leader);
  });
}

void checker::at_rest() {
  const sim_node *first = nullptr, *leader = nullptr;
  for (const auto* n : nodes_)
    if (n->accepts_writes()) leader = n;
  for (const auto* n : nodes_) {
    // One that was taken out keeps what it had.
    if (!n->is_data_node() || (leader != nullptr && !leader->is_member(n->own_entry().id))) continue;
    if (first == nullptr) first = n;
    const auto& a = first->stored().log;
    const auto& b = n->stored().log;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (!a[i].same_as(b[i])) fail("equal positions hold equal bytes", fmt::format("{} and {} differ at {}", first->name(), n->name(), i));
    same_as_committed(*n, 0, std::min(committed_.size(), b.size()), "is healed");
  }
}

}  // namespace helios::sim
