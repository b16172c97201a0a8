#!/usr/bin/env bash
# Checks what the tutorial's checkpoints promise: verify.sh [--local] N, with N from 1 to 7. Exits 1 if one check fails.
# Checkpoint 5 wants the primary stopped, the others want it up.
set -euo pipefail
where=docker
if [[ ${1:-} == --local ]]; then where=local; shift; fi
# shellcheck source=compose/cluster_lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster_lib.sh"

failures=0
# claim TEXT COMMAND...: prints whether it holds.
claim() {
  local text=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "  ok    $text"
  else
    echo "  FAIL  $text"
    failures=$((failures + 1))
  fi
}

is() { [[ "$(query "$1" "$2")" == "$3" ]]; }
same_everywhere() {
  local node first
  first=$(query primary "$1") || return 1
  for node in "${data_nodes[@]:1}"; do [[ "$(query "$node" "$1")" == "$first" ]] || return 1; done
}
writes() { query "$1" "INSERT INTO replication_test (message, sync_mode) VALUES ('checkpoint via $1', 'checkpoint')"; }
refuses_with() {
  local answer
  if answer=$(query "$1" "$2" -v VERBOSITY=verbose); then return 1; fi
  [[ $answer == *"$3"* ]]
}
down() { ! query "$1" "SELECT 1"; }
log_has() { node_log "$1" | grep "${@:2}"; }

checkpoint_1() {
  local node
  for node in "${all_nodes[@]}"; do claim "$node is healthy" wait_until 45 healthy "$node"; done
  for node in "${data_nodes[@]}" proxy; do claim "$node answers SELECT" is "$node" "SELECT 1" 1; done
}

checkpoint_2() {
  local node mode
  claim "the primary lists three streaming standbys" wait_until 45 all_streaming
  for mode in sync semi-sync async; do
    claim "one of them is $mode" is primary "SELECT COUNT(*) FROM pg_replication_standbys WHERE sync_mode = '$mode'" 1
  done
  claim "no lag above 1 s" is primary "SELECT COUNT(*) FROM pg_replication_standbys WHERE lag_ms > 1000" 0
  for node in "${data_nodes[@]:1}"; do
    claim "$node streams from the primary" is "$node" "SELECT node_id, state FROM pg_replication_primary" "primary|streaming"
  done
}

checkpoint_3() {
  claim "the table has rows" wait_until 5 query primary "SELECT 1 / (SELECT COUNT(*) FROM replication_test)"
  claim "all four nodes hold the same rows" wait_until 10 same_everywhere "SELECT * FROM replication_test ORDER BY id"
}

checkpoint_4() {
  local node
  for node in standby-sync standby-semisync; do
    claim "a write through $node goes to the primary" writes "$node"
    claim "and stands on the primary" is primary "SELECT COUNT(*) > 0 FROM replication_test WHERE message = 'checkpoint via $node'" t
  done
  claim "a write on standby-async is refused with 25006" refuses_with standby-async \
    "INSERT INTO replication_test (message) VALUES ('not here')" 25006
  claim "all four nodes hold the same rows" wait_until 10 same_everywhere "SELECT * FROM replication_test ORDER BY id"
}

checkpoint_5() {
  local node began
  claim "the primary is down" down primary
  for node in "${data_nodes[@]:1}" proxy; do
    claim "reads go on at $node" query "$node" "SELECT COUNT(*) FROM replication_test"
  done
  began=$SECONDS
  claim "a write through the proxy is refused with 08006" refuses_with proxy \
    "INSERT INTO replication_test (message) VALUES ('nobody writes this')" 08006
  claim "it waited about 30 s for a primary ($((SECONDS - began)) s)" test $((SECONDS - began)) -ge 28 -a $((SECONDS - began)) -le 35
}

checkpoint_6() {
  claim "the primary answers" wait_until 45 is primary "SELECT 1" 1
  claim "three standbys stream again" wait_until 90 all_streaming
  claim "standby-sync tells of its reconnection" log_has standby-sync "Attempting reconnection to primary (attempt"
  claim "and of its stream" log_has standby-sync "Streaming replication established"
  claim "the refused write has not happened" is primary \
    "SELECT COUNT(*) FROM replication_test WHERE message = 'nobody writes this'" 0
  claim "writes are possible" writes primary
  claim "all four nodes hold the same rows" wait_until 10 same_everywhere "SELECT * FROM replication_test ORDER BY id"
}

checkpoint_7() {
  local node
  for node in "${all_nodes[@]}"; do claim "$node is healthy" wait_until 45 healthy "$node"; done
  claim "three standbys stream" wait_until 90 all_streaming
  claim "the proxy logs its routing" log_has proxy -E "routing|selected|backend"
  claim "all four nodes hold the same rows" wait_until 10 same_everywhere "SELECT * FROM replication_test ORDER BY id"
}

case ${1:-} in
  [1-7]) "checkpoint_$1" ;;
  *) echo "usage: verify.sh [--local] N   (checkpoint 1 to 7)" >&2; exit 64 ;;
esac
[[ $failures -eq 0 ]]
