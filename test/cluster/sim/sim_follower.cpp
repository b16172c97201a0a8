// The standby's part of the model data plane.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim_node.hpp"

namespace helios::sim {

void sim_node::show(std::size_t to, const ha::config_record* rule) {
  auto& p = *process_;
  if (to <= p.shown) return;
  checker_.shows(*this, to, rule);
  p.shown = p.checked = to;
}

void sim_node::ask_for_stream() {
  auto& p = *process_;
  if (!p.follow || p.syncing) return;
  send(p.follow->leader, stream_request{p.follow->number});
  if (breaks(data_rule::acks_follow_match)) acknowledge();
}

void sim_node::begin_stream(std::size_t leader) {
  auto& f = *process_->follow;
  f.streaming = true;
  f.backup_request = 0;
  f.heard_at = local();
  f.connection = world_.random()();
  send(leader, stream_from{f.number, f.connection, disk_.log.size()});
}

void sim_node::cut_log(std::size_t to) {
  auto& p = *process_;
  trace(fmt::format("archives and cuts its log from {} to {}", disk_.log.size(), to));
  disk_.log.resize(to);
  disk_.durable = std::min(disk_.durable, to);
  disk_.checkpoint = std::min(disk_.checkpoint, to);
  p.shown = std::min(p.shown, to);
  p.checked = std::min(p.checked, to);
  p.machine->log_moved(local(), position());
}

// The whole backup is here and fsynced beside the old store; from now on that is gone.
void sim_node::replace_store(const backup& m) {
  auto& p = *process_;
  trace(fmt::format("replaces its store by a base backup up to {} of {}", m.log.size(), m.end));
  disk_.log = m.log;
  disk_.durable = m.log.size();
  disk_.checkpoint = 0;
  disk_.complete = m.log.size() >= m.end || breaks(data_rule::backup_marks_store);
  p.complete_at = m.end;
  p.shown = p.checked = 0;
  p.machine->log_moved(local(), position());
}

void sim_node::take(std::size_t from, const stream_shape& m) {
  auto& p = *process_;
  if (!p.follow || p.follow->number != m.number || p.follow->leader != from || p.follow->streaming || p.syncing) return;
  const replication::own_log own{history_of(disk_.log), lsn{disk_.log.size()}, lsn{disk_.checkpoint}, disk_.complete};
  auto plan = replication::plan_rejoin(own, m.log);
  using kind = replication::rejoin_plan::kind;
  if (breaks(data_rule::divergent_tail_is_cut) && plan.what == kind::cut) plan = {kind::stream, own.end, "broken on purpose"};
  if (plan.what == kind::refuse) return trace("is not served: " + plan.reason);
  const bool needed = plan.what == kind::base_backup;
  if (needed || p.follow->wishes_backup > 0) {
    if (needed && !std::exchange(p.follow->needs_backup, true)) trace("needs a base backup: " + plan.reason);
    if (!needed) --p.follow->wishes_backup;
    return send(from, backup_request{m.number, p.follow->backup_request = world_.random()(), needed});
  }
  if (plan.what == kind::cut) {
    checker_.cuts(*this, static_cast<std::size_t>(plan.cut_at.value));
    cut_log(static_cast<std::size_t>(plan.cut_at.value));
  }
  begin_stream(from);
}

void sim_node::take(std::size_t from, const backup& m) {
  auto& p = *process_;
  const bool any = breaks(data_rule::late_backup_is_dropped);
  if (!p.follow || p.follow->number != m.number || p.follow->leader != from || p.syncing) return;
  if (m.request != p.follow->backup_request && !any) return;
  p.follow->needs_backup = false;
  p.follow->wishes_backup = 0;
  replace_store(m);
  begin_stream(from);
}

void sim_node::take(std::size_t from, const wal& m) {
  auto& p = *process_;
  const bool refused = m.number < p.floor && !breaks(data_rule::lower_wal_is_refused);
  if (!p.follow || p.follow->leader != from || p.follow->number != m.number || refused) return;
  if (!p.follow->streaming || p.follow->connection != m.connection) return;
  p.follow->heard_at = local();
  if (m.begin > disk_.log.size()) return acknowledge();  // something was lost: the leader goes back to what is acknowledged
  for (std::size_t i = 0; i < m.log.size(); ++i) {
    const auto at = m.begin + i;
    if (at == disk_.log.size()) disk_.log.push_back(m.log[i]);
    else if (!disk_.log[at].same_as(m.log[i]))
      throw violation(fmt::format("equal positions hold equal bytes: {} has other bytes at {} than its leader sends", name(), at));
  }
  sync_log();
  show(std::min(m.watermark, disk_.durable), nullptr);
}

void sim_node::acknowledge() {
  auto& p = *process_;
  const auto to = breaks(data_rule::ack_after_fsync) ? disk_.log.size() : disk_.durable;
  checker_.holds_wal(*this, p.follow->number);
  // Nobody may rely on a store that is being replaced.
  send(p.follow->leader, wal_ack{p.follow->number, p.follow->connection, disk_.complete ? who_.mode : sync_mode::async, to});
}

}  // namespace helios::sim
