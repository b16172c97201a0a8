// has_table_privilege and its like, pg_has_role, aclexplode, acldefault, makeaclitem: what roles may do, told truthfully.
#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "sql/views/system_views.hpp"

namespace helios::sql {

void add_privilege_functions(registry&);

namespace {

using args_t = std::span<const datum>;

// --- whose right ---

/// A role by name or by oid; "public" is nobody in particular. Nothing for an oid of no role.
struct asker {
  oid id = 0;
  bool everyone = false;
};
enum class by : std::uint8_t { self, name, id };

template <by Who>
asker role_of(call_context& c, datum v) {
  const auto catalog = hooks_of(c).catalog();
  if constexpr (Who == by::name) {
    const auto name = v.as_bytes();
    if (name == "public") return {0, true};
    const auto* role = catalog->find_role(name);
    if (role == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + std::string(name) + "\" does not exist");
    return {role->id, false};
  } else {
    return {static_cast<oid>(v.as_int()), false};
  }
}

template <by Who>
asker asker_of(call_context& c, args_t a) {
  if constexpr (Who == by::self) {
    const auto* role = hooks_of(c).catalog()->find_role(hooks_of(c).current_user());
    return {role == nullptr ? bootstrap_role : role->id, false};
  } else {
    return role_of<Who>(c, a[0]);
  }
}

// --- which right ---

struct wish {
  rights_mask rights = 0;
  bool grantable = false;
};

/// "SELECT, INSERT WITH GRANT OPTION": any of them. `known`: those of this kind of object.
std::vector<wish> parse_wishes(std::string_view text, rights_mask known) {
  std::vector<wish> out;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    const auto word = trim(text.substr(at, end - at));
    at = end + 1;
    constexpr std::string_view option = " with grant option";
    auto lower = lower_ascii(word);
    wish w;
    if (lower.size() > option.size() && lower.ends_with(option)) {
      w.grantable = true;
      lower.resize(lower.size() - option.size());
    }
    if (lower == "temp") lower = "temporary";
    for (std::size_t i = 0; i < std::size(right_names); ++i) {
      if ((known & (1u << i)) != 0 && equal_ignoring_case(lower, right_names[i])) w.rights = 1u << i;
    }
    if (w.rights == 0) throw sql_error(sqlstate::invalid_parameter_value, "unrecognized privilege type: \"" + std::string(word) + "\"");
    out.push_back(w);
  }
  return out;
}

bool has(const catalog& c, const asker& who, const protected_object& object, const wish& w) {
  if (!who.everyone) {
    return w.grantable ? grantable_rights(c, who.id, object, w.rights) != 0 : rights_of(c, who.id, object, w.rights) != 0;
  }
  for (const auto& item : list_of(c, object)) {
    if (item.grantee == 0 && (item.rights & w.rights) != 0 && !w.grantable) return true;
  }
  return false;
}
datum has_any_of(const catalog& c, const asker& who, const protected_object& object, const std::vector<wish>& wishes) {
  return datum::of_bool(std::any_of(wishes.begin(), wishes.end(), [&](const wish& w) { return has(c, who, object, w); }));
}

// --- relations ---

constexpr rights_mask table_rights = right::insert | right::select | right::update | right::erase | right::truncate | right::references | right::trigger;
constexpr rights_mask sequence_rights = right::usage | right::select | right::update;
constexpr rights_mask column_rights = right::insert | right::select | right::update | right::references;

template <bool ById>
oid relation_oid(call_context& c, datum v) {
  if constexpr (ById) return static_cast<oid>(v.as_int());
  const auto& settings = formats_of(c);
  const oid id = settings.names ? settings.names->find_relation(v.as_bytes()) : 0;
  if (id == 0) throw sql_error(sqlstate::undefined_table, "relation \"" + std::string(v.as_bytes()) + "\" does not exist");
  return id;
}

/// System relations are readable by all, and nobody's to change but a superuser's.
datum of_system_relation(const catalog& c, const asker& who, const std::vector<wish>& wishes) {
  const bool super = !who.everyone && is_superuser(c, who.id);
  return datum::of_bool(std::any_of(wishes.begin(), wishes.end(), [&](const wish& w) { return super || (w.rights == right::select && !w.grantable); }));
}

std::optional<protected_object> relation_object(const catalog& c, oid id) {
  if (const auto* t = c.find_table(id)) return protect(*t);
  if (const auto* s = c.find_sequence(id)) return protect(*s);
  if (const auto* i = c.find_index(id)) {
    const auto* t = c.find_table(i->table);
    return protected_object{class_relation, id, 0, 'i', t == nullptr ? bootstrap_role : t->owner, i->name};
  }
  return std::nullopt;
}

template <by Who, bool ById>
datum table_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), table_rights);
  const oid id = relation_oid<ById>(c, a[a.size() - 2]);
  if (find_system_view(id) != nullptr) return of_system_relation(*catalog, who, wishes);
  const auto object = relation_object(*catalog, id);
  return object ? has_any_of(*catalog, who, *object, wishes) : datum::null();
}

