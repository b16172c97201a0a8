// The proxy's pure parts: choosing a reader, the session's log, classifying units.

#include <doctest/doctest.h>

#include "actors/proxy/routing.hpp"
#include "actors/proxy/work_unit.hpp"

using namespace helios;
using namespace helios::actors;

namespace {

node_view node(const char* id, node_role role, std::uint64_t visible = 100) {
  node_view n;
  n.address.id = {id};
  n.connected = true;
  n.state.role = role;
  n.state.serving = true;
  n.state.writable = role == node_role::primary;
  n.counters->visible = visible;
  return n;
}

topology three() {
  return {{node("p", node_role::primary), node("a", node_role::standby), node("b", node_role::standby)}, 1};
}

std::string chosen(const topology& t, read_rule rule = {{}, std::chrono::seconds(10), {}}, std::uint64_t turn = 0) {
  const auto* n = choose_reader(t, rule, turn);
  return n == nullptr ? "" : n->address.id.value;
}

statement_facts facts(sql::statement_class kind, session_effect effect = session_effect::none, std::string name = {},
                      std::string text = {}) {
  return {kind, effect, std::move(name), std::move(text)};
}

}  // namespace

TEST_CASE("equally loaded standbys take turns; a busier one waits") {
  auto t = three();
  CHECK(chosen(t, {{}, std::chrono::seconds(10), {}}, 0) == "a");
  CHECK(chosen(t, {{}, std::chrono::seconds(10), {}}, 1) == "b");
  t.nodes[1].counters->in_flight = 3;
  for (std::uint64_t turn = 0; turn < 4; ++turn) CHECK(chosen(t, {{}, std::chrono::seconds(10), {}}, turn) == "b");
}

TEST_CASE("standbys that are down, disabled, stale, behind or tried are passed over") {
  const read_rule rule{lsn{100}, std::chrono::seconds(10), {}};
  auto t = three();
  t.nodes[2].connected = false;
  CHECK(chosen(t, rule, 1) == "a");
  t = three();
  t.nodes[2].enabled = false;
  CHECK(chosen(t, rule, 1) == "a");
  t = three();
  t.nodes[2].counters->lag_ms = 10'001;
  CHECK(chosen(t, rule, 1) == "a");
  t = three();
  t.nodes[2].counters->visible = 99;
  CHECK(chosen(t, rule, 1) == "a");
  t = three();
  CHECK(chosen(t, {lsn{100}, std::chrono::seconds(10), {{"b"}}}, 1) == "a");
}

TEST_CASE("without a fit standby the primary reads; without it nobody does") {
  auto t = three();
  CHECK(chosen(t, {lsn{101}, std::chrono::seconds(10), {}}) == "p");
  t.nodes[0].state.writable = false;
  CHECK(chosen(t, {lsn{101}, std::chrono::seconds(10), {}}).empty());
}

TEST_CASE("without a primary the standby that is least behind reads, however far behind it is") {
  auto t = three();
  t.nodes[0].connected = false;
  t.nodes[1].counters->lag_ms = 60'000;
  t.nodes[2].counters->lag_ms = 90'000;
  t.nodes[2].counters->visible = 120;
  CHECK(chosen(t) == "b");
  CHECK(chosen(t, {lsn{121}, std::chrono::seconds(10), {}}).empty());
  t.nodes[0].connected = true;
  CHECK(chosen(t) == "p");
}

TEST_CASE("the primary is the writable node of the highest epoch") {
  auto t = three();
  t.nodes[0].state.number = epoch{1};
  t.nodes[1].state.writable = true;
  t.nodes[1].state.number = epoch{2};
  CHECK(t.primary()->address.id.value == "a");
  t.nodes[1].enabled = false;
  CHECK(t.primary()->address.id.value == "p");
}

TEST_CASE("the board publishes what routing needs, and wakes who waits for it") {
  topology_board board({{{"p"}, "h", 1, 2, 3}, {{"observer"}, "h", 0, 2, 3}});
  const auto seen = board.now();
  CHECK(seen->nodes.size() == 1);  // an observer takes no queries
  const auto change = board.change_after(seen);
  CHECK_FALSE(change->done());
  board.update({"p"}, [](node_view& n) { n.state.visible = lsn{7}; });
  CHECK_FALSE(change->done());
  CHECK(board.now()->nodes[0].counters->visible == 7);
  board.update({"p"}, [](node_view& n) { n.connected = true; });
  CHECK(change->done());
  CHECK(board.change_after(seen)->done());
  CHECK_FALSE(board.change_after(board.now())->done());
}

TEST_CASE("new members come to the board, those that are gone leave it, and who waits is woken") {
  topology_board board({{{"p"}, "h", 1, 2, 3}, {{"s"}, "h", 4, 5, 6}});
  board.update({"p"}, [](node_view& n) { n.connected = true; });
  const auto seen = board.now();
  const auto change = board.change_after(seen);
  board.change({{{"p"}, "elsewhere", 1, 2, 3}, {{"new"}, "h", 7, 8, 9}, {{"observer"}, "h", 0, 2, 3}});
  CHECK(change->done());
  const auto now = board.now();
  REQUIRE(now->nodes.size() == 2);
  CHECK(now->find({"p"})->connected);
  CHECK(now->find({"p"})->address.host == "h");
  CHECK(now->find({"new"})->address.pg_port == 7);
  CHECK_FALSE(now->find({"new"})->connected);
  CHECK(now->find({"s"}) == nullptr);
  board.update({"s"}, [](node_view& n) { n.connected = true; });  // what is still under way from it
  CHECK(board.now() == now);
}

TEST_CASE("the session's log is as long as the state it describes") {
  using kind = sql::statement_class;
  session_log log;
  log.add(facts(kind::session, session_effect::setting, "a", "SET a=1"));
  log.add(facts(kind::session, session_effect::setting, "b", "SET b=1"));
  const auto then = log.newest();
  log.add(facts(kind::session, session_effect::setting, "a", "SET a=2"));
  CHECK(log.missing_since(0) == std::vector<std::string>{"SET b=1", "SET a=2"});
  CHECK(log.missing_since(then) == std::vector<std::string>{"SET a=2"});
  log.add(facts(kind::session, session_effect::prepare, "s", "PREPARE s AS SELECT 1"));
  log.add(facts(kind::session, session_effect::reset_all, "", "RESET ALL"));
  CHECK(log.missing_since(0) == std::vector<std::string>{"PREPARE s AS SELECT 1", "RESET ALL"});
  log.add(facts(kind::session, session_effect::deallocate, "s", "DEALLOCATE s"));
  CHECK(log.missing_since(0) == std::vector<std::string>{"RESET ALL", "DEALLOCATE s"});
}

TEST_CASE("the strictest statement decides where a unit goes") {
  using kind = sql::statement_class;
  const auto unit = [](std::vector<statement_facts> all) {
    work_unit u;
    classify(u, all);
    return u;
  };
  CHECK(unit({facts(kind::read), facts(kind::read)}).wants == need::reader);
  CHECK(unit({facts(kind::session, session_effect::setting)}).wants == need::any);
  CHECK(unit({facts(kind::read), facts(kind::write)}).wants == need::writer);
  CHECK(unit({facts(kind::begin)}).wants == need::writer);
  CHECK(unit({facts(kind::begin_read_only)}).wants == need::any);
  CHECK(unit({facts(kind::begin)}).harmless);
  CHECK_FALSE(unit({facts(kind::begin), facts(kind::write)}).harmless);
  CHECK(unit({facts(kind::end)}).ends_transaction);
  CHECK(unit({facts(kind::session, session_effect::local_object)}).wants == need::writer);
}
