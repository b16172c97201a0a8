#include "sql/catalog/encoding.hpp"

#include <bit>

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
  if (t.kind != 'r' && t.kind != 'v' && t.kind != 'm' && t.kind != 'c') r.fail("its kind is none");
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

void put_access(writer& w, const access_list& list) {
  w.count(list.size());
  for (const auto& i : list) w.number(i.grantee).number(i.grantor).number(i.rights).number(i.grantable);
}

access_list get_access(reader& r) {
  access_list out(r.count(4 * sizeof(oid)));
  for (auto& i : out) {
    i.grantee = r.number<oid>();
    i.grantor = r.number<oid>();
    i.rights = r.number<rights_mask>();
    i.grantable = r.number<rights_mask>();
    if ((i.grantable & ~i.rights) != 0) r.fail("a right may be granted that nobody has");
  }
  return out;
}

/// What version 3 added to roles.
void put_attributes(writer& w, const role_def& d) {
  w.flag(d.inherit).flag(d.create_role).flag(d.create_database).flag(d.replication).flag(d.bypass_row_security);
  w.number(d.connection_limit).flag(d.valid_until.has_value()).number(d.valid_until.value_or(0));
}

void get_attributes(reader& r, role_def& d) {
  d.inherit = r.flag();
  d.create_role = r.flag();
  d.create_database = r.flag();
  d.replication = r.flag();
  d.bypass_row_security = r.flag();
  d.connection_limit = r.number<std::int32_t>();
  const bool limited = r.flag();
  const auto until = r.number<std::int64_t>();
  if (limited) d.valid_until = until;
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
  const auto within = [kind](definition_kind first, definition_kind last) {
    return kind >= static_cast<unsigned>(first) && kind <= static_cast<unsigned>(last);
  };
  if (key.size() != 5 || (!within(definition_kind::database, definition_kind::comment) &&
                          !within(definition_kind::type, definition_kind::type) &&
                          !within(definition_kind::membership, definition_kind::default_access)))
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
  w.flag(t.security_barrier).flag(t.security_invoker);
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
  writer w;
  w.text(r.name).flag(r.superuser).flag(r.can_login).text(r.scram_verifier);
  put_attributes(w, r);
  return w.take();
}

std::string encode(const membership_def& m) { return writer().number(m.role).number(m.member).number(m.grantor).flag(m.admin).take(); }

std::string encode(const access_def& a) {
  writer w;
  w.number(a.class_id).number(a.object).number(a.column);
  put_access(w, a.items);
  return w.take();
}

std::string encode(const default_access_def& d) {
  writer w;
  w.number(d.role).number(d.schema).number(static_cast<std::uint8_t>(d.kind));
  put_access(w, d.items);
  return w.take();
}

std::string encode(const type_def& t) {
  writer w;
  w.text(t.name).number(t.schema).number(t.owner).number(static_cast<std::uint8_t>(t.kind)).number(t.array).text(t.array_name);
  w.count(t.labels.size());
  for (const auto& l : t.labels) w.number(l.id).text(l.name).text(l.key).number(std::bit_cast<std::uint32_t>(l.sort_order));
  w.number(t.base.id).number(t.base.modifier).flag(t.not_null).text(t.default_text);
  w.count(t.constraints.size());
  for (const auto& c : t.constraints) w.number(c.id).text(c.name).text(c.check_text).flag(c.validated);
  return w.take();
}

type_def decode_type(oid id, std::string_view bytes) {
  reader r("type", id, bytes);
  type_def t;
  t.id = id;
  t.name = r.text();
  t.schema = r.number<oid>();
  t.owner = r.number<oid>();
  t.kind = static_cast<char>(r.number<std::uint8_t>());
  if (t.kind != 'e' && t.kind != 'd') r.fail("its kind is none");
  t.array = r.number<oid>();
  t.array_name = r.text();
  for (auto n = r.count(4 + 4 + 4 + 4); n > 0; --n) {
    enum_label l;
    l.id = r.number<oid>();
    l.name = r.text();
    l.key = r.text();
    l.sort_order = std::bit_cast<float>(r.number<std::uint32_t>());
    t.labels.push_back(std::move(l));
  }
  t.base.id = r.number<oid>();
  t.base.modifier = r.number<std::int32_t>();
  t.not_null = r.flag();
  t.default_text = r.text();
  for (auto n = r.count(4 + 4 + 4 + 1); n > 0; --n) {
    domain_constraint c;
    c.id = r.number<oid>();
    c.name = r.text();
    c.check_text = r.text();
    c.validated = r.flag();
    t.constraints.push_back(std::move(c));
  }
  r.finish();
  return t;
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
  if (r.version() >= 3) {
    t.security_barrier = r.flag();
    t.security_invoker = r.flag();
    get_constraint_fields(r, t);
  }
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
  // Before, a superuser could do all of it and others nothing.
  d.create_role = d.create_database = d.replication = d.bypass_row_security = d.superuser;
  if (r.version() >= 3) get_attributes(r, d);
  r.finish();
  return d;
}

membership_def decode_membership(oid id, std::string_view bytes) {
  reader r("membership", id, bytes);
  membership_def m;
  m.id = id;
  m.role = r.number<oid>();
  m.member = r.number<oid>();
  m.grantor = r.number<oid>();
  m.admin = r.flag();
  r.finish();
  return m;
}

access_def decode_access(oid id, std::string_view bytes) {
  reader r("access list", id, bytes);
  access_def a;
  a.id = id;
  a.class_id = r.number<oid>();
  a.object = r.number<oid>();
  a.column = r.number<std::int16_t>();
  a.items = get_access(r);
  r.finish();
  return a;
}

default_access_def decode_default_access(oid id, std::string_view bytes) {
  reader r("default access list", id, bytes);
  default_access_def d;
  d.id = id;
  d.role = r.number<oid>();
  d.schema = r.number<oid>();
  d.kind = static_cast<char>(r.number<std::uint8_t>());
  if (d.kind != 'r' && d.kind != 'S' && d.kind != 'n') r.fail("its kind is none");
  d.items = get_access(r);
  r.finish();
  return d;
}

}  // namespace helios::sql
