// Sizes of relations and of the database, and how they are shown. A relation's size is that of its live keys and
// values, counted by a walk over its space: the store keeps no sizes per space.
#include <array>

#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_size_functions(registry&);

namespace {

using args_t = std::span<const datum>;

std::int64_t space_bytes(call_context& c, storage::space_id space) {
  session_hooks& hooks = hooks_of(c);
  const auto snapshot = hooks.snapshot();
  std::int64_t bytes = 0;
  std::uint64_t rows = 0;
  for (auto at = snapshot->scan(space, {}); at->valid(); at->next()) {
    bytes += static_cast<std::int64_t>(at->key().size() + at->value().size());
    if ((++rows & 4095) == 0) hooks.host().checkpoint();
  }
  return bytes;
}

/// nothing when there is no such relation; 0 for what has no storage of its own.
std::optional<std::int64_t> relation_bytes(call_context& c, oid id) {
  const auto catalog = hooks_of(c).catalog();
  if (const table_def* t = catalog->find_table(id)) return space_bytes(c, t->space);
  if (const index_def* i = catalog->find_index(id)) return space_bytes(c, i->space);
  return identify_relation(*catalog, id) ? std::optional<std::int64_t>(0) : std::nullopt;
}
std::int64_t index_bytes(call_context& c, oid id) {
  const auto catalog = hooks_of(c).catalog();
  const table_def* table = catalog->find_table(id);
  std::int64_t bytes = 0;
  if (table)
    for (oid i : table->indexes) bytes += relation_bytes(c, i).value_or(0);
  return bytes;
}

datum relation_size(call_context& c, args_t a) {
  if (a.size() > 1) {
    const auto fork = a[1].as_bytes();
    if (fork != "main" && fork != "fsm" && fork != "vm" && fork != "init")
      throw sql_error(sqlstate::invalid_parameter_value, "invalid fork name")
          .hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
    if (fork != "main") return datum::of_int(0);
  }
  const auto bytes = relation_bytes(c, static_cast<oid>(a[0].as_int()));
  return bytes ? datum::of_int(*bytes) : datum::null();
}
datum indexes_size(call_context& c, args_t a) { return datum::of_int(index_bytes(c, static_cast<oid>(a[0].as_int()))); }
datum total_size(call_context& c, args_t a) {
  const oid id = static_cast<oid>(a[0].as_int());
  const auto bytes = relation_bytes(c, id);
  return bytes ? datum::of_int(*bytes + index_bytes(c, id)) : datum::null();
}
datum database_size(call_context& c, args_t) {
  const auto status = hooks_of(c).db().engine().status();
  return datum::of_int(static_cast<std::int64_t>(status.lmdb_used_bytes + status.memtable_bytes));
}
datum named_database_size(call_context& c, args_t a) {
  if (a[0].as_bytes() != hooks_of(c).catalog()->database_name())
    throw sql_error(sqlstate::invalid_catalog_name, "database \"" + std::string(a[0].as_bytes()) + "\" does not exist");
  return database_size(c, a);
}

constexpr std::array<const char*, 6> units = {"bytes", "kB", "MB", "GB", "TB", "PB"};

/// Each unit is used up to 10 of the next one less one half, rounded half away from zero.
datum pretty(call_context& c, args_t a) {
  const decimal value = decimal::from(a[0]);
  if (!value.finite()) return text_result(c, value.to_text() + " bytes");
  if (abs(truncate(value, 0).coefficient) < 10240) return text_result(c, value.to_text() + " bytes");
  // In halves of the unit, cut towards zero, so that one bit is left to round by.
  mpz_class doubled = truncate(value, 0).coefficient / 512;
  std::size_t unit = 0;
  for (unit = 1; unit + 1 < units.size() && abs(doubled) >= 20479; ++unit) doubled /= 1024;
  const mpz_class shown = (doubled + (sgn(doubled) < 0 ? -1 : 1)) / 2;
  return text_result(c, shown.get_str() + " " + units[unit]);
}
datum pretty_integer(call_context& c, args_t a) {
  const datum as_numeric = decimal::of_int(a[0].as_int()).to_datum(*c.mem);
  return pretty(c, args_t(&as_numeric, 1));
}

/// "10 MB", "1.5kB": a number and a unit of 1024 each.
datum size_bytes(call_context&, args_t a) {
  const auto text = trim(a[0].as_bytes());
  const auto end = text.find_first_not_of("+-0123456789.eE");
  auto number = trim(text.substr(0, end));
  const auto unit = end == std::string_view::npos ? std::string_view() : trim(text.substr(end));
  decimal value;
  try {
    value = decimal::parse(number);
  } catch (const sql_error&) {
    number = {};
  }
  if (number.empty()) throw sql_error(sqlstate::invalid_parameter_value, "invalid size: \"" + std::string(a[0].as_bytes()) + "\"");
  if (unit.empty() || equal_ignoring_case(unit, "b"))
    return datum::of_int(value.to_int(INT64_MIN, INT64_MAX, "bigint"));
  decimal factor = decimal::of_int(1);
  for (std::size_t i = 0; i < units.size(); ++i, factor = multiply(factor, decimal::of_int(1024)))
    if (equal_ignoring_case(unit, units[i]))
      return datum::of_int(multiply(value, factor).to_int(INT64_MIN, INT64_MAX, "bigint"));
  throw sql_error(sqlstate::invalid_parameter_value, "invalid size: \"" + std::string(a[0].as_bytes()) + "\"")
      .detail("Invalid size unit: \"" + std::string(unit) + "\".")
      .hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".");
}

}  // namespace

void add_size_functions(registry& r) {
  using namespace sig;
  r.add("pg_relation_size", {rc}, i8, relation_size, volatile_flag);
  r.add("pg_relation_size", {rc, txt}, i8, relation_size, volatile_flag);
  r.add("pg_table_size", {rc}, i8, relation_size, volatile_flag);
  r.add("pg_indexes_size", {rc}, i8, indexes_size, volatile_flag);
  r.add("pg_total_relation_size", {rc}, i8, total_size, volatile_flag);
  r.add("pg_database_size", {nm}, i8, named_database_size, volatile_flag);
  r.add("pg_database_size", {id}, i8, database_size, volatile_flag);
  r.add("pg_tablespace_size", {id}, i8, database_size, volatile_flag);
  r.add("pg_size_pretty", {i8}, txt, pretty_integer);
  r.add("pg_size_pretty", {num}, txt, pretty);
  r.add("pg_size_bytes", {txt}, i8, size_bytes);
}

}  // namespace helios::sql
