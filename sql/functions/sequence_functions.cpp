// nextval, currval, lastval, setval. Values come from storage's sequence_table; the session remembers what it got.
#include "base/sql_error.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "storage/sequence.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

/// 42809 unless the relation is a sequence.
sequence_def sequence_of(call_context& c, datum relation) {
  const auto id = static_cast<oid>(relation.as_int());
  const auto catalog = hooks_of(c).catalog();
  if (const sequence_def* s = catalog->find_sequence(id)) return *s;
  const table_def* table = catalog->find_table(id);
  const index_def* index = catalog->find_index(id);
  if (table || index) throw sql_error("42809", "\"" + (table ? table->name : index->name) + "\" is not a sequence");
  throw sql_error(sqlstate::undefined_table, "could not open relation with OID " + std::to_string(id));
}

/// Either of the rights will do. An identity column draws its values for whoever may insert.
void require_either(call_context& c, const sequence_def& s, rights_mask wanted) {
  const auto catalog = hooks_of(c).catalog();
  const role_def* role = catalog->find_role(hooks_of(c).current_user());
  if (role != nullptr && (role->superuser || rights_of(*catalog, role->id, protect(s), wanted) != 0)) return;
  const table_def* table = s.owned_by_table == 0 ? nullptr : catalog->find_table(s.owned_by_table);
  const auto column = static_cast<std::size_t>(s.owned_by_column - 1);
  if (table != nullptr && column < table->columns.size() && table->columns[column].identity != 0) return;
  refuse_access(protect(s));
}

[[noreturn]] void exhausted(const sequence_def& s) {
  const bool up = s.rule.increment > 0;
  throw sql_error("2200H", "nextval: reached " + std::string(up ? "maximum" : "minimum") + " value of sequence \"" + s.name + "\" (" +
                               std::to_string(up ? s.rule.maximum : s.rule.minimum) + ")");
}

/// Of a temporary sequence: nobody else draws from it.
std::int64_t next_temporary(session_hooks& hooks, const sequence_def& s) {
  auto& rule = s.rule;
  auto& state = hooks.temporary_sequences().try_emplace(s.id, storage::sequence_state{rule.start, false}).first->second;
  std::int64_t value = state.last_value;
  if (state.is_called) {
    const bool over = __builtin_add_overflow(value, rule.increment, &value) || value > rule.maximum || value < rule.minimum;
    if (over && !rule.cycle) exhausted(s);
    if (over) value = rule.increment > 0 ? rule.minimum : rule.maximum;
  }
  state = {value, true};
  hooks.remember_sequence(s.id, value);
  return value;
}

datum next_value(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const sequence_def s = sequence_of(c, a[0]);
  if (is_temporary(s.id)) return datum::of_int(next_temporary(hooks, s));
  require_either(c, s, right::usage | right::update);
  hooks.require_writable("nextval()");
  auto value = hooks.db().engine().sequences().next(s.id, s.rule, hooks.db().sink());
  if (!value) {
    if (value.failure().code != errc::invalid_argument) throw sql_error(sqlstate::internal_error, to_string(value.failure()));
    exhausted(s);
  }
  hooks.remember_sequence(s.id, *value);
  return datum::of_int(*value);
}

datum current_value(call_context& c, args_t a) {
  const sequence_def s = sequence_of(c, a[0]);
  require_either(c, s, right::usage | right::select);
  const auto value = hooks_of(c).remembered_sequence(s.id);
  if (!value)
    throw sql_error(sqlstate::object_not_in_prerequisite_state,
                    "currval of sequence \"" + s.name + "\" is not yet defined in this session");
  return datum::of_int(*value);
}

datum last_value(call_context& c, args_t) {
  session_hooks& hooks = hooks_of(c);
  const auto id = hooks.last_sequence();
  const auto value = id && hooks.catalog()->find_sequence(*id) ? hooks.remembered_sequence(*id) : std::nullopt;
  if (!value) throw sql_error(sqlstate::object_not_in_prerequisite_state, "lastval is not yet defined in this session");
  return datum::of_int(*value);
}

datum set_value(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const sequence_def s = sequence_of(c, a[0]);
  if (!is_temporary(s.id)) {
    require_either(c, s, right::update);
    hooks.require_writable("setval()");
  }
  const std::int64_t value = a[1].as_int();
  if (value < s.rule.minimum || value > s.rule.maximum)
    throw sql_error(sqlstate::numeric_value_out_of_range,
                    "setval: value " + std::to_string(value) + " is out of bounds for sequence \"" + s.name + "\" (" +
                        std::to_string(s.rule.minimum) + ".." + std::to_string(s.rule.maximum) + ")");
  const bool is_called = a.size() < 3 || a[2].as_bool();
  if (is_temporary(s.id)) hooks.temporary_sequences()[s.id] = {value, is_called};
  else hooks.db().engine().sequences().set(s.id, value, is_called, hooks.db().sink());
  if (is_called) hooks.remember_sequence(s.id, value);
  return a[1];
}

datum last_value_of(call_context& c, args_t a) {
  const sequence_def s = sequence_of(c, a[0]);
  auto& own = hooks_of(c).temporary_sequences();
  const auto found = own.find(s.id);
  const auto state = found != own.end() ? std::optional(found->second) : hooks_of(c).db().engine().sequences().peek(s.id);
  return state && state->is_called ? datum::of_int(state->last_value) : datum::null();
}

}  // namespace

void add_sequence_functions(registry& r) {
  using namespace sig;
  r.add("nextval", {rc}, i8, next_value, writing);
  r.add("currval", {rc}, i8, current_value, volatile_flag);
  r.add("lastval", {}, i8, last_value, volatile_flag);
  r.add("setval", {rc, i8}, i8, set_value, writing);
  r.add("setval", {rc, i8, b}, i8, set_value, writing);
  r.add("pg_sequence_last_value", {rc}, i8, last_value_of, volatile_flag);
}

}  // namespace helios::sql
