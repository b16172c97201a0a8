"""100 rows one by one on the primary, the primary stopped at once: all 100 on the sync standby, each time."""
from harness import SHORT, Cluster, check


def run(binary):
    with Cluster(binary, extras=False) as c:
        c["primary"].query("CREATE TABLE batch (round INT, id INT, PRIMARY KEY (round, id))")
        for number in range(6 if SHORT else 20):
            connection = c["primary"].connect()
            with connection.cursor() as cursor:
                for i in range(100):
                    cursor.execute("INSERT INTO batch VALUES (%s, %s)", (number, i))
            # Killed in every second round: nothing may depend on a graceful stop.
            if number % 2:
                c["primary"].kill()
            else:
                c["primary"].stop()
            held = c["standby-sync"].value("SELECT COUNT(*) FROM batch WHERE round = %s", (number,))
            check(held == 100, f"round {number}: {held} of 100 rows on the sync standby")
            c["primary"].start()
            c.wait_streaming()
