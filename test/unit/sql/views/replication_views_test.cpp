// The replication views, over facts that the test sets: columns and order are fixed for users and tools.
#include <doctest/doctest.h>

#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

class given_facts final : public sql::node_facts {
 public:
  bool recovering = false;
  std::vector<sql::replication_standby_row> standby_rows;
  std::optional<sql::replication_primary_row> primary_row;
  std::int64_t cancelled = 0;
  completion_ptr outcome;                ///< of a change of the primary; null: there is no failover
  std::vector<std::string> handed_to;

  void change_ends(result<void> how) {
    outcome = std::make_shared<completion>();
    outcome->complete(std::move(how));
  }

  bool in_recovery() const override { return recovering; }
  sql::replication_status_row status() const override {
    sql::replication_status_row row;
    row.node_id = "n1";
    row.role = recovering ? "standby" : "primary";
    row.sync_mode = "sync";
    row.is_read_only = recovering;
    row.current = lsn{300};
    row.flush = lsn{200};
    row.apply = lsn{100};
    row.number = epoch{7};
    row.standby_count = 2;
    row.listen_addr = "127.0.0.1:15432";
    row.replication_port = 15433;
    row.started_at_us = 1'700'000'000'000'000;
    return row;
  }
  std::vector<sql::replication_standby_row> standbys() const override { return standby_rows; }
  std::optional<sql::replication_primary_row> primary() const override { return primary_row; }
  std::vector<sql::metric_row> metrics() const override { return {{"wal_bytes", 42, "Bytes of WAL"}}; }
  std::vector<sql::activity_row> activity() const override { return {}; }
  completion_ptr take_over() override { return outcome; }
  completion_ptr hand_over(std::int64_t, const node_id& to) override {
    handed_to.push_back(to.value);
    return outcome;
  }
  bool cancel_session(std::int64_t session, bool) override {
    cancelled = session;
    return session == 5;
  }
};

struct rows_sink final : sql::row_sink, sql::copy_channel {
  const sql::format_settings* formats = nullptr;
  std::vector<sql::result_column> described;
  std::string text;
  void columns(std::span<const sql::result_column> c) override { described.assign(c.begin(), c.end()); }
  void row(std::span<const sql::datum> values) override {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text += "|";
      if (!values[i].is_null()) sql::get_type(described[i].type.id).write_text(values[i], *formats, text);
    }
    text += "\n";
  }
  void begin_in(int, int) override {}
  void begin_out(int, int) override {}
  std::optional<std::string_view> read() override { return std::nullopt; }
  void write(std::string_view) override {}
  void end_out() override {}
};

struct facts_fixture {
  sql_node node;
  given_facts facts;
  storage::direct_commit_sink sink{node.engine()};
  sql::database db{node.engine(), sink, facts};
  blocking_host host;
  std::string notices;

  rows_sink run(std::string_view query, const char* user = "helios") {
    sql::session_options options;
    options.user = user;
    options.database = "heliosdb";
    const auto note = [this](const error_report& r) { notices += r.severity + " " + r.message + " " + r.detail + "\n"; };
    auto session = sql::session::open(db, host, options, note, [](std::string_view, std::string_view) {});
    rows_sink out;
    out.formats = &session->formats();
    session->begin_implicit();
    for (const auto& statement : sql::parse(query)) session->run(statement, out, out);
    session->end_implicit();
    out.formats = nullptr;
    return out;
  }
  std::string text(std::string_view query) { return run(query).text; }
  error_report failure(std::string_view query, const char* user = "helios") {
    try {
      run(query, user);
    } catch (const sql_error& e) {
      return e.report();
    }
    FAIL("no error");
    return {};
  }
};

std::string described(const rows_sink& out) {
  std::string list;
  for (const auto& c : out.described) list += (list.empty() ? "" : ", ") + c.name + " " + sql::get_type(c.type.id).name;
  return list;
}

}  // namespace

TEST_CASE_FIXTURE(facts_fixture, "the replication views have the columns that are promised, in order") {
  CHECK(described(run("select * from pg_replication_status")) ==
        "node_id text, role text, sync_mode text, is_read_only bool, current_lsn int8, flush_lsn int8, apply_lsn int8, epoch int8, "
        "standby_count int4, primary_host text, listen_addr text, replication_port int4, started_at timestamptz, uptime_seconds int8");
  CHECK(described(run("select * from pg_replication_standbys")) ==
        "node_id text, sync_mode text, state text, flush_lsn int8, apply_lsn int8, lag_bytes int8, lag_ms int8, address text, "
        "sent_lsn int8, connected_at timestamptz, last_heartbeat timestamptz, reconnects int8");
  CHECK(described(run("select * from pg_replication_primary")) ==
        "node_id text, state text, primary_lsn int8, local_lsn int8, lag_bytes int8, lag_ms int8, address text, fencing_token int8, "
        "connected_at timestamptz, last_heartbeat timestamptz, reconnect_attempts int8");
  CHECK(described(run("select * from pg_replication_metrics")) == "metric_name text, metric_value int8, description text");
}

