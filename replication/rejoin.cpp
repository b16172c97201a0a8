#include "replication/rejoin.hpp"

#include <algorithm>

namespace helios::replication {
namespace {

lsn end_of(const std::vector<epoch_start>& history, std::size_t at, lsn end) {
  return at + 1 < history.size() ? history[at + 1].begin : end;
}

}  // namespace

lsn fork_of(const std::vector<epoch_start>& a, lsn a_end, const std::vector<epoch_start>& b, lsn b_end) {
  lsn fork;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].number != b[i].number || a[i].begin != b[i].begin) break;
    fork = std::min(end_of(a, i, a_end), end_of(b, i, b_end));
  }
  return fork;
}

rejoin_plan plan_rejoin(const own_log& own, const primary_log& leader) {
  using kind = rejoin_plan::kind;
  if (own.history.empty() && own.end > lsn{}) return {kind::base_backup, own.end, "its log has no epoch"};
  if (leader.history.empty()) return {kind::refuse, own.end, "the leader's log has no epoch"};
  if (!own.history.empty() && own.history.back().number > leader.history.back().number)
    return {kind::refuse, own.end, "it has seen a newer epoch than the leader's log"};
  const bool whole = own.history.empty() || own.history.back().begin <= own.end;
  if (!whole) return {kind::base_backup, own.end, "its log ends before its last epoch begins"};
  // Within one epoch only its leader writes, so nobody can be ahead of it: such a log is not ours.
  if (!own.history.empty() && own.history.back().number == leader.history.back().number && own.end > leader.written)
    return {kind::base_backup, own.end, "its log is longer than the leader's in the same epoch"};
  const lsn fork = fork_of(own.history, own.end, leader.history, leader.written);
  if (!own.complete) return {kind::base_backup, own.end, "its store is incomplete"};
  if (fork == lsn{} && own.end > lsn{}) return {kind::base_backup, fork, "the two logs have nothing in common"};
  if (fork < own.checkpoint) return {kind::base_backup, fork, "its checkpoint goes beyond the fork"};
  if (fork < leader.oldest) return {kind::base_backup, fork, "the WAL it needs has been recycled"};
  if (fork == own.end) return {kind::stream, fork, "its log is a prefix"};
  return {kind::cut, fork, "its log goes on beyond the fork"};
}

}  // namespace helios::replication
