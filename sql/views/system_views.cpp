#include "sql/views/system_views.hpp"

#include "base/invariant.hpp"
#include "sql/types/array.hpp"
#include "sql/types/datetime.hpp"
#include "sql/views/relation_definitions.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {

void add_defined_type_rows(row_sources&);

namespace {

oid type_named(std::string_view name) {
  const bool array = name.ends_with("[]");
  const type_ops* type = find_type(array ? name.substr(0, name.size() - 2) : name);
  HELIOS_INVARIANT(type, "a system view has a column of a type that does not exist");
  return array ? type->array_type : type->id;
}

/// 0, false, '' or an empty vector for columns that are never NULL. Runs while the table is built, by one thread.
datum zero_of(const type_ref& type) {
  static arena memory;
  const type_ops& ops = get_type(type.id);
  if (type.id == type_oid::int2vector) return array_value::of(type_oid::int2, {}).to_datum(memory);
  if (type.id == type_oid::oidvector) return array_value::of(type_oid::oid, {}).to_datum(memory);
  if (!ops.inline_value) return datum::of_bytes("");
  return type.id == type_oid::float4 || type.id == type_oid::float8 ? datum::of_double(0) : datum::of_int(0);
}

void add_column(system_view& view, std::string_view text) {
  const bool not_null = text.ends_with('!');
  if (not_null) text.remove_suffix(1);
  const auto colon = text.find(':');
  const type_ref type{type_named(text.substr(colon + 1)), -1};
  view.relation.columns.push_back({std::string(text.substr(0, colon)), type});
  view.not_null.push_back(not_null);
  view.defaults.push_back(not_null ? zero_of(type) : datum::null());
}

struct view_table {
  std::deque<system_view> views;
  std::unordered_map<oid, const system_view*> by_id;
  std::unordered_map<std::string_view, const system_view*> catalog_names, information_names;
  row_sources sources;

  view_table() {
    add_relation_rows(sources);
    add_attribute_rows(sources);
    add_constraint_rows(sources);
    add_type_rows(sources);
    add_defined_type_rows(sources);
    add_function_rows(sources);
    add_role_rows(sources);
    add_listing_rows(sources);
    add_activity_rows(sources);
    add_replication_rows(sources);
    add_information_rows(sources);
    add_information_constraint_rows(sources);
    enter(catalog_tables(), pg_catalog_schema);
    enter(catalog_views(), pg_catalog_schema);
    enter(replication_views(), pg_catalog_schema);
    enter(information_views(), information_schema_oid);
  }

  void enter(std::span<const relation_definition> list, oid schema) {
    for (const auto& d : list) enter(d, schema);
  }

  void enter(const relation_definition& d, oid schema) {
    system_view& view = views.emplace_back();
    view.schema = schema;
    view.kind = d.kind;
    view.relation.id = d.id;
    view.relation.schema = schema == pg_catalog_schema ? "pg_catalog" : "information_schema";
    view.relation.name = d.name;
    std::string_view rest = d.columns;
    while (!rest.empty()) {
      const auto end = rest.find(' ');
      add_column(view, rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    for (std::size_t i = 0; i < view.relation.columns.size(); ++i) view.positions.emplace(view.relation.columns[i].name, i);
    const std::string key = (schema == pg_catalog_schema ? "" : "information_schema.") + view.relation.name;
    const auto source = sources.find(key);
    view.relation.rows = [&view, fill = source == sources.end() ? nullptr : source->second](
                             call_context& call, arena& mem, std::vector<datum>& out) {
      if (!fill) return;
      view_rows rows(view, call, mem, out);
      fill(rows);
    };
    HELIOS_INVARIANT(by_id.emplace(d.id, &view).second, "two system views have the same oid");
    (schema == pg_catalog_schema ? catalog_names : information_names).emplace(view.relation.name, &view);
  }
};

const view_table& table() {
  static const view_table instance;
  return instance;
}

}  // namespace

const std::deque<system_view>& all_system_views() { return table().views; }

const system_view* find_system_view(oid id) {
  const auto it = table().by_id.find(id);
  return it == table().by_id.end() ? nullptr : it->second;
}

const system_view* find_system_view(oid schema, std::string_view name) {
  if (schema != pg_catalog_schema && schema != information_schema_oid) return nullptr;
  const auto& names = schema == pg_catalog_schema ? table().catalog_names : table().information_names;
  const auto it = names.find(name);
  return it == names.end() ? nullptr : it->second;
}

const virtual_relation* find_virtual_relation(const catalog& definitions, std::span<const oid> search_path,
                                              std::string_view schema, std::string_view name) {
  if (!schema.empty()) {
    const oid id = schema == "pg_catalog" ? pg_catalog_schema : schema == "information_schema" ? information_schema_oid : 0;
    const system_view* view = find_system_view(id, name);
    return view ? &view->relation : nullptr;
  }
  for (oid id : search_path) {
    if (const system_view* view = find_system_view(id, name)) return &view->relation;
    if (definitions.find_table(id, name)) return nullptr;
  }
  return nullptr;
}

view_rows::view_rows(const system_view& view, call_context& context, arena& mem, std::vector<datum>& out)
    : call(context), hooks(*context.hooks), definitions(hooks.catalog()), path(hooks.search_path(true)), view_(view),
      mem_(mem), out_(out) {}

view_rows& view_rows::row() {
  // Long listings stay cancellable.
  if (out_.size() % 8192 < view_.defaults.size()) hooks.host().checkpoint();
  out_.insert(out_.end(), view_.defaults.begin(), view_.defaults.end());
  return *this;
}

view_rows& view_rows::set(std::string_view column, datum value) {
  const auto at = view_.positions.find(column);
  HELIOS_INVARIANT(at != view_.positions.end(), "a row source sets a column that its view does not have");
  out_[out_.size() - view_.defaults.size() + at->second] = value;
  return *this;
}

view_rows& view_rows::set(std::string_view column, std::string_view bytes) { return set(column, text(bytes)); }

view_rows& view_rows::set_time(std::string_view column, std::int64_t unix_us) {
  return unix_us == 0 ? *this : set(column, datum::of_int(unix_us - unix_epoch_us));
}

view_rows& view_rows::set_array(std::string_view column, oid element, std::vector<datum> values) {
  return set(column, array_value::of(element, std::move(values)).to_datum(mem_));
}

view_rows& view_rows::set_vector(std::string_view column, oid element, std::vector<datum> values) {
  array_value v = array_value::of(element, std::move(values));
  for (auto& d : v.dimensions) d.lower = 0;
  return set(column, v.to_datum(mem_));
}

view_rows& view_rows::set_access(std::string_view column, const std::optional<access_list>& list) {
  if (!list) return *this;
  std::vector<datum> values;
  for (const auto& item : *list) values.push_back(text(to_text(*definitions, item)));
  return set_array(column, type_oid::aclitem, std::move(values));
}

std::string view_rows::schema_name(oid id) const {
  const schema_def* s = definitions->find_schema(id);
  return s ? s->name : std::string();
}

std::string view_rows::role_name(oid id) const {
  const role_def* r = definitions->find_role(id);
  return r ? r->name : std::string();
}

}  // namespace helios::sql