template <by Who, bool ById>
datum sequence_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), sequence_rights);
  const oid id = relation_oid<ById>(c, a[a.size() - 2]);
  const auto* sequence = catalog->find_sequence(id);
  if (sequence != nullptr) return has_any_of(*catalog, who, protect(*sequence), wishes);
  if (ById && !relation_object(*catalog, id)) return datum::null();
  const auto object = relation_object(*catalog, id);
  throw sql_error("42809", "\"" + (object ? object->name : std::string(a[a.size() - 2].as_bytes())) + "\" is not a sequence");
}

bool has_on_column(const catalog& c, const asker& who, const table_def& table, std::int16_t column, const wish& w) {
  return has(c, who, protect(table), w) || has(c, who, protect(table, column), w);
}

template <by Who, bool ById>
datum any_column_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), column_rights);
  const oid id = relation_oid<ById>(c, a[a.size() - 2]);
  if (find_system_view(id) != nullptr) return of_system_relation(*catalog, who, wishes);
  const auto* table = catalog->find_table(id);
  if (table == nullptr) return relation_object(*catalog, id) ? has_any_of(*catalog, who, *relation_object(*catalog, id), wishes) : datum::null();
  return datum::of_bool(std::any_of(wishes.begin(), wishes.end(), [&](const wish& w) {
    return std::any_of(table->columns.begin(), table->columns.end(),
                       [&](const column_def& col) { return !col.dropped && has_on_column(*catalog, who, *table, col.number, w); });
  }));
}

template <by Who, bool TableById, bool ColumnById>
datum column_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const oid id = relation_oid<TableById>(c, a[a.size() - 3]);
  const auto* table = catalog->find_table(id);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), column_rights);
  if (find_system_view(id) != nullptr) return of_system_relation(*catalog, who, wishes);
  if (table == nullptr) return datum::null();
  std::int16_t number = 0;
  if constexpr (ColumnById) {
    number = static_cast<std::int16_t>(a[a.size() - 2].as_int());
    const bool known = number > 0 && static_cast<std::size_t>(number) <= table->columns.size() && !table->columns[static_cast<std::size_t>(number - 1)].dropped;
    if (!known) return datum::null();
  } else {
    const auto* column = table->column(a[a.size() - 2].as_bytes());
    if (column == nullptr) {
      throw sql_error(sqlstate::undefined_column, "column \"" + std::string(a[a.size() - 2].as_bytes()) + "\" of relation \"" + table->name + "\" does not exist");
    }
    number = column->number;
  }
  return datum::of_bool(std::any_of(wishes.begin(), wishes.end(), [&](const wish& w) { return has_on_column(*catalog, who, *table, number, w); }));
}

// --- schemas and the database ---

template <by Who, bool ById>
datum schema_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), right::usage | right::create);
  const auto v = a[a.size() - 2];
  const schema_def* schema = nullptr;
  if constexpr (ById) schema = catalog->find_schema(static_cast<oid>(v.as_int()));
  else schema = catalog->find_schema(v.as_bytes());
  if (schema != nullptr) return has_any_of(*catalog, who, protect(*schema), wishes);
  if (ById) return datum::null();
  throw sql_error(sqlstate::invalid_schema_name, "schema \"" + std::string(v.as_bytes()) + "\" does not exist");
}

template <by Who, bool ById>
datum database_right(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto wishes = parse_wishes(a[a.size() - 1].as_bytes(), right::create | right::temporary | right::connect);
  const auto v = a[a.size() - 2];
  if constexpr (ById) {
    if (static_cast<oid>(v.as_int()) != the_database_oid) return datum::null();
  } else if (v.as_bytes() != catalog->database_name()) {
    throw sql_error(sqlstate::invalid_catalog_name, "database \"" + std::string(v.as_bytes()) + "\" does not exist");
  }
  return has_any_of(*catalog, who, protect_database(*catalog), wishes);
}

/// Of what every role may use here: types, functions, languages.
datum open_to_all(call_context&, args_t) { return datum::of_bool(true); }

// --- roles ---

