"""The HTTP interfaces tell what is so: Patroni's endpoints by role, /metrics, /api/ha, actions only with the token; the proxy's admin
interface; the observer sees nodes come and go and keeps the highest epoch; PgBouncer's console on the proxy."""
import json
import urllib.error
import urllib.request

from harness import PASSWORD, SECRET, STANDBYS, Cluster, check, wait_for

# Path: the nodes that answer 200; the other data nodes answer 503.
ROLES = {"/primary": {"primary"}, "/read-write": {"primary"}, "/leader": {"primary"}, "/replica": set(STANDBYS),
         "/read-only": {"primary", *STANDBYS}, "/sync": {"standby-sync"}, "/async": {"standby-semisync", "standby-async"},
         "/health": {"primary", *STANDBYS}, "/readiness": {"primary", *STANDBYS}, "/liveness": {"primary", *STANDBYS}}


def get_json(node, path):
    status, body = node.http_get(path)
    check(status == 200, f"{node.name}{path}: {status}: {body}")
    return json.loads(body)


def post(node, path, token=None, body=b"{}"):
    request = urllib.request.Request(f"http://127.0.0.1:{node.http}{path}", data=body, method="POST")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def roles(c):
    for path, nodes in ROLES.items():
        for name in ("primary", *STANDBYS):
            wanted = 200 if name in nodes else 503
            status, body = c[name].http_get(path)
            check(status == wanted, f"{name}{path}: {status} instead of {wanted}: {body}")
            check(json.loads(body)["status"] == "ok", f"{name}{path}: {body}")
    check(c["standby-sync"].http_get("/replica?lag=16MB")[0] == 200, "/replica?lag=16MB without lag")
    check(c["primary"].http_get("/nothing")[0] == 404, "an unknown path")


def high_availability(c):
    for name in ("primary", *STANDBYS):
        status = get_json(c[name], "/api/ha/status")
        check(status["node_id"] == name and status["is_read_only"] == (name != "primary"), f"{status}")
        check(status["role"] == ("primary" if name == "primary" else "standby") and status["epoch"] >= 1, f"{status}")
        row = c[name].query("SELECT role, epoch, is_read_only FROM pg_replication_status")[0]
        check(row == (status["role"], status["epoch"], status["is_read_only"]), f"{name}: view {row}, HTTP {status}")
        check(get_json(c[name], "/api/ha/lag")["node_id"] == name, "/api/ha/lag")
        check(get_json(c[name], "/api/ha/lsn")["current_lsn"] > 0, "/api/ha/lsn")
        check(get_json(c[name], "/api/ha/fencing")["fenced"] is False, "/api/ha/fencing")
        get_json(c[name], "/api/ha/election")
        get_json(c[name], "/history")
        check(get_json(c[name], "/patroni")["patroni"]["name"] == name, "/patroni")
        metrics = c[name].http_get("/metrics")[1]
        check("# TYPE helios_up gauge\nhelios_up 1\n" in metrics, f"{name}: {metrics[:500]}")
    members = {m["name"]: m["role"] for m in get_json(c["primary"], "/cluster")["members"]}
    check(members.get("primary") == "leader" and members.get("standby-sync") == "sync_standby", f"{members}")


def actions(c):
    for path in ("/switchover", "/failover", "/api/switchover/initiate", "/reload", "/reinitialize"):
        for token in (None, "wrong"):
            status = post(c["standby-async"], path, token)
            check(status in (401, 403), f"{path} with token {token}: {status}")
    check(post(c["primary"], "/reload", SECRET) in (200, 202), "a reload with the token")
    check(post(c["primary"], "/reinitialize", SECRET) in (409, 412), "a primary is not reinitialized")


def proxy_admin(c):
    proxy = c["proxy"]
    standing = proxy.connect(application_name="who_is_there")
    standing.cursor().execute("SELECT 1")
    for path in ("/health", "/health/ready", "/health/live", "/pools", "/version"):
        get_json(proxy, path)
    check({n["node_id"] for n in get_json(proxy, "/nodes")} >= {"primary", *STANDBYS}, "/nodes")
    check(get_json(proxy, "/topology")["primary"] == "primary", "/topology")
    check(any(s["application_name"] == "who_is_there" for s in get_json(proxy, "/sessions")), "/sessions")
    config = proxy.http_get("/config")[1]
    check(SECRET not in config and f'"{PASSWORD}"' not in config, f"a secret in {config}")
    check("# TYPE" in proxy.http_get("/metrics")[1], "/metrics of the proxy")
    check(post(proxy, "/nodes/standby-async/disable") in (401, 403), "a node is disabled without the token")
    check(post(proxy, "/nodes/standby-async/disable", SECRET) == 200, "a node is disabled")
    reads = get_json(proxy, "/nodes/standby-async")["reads"]
    for _ in range(20):
        proxy.value("SELECT 1")
    check(get_json(proxy, "/nodes/standby-async")["reads"] == reads, "a disabled node gets reads")
    check(post(proxy, "/nodes/standby-async/enable", SECRET) == 200, "a node is enabled")
    spread = {n["node_id"]: n["reads"] for n in get_json(proxy, "/nodes") if n["node_id"] in STANDBYS}
    check(sum(1 for n in spread.values() if n > 0) >= 2, f"reads are not spread: {spread}")


def console(c):
    for question, wanted in (("SHOW POOLS", "cl_active"), ("SHOW CLIENTS", "psql"), ("SHOW SERVERS", "port"), ("SHOW STATS", "reads"),
                             ("SHOW DATABASES", "heliosdb"), ("SHOW VERSION", "")):
        code, output = c["proxy"].psql(question, "-d", "pgbouncer")
        check(code == 0 and wanted in output, f"{question}: {output}")


def observer(c):
    """It sees a node go within two seconds, and its memory of epochs survives a restart of its own."""
    def epoch():
        return get_json(c["observer"], "/cluster")["highest_epoch"]

    def state(name):
        return {m["name"]: m["state"] for m in get_json(c["observer"], "/cluster")["members"]}.get(name)
    before = wait_for("the observer knows an epoch", epoch)
    wait_for("the observer sees all", lambda: all(state(n) in ("running", "streaming") for n in ("primary", *STANDBYS)))
    c["primary"].kill()
    wait_for("the observer sees the primary gone", lambda: state("primary") == "unreachable", 5)
    c["primary"].start()
    wait_for("a restart begins a new epoch", lambda: epoch() > before, 10)
    highest = epoch()
    c["observer"].kill()
    c["observer"].start()
    check(epoch() >= highest, f"the observer has forgotten epoch {highest}: {epoch()}")


def run(binary):
    with Cluster(binary) as c:
        for step in (roles, high_availability, actions, proxy_admin, console, observer):
            step(c)
            print(f"{step.__name__} holds", flush=True)
        c.wait_streaming()
