// pg_catalog and information_schema as a whole, and what they say of a few tables.
#include <doctest/doctest.h>

#include "sql/views/system_views.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

struct views_fixture : sql_fixture {
  views_fixture() {
    must("create table accounts (id serial primary key, name varchar(20) not null unique, balance numeric(12,2) default 0, "
         "note text check (length(note) < 100))");
    must("create table orders (id bigserial primary key, account_id int references accounts(id) on delete cascade, total float8, tags text[])");
    must("create index orders_acc on orders(account_id, total desc)");
    must("create schema s2");
    must("create table s2.hidden (a int)");
  }
  std::string text(std::string_view query) {
    auto out = client.run(query);
    INFO(std::string(query));
    if (out.error) FAIL(out.error->message);
    return out.text();
  }
};

}  // namespace

TEST_CASE_FIXTURE(views_fixture, "every system view can be read whole") {
  for (const auto& view : sql::all_system_views()) {
    const std::string name = view.relation.schema + "." + view.relation.name;
    auto out = client.run("select * from " + name);
    INFO(name);
    if (out.error) FAIL(out.error->message);
    CHECK(out.columns.size() == view.relation.columns.size());
    for (const auto& row : out.rows)
      for (std::size_t i = 0; i < row.size(); ++i) {
        INFO(view.relation.columns[i].name);
        CHECK((row[i].has_value() || !view.not_null[i]));
      }
  }
}

TEST_CASE_FIXTURE(views_fixture, "pg_class and pg_attribute list tables, indexes, sequences and the views themselves") {
  CHECK(text("select relname, relkind, relhasindex, relchecks from pg_class where relnamespace = 2200 order by 1") ==
        "accounts|r|t|1\naccounts_id_seq|S|f|0\naccounts_name_key|i|f|0\naccounts_pkey|i|f|0\norders|r|t|0\norders_acc|i|f|0\n"
        "orders_id_seq|S|f|0\norders_pkey|i|f|0\n");
  CHECK(text("select attname, format_type(atttypid, atttypmod), attnotnull, atthasdef from pg_attribute "
             "where attrelid = 'accounts'::regclass and attnum > 0 order by attnum") ==
        "id|integer|t|t\nname|character varying(20)|t|f\nbalance|numeric(12,2)|f|t\nnote|text|f|f\n");
  CHECK(text("select relkind from pg_class where oid = 'pg_class'::regclass") == "r\n");
  CHECK(text("select count(*) from pg_attribute where attrelid = 'pg_class'::regclass") == "33\n");
}

TEST_CASE_FIXTURE(views_fixture, "dropped columns keep their number and lose their name") {
  must("alter table orders drop column total");
  CHECK(text("select attname, attisdropped from pg_attribute where attrelid = 'orders'::regclass and attnum = 3") ==
        "........pg.dropped.3........|t\n");
  CHECK(text("select count(*) from information_schema.columns where table_name = 'orders'") == "3\n");
}

TEST_CASE_FIXTURE(views_fixture, "definitions are shown as SQL") {
  CHECK(text("select pg_get_indexdef('orders_acc'::regclass)") ==
        "CREATE INDEX orders_acc ON public.orders USING btree (account_id, total DESC)\n");
  CHECK(text("select pg_get_indexdef('orders_acc'::regclass, 2, true)") == "total\n");
  CHECK(text("select conname, pg_get_constraintdef(oid, true) from pg_constraint order by 1") ==
        "accounts_name_key|UNIQUE (name)\naccounts_note_check|CHECK (length(note) < 100)\naccounts_pkey|PRIMARY KEY (id)\n"
        "orders_account_id_fkey|FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE\norders_pkey|PRIMARY KEY (id)\n");
  CHECK(text("select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'accounts'::regclass order by adnum") ==
        "nextval('accounts_id_seq'::regclass)\n0\n");
  CHECK(text("select pg_get_serial_sequence('accounts', 'id'), pg_get_serial_sequence('accounts', 'name')") == "public.accounts_id_seq|\n");
}

TEST_CASE_FIXTURE(views_fixture, "visibility follows search_path") {
  CHECK(text("select pg_table_is_visible('s2.hidden'::regclass), 's2.hidden'::regclass") == "f|s2.hidden\n");
  must("set search_path = s2, public");
  CHECK(text("select pg_table_is_visible('s2.hidden'::regclass), 's2.hidden'::regclass") == "t|hidden\n");
  CHECK(text("select current_schemas(true)") == "{pg_catalog,s2,public}\n");
  CHECK(text("select to_regclass('nosuch') is null, to_regtype('text[]')") == "t|text[]\n");
}

TEST_CASE_FIXTURE(views_fixture, "information_schema describes columns and keys") {
  CHECK(text("select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable "
             "from information_schema.columns where table_name = 'accounts' order by ordinal_position") ==
        "id|integer||32|0|NO\nname|character varying|20|||NO\nbalance|numeric||12|2|YES\nnote|text||||YES\n");
  CHECK(text("select data_type, udt_name from information_schema.columns where table_name = 'orders' and column_name = 'tags'") == "ARRAY|_text\n");
  CHECK(text("select constraint_name, column_name, position_in_unique_constraint from information_schema.key_column_usage "
             "where table_name = 'orders' order by 1") == "orders_account_id_fkey|account_id|1\norders_pkey|id|\n");
  CHECK(text("select unique_constraint_name, delete_rule from information_schema.referential_constraints") == "accounts_pkey|CASCADE\n");
  CHECK(text("select table_type from information_schema.tables where table_name in ('orders', 'tables') order by 1") == "BASE TABLE\nVIEW\n");
}

TEST_CASE_FIXTURE(views_fixture, "pg_type leads to elements, functions and arrays") {
  CHECK(text("select typname, typarray, typelem, typinput from pg_type where oid in (23, 1007) order by oid") ==
        "int4|1007|0|int4in\n_int4|0|23|array_in\n");
  CHECK(text("select count(*) from pg_type t where typarray <> 0 and not exists (select 1 from pg_type a where a.oid = t.typarray and a.typelem = t.oid)") == "0\n");
  CHECK(text("select proname, prorettype::regtype from pg_proc where oid = 1397") == "abs|integer\n");
}

TEST_CASE_FIXTURE(views_fixture, "sizes count what is stored") {
  CHECK(text("select pg_table_size('s2.hidden')") == "0\n");
  must("insert into s2.hidden select generate_series(1, 100)");
  const auto bytes = std::stoll(value("select pg_table_size('s2.hidden')"));
  CHECK(bytes >= 100 * 4);
  CHECK(bytes < 100 * 100);
  CHECK(text("select pg_total_relation_size('orders'), pg_indexes_size('orders')") == "0|0\n");
}

TEST_CASE_FIXTURE(views_fixture, "settings are shown and changed by functions") {
  CHECK(text("select set_config('work_mem', '8MB', false), current_setting('work_mem')") == "8MB|8MB\n");
  CHECK(text("select setting, source from pg_settings where name = 'work_mem'").ends_with("|session\n"));
  CHECK(client.run("select current_setting('no.such')").state() == "42704");
  CHECK(text("select current_setting('no.such', true) is null") == "t\n");
}

TEST_CASE_FIXTURE(views_fixture, "a view's name in the path hides no table before it") {
  must("create table s2.pg_tables (mine int)");
  CHECK(client.run("select mine from pg_tables").state() == "42703");
  must("set search_path = s2, pg_catalog");
  CHECK(client.run("select mine from pg_tables").state().empty());
}