TEST_CASE_FIXTURE(facts_fixture, "the rows are what the node knows") {
  CHECK(text("select node_id, role, current_lsn, flush_lsn, apply_lsn, epoch, standby_count, primary_host is null, started_at from pg_replication_status") ==
        "n1|primary|300|200|100|7|2|t|2023-11-14 22:13:20+00\n");
  CHECK(text("select * from pg_replication_metrics") == "wal_bytes|42|Bytes of WAL\n");
  CHECK(text("select * from pg_replication_standbys") == "");
  CHECK(text("select * from pg_replication_primary") == "");
  facts.standby_rows.push_back({"s1", "sync", "streaming", lsn{290}, lsn{280}, 20, 5, "10.0.0.2:15443", lsn{300}, 1'700'000'000'000'000, 0, 3});
  CHECK(text("select * from pg_replication_standbys") == "s1|sync|streaming|290|280|20|5|10.0.0.2:15443|300|2023-11-14 22:13:20+00||3\n");
}

TEST_CASE_FIXTURE(facts_fixture, "pg_stat_replication lists connected standbys as PostgreSQL does") {
  facts.standby_rows.push_back({"s1", "sync", "streaming", lsn{0x290}, lsn{0x280}, 20, 1500, "10.0.0.2:15443", lsn{0x300}, 1, 1, 0});
  facts.standby_rows.push_back({"s2", "async", "catching_up", lsn{1}, lsn{1}, 20, 0, "standby:15463", lsn{2}, 1, 1, 0});
  facts.standby_rows.push_back({"s3", "async", "disconnected", lsn{1}, lsn{1}, 20, 0, "", lsn{2}, 1, 1, 0});
  CHECK(text("select application_name, client_addr, client_hostname, client_port, state, sent_lsn, flush_lsn, replay_lsn, replay_lag, sync_state "
             "from pg_stat_replication") ==
        "s1|10.0.0.2||15443|streaming|0/300|0/290|0/280|00:00:01.5|sync\ns2||standby|15463|catchup|0/2|0/1|0/1||async\n");
}

TEST_CASE_FIXTURE(facts_fixture, "WAL functions answer by the node's role") {
  CHECK(text("select pg_is_in_recovery(), pg_last_wal_replay_lsn() is null, pg_current_wal_lsn() = pg_current_wal_flush_lsn()") == "f|t|t\n");
  CHECK(text("select pg_wal_lsn_diff('16/B374D848', '16/B374D800')") == "72\n");
  CHECK(failure("select pg_promote()").sqlstate == "55000");
  facts.recovering = true;
  facts.primary_row = sql::replication_primary_row{};
  facts.primary_row->node_id = "p";
  facts.primary_row->state = "streaming";
  facts.primary_row->primary = lsn{0x20};
  facts.primary_row->address = "primary:15433";
  CHECK(text("select pg_is_in_recovery(), pg_last_wal_receive_lsn() is not null") == "t|t\n");
  CHECK(failure("select pg_current_wal_lsn()").sqlstate == "55000");
  CHECK(text("select status, latest_end_lsn, sender_host, sender_port from pg_stat_wal_receiver") == "streaming|0/20|primary|15433\n");
  const auto refusal = failure("select pg_promote()");
  CHECK(refusal.sqlstate == "0A000");
  CHECK_FALSE(refusal.hint.empty());
}

TEST_CASE_FIXTURE(facts_fixture, "pg_promote says whether the failover made this node the primary") {
  facts.recovering = true;
  facts.primary_row = sql::replication_primary_row{};
  facts.primary_row->state = "streaming";
  facts.change_ends(error{errc::refused, "p holds a lease granted here"});
  CHECK(text("select pg_promote()") == "f\n");
  CHECK(notices == "WARNING server did not promote within 60 seconds The failover refused: p holds a lease granted here.\n");
  CHECK(text("select pg_promote(false)") == "t\n");  // it is only asked
  facts.primary_row->state = "connecting";
  notices.clear();
  CHECK(text("select pg_promote(true, 1)") == "f\n");
  CHECK(notices.starts_with("WARNING server did not promote within 1 seconds"));
  CHECK(failure("select pg_promote(true, 0)").sqlstate == "22003");
  run("create role somebody login");
  CHECK(failure("select pg_promote()", "somebody").sqlstate == "42501");
}

TEST_CASE_FIXTURE(facts_fixture, "helios_switchover asks the failover, and says why it was refused") {
  facts.change_ends({});
  CHECK(text("select helios_switchover('n2')") == "t\n");
  CHECK(text("select helios_switchover()") == "t\n");
  CHECK(facts.handed_to == std::vector<std::string>{"n2", ""});
  facts.change_ends(error{errc::refused, "n3 is not connected"});
  const auto refusal = failure("select helios_switchover('n3')");
  CHECK(refusal.sqlstate == "55000");
  CHECK(refusal.message == "the primary was not changed: n3 is not connected");
}

TEST_CASE_FIXTURE(facts_fixture, "helios_switchover is for a superuser outside of what may write") {
  facts.change_ends({});
  run("create table t (b bool)");
  run("create role somebody login");
  CHECK(failure("select helios_switchover()", "somebody").sqlstate == "42501");
  CHECK(failure("begin; select helios_switchover()").sqlstate == "25001");
  CHECK(failure("insert into t values (true); select helios_switchover()").sqlstate == "25001");
  CHECK(failure("insert into t select helios_switchover()").sqlstate == "25001");
  CHECK(failure("begin read only; select helios_switchover()").sqlstate == "25006");
  CHECK(facts.handed_to.empty());
  facts.outcome = nullptr;
  CHECK(failure("select helios_switchover()").sqlstate == "0A000");
}

TEST_CASE_FIXTURE(facts_fixture, "cancelling goes to the node, which knows the sessions") {
  CHECK(text("select pg_cancel_backend(5), pg_terminate_backend(6)") == "t|f\n");
  CHECK(facts.cancelled == 6);
}
