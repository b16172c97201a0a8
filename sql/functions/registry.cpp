#include "sql/functions/registry.hpp"

#include "base/sql_error.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/type_name.hpp"
#include "sql/views/type_facts.hpp"

namespace helios::sql {

void add_hardware_address_functions(registry&);
void add_zoned_time_functions(registry&);
void add_enum_functions(registry&);
void add_advisory_functions(registry&);

namespace {

constexpr std::uint64_t cast_key(oid from, oid to) { return std::uint64_t{from} << 32 | to; }

function_def make(const char* name, std::initializer_list<oid> arguments, oid result, unsigned flags) {
  function_def f{};
  f.name = name;
  f.arguments = arguments;
  f.result = result;
  f.strict = (flags & takes_null) == 0;
  f.variadic_any = (flags & variadic) != 0;
  f.writes = (flags & writing) != 0;
  f.needs_types = (flags & typed) != 0;
  f.stability = (flags & stable) != 0                      ? volatility::stable
                : (flags & (volatile_flag | writing)) != 0 ? volatility::volatile_
                                                           : volatility::immutable;
  return f;
}

template <class Index>
auto find(const Index& names, std::string_view name) {
  using list = typename Index::mapped_type;
  auto it = names.find(name);
  return std::span<const typename list::value_type>(it == names.end() ? std::span<const typename list::value_type>()
                                                                      : it->second);
}

}  // namespace

void registry::add(const char* name, std::initializer_list<oid> arguments, oid result, scalar_fn call, unsigned flags) {
  function_def& f = functions_.emplace_back(make(name, arguments, result, flags));
  f.id = builtin_oid(name, f.arguments);
  f.call = call;
  functions_by_name_[name].push_back(&f);
}

void registry::add_set(const char* name, std::initializer_list<oid> arguments, oid result,
                       void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), unsigned flags) {
  function_def& f = functions_.emplace_back(make(name, arguments, result, flags));
  f.id = builtin_oid(name, f.arguments);
  f.returns_set = true;
  f.call_set = call;
  functions_by_name_[name].push_back(&f);
}

void registry::add_rows(const char* name, std::initializer_list<oid> arguments, std::vector<record_column> columns,
                        void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), unsigned flags) {
  add_set(name, arguments, columns.size() == 1 ? columns[0].type.id : oid{type_oid::record}, call, flags);
  functions_.back().columns = std::move(columns);
}

void registry::add_record(const char* name, std::initializer_list<oid> arguments,
                          void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), bool set) {
  add_set(name, arguments, type_oid::record, call, stable | (set ? 0u : unsigned{takes_null}));
  functions_.back().columns_from_caller = true;
}

void registry::op(const char* name, std::initializer_list<oid> arguments, oid result, scalar_fn call, unsigned flags) {
  function_def& f = operators_.emplace_back(make(name, arguments, result, flags));
  f.id = builtin_operator_oid(name, f.arguments);
  f.call = call;
  operators_by_name_[name].push_back(&f);
}

void registry::aggregate(const char* name, std::initializer_list<oid> arguments, oid result,
                         std::unique_ptr<aggregate_state> (*start)(), bool strict, bool typed_arguments) {
  aggregate_def& a = aggregates_.emplace_back();
  a.name = name;
  a.arguments = arguments;
  a.id = builtin_oid(name, a.arguments);
  a.result = result;
  a.strict = strict;
  a.start = start;
  a.typed_arguments = typed_arguments;
  aggregates_by_name_[name].push_back(&a);
}

void registry::ordered_aggregate(const char* name, std::initializer_list<oid> arguments, oid result, ordered_set what) {
  aggregate(name, arguments, result, nullptr);
  aggregates_.back().ordered = what;
}

void registry::window(const char* name, std::initializer_list<oid> arguments, oid result) {
  add(name, arguments, result, nullptr, takes_null);
  functions_.back().window = true;
}

void registry::cast(oid from, oid to, cast_context context, datum (*call)(call_context&, datum, std::int32_t, bool)) {
  casts_.push_back({from, to, context, call});
  casts_by_types_[cast_key(from, to)] = &casts_.back();
}

std::span<const function_def* const> registry::functions(std::string_view name) const {
  return find(functions_by_name_, name);
}
std::span<const function_def* const> registry::operators(std::string_view name) const {
  return find(operators_by_name_, name);
}
std::span<const aggregate_def* const> registry::aggregates(std::string_view name) const {
  return find(aggregates_by_name_, name);
}
const cast_def* registry::cast(oid from, oid to) const {
  auto it = casts_by_types_.find(cast_key(from, to));
  return it == casts_by_types_.end() ? nullptr : it->second;
}

const registry& builtins() {
  static const registry* const instance = [] {
    auto* r = new registry;
    add_casts(*r);
    add_comparison_operators(*r);
    add_arithmetic(*r);
    add_numeric_functions(*r);
    add_math_functions(*r);
    add_string_functions(*r);
    add_text_search_functions(*r);
    add_encoding_functions(*r);
    add_format_functions(*r);
    add_date_functions(*r);
    add_date_operators(*r);
    add_to_char_functions(*r);
    add_session_functions(*r);
    add_sequence_functions(*r);
    add_replication_functions(*r);
    add_catalog_functions(*r);
    add_array_functions(*r);
    add_json_functions(*r);
    add_json_operators(*r);
    add_jsonb_functions(*r);
    add_json_set_functions(*r);
    add_json_aggregates(*r);
    add_jsonpath_functions(*r);
    add_network_functions(*r);
    add_bit_functions(*r);
    add_hardware_address_functions(*r);
    add_zoned_time_functions(*r);
    add_enum_functions(*r);
    add_advisory_functions(*r);
    add_set_functions(*r);
    add_aggregates(*r);
    add_statistics_aggregates(*r);
    add_window_functions(*r);
    return r;
  }();
  return *instance;
}

bool function_writes(std::string_view name) {
  for (const function_def* f : builtins().functions(name))
    if (f->writes) return true;
  return false;
}

bool is_aggregate(std::string_view name) { return !builtins().aggregates(name).empty(); }

const format_settings& formats_of(const call_context& c) {
  static const format_settings defaults;
  return c.format ? *c.format : defaults;
}

oid argument_type(const call_context& c, std::size_t i) {
  if (i >= c.argument_types.size()) throw sql_error(sqlstate::internal_error, "the call does not say its argument types");
  return c.argument_types[i];
}

void append_argument(call_context& c, std::span<const datum> args, std::size_t i, std::string& out) {
  get_type(argument_type(c, i)).write_text(args[i], formats_of(c), out);
}

session_hooks& hooks_of(call_context& c) {
  if (!c.hooks) throw sql_error(sqlstate::internal_error, "this function needs a session");
  return *c.hooks;
}

oid function_oid(std::string_view name) {
  if (name.starts_with("pg_catalog.")) name.remove_prefix(11);
  for (const function_def* f : builtins().functions(name)) return f->id;
  for (const aggregate_def* a : builtins().aggregates(name)) return a->id;
  for (const auto& f : type_io_functions())
    if (f.name == name) return f.id;
  return 0;
}

std::string function_name(oid id) {
  for (const auto& f : builtins().all_functions())
    if (f.id == id) return f.name;
  for (const auto& a : builtins().all_aggregates())
    if (a.id == id) return a.name;
  for (const auto& f : type_io_functions())
    if (f.id == id) return f.name;
  return {};
}

}  // namespace helios::sql
