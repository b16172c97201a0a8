// The leader's part of the model data plane.
#include <fmt/format.h>

#include <algorithm>

#include "sim_node.hpp"

namespace helios::sim {
namespace {

constexpr std::size_t recycled_keep = 3;

}  // namespace

void sim_node::begin_to_lead(const ha::lead& a) {
  auto& p = *process_;
  trace(fmt::format("LEADS epoch {} from {} of epoch {}", a.number.value, a.fork.value, a.parent.value));
  p.floor = std::max(p.floor, a.number);
  p.follow.reset();
  checker_.leads(*this, a.number);
  const lsn visible{p.shown};
  auto rule = replication::commit_rule::opening(visible);
  if (breaks(data_rule::opening_acks_nothing)) {
    rule = replication::commit_rule({{0, a.config.members, a.config.acks_needed}, lsn{}}, visible);
    rule.require_voters();
  }
  p.lead.emplace(leading{a.number, std::move(rule), 0, false, false, false, false, 0, nullptr, {}, {}, {}, local()});
  append({entry::kind::epoch_start, a.number, 0, nullptr});
  append_config(a.config);
  p.lead->start_end = disk_.log.size();
  if (breaks(data_rule::opening_acks_nothing)) p.lead->in_force = p.lead->configs.begin()->second;
}

void sim_node::append(entry e) {
  disk_.log.push_back(std::move(e));
  sync_log();
  for (auto& [to, s] : process_->lead->streams) send_wal(to, s);
}

void sim_node::append_config(const ha::config_record& c) {
  auto& l = *process_->lead;
  auto shared = std::make_shared<const ha::config_record>(c);
  l.configs[c.version] = shared;
  append({entry::kind::config, l.number, c.version, shared});
  l.rule.propose({{c.version, c.members, c.acks_needed}, lsn{disk_.log.size()}});
  std::string names;
  for (const auto& m : c.members) names += " " + m.value;
  trace(fmt::format("proposes config {}: K = {} of{}", c.version, c.acks_needed, names));
  if (breaks(data_rule::old_and_new_bind) && l.in_force) {
    l.in_force = shared;
    l.rule.published(c.version);
  }
}

// The commit rule has news: tell the machine of a config that its cohort holds, show what may be shown, answer clients.
void sim_node::rule_moved() {
  auto& p = *process_;
  auto& l = *p.lead;
  const auto* held = l.rule.held_proposal();
  if (held != nullptr && held->rule.version > l.told_version && l.started) {
    l.told_version = held->rule.version;
    p.machine->cohort_holds(local(), *l.configs.at(held->rule.version));
  }
  auto to = static_cast<std::size_t>(l.rule.watermark().value);
  if (breaks(data_rule::visible_by_rule)) to = disk_.durable;
  if (l.in_force && to > p.shown) {
    show(to, l.in_force.get());
    for (auto& [id, s] : l.streams) send_wal(id, s);
  }
  answer_clients();
  drain();
}

void sim_node::answer_clients() {
  auto& p = *process_;
  auto& l = *p.lead;
  while (!l.pending.empty() && l.pending.front().end <= p.shown && p.open) {
    if (!p.machine->may_acknowledge(local()) && !breaks(data_rule::ack_needs_lease)) break;
    const auto c = l.pending.front();
    l.pending.pop_front();
    checker_.acknowledged(*this, c.end);
    send(c.client, client_reply{c.operation, true});
  }
}

void sim_node::drain() {
  auto& p = *process_;
  auto& l = *p.lead;
  if (!l.holding || l.drained || !l.pending.empty()) return;
  if (!l.handover_written) {
    l.handover_written = true;
    append({entry::kind::handover, l.number, 0, nullptr});
  } else if (p.shown == disk_.log.size()) {
    l.drained = true;
    p.machine->drained(local(), lsn{disk_.log.size()});
  }
}

void sim_node::plan() {
  auto& l = *process_->lead;
  if (l.holding || !l.started) return;
  replication::cluster_view view{l.rule.newest().rule, l.rule.newest().end, l.since, local(), {}};
  for (const auto& m : l.rule.newest().rule.members)
    if (!is_member(m)) view.gone.push_back(m);
  for (const auto& [to, s] : l.streams)
    view.standbys.push_back({node_id{world_.name(to)}, s.mode, s.known, false, lsn{s.flushed}, s.last_heard});
  const auto& o = settings_.options;
  const auto next = replication::plan_cohort(view, {o.strict, o.sync_acks, settings_.sync_timeout});
  if (next) append_config({l.number, next->version, who_.id, next->members, next->acks_needed});
}

void sim_node::send_wal(std::size_t to, stream& s) {
  if (!s.known) return;
  auto& p = *process_;
  const auto from = std::min(s.sent, disk_.log.size());
  entries chunk(disk_.log.begin() + static_cast<std::ptrdiff_t>(from), disk_.log.end());
  send(to, wal{p.lead->number, s.connection, from, std::move(chunk), p.shown});
  s.sent = disk_.log.size();
}

void sim_node::take(std::size_t from, const stream_request& m) {
  auto& p = *process_;
  if (!p.lead || p.lead->number != m.number || !is_member(node_id{world_.name(from)})) return;
  std::size_t oldest = 0;
  if (settings_.recycles && p.shown > recycled_keep) oldest = p.shown - recycled_keep;
  send(from, stream_shape{m.number, {history_of(disk_.log), lsn{oldest}, lsn{disk_.log.size()}}});
}

void sim_node::take(std::size_t from, const stream_from& m) {
  auto& p = *process_;
  if (!p.lead || p.lead->number != m.number || !is_member(node_id{world_.name(from)})) return;
  auto& s = p.lead->streams[from];
  s.known = true;
  s.connection = m.connection;
  s.sent = s.flushed = m.position;
  send_wal(from, s);
}

void sim_node::take(std::size_t from, const backup_request& m) {
  auto& p = *process_;
  // Before it is open, an election may need the old store, unless that is useless already or behind what was acknowledged.
  if (!p.lead || p.lead->number != m.number || !(p.open || m.needed)) return;
  world_.send(number_, from, backup{m.number, m.request, {disk_.log.begin(), disk_.log.begin() + static_cast<std::ptrdiff_t>(disk_.checkpoint)}, disk_.log.size()},
              world_.between(0, settings_.backup_time));
}

void sim_node::take(std::size_t from, const wal_ack& m) {
  auto& p = *process_;
  if (!p.lead || (p.lead->number != m.number && !breaks(data_rule::acks_follow_match))) return;
  if (!is_member(node_id{world_.name(from)})) return;
  auto& s = p.lead->streams[from];
  if (s.connection != m.connection && !breaks(data_rule::acks_follow_match)) return;
  s.flushed = m.flushed;
  s.mode = m.mode;
  s.last_heard = local();
  p.lead->rule.acknowledged(node_id{world_.name(from)}, {m.mode, lsn{m.flushed}, lsn{m.flushed}});
}

void sim_node::take(std::size_t from, const client_request& m) {
  auto& p = *process_;
  const bool leased = p.machine->may_acknowledge(local());
  if (!p.lead || !p.open || p.lead->holding || (!leased && (m.write || !breaks(data_rule::read_needs_lease))))
    return send(from, client_reply{m.operation, false});
  if (!m.write) {
    checker_.strong_read(*this, p.shown, checker_.acknowledged_to());
    return send(from, client_reply{m.operation, true});
  }
  append({entry::kind::commit, p.lead->number, m.operation, nullptr});
  p.lead->pending.push_back({from, disk_.log.size(), m.operation});
}

}  // namespace helios::sim