template <by Who, bool ById>
datum has_role(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const auto who = asker_of<Who>(c, a);
  const auto role = role_of<ById ? by::id : by::name>(c, a[a.size() - 2]);
  const auto text = lower_ascii(trim(a[a.size() - 1].as_bytes()));
  if (text == "usage") return datum::of_bool(has_rights_of(*catalog, who.id, role.id));
  if (text == "member") return datum::of_bool(is_member_of(*catalog, who.id, role.id));
  const bool admin = text.ends_with("with grant option") || text.ends_with("with admin option");
  if (admin && (text.starts_with("usage ") || text.starts_with("member "))) return datum::of_bool(is_admin_of(*catalog, who.id, role.id));
  throw sql_error(sqlstate::invalid_parameter_value, "unrecognized privilege type: \"" + std::string(a[a.size() - 1].as_bytes()) + "\"");
}

// --- access lists as values ---

/// A name of an aclitem's text form, quoted or not; moves `text` on.
std::string take_name(std::string_view& text) {
  std::string out;
  if (text.empty() || text.front() != '"') {
    const auto end = std::min(text.find_first_of("=/"), text.size());
    out = text.substr(0, end);
    text.remove_prefix(end);
    return out;
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    const char ch = text.front();
    text.remove_prefix(1);
    if (ch != '"') {
      out += ch;
    } else if (!text.empty() && text.front() == '"') {
      out += ch;
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  return out;
}

access_item parse_item(const catalog& c, std::string_view text) {
  access_item out;
  const auto role = [&c](const std::string& name) {
    if (name.empty()) return oid{0};
    const auto* found = c.find_role(name);
    return found != nullptr ? found->id : static_cast<oid>(std::strtoul(name.c_str(), nullptr, 10));
  };
  out.grantee = role(take_name(text));
  if (!text.empty()) text.remove_prefix(1);
  rights_mask last = 0;
  while (!text.empty() && text.front() != '/') {
    const auto at = right_letters.find(text.front());
    if (text.front() == '*') out.grantable |= last;
    else if (at != std::string_view::npos) out.rights |= last = 1u << at;
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  out.grantor = role(take_name(text));
  return out;
}

void explode(call_context& c, args_t a, std::vector<datum>& rows) {
  const auto catalog = hooks_of(c).catalog();
  for (const auto& element : array_value::from(a[0]).elements) {
    if (element.is_null()) continue;
    const auto item = parse_item(*catalog, element.as_bytes());
    for (std::size_t i = 0; i < std::size(right_names); ++i) {
      if ((item.rights & (1u << i)) == 0) continue;
      const record_field fields[] = {{type_oid::oid, datum::of_int(item.grantor), "grantor"},
                                     {type_oid::oid, datum::of_int(item.grantee), "grantee"},
                                     {type_oid::text, datum::of_bytes(right_names[i]), "privilege_type"},
                                     {type_oid::boolean, datum::of_bool((item.grantable & (1u << i)) != 0), "is_grantable"}};
      rows.push_back(make_record(fields, *c.mem));
    }
  }
}

datum to_array(call_context& c, const access_list& list) {
  const auto catalog = hooks_of(c).catalog();
  std::vector<datum> values;
  for (const auto& item : list) values.push_back(text_result(c, to_text(*catalog, item)));
  return array_value::of(type_oid::aclitem, std::move(values)).to_datum(*c.mem);
}

datum default_for(call_context& c, args_t a) {
  const auto owner = static_cast<oid>(a[1].as_int());
  const char kind = static_cast<char>(a[0].as_int());
  switch (kind) {
    case 'c': return to_array(c, {});
    case 'r': return to_array(c, default_list({class_relation, 0, 0, 'r', owner, {}}));
    case 's': return to_array(c, default_list({class_relation, 0, 0, 'S', owner, {}}));
    case 'n': return to_array(c, default_list({class_schema, 0, 0, 'n', owner, {}}));
    case 'd': return to_array(c, default_list({class_database, 0, 0, 'd', owner, {}}));
    case 'f': return to_array(c, {{0, owner, right::execute, 0}, {owner, owner, right::execute, 0}});
    case 'l': case 'T': return to_array(c, {{0, owner, right::usage, 0}, {owner, owner, right::usage, 0}});
    case 't': return to_array(c, {{owner, owner, right::create, 0}});
    case 'F': case 'S': return to_array(c, {{owner, owner, right::usage, 0}});
    case 'L': return to_array(c, {{owner, owner, right::select | right::update, 0}});
    default: throw sql_error(sqlstate::internal_error, std::string("unrecognized object type abbreviation: ") + kind);
  }
}

datum make_item(call_context& c, args_t a) {
  access_item item{static_cast<oid>(a[0].as_int()), static_cast<oid>(a[1].as_int()), 0, 0};
  if (a[2].as_bytes().find(',') != std::string_view::npos) {
    throw sql_error(sqlstate::invalid_parameter_value, "unrecognized privilege type: \"" + std::string(a[2].as_bytes()) + "\"");
  }
  for (const auto& w : parse_wishes(a[2].as_bytes(), (1u << std::size(right_names)) - 1)) item.rights |= w.rights;
  if (a[3].as_bool()) item.grantable = item.rights;
  return text_result(c, to_text(*hooks_of(c).catalog(), item));
}

// --- signatures ---

struct variants {
  scalar_fn self, by_name, by_id;
};
/// Alone, and with the leading role by name or oid.
void add(registry& r, const char* name, std::vector<oid> arguments, const variants& v) {
  using namespace sig;
  const auto enter = [&](std::initializer_list<oid> first, scalar_fn call) {
    std::vector<oid> all(first);
    all.insert(all.end(), arguments.begin(), arguments.end());
    if (all.size() == 2) r.add(name, {all[0], all[1]}, b, call, stable);
    else if (all.size() == 3) r.add(name, {all[0], all[1], all[2]}, b, call, stable);
    else r.add(name, {all[0], all[1], all[2], all[3]}, b, call, stable);
  };
  enter({}, v.self);
  enter({nm}, v.by_name);
  enter({id}, v.by_id);
}

}  // namespace

void add_privilege_functions(registry& r) {
  using namespace sig;
  add(r, "has_table_privilege", {txt, txt}, {table_right<by::self, false>, table_right<by::name, false>, table_right<by::id, false>});
  add(r, "has_table_privilege", {id, txt}, {table_right<by::self, true>, table_right<by::name, true>, table_right<by::id, true>});
  add(r, "has_sequence_privilege", {txt, txt}, {sequence_right<by::self, false>, sequence_right<by::name, false>, sequence_right<by::id, false>});
  add(r, "has_sequence_privilege", {id, txt}, {sequence_right<by::self, true>, sequence_right<by::name, true>, sequence_right<by::id, true>});
  add(r, "has_any_column_privilege", {txt, txt}, {any_column_right<by::self, false>, any_column_right<by::name, false>, any_column_right<by::id, false>});
  add(r, "has_any_column_privilege", {id, txt}, {any_column_right<by::self, true>, any_column_right<by::name, true>, any_column_right<by::id, true>});
  add(r, "has_column_privilege", {txt, txt, txt}, {column_right<by::self, false, false>, column_right<by::name, false, false>, column_right<by::id, false, false>});
  add(r, "has_column_privilege", {txt, i2, txt}, {column_right<by::self, false, true>, column_right<by::name, false, true>, column_right<by::id, false, true>});
  add(r, "has_column_privilege", {id, txt, txt}, {column_right<by::self, true, false>, column_right<by::name, true, false>, column_right<by::id, true, false>});
  add(r, "has_column_privilege", {id, i2, txt}, {column_right<by::self, true, true>, column_right<by::name, true, true>, column_right<by::id, true, true>});
  add(r, "has_schema_privilege", {txt, txt}, {schema_right<by::self, false>, schema_right<by::name, false>, schema_right<by::id, false>});
  add(r, "has_schema_privilege", {id, txt}, {schema_right<by::self, true>, schema_right<by::name, true>, schema_right<by::id, true>});
  add(r, "has_database_privilege", {txt, txt}, {database_right<by::self, false>, database_right<by::name, false>, database_right<by::id, false>});
  add(r, "has_database_privilege", {id, txt}, {database_right<by::self, true>, database_right<by::name, true>, database_right<by::id, true>});
  for (const char* name : {"has_type_privilege", "has_function_privilege", "has_language_privilege", "has_tablespace_privilege"})
    add(r, name, {id, txt}, {open_to_all, open_to_all, open_to_all});
  add(r, "pg_has_role", {nm, txt}, {has_role<by::self, false>, has_role<by::name, false>, has_role<by::id, false>});
  add(r, "pg_has_role", {id, txt}, {has_role<by::self, true>, has_role<by::name, true>, has_role<by::id, true>});
  r.add_rows("aclexplode", {type_oid::aclitem_array},
             {{"grantor", {id, -1}}, {"grantee", {id, -1}}, {"privilege_type", {txt, -1}}, {"is_grantable", {b, -1}}}, explode, stable);
  r.add("acldefault", {ch, id}, type_oid::aclitem_array, default_for);
  r.add("makeaclitem", {id, id, txt, b}, type_oid::aclitem, make_item, stable);
}

}  // namespace helios::sql
