// Functions that show definitions: names, visibility, descriptions, and the text of indexes and constraints.
#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/functions/identifier.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql {

void add_privilege_functions(registry&);
void add_size_functions(registry&);

namespace {

using args_t = std::span<const datum>;

oid object(datum v) { return static_cast<oid>(v.as_int()); }
datum text_or_null(call_context& c, const std::string& text) { return text.empty() ? datum::null() : text_result(c, text); }
datum nothing(call_context&, args_t) { return datum::null(); }

datum user_by_id(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const role_def* role = catalog->find_role(object(a[0]));
  return text_result(c, role ? role->name : "unknown (OID=" + std::to_string(object(a[0])) + ")");
}
datum type_text(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  return text_result(c, format_type({object(a[0]), a[1].is_null() ? -1 : static_cast<std::int32_t>(a[1].as_int())}));
}
/// What is stored of a default or a check is its text already.
datum expression_text(call_context& c, args_t a) {
  const bool pretty = a.size() > 2 && a[2].as_bool();
  if (!pretty) return text_result(c, with_type_names(a[0].as_bytes()));
  return text_result(c, with_type_names(hooks_of(c).pretty_expression(a[0].as_bytes())));
}
pretty_text pretty_by(session_hooks& hooks, bool wanted) {
  if (!wanted) return {};
  return [&hooks](std::string_view text) { return hooks.pretty_expression(text); };
}

datum index_definition(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  const index_def* index = catalog->find_index(object(a[0]));
  if (!index) return datum::null();
  const bool pretty = a.size() > 2 && a[2].as_bool();
  const auto how = pretty_by(hooks, pretty);
  if (a.size() > 1 && a[1].as_int() != 0)
    return text_result(c, index_column_text(*catalog, *index, static_cast<std::size_t>(std::max<std::int64_t>(a[1].as_int(), 0)), how));
  const auto path = hooks.search_path(true);
  return text_or_null(c, index_text(*catalog, *index, {!pretty, how, path}));
}
datum constraint_definition(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  const auto found = find_constraint(*catalog, object(a[0]));
  if (!found.table) {
    const auto of_domain = find_domain_constraint(*catalog, object(a[0]));
    if (!of_domain.domain) return datum::null();
    return text_result(c, constraint_text(*of_domain.constraint, a.size() > 1 && a[1].as_bool()));
  }
  const auto path = hooks.search_path(true);
  return text_result(c, constraint_text(*catalog, *found.table, *found.constraint, path, pretty_by(hooks, a.size() > 1 && a[1].as_bool())));
}
datum view_text(call_context& c, oid view, bool pretty) {
  auto text = hooks_of(c).view_text(view, pretty);
  return text.empty() ? datum::null() : text_result(c, text);
}
datum view_definition(call_context& c, args_t a) { return view_text(c, object(a[0]), a.size() > 1 && a[1].as_bool()); }
datum wrapped_view_definition(call_context& c, args_t a) { return view_text(c, object(a[0]), true); }
datum named_view_definition(call_context& c, args_t a) {
  const datum view = get_type(type_oid::regclass).parse_text(a[0].as_bytes(), -1, formats_of(c), *c.mem);
  return view_text(c, object(view), a.size() > 1 && a[1].as_bool());
}

datum description(call_context& c, oid class_id, oid id, std::int16_t column) {
  const auto catalog = hooks_of(c).catalog();
  const comment_def* found = catalog->find_comment(class_id, id, column);
  return found ? text_result(c, found->text) : datum::null();
}
oid class_named(std::string_view name) {
  if (name == "pg_class") return 1259;
  if (name == "pg_constraint") return 2606;
  if (name == "pg_namespace") return 2615;
  if (name == "pg_type") return 1247;
  if (name == "pg_authid" || name == "pg_roles") return 1260;
  return name == "pg_database" ? 1262 : 0;
}
datum object_description(call_context& c, args_t a) { return description(c, class_named(a[1].as_bytes()), object(a[0]), 0); }
datum column_description(call_context& c, args_t a) { return description(c, 1259, object(a[0]), static_cast<std::int16_t>(a[1].as_int())); }
/// Without the name of a catalog: whatever has this oid.
datum any_description(call_context& c, args_t a) {
  for (oid class_id : {1259u, 2606u, 2615u, 1260u, 1262u, 1247u}) {
    const datum found = description(c, class_id, object(a[0]), 0);
    if (!found.is_null()) return found;
  }
  return datum::null();
}

datum table_is_visible(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  const auto relation = identify_relation(*catalog, object(a[0]));
  if (!relation) return datum::null();
  const auto path = hooks.search_path(true);
  return datum::of_bool(is_visible(*catalog, path, *relation));
}
/// Functions and operators all live in pg_catalog, which is always searched, as do built-in types.
datum type_is_visible(call_context& c, args_t a) {
  const type_ops* type = find_type(object(a[0]));
  if (!type) return datum::null();
  if (type->id < first_defined_oid) return datum::of_bool(true);
  const auto catalog = hooks_of(c).catalog();
  for (oid schema : hooks_of(c).search_path(true)) {
    const type_ops* found = schema == pg_catalog_schema ? find_type(std::string_view(type->name)) : catalog->types().find(schema, type->name);
    if (found) return datum::of_bool(found->id == type->id);
  }
  return datum::of_bool(false);
}
datum function_is_visible(call_context&, args_t a) {
  return function_name(object(a[0])).empty() ? datum::null() : datum::of_bool(true);
}
datum yes(call_context&, args_t) { return datum::of_bool(true); }

datum serial_sequence(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  const auto settings = formats_of(c);
  const oid table_id = settings.names ? settings.names->find_relation(a[0].as_bytes()) : 0;
  const table_def* table = catalog->find_table(table_id);
  if (!table)
    throw sql_error(sqlstate::undefined_table, "relation \"" + std::string(a[0].as_bytes()) + "\" does not exist");
  const column_def* column = table->column(a[1].as_bytes());
  if (!column)
    throw sql_error(sqlstate::undefined_column, "column \"" + std::string(a[1].as_bytes()) + "\" of relation \"" +
                                                    table->name + "\" does not exist");
  for (const auto& [id, s] : catalog->sequences())
    if (s.owned_by_table == table->id && s.owned_by_column == column->number)
      return text_result(c, qualified_name(*catalog, s.schema, s.name));
  return datum::null();
}

/// to_regclass and its like: NULL where the cast would fail.
template <oid Type>
datum find_object(call_context& c, args_t a) {
  const auto text = a[0].as_bytes();
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) return datum::null();
  try {
    const datum found = get_type(Type).parse_text(text, -1, formats_of(c), *c.mem);
    return found.as_int() == 0 ? datum::null() : found;
  } catch (const sql_error& e) {
    if (e.report().sqlstate == sqlstate::invalid_text_representation || e.report().sqlstate == "42602") throw;
    return datum::null();
  }
}

