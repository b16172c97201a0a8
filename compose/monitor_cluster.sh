#!/usr/bin/env bash
# The cluster at a glance: each node's state, role, epoch, position and answer time, then the primary's view of its standbys.
# monitor_cluster.sh [--once] [--interval S]
set -euo pipefail
once=no interval=2
while [[ $# -gt 0 ]]; do
  case $1 in
    --once) once=yes ;;
    --interval) interval=$2; shift ;;
    --local) ;;  # the ports are the same
    *) echo "usage: monitor_cluster.sh [--once] [--interval S]" >&2; exit 64 ;;
  esac
  shift
done
# shellcheck source=compose/cluster_lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster_lib.sh"

row() {
  local node=$1 began took state=DOWN facts='' where_in=''
  began=${EPOCHREALTIME/./}
  if healthy "$node"; then state=UP; fi
  took=$(((${EPOCHREALTIME/./} - began) / 1000))
  if [[ $node != observer && $node != proxy && $state == UP ]]; then
    facts=$(query "$node" "SELECT role, sync_mode, epoch, current_lsn, apply_lsn FROM pg_replication_status" || true)
  fi
  where_in=$(pg_port "$node")
  printf '%-18s %-5s %6s %5d ms  %s\n' "$node" "$state" "${where_in:--}" "$took" "${facts//|/  }"
}

show() {
  local node
  date '+%H:%M:%S'
  printf '%-18s %-5s %6s %8s  %s\n' NODE STATE PORT HEALTH 'ROLE  MODE  EPOCH  LSN  APPLIED'
  for node in "${all_nodes[@]}"; do row "$node"; done
  echo
  table primary "SELECT node_id, sync_mode, state, flush_lsn, apply_lsn, lag_bytes, lag_ms FROM pg_replication_standbys
                 ORDER BY node_id" || echo "(the primary does not answer)"
}

if [[ $once == yes ]]; then show; exit; fi
while true; do
  output=$(show || true)
  clear
  echo "$output"
  sleep "$interval"
done
