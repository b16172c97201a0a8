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
/// To sample_table(): a count, four flags and a list of no columns for its constraint, what becomes of it at commit.
constexpr std::size_t added_by_version_3 = 4 + 4 + 4 + 1;
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
