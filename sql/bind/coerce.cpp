// Coercions: PostgreSQL's rules for literals of unknown type, parameters, casts and assignment.

#include <cstdlib>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql {

namespace {
bool depends_on_clock(oid type, std::string_view literal) {
  switch (type) {
    case type_oid::timetz: return true;  // without a zone of its own it is where the session is, today
    case type_oid::date: case type_oid::time: case type_oid::timestamp: case type_oid::timestamptz: break;
    default: return false;
  }
  // now, today, tomorrow, yesterday; a harmless match only costs the plan's place in the cache.
  return literal.find_first_of("nNtTyY") != std::string_view::npos && literal.find_first_of("oO") != std::string_view::npos;
}

/// A literal as a view keeps it: of its type, and independent of the session's settings.
std::string stored_literal(std::string_view literal, datum value, type_ref to) {
  if (to.id == type_oid::boolean) return value.as_bool() ? "true" : "false";
  if (to.id == type_oid::int4 && value.as_int() >= 0) return std::to_string(value.as_int());
  std::string text;
  bool object = to.id == type_oid::regclass || to.id == type_oid::regrole || to.id == type_oid::regnamespace;
  if (object) text = literal;
  else get_type(to.id).write_text(value, format_settings{}, text);
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'::" + stored_type_name(to);
}

bool is_parameter_unknown(const expression_ptr& value) {
  return value->type().id == type_oid::unknown && dynamic_cast<const parameter_expression*>(value.get()) != nullptr;
}

std::int32_t modifier_of(oid type, const ast::type_name& name) {
  auto& m = name.modifiers;
  if (m.empty()) return -1;
  switch (type) {
    case type_oid::varchar:
    case type_oid::bpchar:
      if (m[0] < 1) {
        throw sql_error(sqlstate::invalid_parameter_value, "length for type " + std::string(get_type(type).name == std::string("bpchar") ? "char" : "varchar") +
                                                               " must be at least 1").at(name.position);
      }
      if (m[0] > 10485760) {
        throw sql_error(sqlstate::invalid_parameter_value, "length for type " + std::string(type == type_oid::bpchar ? "char" : "varchar") +
                                                               " cannot exceed 10485760").at(name.position);
      }
      return m[0] + 4;
    case type_oid::numeric: {
      int scale = m.size() > 1 ? m[1] : 0;
      if (m[0] < 1 || m[0] > 1000) {
        throw sql_error(sqlstate::invalid_parameter_value, "NUMERIC precision " + std::to_string(m[0]) +
                                                               " must be between 1 and 1000").at(name.position);
      }
      if (scale < -1000 || scale > 1000) {
        throw sql_error(sqlstate::invalid_parameter_value, "NUMERIC scale " + std::to_string(scale) +
                                                               " must be between -1000 and 1000").at(name.position);
      }
      return ((m[0] << 16) | (scale & 0x7ff)) + 4;
    }
    case type_oid::timestamp: case type_oid::timestamptz: case type_oid::time: case type_oid::timetz: return m[0] > 6 ? 6 : m[0];
    case type_oid::interval: return -1;
    case type_oid::bit:
    case type_oid::varbit: {
      const std::string shown = type == type_oid::bit ? "bit" : "varbit";
      if (m[0] < 1) throw sql_error(sqlstate::invalid_parameter_value, "length for type " + shown + " must be at least 1").at(name.position);
      if (m[0] > 83886080) {
        throw sql_error(sqlstate::invalid_parameter_value, "length for type " + shown + " cannot exceed 83886080").at(name.position);
      }
      return m[0];
    }
    default:
      throw sql_error(sqlstate::syntax_error, "type modifier is not allowed for type \"" + name.names.back() + "\"")
          .at(name.position);
  }
}
}  // namespace

const type_ops* binder::find_type_named(const ast::type_name& name) const {
  auto& names = name.names;
  auto& types = in_.definitions().types();
  if (names.size() == 1) {
    for (oid schema : in_.env().search_path) {
      auto* type = schema == pg_catalog_schema ? find_type(std::string_view(names[0])) : types.find(schema, names[0]);
      if (type != nullptr) return type;
    }
    return nullptr;
  }
  auto& qualifier = names[names.size() - 2];
  if (qualifier == "pg_catalog") return find_type(std::string_view(names.back()));
  if (qualifier == stored_type_schema) return find_type(static_cast<oid>(std::strtoul(names.back().c_str(), nullptr, 10)));
  auto* schema = in_.definitions().find_schema(qualifier);
  if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + qualifier + "\" does not exist").at(name.position);
  return types.find(schema->id, names.back());
}

type_ref binder::resolve_type(const ast::type_name& name) const {
  auto* type = find_type_named(name);
  if (type == nullptr) {
    std::string full;
    for (auto& n : name.names) full += (full.empty() ? "" : ".") + n;
    if (name.array_dimensions > 0) full += "[]";
    throw sql_error(sqlstate::undefined_object, "type \"" + full + "\" does not exist").at(name.position);
  }
  auto modifier = modifier_of(type->id, name);
  if (name.array_dimensions > 0) {
    if (type->array_type == 0 || find_type(type->array_type) == nullptr) {
      throw sql_error(sqlstate::feature_not_supported, "arrays of type " + format_type({type->id, -1}) + " are not supported")
          .at(name.position);
    }
    return {type->array_type, modifier};
  }
  return {type->id, modifier};
}

