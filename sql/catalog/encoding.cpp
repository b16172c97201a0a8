#include "sql/catalog/encoding.hpp"

#include "base/bytes.hpp"
#include "base/sql_error.hpp"

namespace helios::sql {
namespace {

class writer {
 public:
  writer() { put_le<std::uint8_t>(bytes_, catalog_format_version); }
  template <std::integral T>
  writer& number(T v) {
    put_le(bytes_, v);
    return *this;
  }
  writer& flag(bool v) { return number<std::uint8_t>(v ? 1 : 0); }
  writer& text(std::string_view v) {
    number(static_cast<std::uint32_t>(v.size()));
    bytes_.append(v);
    return *this;
  }
  writer& count(std::size_t n) { return number(static_cast<std::uint32_t>(n)); }
  writer& columns(const std::vector<std::int16_t>& list) {
    count(list.size());
    for (auto c : list) number(c);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class reader {
 public:
  reader(const char* what, oid id, std::string_view bytes) : what_(what), id_(id), bytes_(bytes) {
    version_ = bytes_.le<std::uint8_t>();
    if (!bytes_.ok() || version_ == 0) fail("it is empty or has no version");
    if (version_ > catalog_format_version) fail("its version " + std::to_string(version_) + " is newer than this program");
  }
  std::uint8_t version() const { return version_; }
  template <std::integral T>
  T number() {
    T v = bytes_.le<T>();
    if (!bytes_.ok()) fail("it ends early");
    return v;
  }
  bool flag() {
    auto v = number<std::uint8_t>();
    if (v > 1) fail("a flag is neither 0 nor 1");
    return v == 1;
  }
  std::string text() {
    auto size = number<std::uint32_t>();
    auto v = bytes_.bytes(size);
    if (!bytes_.ok()) fail("a text runs past the end");
    return std::string(v);
  }
  /// `least` is the fewest bytes that one element takes: a false count must not allocate memory.
  std::size_t count(std::size_t least) {
    auto n = number<std::uint32_t>();
    if (n > bytes_.remaining() / least) fail("a count is larger than the entry");
    return n;
  }
  std::vector<std::int16_t> columns() {
    std::vector<std::int16_t> list(count(sizeof(std::int16_t)));
    for (auto& c : list) c = number<std::int16_t>();
    return list;
  }
  template <class Enum>
  Enum choice(Enum last) {
    auto v = number<std::uint8_t>();
    if (v > static_cast<std::uint8_t>(last)) fail("a choice is out of range");
    return static_cast<Enum>(v);
  }
  void finish() {
    if (!bytes_.finished()) fail("it has bytes after its end");
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw sql_error(sqlstate::data_corrupted,
                    "catalog entry of " + std::string(what_) + " " + std::to_string(id_) + " is damaged: " + why);
  }

 private:
  const char* what_;
  oid id_;
  byte_reader bytes_;
  std::uint8_t version_ = 0;
};

void put_column(writer& w, const column_def& c) {
  w.number(c.number).text(c.name).number(c.type.id).number(c.type.modifier);
  w.flag(c.not_null).flag(c.dropped).text(c.default_text).number(c.owned_sequence);
}

column_def get_column(reader& r) {
  column_def c;
  c.number = r.number<std::int16_t>();
  c.name = r.text();
  c.type.id = r.number<oid>();
  c.type.modifier = r.number<std::int32_t>();
  c.not_null = r.flag();
  c.dropped = r.flag();
  c.default_text = r.text();
  c.owned_sequence = r.number<oid>();
  return c;
}

void put_constraint(writer& w, const constraint_def& c) {
  w.number(c.id).text(c.name).number(static_cast<std::uint8_t>(c.kind)).columns(c.columns).number(c.index);
  w.number(c.referenced_table).columns(c.referenced_columns);
  w.number(static_cast<std::uint8_t>(c.on_delete)).number(static_cast<std::uint8_t>(c.on_update)).text(c.check_text);
}

constraint_def get_constraint(reader& r) {
  constraint_def c;
  c.id = r.number<oid>();
  c.name = r.text();
  c.kind = r.choice(constraint_kind::check);
  c.columns = r.columns();
  c.index = r.number<oid>();
  c.referenced_table = r.number<oid>();
  c.referenced_columns = r.columns();
  c.on_delete = r.choice(fk_action::set_default);
  c.on_update = r.choice(fk_action::set_default);
  c.check_text = r.text();
  return c;
}

/// What version 2 added to tables.
void put_view_fields(writer& w, const table_def& t) {
  w.number(static_cast<std::uint8_t>(t.kind)).flag(t.populated).number(static_cast<std::uint8_t>(t.check_option)).text(t.definition);
  w.count(t.uses.size());
  for (const auto& u : t.uses) w.number(u.relation).number(u.column);
  w.count(t.columns.size());
  for (const auto& c : t.columns) w.flag(c.generated).number(static_cast<std::uint8_t>(c.identity));
}

void get_view_fields(reader& r, table_def& t) {
  t.kind = static_cast<char>(r.number<std::uint8_t>());
  if (t.kind != 'r' && t.kind != 'v' && t.kind != 'm') r.fail("its kind is none");
  t.populated = r.flag();
  t.check_option = static_cast<char>(r.number<std::uint8_t>());
  t.definition = r.text();
  for (auto n = r.count(sizeof(oid) + sizeof(std::int16_t)); n > 0; --n) {
    relation_use u;
    u.relation = r.number<oid>();
    u.column = r.number<std::int16_t>();
    t.uses.push_back(u);
  }
  if (r.count(2) != t.columns.size()) r.fail("it has not as many kinds of columns as columns");
  for (auto& c : t.columns) {
    c.generated = r.flag();
    c.identity = static_cast<char>(r.number<std::uint8_t>());
  }
}

/// What version 3 added to tables.
void put_constraint_fields(writer& w, const table_def& t) {
  w.count(t.constraints.size());
  for (const auto& c : t.constraints) {
    w.flag(c.deferrable).flag(c.initially_deferred).flag(c.validated).flag(c.match_full).columns(c.delete_columns);
  }
  w.number(static_cast<std::uint8_t>(t.on_commit));
}

void get_constraint_fields(reader& r, table_def& t) {
  if (r.count(8) != t.constraints.size()) r.fail("it has not as many rules of constraints as constraints");
  for (auto& c : t.constraints) {
    c.deferrable = r.flag();
    c.initially_deferred = r.flag();
    c.validated = r.flag();
    c.match_full = r.flag();
    c.delete_columns = r.columns();
  }
  t.on_commit = static_cast<char>(r.number<std::uint8_t>());
  if (t.on_commit != 'p' && t.on_commit != 'd' && t.on_commit != 'D') r.fail("what becomes of it at commit is unknown");
}

/// What version 3 added to indexes.
void put_index_fields(writer& w, const index_def& i) {
  w.count(i.keys.size());
  for (const auto& k : i.keys) w.text(k.expression).number(k.type.id).number(k.type.modifier).text(k.operator_class);
  w.flag(i.nulls_not_distinct).flag(i.deferrable).columns(i.included).text(i.predicate);
}

void get_index_fields(reader& r, index_def& i) {
  if (r.count(16) != i.keys.size()) r.fail("it has not as many expressions as keys");
  for (auto& k : i.keys) {
    k.expression = r.text();
    k.type.id = r.number<oid>();
    k.type.modifier = r.number<std::int32_t>();
    k.operator_class = r.text();
    if (k.column == 0 && k.expression.empty()) r.fail("a key is neither a column nor an expression");
  }
  i.nulls_not_distinct = r.flag();
  i.deferrable = r.flag();
  i.included = r.columns();
  i.predicate = r.text();
}

constexpr std::size_t column_bytes_min = 2 + 4 + 4 + 4 + 1 + 1 + 4 + 4;
constexpr std::size_t constraint_bytes_min = 4 + 4 + 1 + 4 + 4 + 4 + 4 + 1 + 1 + 4;

}  // namespace

std::string definition_key(definition_kind kind, oid id) {
  std::string key(1, static_cast<char>(kind));
  put_be(key, id);
  return key;
}

parsed_key parse_definition_key(std::string_view key) {
  const auto kind = key.empty() ? 0u : static_cast<std::uint8_t>(key[0]);
  if (key.size() != 5 || kind < static_cast<unsigned>(definition_kind::database) ||
      kind > static_cast<unsigned>(definition_kind::comment))
    throw sql_error(sqlstate::data_corrupted, "the catalog holds a key that is none of its own");
  return {static_cast<definition_kind>(kind), load_be<oid>(key.data() + 1)};
}

std::string encode(const database_def& d) { return writer().text(d.name).take(); }
std::string encode(const schema_def& s) { return writer().text(s.name).number(s.owner).take(); }

std::string encode(const table_def& t) {
  writer w;
  w.text(t.name).number(t.schema).number(t.owner).number(t.space.value);
  w.count(t.columns.size());
  for (const auto& c : t.columns) put_column(w, c);
  w.count(t.constraints.size());
  for (const auto& c : t.constraints) put_constraint(w, c);
  w.count(t.indexes.size());
  for (oid i : t.indexes) w.number(i);
  put_view_fields(w, t);
  put_constraint_fields(w, t);
  return w.take();
}

std::string encode(const index_def& i) {
  writer w;
  w.text(i.name).number(i.table).number(i.schema).number(i.space.value);
  w.count(i.keys.size());
  for (const auto& k : i.keys) w.number(k.column).flag(k.descending).flag(k.nulls_first);
  w.flag(i.unique).flag(i.primary);
  put_index_fields(w, i);
  return w.take();
}

std::string encode(const sequence_def& s) {
  writer w;
  w.text(s.name).number(s.schema).number(s.owner).number(s.type.id).number(s.type.modifier);
  w.number(s.rule.start).number(s.rule.increment).number(s.rule.minimum).number(s.rule.maximum).flag(s.rule.cycle);
  return w.number(s.owned_by_table).number(s.owned_by_column).take();
}

std::string encode(const comment_def& c) {
  return writer().number(c.class_id).number(c.object).number(c.column).text(c.text).take();
}

std::string encode(const role_def& r) {
  return writer().text(r.name).flag(r.superuser).flag(r.can_login).text(r.scram_verifier).take();
}

database_def decode_database(oid id, std::string_view bytes) {
  reader r("database", id, bytes);
  database_def d{id, r.text()};
  r.finish();
  return d;
}

schema_def decode_schema(oid id, std::string_view bytes) {
  reader r("schema", id, bytes);
  schema_def s;
  s.id = id;
  s.name = r.text();
  s.owner = r.number<oid>();
  r.finish();
  return s;
}

table_def decode_table(oid id, std::string_view bytes) {
  reader r("table", id, bytes);
  table_def t;
  t.id = id;
  t.name = r.text();
  t.schema = r.number<oid>();
  t.owner = r.number<oid>();
  t.space = storage::space_id{r.number<std::uint32_t>()};
  for (auto n = r.count(column_bytes_min); n > 0; --n) t.columns.push_back(get_column(r));
  for (auto n = r.count(constraint_bytes_min); n > 0; --n) t.constraints.push_back(get_constraint(r));
  for (auto n = r.count(sizeof(oid)); n > 0; --n) t.indexes.push_back(r.number<oid>());
  if (r.version() >= 2) get_view_fields(r, t);
  if (r.version() >= 3) get_constraint_fields(r, t);
  r.finish();
  return t;
}

index_def decode_index(oid id, std::string_view bytes) {
  reader r("index", id, bytes);
  index_def i;
  i.id = id;
  i.name = r.text();
  i.table = r.number<oid>();
  i.schema = r.number<oid>();
  i.space = storage::space_id{r.number<std::uint32_t>()};
  for (auto n = r.count(4); n > 0; --n) {
    index_key k;
    k.column = r.number<std::int16_t>();
    k.descending = r.flag();
    k.nulls_first = r.flag();
    i.keys.push_back(k);
  }
  i.unique = r.flag();
  i.primary = r.flag();
  if (r.version() >= 3) get_index_fields(r, i);
  r.finish();
  return i;
}

sequence_def decode_sequence(oid id, std::string_view bytes) {
  reader r("sequence", id, bytes);
  sequence_def s;
  s.id = id;
  s.name = r.text();
  s.schema = r.number<oid>();
  s.owner = r.number<oid>();
  s.type.id = r.number<oid>();
  s.type.modifier = r.number<std::int32_t>();
  s.rule.start = r.number<std::int64_t>();
  s.rule.increment = r.number<std::int64_t>();
  s.rule.minimum = r.number<std::int64_t>();
  s.rule.maximum = r.number<std::int64_t>();
  s.rule.cycle = r.flag();
  if (s.rule.increment == 0) r.fail("its increment is 0");
  s.owned_by_table = r.number<oid>();
  s.owned_by_column = r.number<std::int16_t>();
  r.finish();
  return s;
}

comment_def decode_comment(oid id, std::string_view bytes) {
  reader r("comment", id, bytes);
  comment_def c;
  c.id = id;
  c.class_id = r.number<oid>();
  c.object = r.number<oid>();
  c.column = r.number<std::int16_t>();
  c.text = r.text();
  r.finish();
  return c;
}

role_def decode_role(oid id, std::string_view bytes) {
  reader r("role", id, bytes);
  role_def d;
  d.id = id;
  d.name = r.text();
  d.superuser = r.flag();
  d.can_login = r.flag();
  d.scram_verifier = r.text();
  r.finish();
  return d;
}

}  // namespace helios::sql
