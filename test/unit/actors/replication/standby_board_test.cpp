#include "actors/replication/standby_board.hpp"

#include <doctest/doctest.h>

using namespace helios;
using namespace helios::actors;

TEST_CASE("a standby that has gone stays listed as disconnected") {
  standby_board board;
  const auto connection = board.begin({"s"}, sync_mode::sync, "h:1", 10);
  board.update({"s"}, connection, standby_state::streaming, lsn{30}, lsn{20}, lsn{10});
  board.disconnected({"s"}, connection);
  const auto all = board.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].state == standby_state::disconnected);
  CHECK(all[0].flushed == lsn{20});
}

TEST_CASE("what an older connection says late does not touch the newer one") {
  standby_board board;
  const auto older = board.begin({"s"}, sync_mode::sync, "h:1", 10);
  const auto newer = board.begin({"s"}, sync_mode::semi_sync, "h:2", 20);
  CHECK(newer > older);
  board.update({"s"}, newer, standby_state::streaming, lsn{50}, lsn{50}, lsn{50});
  board.update({"s"}, older, standby_state::catching_up, lsn{1}, lsn{1}, lsn{1});
  board.heard({"s"}, older, 99);
  board.disconnected({"s"}, older);
  const auto entry = board.all().at(0);
  CHECK(entry.state == standby_state::streaming);
  CHECK(entry.mode == sync_mode::semi_sync);
  CHECK(entry.flushed == lsn{50});
  CHECK(entry.last_heartbeat_us == 20);
  CHECK(entry.connections == 2);
}
