// Casts among the string types, and through text to and from every other type (PostgreSQL's I/O conversion casts: to a
// string in assignments, from a string only explicitly). Casts of arrays convert their elements.
#include <utility>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {

void add_text_casts(registry&);
void add_array_casts(registry&);

namespace {

constexpr auto implicit = cast_context::implicit, assignment = cast_context::assignment, explicit_only = cast_context::explicit_;

/// A string value brought into one of the string types.
datum fit_string(call_context& c, std::string_view text, oid to, std::int32_t modifier, bool is_explicit) {
  switch (to) {
    case type_oid::varchar: return datum::of_bytes(fit_varchar(text, modifier, is_explicit));
    case type_oid::bpchar: return fit_bpchar(text, modifier, is_explicit, *c.mem);
    case type_oid::name: return datum::of_bytes(fit_name(text));
    case type_oid::char_: return datum::of_int(text.empty() ? 0 : static_cast<signed char>(text[0]));
    default: return datum::of_bytes(text);
  }
}

template <oid To>
datum string_cast(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  return fit_string(c, v.as_bytes(), To, modifier, is_explicit);
}
/// char(n)'s padding does not survive.
template <oid To>
datum padded_cast(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  return fit_string(c, without_trailing_spaces(v.as_bytes()), To, modifier, is_explicit);
}
template <oid From, oid To>
datum output_cast(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  std::string text;
  if constexpr (From == type_oid::boolean) text = v.as_bool() ? "true" : "false";
  else get_type(From).write_text(v, formats_of(c), text);
  return fit_string(c, c.mem->copy(text), To, modifier, is_explicit);
}
template <oid From, oid To>
datum input_cast(call_context& c, datum v, std::int32_t modifier, bool) {
  const auto text = From == type_oid::bpchar ? without_trailing_spaces(v.as_bytes()) : v.as_bytes();
  return get_type(To).parse_text(text, modifier, formats_of(c), *c.mem);
}

template <oid T>
void add_io(registry& r) {
  const auto enter = [&](oid from, oid to, cast_context context, auto call) {
    if (!r.cast(from, to)) r.cast(from, to, context, call);
  };
  enter(T, type_oid::text, assignment, output_cast<T, type_oid::text>);
  enter(T, type_oid::varchar, assignment, output_cast<T, type_oid::varchar>);
  enter(T, type_oid::bpchar, assignment, output_cast<T, type_oid::bpchar>);
  enter(T, type_oid::name, assignment, output_cast<T, type_oid::name>);
  enter(type_oid::text, T, explicit_only, input_cast<type_oid::text, T>);
  enter(type_oid::varchar, T, explicit_only, input_cast<type_oid::varchar, T>);
  enter(type_oid::bpchar, T, explicit_only, input_cast<type_oid::bpchar, T>);
  enter(type_oid::name, T, explicit_only, input_cast<type_oid::name, T>);
}
template <oid... T>
void add_all_io(registry& r, std::integer_sequence<oid, T...>) {
  (add_io<T>(r), ...);
}

void add_string_casts(registry& r) {
  using namespace sig;
  r.cast(txt, vc, implicit, string_cast<type_oid::varchar>);
  r.cast(txt, bp, implicit, string_cast<type_oid::bpchar>);
  r.cast(txt, nm, implicit, string_cast<type_oid::name>);
  r.cast(txt, ch, assignment, string_cast<type_oid::char_>);
  r.cast(vc, txt, implicit, nullptr);
  r.cast(vc, vc, implicit, string_cast<type_oid::varchar>);
  r.cast(vc, bp, implicit, string_cast<type_oid::bpchar>);
  r.cast(vc, nm, implicit, string_cast<type_oid::name>);
  r.cast(vc, ch, assignment, string_cast<type_oid::char_>);
  r.cast(bp, txt, implicit, padded_cast<type_oid::text>);
  r.cast(bp, vc, implicit, padded_cast<type_oid::varchar>);
  r.cast(bp, bp, implicit, string_cast<type_oid::bpchar>);
  r.cast(bp, nm, implicit, padded_cast<type_oid::name>);
  r.cast(bp, ch, assignment, string_cast<type_oid::char_>);
  r.cast(nm, txt, implicit, nullptr);
  r.cast(nm, vc, assignment, string_cast<type_oid::varchar>);
  r.cast(nm, bp, assignment, string_cast<type_oid::bpchar>);
  r.cast(ch, txt, implicit, output_cast<type_oid::char_, type_oid::text>);
  r.cast(ch, vc, assignment, output_cast<type_oid::char_, type_oid::varchar>);
  r.cast(ch, bp, assignment, output_cast<type_oid::char_, type_oid::bpchar>);
  r.cast(txt, rc, implicit, input_cast<type_oid::text, type_oid::regclass>);
  r.cast(vc, rc, implicit, input_cast<type_oid::varchar, type_oid::regclass>);
}

}  // namespace

