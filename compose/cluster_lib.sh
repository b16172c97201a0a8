# shellcheck shell=bash
# What the scripts of this folder share: the nodes, how to reach them, and how to stop and start them, in docker or as local
# processes (variable `where`: docker or local). Sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
where=${where:-docker}
export PGPASSWORD=helios PGCONNECT_TIMEOUT=3 LC_NUMERIC=C

readonly data_nodes=(primary standby-sync standby-semisync standby-async)
# shellcheck disable=SC2034  # used by those who source this
readonly all_nodes=("${data_nodes[@]}" observer proxy)

pg_port() {
  case $1 in
    primary) echo 15432 ;; standby-sync) echo 15442 ;; standby-semisync) echo 15452 ;;
    standby-async) echo 15462 ;; proxy) echo 15400 ;;
  esac
}

http_port() {
  case $1 in
    primary) echo 18080 ;; standby-sync) echo 18081 ;; standby-semisync) echo 18082 ;;
    standby-async) echo 18084 ;; observer) echo 18083 ;; proxy) echo 19090 ;;
  esac
}

# query NODE SQL [psql options]: bare rows.
query() { psql -XqtA -h localhost -p "$(pg_port "$1")" -U helios -d heliosdb "${@:3}" -c "$2" 2>&1; }
# table NODE SQL: as a person sees it.
table() { psql -X -h localhost -p "$(pg_port "$1")" -U helios -d heliosdb -c "$2" 2>&1; }

healthy() { curl -fsS -m 3 -o /dev/null "http://localhost:$(http_port "$1")/health" 2>/dev/null; }

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose -f "$here/docker-compose.ha-cluster.yml" "$@"
  else
    docker-compose -f "$here/docker-compose.ha-cluster.yml" "$@"
  fi
}

node_stop() { if [[ $where == local ]]; then "$here/../cluster" stop "$1"; else compose stop "$1"; fi; }
node_start() { if [[ $where == local ]]; then "$here/../cluster" start "$1"; else compose start "$1"; fi; }
node_log() { if [[ $where == local ]]; then "$here/../cluster" logs "$1"; else docker logs "heliosdb-$1" 2>&1; fi; }
# cluster_up --build|--no-build: whether docker builds the image first. Local processes are built as ./cluster up always does.
cluster_up() {
  if [[ $where == local ]]; then "$here/../cluster" up; else "$here/base-image" && (cd "$here" && compose up -d "$1"); fi
}

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

streaming_count() { query primary "SELECT COUNT(*) FROM pg_replication_standbys WHERE state = 'streaming'"; }
all_streaming() { [[ $(streaming_count) == 3 ]]; }
