#!/usr/bin/env bash
# A small load through the proxy: every interval one write and one read. Counts what succeeded and what failed, and how long it
# took: workload.sh [--seconds N] [--interval S] [--node NODE]. Ends with Ctrl-C or after N seconds.
set -euo pipefail
seconds=0 interval=0.5 node=proxy
while [[ $# -gt 0 ]]; do
  case $1 in
    --seconds) seconds=$2; shift ;;
    --interval) interval=$2; shift ;;
    --node) node=$2; shift ;;
    --local) ;;  # the ports are the same
    *) sed -n '2,3p' "${BASH_SOURCE[0]}" | cut -c3- >&2; exit 64 ;;
  esac
  shift
done
# shellcheck source=compose/cluster_lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster_lib.sh"

declare -A good=([write]=0 [read]=0) bad=([write]=0 [read]=0)
summary() {
  printf '\nwrites: %d succeeded, %d failed; reads: %d succeeded, %d failed\n' \
    "${good[write]}" "${bad[write]}" "${good[read]}" "${bad[read]}"
}
trap 'summary; exit 0' INT TERM

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# attempt KIND SQL: runs it, counts it by psql's exit code, prints a line.
attempt() {
  local kind=$1 began answer took
  began=$(now_ms)
  if answer=$(query "$node" "$2"); then
    good[$kind]=$((${good[$kind]} + 1))
    answer=ok
  else
    bad[$kind]=$((${bad[$kind]} + 1))
  fi
  took=$(($(now_ms) - began))
  printf '%(%H:%M:%S)T %-5s %6d ms  %s\n' -1 "$kind" "$took" "${answer%%$'\n'*}"
}

query "$node" "CREATE TABLE IF NOT EXISTS workload (id SERIAL PRIMARY KEY, made_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)" >/dev/null ||
  { echo "workload: no table can be made through $node" >&2; exit 1; }
end=$((SECONDS + seconds))
while ((seconds == 0 || SECONDS < end)); do
  attempt write "INSERT INTO workload DEFAULT VALUES"
  attempt read "SELECT COUNT(*) FROM workload"
  sleep "$interval"
done
summary
