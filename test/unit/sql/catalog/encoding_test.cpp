// Catalog entries as bytes (sql/catalog/FORMAT.md).
#include <doctest/doctest.h>

#include "base/sql_error.hpp"
#include "sql/catalog/encoding.hpp"

using namespace helios;
using namespace helios::sql;

namespace {

table_def sample_table() {
  table_def t;
  t.id = 16400;
  t.name = "orders";
  t.schema = public_schema;
  t.owner = bootstrap_role;
  t.space = storage::space_id{77};
  t.columns.push_back({1, "id", {type_oid::int8, -1}, true, false, "nextval('orders_id_seq'::regclass)", 16401});
  t.columns.push_back({2, "name", {type_oid::varchar, 24}, false, true, "", 0});
  constraint_def key;
  key.id = 16402;
  key.name = "orders_fkey";
  key.kind = constraint_kind::foreign_key;
  key.columns = {1};
  key.referenced_table = 16390;
  key.referenced_columns = {2};
  key.on_delete = fk_action::cascade;
  t.constraints.push_back(key);
  t.indexes = {16403, 16404};
  return t;
}

type_def sample_domain() {
  type_def d;
  d.id = 16500;
  d.kind = 'd';
  d.name = "posint";
  d.base = {type_oid::int4, -1};
  d.not_null = true;
  d.default_text = "7";
  d.constraints.push_back({16504, "posint_check", "(value > 0)", false});
  return d;
}

/// Every proper beginning of an entry, and the entry with something behind it, must be refused as damaged.
template <class Decode>
void check_refuses_damage(const std::string& bytes, Decode decode) {
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string cut = bytes.substr(0, n);
    try {
      decode(cut);
      FAIL("an entry cut to " << n << " bytes was accepted");
    } catch (const sql_error& e) {
      CHECK(e.report().sqlstate == sqlstate::data_corrupted);
    }
  }
  CHECK_THROWS_AS(decode(bytes + "x"), sql_error);
  CHECK_THROWS_AS(decode("\x7f" + bytes.substr(1)), sql_error);
}

}  // namespace

TEST_CASE("the example of FORMAT.md decodes to what it says") {
  const std::string key("\x02\x00\x00\x40\x00", 5);
  const std::string value("\x03\x03\x00\x00\x00" "app" "\x0a\x00\x00\x00", 12);
  const auto parsed = parse_definition_key(key);
  CHECK(parsed.kind == definition_kind::schema);
  CHECK(parsed.id == 16384);
  const schema_def s = decode_schema(parsed.id, value);
  CHECK(s.name == "app");
  CHECK(s.owner == 10);
  CHECK(encode(s) == value);
  CHECK(definition_key(definition_kind::schema, 16384) == key);
}

TEST_CASE("a table survives its encoding whole") {
  const table_def t = sample_table();
  const table_def back = decode_table(t.id, encode(t));
  CHECK(back.name == t.name);
  CHECK(back.space == t.space);
  REQUIRE(back.columns.size() == 2);
  CHECK(back.columns[0].default_text == t.columns[0].default_text);
  CHECK(back.columns[1].dropped);
  CHECK(back.columns[1].type == t.columns[1].type);
  REQUIRE(back.constraints.size() == 1);
  CHECK(back.constraints[0].on_delete == fk_action::cascade);
  CHECK(back.constraints[0].referenced_columns == std::vector<std::int16_t>{2});
  CHECK(back.indexes == t.indexes);
  CHECK(encode(back) == encode(t));
}

namespace {
/// To sample_table(): the two flags of a view, a count, four flags and a list of no columns for its constraint, what becomes of it at commit.
constexpr std::size_t added_by_version_3 = 1 + 1 + 4 + 4 + 4 + 1;
}  // namespace

