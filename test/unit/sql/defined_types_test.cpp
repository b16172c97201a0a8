// Enums, domains, composite types and the row types of tables: over restarts, in transactions of several sessions, with
// parameters and in cached plans. What statements give is compared with PostgreSQL in test/compatibility.

#include <random>

#include "base/sql_error.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {
/// Whatever a client sends is a value or an error, and a value can be shown, sent and stored.
void read_anything(const sql::type_ops& type, const std::string& sent, bool binary) {
  sql::arena memory;
  try {
    auto value = binary ? type.parse_binary(sent, -1, memory) : type.parse_text(sent, -1, {}, memory);
    std::string text, bytes, key;
    type.write_text(value, {}, text);
    type.write_binary(value, bytes);
    type.write_key(value, key);
    CHECK(type.compare(value, value) == 0);
    CHECK(type.compare(type.parse_binary(bytes, -1, memory), value) == 0);
  } catch (const sql_error& e) {
    CHECK(e.report().sqlstate != sqlstate::internal_error);
  }
}

constexpr const char* definitions =
    "create type mood as enum ('sad', 'ok', 'happy'); create domain posint as int check (value > 0);"
    "create domain small as int check (value < 100); create type pair as (a small, m mood);"
    "create table t (id int primary key, m mood, d posint, p pair, l mood[], ps pair[])";

void define(sql_client& client) {
  for (auto& out : client.query(definitions)) REQUIRE(!out.error);
}
}  // namespace

TEST_CASE("defined types, their values and their indexes are there after a restart") {
  sql_node node;
  {
    sql_client client(node);
    define(client);
    REQUIRE(!client.run("create index on t (m); insert into t values (1, 'happy', 5, (1, 'ok'), '{sad,happy}', '{\"(2,sad)\"}'); insert into t (id, m) values (2, 'sad')").error);
    REQUIRE(!client.run("alter type mood add value 'fine' after 'ok'").error);
    REQUIRE(!client.run("insert into t (id, m) values (3, 'fine')").error);
  }
  node.restart();
  sql_client client(node);
  auto rows = client.run("select id, m, d, p, (p).m, l, ps from t order by t.m");
  if (rows.error) FAIL(rows.error->message);
  CHECK(client.run("select id, m, d, p, (p).m, l, ps from t order by t.m").text() ==
        "2|sad|||||\n3|fine|||||\n1|happy|5|(1,ok)|ok|{sad,happy}|{\"(2,sad)\"}\n");
  CHECK(client.run("select id from t where m > 'ok' order by m").text() == "3\n1\n");
  CHECK(client.run("insert into t (id, d) values (4, -1)").state() == "23514");
  CHECK(client.run("insert into t (id, m) values (4, 'none')").state() == "22P02");
  CHECK(client.run("select t from t where id = 2").text() == "(2,sad,,,,)\n");
}

TEST_CASE("a type is seen by others when its transaction has committed, and not at all after a rollback") {
  sql_node node;
  sql_client one(node), other(node);
  REQUIRE(!one.run("begin; create type mood as enum ('sad', 'ok')").error);
  CHECK(one.value("select 'ok'::mood > 'sad'") == "t");
  CHECK(other.run("select 'ok'::mood").state() == "42704");
  REQUIRE(!one.run("commit").error);
  CHECK(other.value("select 'ok'::mood") == "ok");
  REQUIRE(!one.run("begin; alter type mood rename value 'ok' to 'fine'").error);
  CHECK(one.value("select 'fine'::mood") == "fine");
  CHECK(other.value("select 'ok'::mood") == "ok");
  REQUIRE(!one.run("rollback").error);
  CHECK(one.value("select 'ok'::mood") == "ok");
  CHECK(one.run("select 'fine'::mood").state() == "22P02");
}

TEST_CASE_FIXTURE(sql_fixture, "plans that are kept know of changes to the types in them") {
  define(client);
  must("insert into t (id, m, d) values (1, 'ok', 5)");
  auto by_mood = client.prepare("select id, m from t where m = $1");
  CHECK(client.execute(by_mood, {"ok"}).text() == "1|ok\n");
  must("alter type mood rename value 'ok' to 'fine'");
  CHECK(client.execute(by_mood, {"fine"}).text() == "1|fine\n");
  CHECK(client.execute(by_mood, {"ok"}).state() == "22P02");
  auto insert = client.prepare("insert into t (id, d) values ($1, $2)");
  CHECK(!client.execute(insert, {"2", "7"}).error);
  must("alter domain posint add constraint below check (value < 10)");
  CHECK(client.execute(insert, {"3", "70"}).state() == "23514");
  CHECK(client.execute(insert, {"3", "-7"}).state() == "23514");
  CHECK(!client.execute(insert, {"3", std::nullopt}).error);
}

