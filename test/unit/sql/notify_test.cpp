// Notifications between sessions of one database: the order of commits, the bound of what waits, and what a failed commit sends.

#include <string>
#include <vector>

#include "sql/notifications.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

std::vector<std::string> taken(sql_client& client) {
  std::vector<std::string> out;
  for (const auto& n : client.session().take_notifications()) out.push_back(n.channel + " " + n.payload);
  return out;
}

}  // namespace

TEST_CASE("commits that wait for their acknowledgement notify in the order of the log") {
  sql_fixture f;
  f.must("create table t (k int)");
  sql_client listener(f.node);
  listener.run("listen c");
  f.node.sink().hold();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&f, i] {
      sql_client client(f.node);
      client.query("begin; insert into t values (1); notify c, '" + std::to_string(i) + "'; commit");
    });
    while (f.node.sink().held() < static_cast<std::size_t>(i + 1)) std::this_thread::yield();
  }
  CHECK(taken(listener).empty());
  f.node.sink().release();
  for (auto& t : threads) t.join();
  CHECK(taken(listener) == std::vector<std::string>{"c 0", "c 1", "c 2", "c 3"});
}

TEST_CASE("a commit that fails notifies nobody, and hinders nobody") {
  sql_fixture f;
  f.must("create table t (k int)");
  sql_client listener(f.node);
  listener.run("listen c");
  f.node.sink().failure = error{errc::closed, "no quorum"};
  CHECK(f.client.run("begin; insert into t values (1); notify c, 'lost'; commit").state() == "08007");
  f.node.sink().failure.reset();
  f.must("begin; insert into t values (1); notify c, 'kept'; commit");
  CHECK(taken(listener) == std::vector<std::string>{"c kept"});
}

TEST_CASE("what nobody takes is bounded, and there is room again once it is taken") {
  sql_fixture f;
  sql_client listener(f.node);
  listener.run("listen c");
  const std::string many = "select pg_notify('c', repeat('x', 7990) || g) from generate_series(1, 3000) g";
  outcome last;
  int sent = 0;
  while (sent < 10 && !(last = f.client.run(many)).error) ++sent;
  CHECK(sent == 2);
  CHECK(last.state() == "54000");
  CHECK(f.client.run("select pg_notification_queue_usage() between 0.7 and 1").rows[0][0] == "t");
  CHECK(taken(listener).size() == 6000);
  CHECK(f.client.run("select pg_notification_queue_usage()").rows[0][0] == "0");
  CHECK_FALSE(f.client.run(many).error.has_value());
}

TEST_CASE("a listener that has gone keeps nothing") {
  sql_fixture f;
  {
    sql_client listener(f.node);
    listener.run("listen c");
    f.must("notify c, 'unread'");
    CHECK(f.node.db().notifications().usage() > 0);
  }
  CHECK(f.node.db().notifications().usage() == 0);
  f.must("notify c, 'nobody'");
  CHECK(f.node.db().notifications().usage() == 0);
}