TEST_CASE("what version 3 added survives, and an entry of version 2 is read without it") {
  table_def t = sample_table();
  t.constraints[0].deferrable = t.constraints[0].initially_deferred = t.constraints[0].match_full = true;
  t.constraints[0].validated = false;
  t.constraints[0].delete_columns = {1};
  t.on_commit = 'd';
  const table_def back = decode_table(t.id, encode(t));
  const auto& rule = back.constraints[0];
  CHECK((rule.deferrable && rule.initially_deferred && rule.match_full && !rule.validated));
  CHECK(rule.delete_columns == std::vector<std::int16_t>{1});
  CHECK(back.on_commit == 'd');

  std::string old = encode(sample_table());
  old.resize(old.size() - added_by_version_3);
  old[0] = 2;
  CHECK(encode(decode_table(16400, old)) == encode(sample_table()));

  index_def i;
  i.name = "i";
  i.keys.resize(2);
  i.keys[0].column = 1;
  i.keys[1].expression = "lower(name)";
  i.keys[1].type = {type_oid::text, -1};
  i.keys[1].operator_class = "text_pattern_ops";
  i.included = {2};
  i.predicate = "(id > 5)";
  i.unique = i.nulls_not_distinct = i.deferrable = true;
  const index_def same = decode_index(1, encode(i));
  CHECK(same.keys[1].expression == "lower(name)");
  CHECK(same.keys[1].type.id == type_oid::text);
  CHECK(same.keys[1].operator_class == "text_pattern_ops");
  CHECK(same.included == i.included);
  CHECK(same.predicate == i.predicate);
  CHECK((same.nulls_not_distinct && same.deferrable));
  CHECK(encode(same) == encode(i));
  check_refuses_damage(encode(i), [](std::string_view b) { decode_index(1, b); });
}

TEST_CASE("what version 2 added to tables survives, and an entry of version 1 is read without it") {
  table_def v = sample_table();
  v.kind = 'v';
  v.check_option = 'c';
  v.definition = " SELECT 1 AS id";
  v.uses = {{16390, 0}, {16390, 2}};
  v.columns[0].identity = 'a';
  v.columns[1].generated = true;
  const table_def back = decode_table(v.id, encode(v));
  CHECK(back.kind == 'v');
  CHECK(back.check_option == 'c');
  CHECK(back.definition == v.definition);
  CHECK(back.uses == v.uses);
  CHECK(back.columns[0].identity == 'a');
  CHECK(back.columns[1].generated);

  // kind, populated, check option, empty definition, no uses, two columns of two bytes
  const std::size_t added = 1 + 1 + 1 + 4 + 4 + 4 + 2 * 2 + added_by_version_3;
  std::string old = encode(sample_table());
  old.resize(old.size() - added);
  old[0] = 1;
  const table_def plain = decode_table(16400, old);
  CHECK(plain.kind == 'r');
  CHECK(plain.populated);
  CHECK(encode(plain) == encode(sample_table()));

  const comment_def c{7, 1259, 16400, 2, "of a column"};
  const comment_def same = decode_comment(7, encode(c));
  CHECK(same.text == c.text);
  CHECK(same.column == 2);
}

TEST_CASE("enums and domains survive their encoding") {
  type_def e;
  e.name = "mood";
  e.array = 16501;
  e.array_name = "_mood";
  e.labels = {{16502, "sad", std::string("\0\0\x18", 3), 1}, {16503, "ok", std::string("\0\0\x28", 3), 2.5f}};
  const type_def back = decode_type(16500, encode(e));
  REQUIRE(back.labels.size() == 2);
  CHECK(back.labels[1].key == e.labels[1].key);
  CHECK(back.labels[1].sort_order == 2.5f);
  CHECK(back.array_name == "_mood");
  const type_def domain = decode_type(16500, encode(sample_domain()));
  CHECK(encode(domain) == encode(sample_domain()));
  CHECK(domain.not_null);
  REQUIRE(domain.constraints.size() == 1);
  CHECK(domain.constraints[0].check_text == "(value > 0)");
  CHECK(definition_key(definition_kind::type, 16500) == std::string("\x14\x00\x00\x40\x74", 5));
}