void add_text_casts(registry& r) {
  add_string_casts(r);
  add_all_io(r, std::integer_sequence<
                    oid, type_oid::boolean, type_oid::bytea, type_oid::char_, type_oid::int8, type_oid::int2, type_oid::int4, type_oid::regproc,
                    type_oid::oid, type_oid::xid, type_oid::cid, type_oid::json, type_oid::float4, type_oid::float8,
                    type_oid::date, type_oid::time, type_oid::timetz, type_oid::timestamp, type_oid::timestamptz, type_oid::interval,
                    type_oid::numeric, type_oid::regclass, type_oid::regtype, type_oid::regprocedure, type_oid::regrole,
                    type_oid::regnamespace, type_oid::uuid, type_oid::pg_lsn, type_oid::inet, type_oid::cidr, type_oid::bit, type_oid::varbit,
                    type_oid::macaddr, type_oid::macaddr8, type_oid::pg_node_tree,
                    type_oid::aclitem, type_oid::int2vector, type_oid::oidvector, type_oid::record, type_oid::void_,
                    type_oid::bool_array, type_oid::bytea_array, type_oid::char_array, type_oid::name_array,
                    type_oid::int2_array, type_oid::int4_array, type_oid::int8_array, type_oid::text_array,
                    type_oid::bpchar_array, type_oid::varchar_array, type_oid::float4_array, type_oid::float8_array,
                    type_oid::oid_array, type_oid::timestamp_array, type_oid::date_array, type_oid::time_array,
                    type_oid::timetz_array, type_oid::timestamptz_array, type_oid::interval_array, type_oid::numeric_array,
                    type_oid::regclass_array, type_oid::regtype_array, type_oid::uuid_array, type_oid::regproc_array,
                    type_oid::aclitem_array, 199 /* json[] */, type_oid::jsonb, type_oid::jsonb_array, type_oid::jsonpath, 3221 /* pg_lsn[] */>{});
}

namespace {

template <oid Element>
datum array_cast(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  array_value a = array_value::from(v);
  const cast_def* cast = builtins().cast(a.element, Element);
  a.element = Element;
  for (datum& e : a.elements)
    if (!e.is_null() && cast && cast->call) e = cast->call(c, e, modifier, is_explicit);
  return a.to_datum(*c.mem);
}

template <oid Element, oid... From>
void add_array_casts_to(registry& r, oid to, std::integer_sequence<oid, From...>) {
  const auto enter = [&](oid from) {
    const cast_def* cast = r.cast(from, Element);
    const oid array = get_type(from).array_type;
    if (cast && !r.cast(array, to)) r.cast(array, to, cast->context, array_cast<Element>);
  };
  (enter(From), ...);
}

template <oid... T>
void add_all_array_casts(registry& r, std::integer_sequence<oid, T...> all) {
  (add_array_casts_to<T>(r, get_type(T).array_type, all), ...);
}

datum vector_to_array(call_context&, datum v, std::int32_t, bool) { return v; }

}  // namespace

void add_array_casts(registry& r) {
  add_all_array_casts(r, std::integer_sequence<oid, type_oid::boolean, type_oid::char_, type_oid::name, type_oid::int2, type_oid::int4,
                                               type_oid::int8, type_oid::text, type_oid::bpchar, type_oid::varchar,
                                               type_oid::float4, type_oid::float8, type_oid::oid, type_oid::date, type_oid::timestamp,
                                               type_oid::timestamptz, type_oid::numeric, type_oid::regclass, type_oid::regtype>{});
  r.cast(type_oid::int2vector, type_oid::int2_array, implicit, vector_to_array);
  r.cast(type_oid::oidvector, type_oid::oid_array, implicit, vector_to_array);
}

}  // namespace helios::sql
