#!/usr/bin/env bash
# A tour of the cluster in seven parts, each with a checkpoint that is verified.
#   ha_interactive_tutorial.sh [--local] [--unattended] [--no-build]
# --local: on the processes of ./cluster instead of docker. --unattended: no pauses; exits 1 if a checkpoint fails.
# --no-build: with the docker image as it is.
set -euo pipefail
where=docker unattended=no build=--build
for word in "$@"; do
  case $word in
    --local) where=local ;;
    --unattended) unattended=yes ;;
    --no-build) build=--no-build ;;
    *) sed -n '2,5p' "${BASH_SOURCE[0]}" | cut -c3- >&2; exit 64 ;;
  esac
done
# shellcheck source=compose/cluster_lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster_lib.sh"
where_flag=()
if [[ $where == local ]]; then where_flag=(--local); fi

failed=()
part() { printf '\n=== Part %s: %s\n' "$1" "$2"; }
say() { printf '\n%s\n' "$*"; }
checkpoint() {
  printf '\n--- Checkpoint %s\n' "$1"
  if "$here/verify.sh" "${where_flag[@]}" "$1"; then echo "Checkpoint $1 holds."; else failed+=("$1"); fi
  if [[ $unattended == no ]]; then read -r -p "Press Enter to go on... " _; fi
}
# run NODE SQL: shows the statement and its answer; a refused statement does not end the tour.
run() {
  echo "[$1]> $2"
  table "$1" "$2" || true
}

part 1 "Six nodes"
say "A primary, three standbys that follow it in three modes, an observer, and a proxy in front."
cluster_up "$build"
checkpoint 1

part 2 "Three modes of replication"
say "The primary knows its standbys; every standby knows its primary."
run primary "SELECT node_id, sync_mode, state, flush_lsn, apply_lsn, lag_bytes, lag_ms FROM pg_replication_standbys"
for node in "${data_nodes[@]:1}"; do
  run "$node" "SELECT node_id, state, primary_lsn, local_lsn, lag_bytes FROM pg_replication_primary"
done
checkpoint 2

part 3 "One write, four copies"
run primary "CREATE TABLE IF NOT EXISTS replication_test (id SERIAL PRIMARY KEY, message TEXT, sync_mode TEXT,
             created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
run primary "INSERT INTO replication_test (message, sync_mode) VALUES ('Hello from primary!', 'sync mode test')"
for node in "${data_nodes[@]}"; do run "$node" "SELECT * FROM replication_test ORDER BY id"; done
checkpoint 3

part 4 "Writing through a standby"
say "A sync or semi-sync standby hands writes on to the primary; an async one refuses them."
for node in "${data_nodes[@]:1}"; do
  run "$node" "INSERT INTO replication_test (message, sync_mode) VALUES ('TWR via $node', 'twr')"
done
run primary "SELECT id, message, sync_mode FROM replication_test ORDER BY id"
checkpoint 4

part 5 "The primary goes away"
node_stop primary
say "Reads go on; a write through the proxy waits 30 s for a primary before it is refused."
run proxy "SELECT COUNT(*) AS row_count FROM replication_test"
checkpoint 5

part 6 "It comes back"
node_start primary
say "The standbys reconnect by themselves, at growing intervals."
wait_until 90 all_streaming || true
node_log standby-sync | grep -E "(connect|reconnect|streaming|primary)" | tail -n 6 || true
checkpoint 6

part 7 "Under stress"
say "A hundred commits, then the primary is stopped at once: the sync standby has all of them."
run primary "DELETE FROM replication_test WHERE message LIKE 'Batch row%'"
for i in $(seq 1 100); do query primary "INSERT INTO replication_test (message) VALUES ('Batch row $i')" >/dev/null; done
node_stop primary
held=$(query standby-sync "SELECT COUNT(*) FROM replication_test WHERE message LIKE 'Batch row%'" || true)
echo "On the sync standby: $held of 100"
[[ $held == 100 ]] || failed+=("7 (batch)")
say "Reads through the proxy across the outage:"
lost=0
for i in $(seq 1 20); do
  query proxy "SELECT COUNT(*) FROM replication_test" >/dev/null || lost=$((lost + 1))
  [[ $i -ne 10 ]] || node_start primary
done
echo "$lost of 20 reads failed"
[[ $lost -eq 0 ]] || failed+=("7 (reads)")
checkpoint 7

if [[ ${#failed[@]} -ne 0 ]]; then
  say "These checkpoints failed: ${failed[*]}"
  exit 1
fi
say "All seven checkpoints hold."
