"""lag_ms and lag_bytes rise while a standby is paused under load, and return to 0."""
from harness import Cluster, wait_for


def lag(c, name):
    return c["primary"].query("SELECT lag_ms, lag_bytes FROM pg_replication_standbys WHERE node_id = %s", (name,))[0]


def run(binary):
    # The paused standby must stay connected: its lag, not its loss, is what is shown here.
    with Cluster(binary, {"replication.peer_timeout": "30s"}, extras=False) as c:
        c["primary"].query("CREATE TABLE load (id SERIAL PRIMARY KEY, filler TEXT)")
        c.wait_caught_up()
        wait_for("no lag at rest", lambda: lag(c, "standby-async") == (0, 0), 10)
        c["standby-async"].pause()
        seen = []

        def rises():
            c["primary"].query("INSERT INTO load (filler) VALUES ('some bytes to be behind by')")
            seen.append(lag(c, "standby-async"))
            return seen[-1][0] > 1500 and seen[-1][1] > 500
        wait_for("lag rises under load", rises, 15)
        ages = [ms for ms, _ in seen if ms > 0]
        assert ages == sorted(ages), f"the age of the oldest change fell while nothing was applied: {ages}"
        c["standby-async"].resume()
        wait_for("lag returns to 0", lambda: lag(c, "standby-async") == (0, 0), 15)