const function_def* function_of(oid id) {
  for (const auto& f : builtins().all_functions())
    if (f.id == id) return &f;
  return nullptr;
}
const aggregate_def* aggregate_of(oid id) {
  for (const auto& f : builtins().all_aggregates())
    if (f.id == id) return &f;
  return nullptr;
}
std::string argument_list(const std::vector<oid>& types, bool variadic_any) {
  std::string out;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i > 0) out += ", ";
    if (variadic_any && i + 1 == types.size()) out += "VARIADIC ";
    out += format_type({types[i], -1});
  }
  return out;
}
datum function_arguments(call_context& c, args_t a) {
  if (const function_def* f = function_of(object(a[0]))) return text_result(c, argument_list(f->arguments, f->variadic_any));
  if (const aggregate_def* g = aggregate_of(object(a[0]))) return text_result(c, argument_list(g->arguments, false));
  return datum::null();
}
datum function_result(call_context& c, args_t a) {
  if (const function_def* f = function_of(object(a[0])))
    return text_result(c, (f->returns_set ? "SETOF " : "") + format_type({f->result, -1}));
  if (const aggregate_def* g = aggregate_of(object(a[0]))) return text_result(c, format_type({g->result, -1}));
  return datum::null();
}
datum vector_types(call_context& c, args_t a) {
  std::string out;
  for (datum e : array_value::from(a[0]).elements) out.append(out.empty() ? "" : ", ").append(format_type({object(e), -1}));
  return text_result(c, out);
}
datum empty_text(call_context& c, args_t) { return text_result(c, ""); }
datum filenode(call_context& c, args_t a) {
  return identify_relation(*hooks_of(c).catalog(), object(a[0])) ? a[0] : datum::null();
}
datum is_table(call_context& c, args_t a) {
  return datum::of_bool(hooks_of(c).catalog()->find_table(object(a[0])) != nullptr);
}
void no_rows(call_context&, args_t, std::vector<datum>&) {}