expression_ptr binder::try_coerce(const expression_ptr& value, type_ref to, cast_context context, int position) {
  oid from = value->type().id;
  if (to.id == type_oid::any || to.id == type_oid::anyelement || to.id == type_oid::anyarray || to.id == type_oid::anynonarray ||
      to.id == type_oid::any_enum || to.id == type_oid::unknown) {
    return from == type_oid::unknown && to.id != type_oid::unknown ? settle_unknown(value) : value;
  }
  if (to.id >= first_defined_oid && to.id != from && get_type(to.id).kind == 'd' && !is_parameter_unknown(value)) {
    return to_domain(value, get_type(to.id), context, position);
  }
  if (from == type_oid::unknown) {
    if (auto* c = as_constant(value); c != nullptr) {
      if (c->value().is_null() && in_.record != nullptr) in_.record->literals[c->position()] = "NULL::" + stored_type_name(to);
      if (c->value().is_null()) return std::make_shared<constant_expression>(to, datum::null(), c->position());
      auto literal = c->value().as_bytes();
      if (depends_on_clock(to.id, literal)) in_.cacheable = false;
      try {
        datum parsed = get_type(to.id).parse_text(literal, -1, *in_.env().formats, in_.memory());
        if (in_.record != nullptr) in_.record->literals[c->position()] = stored_literal(literal, parsed, to);
        auto out = std::make_shared<constant_expression>(type_ref{to.id, -1}, parsed, c->position());
        const bool fit_elements = element_type(to.id) != 0 && to.modifier >= 0 && context != cast_context::explicit_;
        if (!fit_elements) return try_coerce(out, to, context, position);
      } catch (sql_error& e) {
        if (e.report().position == 0) e.report().position = c->position();
        throw;
      }
      // Elements that do not fit their length are refused by the array's input; that error has no position.
      return std::make_shared<constant_expression>(to, get_type(to.id).parse_text(literal, to.modifier, *in_.env().formats, in_.memory()), c->position());
    }
    if (auto* p = dynamic_cast<const parameter_expression*>(value.get()); p != nullptr) {
      oid& known = in_.parameter_types[static_cast<std::size_t>(p->number() - 1)];
      if (known == 0) known = to.id;
      auto typed = std::make_shared<parameter_expression>(type_ref{known, -1}, p->number(), p->position());
      return try_coerce(typed, to, context, position);
    }
    from = type_oid::text;
  }
  if (from >= first_defined_oid && from != to.id && get_type(from).kind == 'd') {
    auto below = base_type(type_ref{from, -1});
    return try_coerce(std::make_shared<cast_expression>(below, value, nullptr, false), to, context, position);
  }
  bool is_explicit = context == cast_context::explicit_;
  if (from == to.id) {
    if (to.modifier < 0 || value->type().modifier == to.modifier) return value;
    auto* cast = find_cast(from, to.id, context);
    if (cast == nullptr || cast->call == nullptr) return std::make_shared<cast_expression>(to, value, nullptr, is_explicit);
    return fold(std::make_shared<cast_expression>(to, value, cast, is_explicit));
  }
  auto* cast = find_cast(from, to.id, context);
  if (cast == nullptr) return coerce_defined(value, to, context, position);
  if (cast->call != nullptr) return fold(std::make_shared<cast_expression>(to, value, cast, is_explicit));
  auto relabeled = fold(std::make_shared<cast_expression>(type_ref{to.id, -1}, value, cast, is_explicit));
  return to.modifier < 0 ? relabeled : try_coerce(relabeled, to, context, position);
}

expression_ptr binder::coerce(const expression_ptr& value, type_ref to, cast_context context, int position) {
  auto out = try_coerce(value, to, context, position);
  if (!out) {
    throw sql_error(sqlstate::cannot_coerce, "cannot cast type " + format_type({value->type().id, -1}) + " to " +
                                                 format_type({to.id, -1})).at(position);
  }
  return out;
}

expression_ptr binder::settle_unknown(const expression_ptr& value) {
  if (value->type().id != type_oid::unknown) return value;
  return coerce(value, {type_oid::text, -1}, cast_context::implicit, 0);
}

expression_ptr binder::assign(expression_ptr value, type_ref to, const std::string& column, int position) {
  auto out = try_coerce(value, to, cast_context::assignment, position);
  if (!out) {
    throw sql_error(sqlstate::datatype_mismatch, "column \"" + column + "\" is of type " + format_type({to.id, -1}) +
                                                     " but expression is of type " + format_type({value->type().id, -1}))
        .hint("You will need to rewrite or cast the expression.").at(position);
  }
  // A constant that does not fit is an error of the statement, before it has done anything.
  if (auto* c = dynamic_cast<const cast_expression*>(out.get()); c != nullptr && as_constant(c->value()) != nullptr) {
    evaluation scratch;
    scratch.call = in_.call();
    (void)out->eval(scratch);
  }
  return out;
}

}  // namespace helios::sql
