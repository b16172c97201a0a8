// Queries that clients send by themselves: psql's backslash commands and drivers' look-ups, in the shapes that need most
// of the views. Each must run, and find what it looks for.
#include <doctest/doctest.h>

#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {
struct client_fixture : sql_fixture {
  client_fixture() {
    must("create table parent (id int primary key)");
    must("create table child (id serial primary key, parent_id int references parent, v text)");
  }
  std::string text(std::string_view query) {
    auto out = client.run(query);
    INFO(std::string(query));
    if (out.error) FAIL(out.error->message);
    return out.text();
  }
};
}  // namespace

TEST_CASE_FIXTURE(client_fixture, "psql finds relations by pattern") {
  CHECK(text("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
             "WHERE c.relname OPERATOR(pg_catalog.~) '^(child)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) "
             "ORDER BY 1, 2") == "public|child\n");
}

TEST_CASE_FIXTURE(client_fixture, "psql lists keys of both directions") {
  CHECK(text("SELECT conname, conrelid::pg_catalog.regclass, pg_catalog.pg_get_constraintdef(oid, true) FROM pg_catalog.pg_constraint c "
             "WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('parent'::regclass) UNION ALL VALUES ('parent'::regclass)) "
             "AND contype = 'f' AND conparentid = 0") ==
        "child_parent_id_fkey|child|FOREIGN KEY (parent_id) REFERENCES parent(id)\n");
  CHECK(text("SELECT relname, relhastriggers FROM pg_class WHERE relname IN ('parent', 'child') ORDER BY 1") == "child|t\nparent|t\n");
}

TEST_CASE_FIXTURE(client_fixture, "drivers look up types by name and by oid") {
  CHECK(text("SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'") == "");
  CHECK(text("SELECT t.typname AS name, t.oid, t.typarray, t.oid::regtype::text, t.typdelim FROM pg_type t WHERE t.oid = to_regtype('int4') "
             "ORDER BY t.oid") == "int4|23|1007|integer|,\n");
}

TEST_CASE_FIXTURE(client_fixture, "columns of system views may be named with their schema") {
  CHECK(text("SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON "
             "pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p']) "
             "AND pg_catalog.pg_namespace.nspname != 'pg_catalog' ORDER BY 1") == "child\nparent\n");
}

TEST_CASE_FIXTURE(client_fixture, "a serial column's sequence is found by its dependency") {
  CHECK(text("SELECT d.refobjid::regclass, d.refobjsubid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND "
             "d.objid = 'child_id_seq'::regclass AND d.deptype = 'a'") == "child|1\n");
}