void add_visibility(registry& r) {
  using namespace sig;
  r.add("pg_table_is_visible", {id}, b, table_is_visible, stable);
  r.add("pg_type_is_visible", {id}, b, type_is_visible, stable);
  r.add("pg_function_is_visible", {id}, b, function_is_visible, stable);
  for (const char* name :
       {"pg_operator_is_visible", "pg_opclass_is_visible", "pg_opfamily_is_visible", "pg_collation_is_visible",
        "pg_conversion_is_visible", "pg_statistics_obj_is_visible", "pg_ts_config_is_visible", "pg_ts_dict_is_visible",
        "pg_ts_parser_is_visible", "pg_ts_template_is_visible"})
    r.add(name, {id}, b, yes, stable);
}

/// Comments, triggers, rules, partitions and statistics objects do not exist here: what describes them is NULL.
void add_absent(registry& r) {
  using namespace sig;
  r.add("obj_description", {id, nm}, txt, object_description, stable);
  r.add("obj_description", {id}, txt, any_description, stable);
  r.add("shobj_description", {id, nm}, txt, object_description, stable);
  r.add("col_description", {id, i4}, txt, column_description, stable);
  for (const char* name : {"pg_get_triggerdef", "pg_get_ruledef"}) {
    r.add(name, {id}, txt, nothing, stable);
    r.add(name, {id, b}, txt, nothing, stable);
  }
  for (const char* name : {"pg_get_partkeydef", "pg_get_partition_constraintdef", "pg_get_statisticsobjdef",
                           "pg_get_statisticsobjdef_columns", "pg_get_function_sqlbody"})
    r.add(name, {id}, txt, nothing, stable);
  r.add_set("pg_partition_ancestors", {rc}, rc, no_rows, stable);
  r.add("pg_tablespace_location", {id}, txt, empty_text, stable);
}

}  // namespace

void add_catalog_functions(registry& r) {
  using namespace sig;
  constexpr oid tree = type_oid::pg_node_tree;
  r.add("pg_get_userbyid", {id}, nm, user_by_id, stable);
  r.add("format_type", {id, i4}, txt, type_text, takes_null | stable);
  r.add("pg_get_expr", {tree, id}, txt, expression_text, stable);
  r.add("pg_get_expr", {tree, id, b}, txt, expression_text, stable);
  r.add("pg_get_indexdef", {id}, txt, index_definition, stable);
  r.add("pg_get_indexdef", {id, i4, b}, txt, index_definition, stable);
  r.add("pg_get_constraintdef", {id}, txt, constraint_definition, stable);
  r.add("pg_get_constraintdef", {id, b}, txt, constraint_definition, stable);
  r.add("pg_get_viewdef", {id}, txt, view_definition, stable);
  r.add("pg_get_viewdef", {id, b}, txt, view_definition, stable);
  r.add("pg_get_viewdef", {id, i4}, txt, wrapped_view_definition, stable);
  r.add("pg_get_viewdef", {txt}, txt, named_view_definition, stable);
  r.add("pg_get_viewdef", {txt, b}, txt, named_view_definition, stable);
  r.add("pg_get_serial_sequence", {txt, txt}, txt, serial_sequence, stable);
  r.add("pg_get_function_arguments", {id}, txt, function_arguments, stable);
  r.add("pg_get_function_identity_arguments", {id}, txt, function_arguments, stable);
  r.add("pg_get_function_result", {id}, txt, function_result, stable);
  r.add("oidvectortypes", {type_oid::oidvector}, txt, vector_types, stable);
  r.add("pg_relation_filenode", {rc}, id, filenode, stable);
  r.add("pg_relation_is_publishable", {rc}, b, is_table, stable);
  r.add("to_regclass", {txt}, rc, find_object<type_oid::regclass>, stable);
  r.add("to_regtype", {txt}, rt, find_object<type_oid::regtype>, stable);
  r.add("to_regproc", {txt}, type_oid::regproc, find_object<type_oid::regproc>, stable);
  r.add("to_regrole", {txt}, type_oid::regrole, find_object<type_oid::regrole>, stable);
  r.add("to_regnamespace", {txt}, type_oid::regnamespace, find_object<type_oid::regnamespace>, stable);
  add_visibility(r);
  add_absent(r);
  add_privilege_functions(r);
  add_size_functions(r);
}

}  // namespace helios::sql