TEST_CASE("what version 3 added to roles survives, and an entry of version 2 is read without it") {
  role_def r{10, "app", false, true, "SCRAM-SHA-256$x"};
  r.inherit = false;
  r.create_role = true;
  r.connection_limit = 7;
  r.valid_until = 123456789;
  const role_def back = decode_role(10, encode(r));
  CHECK_FALSE(back.inherit);
  CHECK(back.create_role);
  CHECK_FALSE(back.create_database);
  CHECK(back.connection_limit == 7);
  CHECK(back.valid_until == r.valid_until);

  std::string old = encode(role_def{10, "admin", true, true, ""});
  old.resize(old.size() - (5 + 4 + 1 + 8));
  old[0] = 2;
  const role_def superuser = decode_role(10, old);
  CHECK(superuser.inherit);
  CHECK(superuser.create_role);
  CHECK(superuser.bypass_row_security);
  CHECK(superuser.connection_limit == -1);
  CHECK_FALSE(superuser.valid_until.has_value());
}

TEST_CASE("memberships and access lists survive, and an impossible right is refused") {
  const membership_def m = decode_membership(7, encode(membership_def{7, 20, 21, 10, true}));
  CHECK(m.role == 20);
  CHECK(m.member == 21);
  CHECK(m.admin);
  const access_def a{8, 1259, 16400, 2, {{0, 10, right::select, 0}, {20, 10, right::select | right::update, right::update}}};
  const access_def same = decode_access(8, encode(a));
  CHECK(same.items == a.items);
  CHECK(same.column == 2);
  check_refuses_damage(encode(a), [](std::string_view b) { decode_access(8, b); });
  CHECK_THROWS_AS(decode_access(8, encode(access_def{8, 1259, 16400, 0, {{20, 10, right::select, right::update}}})), sql_error);
  const default_access_def d{9, 10, 2200, 'S', {{20, 10, right::usage, 0}}};
  const default_access_def kept = decode_default_access(9, encode(d));
  CHECK(kept.items == d.items);
  CHECK(kept.kind == 'S');
  check_refuses_damage(encode(d), [](std::string_view b) { decode_default_access(9, b); });
}

TEST_CASE("damaged entries are refused, never half read") {
  check_refuses_damage(encode(sample_table()), [](std::string_view b) { decode_table(16400, b); });
  index_def i;
  i.name = "i";
  i.keys.resize(2);
  i.keys[0].column = 1;
  i.keys[0].descending = i.keys[0].nulls_first = true;
  i.keys[1].column = 2;
  check_refuses_damage(encode(i), [](std::string_view b) { decode_index(1, b); });
  sequence_def s;
  s.name = "s";
  check_refuses_damage(encode(s), [](std::string_view b) { decode_sequence(1, b); });
  check_refuses_damage(encode(role_def{10, "helios", true, true, "SCRAM-SHA-256$x"}), [](std::string_view b) { decode_role(10, b); });
  check_refuses_damage(encode(comment_def{7, 1259, 16400, 2, "text"}), [](std::string_view b) { decode_comment(7, b); });
  check_refuses_damage(encode(sample_domain()), [](std::string_view b) { decode_type(16500, b); });
  check_refuses_damage(encode(database_def{5, "heliosdb"}), [](std::string_view b) { decode_database(5, b); });
}

TEST_CASE("a false count does not allocate memory") {
  std::string bytes = encode(sample_table());
  const auto at = bytes.find("orders") + 6 + 12;  // behind name, schema, owner and space: the number of columns
  bytes.replace(at, 4, "\xff\xff\xff\x7f");
  CHECK_THROWS_AS(decode_table(16400, bytes), sql_error);
}

TEST_CASE("keys that are none of the catalog's are refused") {
  CHECK_THROWS_AS(parse_definition_key(""), sql_error);
  CHECK_THROWS_AS(parse_definition_key(std::string("\x00\x00\x00\x00\x01", 5)), sql_error);
  CHECK_THROWS_AS(parse_definition_key(std::string("\x63\x00\x00\x00\x01", 5)), sql_error);
  CHECK_THROWS_AS(parse_definition_key(std::string("\x02\x00\x00\x00\x01\x01", 6)), sql_error);
}