TEST_CASE_FIXTURE(sql_fixture, "parameters in a row take their types from the fields that they are for") {
  define(client);
  auto insert = client.prepare("insert into t (id, p) values ($1, ($2, $3)) returning p");
  REQUIRE(insert->parameter_types().size() == 3);
  CHECK(insert->parameter_types()[0] != sql::type_oid::text);
  CHECK(insert->parameter_types()[2] == client.session().types().find_defined({}, "mood")->id);
  CHECK(client.execute(insert, {"1", "7", "sad"}).text() == "(7,sad)\n");
  CHECK(client.execute(insert, {"2", "700", "sad"}).state() == "23514");
  auto cast = client.prepare("select (row($1, $2)::pair).a + 1");
  CHECK(client.execute(cast, {"4", "ok"}).text() == "5\n");
  auto update = client.prepare("update t set p = ($1, 'ok') where id = 1 returning p");
  CHECK(client.execute(update, {"9"}).text() == "(9,ok)\n");
}

TEST_CASE_FIXTURE(sql_fixture, "an open cursor goes on when the type of its rows gets a new name") {
  define(client);
  must("insert into t (id, m, l) values (1, 'ok', '{ok}'), (2, 'sad', '{sad}')");
  must("begin; declare c cursor for select m, l, t.p from t order by id");
  CHECK(client.run("fetch c").text() == "ok|{ok}|\n");
  must("alter type mood rename to feeling; alter type feeling rename value 'sad' to 'blue'");
  CHECK(client.run("fetch c").text() == "blue|{blue}|\n");
  must("commit");
}

TEST_CASE("whoever uses a type keeps others from dropping it until the end of the transaction") {
  sql_node node;
  sql_client user(node), dropper(node);
  REQUIRE(!user.run("create type mood as enum ('sad')").error);
  REQUIRE(!user.run("begin; create table u (m mood)").error);
  outcome dropped;
  std::thread waiting([&] { dropped = dropper.run("drop type mood"); });
  until_waiting(node);
  REQUIRE(!user.run("commit").error);
  waiting.join();
  CHECK(dropped.state() == "2BP01");
  CHECK(dropped.error->detail == "column m of table u depends on type mood");
}

TEST_CASE_FIXTURE(sql_fixture, "rows keep their other columns when a type takes a column along") {
  must("create type mood as enum ('sad', 'happy'); create type pair as (a int, b text)");
  must("create table t (id int primary key, m mood, p pair, d int, l mood[], ps pair[])");
  must("insert into t values (1, 'happy', (1, 'x'), 5, '{sad}', '{}')");
  must("alter table t drop column l, drop column p");
  must("drop type mood cascade; drop type pair cascade");
  CHECK(client.run("select * from t").text() == "1|5\n");
  must("create type mood as enum ('other')");
  must("insert into t (id, d) values (2, 6); update t set d = 7 where id = 1");
  CHECK(client.run("select id, d from t order by id").text() == "1|7\n2|6\n");
}

TEST_CASE_FIXTURE(sql_fixture, "values of defined types survive damage in text and binary form") {
  define(client);
  must("select 1");
  must("begin; select 1");
  sql::type_scope in_force(client.session().types());
  std::mt19937 random(11);
  constexpr std::string_view alphabet = "(),{}\"\\ \0sadok1-NUL";
  for (auto* name : {"mood", "_mood", "posint", "_posint", "pair", "_pair", "t", "_t"}) {
    INFO(std::string(name));
    auto* type = client.session().types().find_defined({}, name);
    REQUIRE(type != nullptr);
    sql::arena memory;
    std::string good;
    std::string_view text = type->kind == 'e' ? "ok" : type->kind == 'd' ? "7" : std::string_view(name) == "pair" ? "(5,sad)"
                            : std::string_view(name) == "t" ? "(1,ok,5,\"(2,sad)\",\"{ok,sad}\",)" : "{}";
    if (std::string_view(name) == "_pair") text = "{\"(1,ok)\",NULL,\"(2,)\"}";
    type->write_binary(type->parse_text(text, -1, {}, memory), good);
    for (int n = 0; n < 1500; ++n) {
      auto bytes = good;
      for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes) bytes[random() % bytes.size()] = static_cast<char>(random());
      if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
      read_anything(*type, bytes, true);
      std::string words(text);
      for (auto changes = random() % 5; changes > 0; --changes) {
        words.insert(random() % (words.size() + 1), 1, alphabet[random() % alphabet.size()]);
      }
      read_anything(*type, words, false);
    }
  }
}

TEST_CASE_FIXTURE(sql_fixture, "a domain whose condition casts to the domain itself ends with an error") {
  must("create domain d as int");
  must("alter domain d add check (value::d > 0)");
  CHECK(client.run("select 1::d").state() == "54001");
}

TEST_CASE_FIXTURE(sql_fixture, "composite types that nest too deeply are refused") {
  must("create type n0 as (a int)");
  std::string state;
  for (int i = 1; i < 100 && state.empty(); ++i) {
    state = client.run("create type n" + std::to_string(i) + " as (a n" + std::to_string(i - 1) + ")").state();
  }
  CHECK(state == "54001");
}
