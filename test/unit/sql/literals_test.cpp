#include "sql/session/literals.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

TEST_CASE("the whole numbers of a text become parameters") {
  auto lifted = sql::lift_numbers("UPDATE pgbench_accounts SET abalance = abalance + -17 WHERE aid = 5;");
  REQUIRE(lifted);
  CHECK(lifted->text == "UPDATE pgbench_accounts SET abalance = abalance + -$1 WHERE aid = $2;");
  CHECK(lifted->numbers == std::vector<std::int32_t>{17, 5});
  lifted = sql::lift_numbers("select t1.a, 'it''s 5', \"7\", 1.5, 2e3, 99999999999 from t1 where a2=3");
  REQUIRE(lifted);
  CHECK(lifted->text == "select t1.a, 'it''s 5', \"7\", 1.5, 2e3, 99999999999 from t1 where a2=$1");
}

TEST_CASE("a text in which a number may be more than a value stays as it is") {
  for (auto* text : {"select a from t", "select a from t order by 1", "select count(*) from t group by 1", "select $1 + 2",
                     "select 1 -- 2", "select /* 1 */ 2", "select E'a\\'' , 1", "select a from t fetch first 3 rows only",
                     "select interval '1' day, 1", "select 1.5", "select 'open"}) {
    INFO(text);
    CHECK(!sql::lift_numbers(text));
  }
}

TEST_CASE_FIXTURE(sql_fixture, "statements that differ in numbers give what each of them asks for") {
  must("create table t (id int primary key, s smallint, n numeric(6,2))");
  must("insert into t values (1, 1, 1.5), (2, 2, 2.5), (3, 3, 3.5)");
  CHECK(value("select n from t where id = 1") == "1.50");
  CHECK(value("select n from t where id = 3") == "3.50");
  CHECK(client.run("select n from t where id = 4").rows.empty());
  CHECK(value("select n from t where s = 2") == "2.50");
  CHECK(value("select count(*) from t where n > 2") == "2");
  CHECK(value("select 1::numeric(5,2)") == "1.00");
  CHECK(value("select 2::numeric(5,1)") == "2.0");
  CHECK(client.run("update t set s = 40000 where id = 1").state() == "22003");
  CHECK(client.run("update t set s = 7 where id = 1").tag == "UPDATE 1");
  auto wrong = client.run("select nope from t where id = 12345");
  CHECK(wrong.state() == "42703");
  CHECK(wrong.error->position == 8);
  auto beyond = client.run("select id from t where id = 12345 and nope = 1");
  CHECK(beyond.error->position == 39);
  must("alter table t add column x int default 5");
  CHECK(client.run("select * from t where id = 2").text() == "2|2|2.50|5\n");
  must("drop table t");
  CHECK(client.run("select n from t where id = 1").state() == "42P01");
}
