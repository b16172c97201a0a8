#pragma once
// Where each file of sql/functions enters what it implements. Built once, on first use; immutable afterwards.

#include <deque>
#include <initializer_list>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql/functions/function.hpp"

namespace helios::sql {

/// Flags of an entry, or-ed.
enum function_flags : unsigned {
  plain = 0,
  takes_null = 1,     ///< not strict
  stable = 2,
  volatile_flag = 4,
  writing = 8,
  variadic = 16,      ///< the last argument is "any", repeated
  typed = 32          ///< reads call_context::argument_types
};

class registry {
 public:
  void add(const char* name, std::initializer_list<oid> arguments, oid result, scalar_fn call, unsigned flags = plain);
  void add_set(const char* name, std::initializer_list<oid> arguments, oid result,
               void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), unsigned flags = plain);
  /// Rows of the named columns; of one, its values.
  void add_rows(const char* name, std::initializer_list<oid> arguments, std::vector<record_column> columns,
                void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), unsigned flags = plain);
  /// Records whose columns the query names; one of them, or a set.
  void add_record(const char* name, std::initializer_list<oid> arguments,
                  void (*call)(call_context&, std::span<const datum>, std::vector<datum>&), bool set);
  /// One argument: a prefix operator.
  void op(const char* name, std::initializer_list<oid> arguments, oid result, scalar_fn call, unsigned flags = plain);
  void aggregate(const char* name, std::initializer_list<oid> arguments, oid result,
                 std::unique_ptr<aggregate_state> (*start)(), bool strict = true, bool typed_arguments = false);
  void ordered_aggregate(const char* name, std::initializer_list<oid> arguments, oid result, ordered_set what);
  void window(const char* name, std::initializer_list<oid> arguments, oid result);
  void cast(oid from, oid to, cast_context context, datum (*call)(call_context&, datum, std::int32_t, bool));

  std::span<const function_def* const> functions(std::string_view name) const;
  std::span<const function_def* const> operators(std::string_view name) const;
  std::span<const aggregate_def* const> aggregates(std::string_view name) const;
  const cast_def* cast(oid from, oid to) const;

  const std::deque<function_def>& all_functions() const { return functions_; }
  const std::deque<function_def>& all_operators() const { return operators_; }
  const std::deque<aggregate_def>& all_aggregates() const { return aggregates_; }
  const std::deque<cast_def>& all_casts() const { return casts_; }

 private:
  template <class Def>
  using index = std::unordered_map<std::string_view, std::vector<const Def*>>;
  std::deque<function_def> functions_, operators_;
  std::deque<aggregate_def> aggregates_;
  std::deque<cast_def> casts_;
  index<function_def> functions_by_name_, operators_by_name_;
  index<aggregate_def> aggregates_by_name_;
  std::unordered_map<std::uint64_t, const cast_def*> casts_by_types_;
};

const registry& builtins();

void add_casts(registry&);
void add_comparison_operators(registry&);
void add_arithmetic(registry&);
void add_numeric_functions(registry&);
void add_math_functions(registry&);
void add_string_functions(registry&);
void add_text_search_functions(registry&);
void add_encoding_functions(registry&);
void add_format_functions(registry&);
void add_date_functions(registry&);
void add_date_operators(registry&);
void add_to_char_functions(registry&);
void add_session_functions(registry&);
void add_sequence_functions(registry&);
void add_replication_functions(registry&);
void add_catalog_functions(registry&);
void add_array_functions(registry&);
void add_json_functions(registry&);
void add_json_operators(registry&);
void add_jsonb_functions(registry&);
void add_json_set_functions(registry&);
void add_json_aggregates(registry&);
void add_jsonpath_functions(registry&);
void add_network_functions(registry&);
void add_bit_functions(registry&);
void add_set_functions(registry&);
void add_aggregates(registry&);
void add_statistics_aggregates(registry&);
void add_window_functions(registry&);

// Short names for signatures.
namespace sig {
inline constexpr oid b = type_oid::boolean, i2 = type_oid::int2, i4 = type_oid::int4, i8 = type_oid::int8,
                     f4 = type_oid::float4, f8 = type_oid::float8, num = type_oid::numeric, txt = type_oid::text,
                     bp = type_oid::bpchar, vc = type_oid::varchar, nm = type_oid::name, ch = type_oid::char_,
                     by = type_oid::bytea, dt = type_oid::date, tm = type_oid::time, ts = type_oid::timestamp,
                     tz = type_oid::timestamptz, iv = type_oid::interval, id = type_oid::oid, any = type_oid::any,
                     elem = type_oid::anyelement, arr = type_oid::anyarray, ta = type_oid::text_array,
                     js = type_oid::json, jb = type_oid::jsonb, jp = type_oid::jsonpath,
                     rc = type_oid::regclass, rt = type_oid::regtype, lsn_ = type_oid::pg_lsn, vd = type_oid::void_;
}  // namespace sig

// Helpers of implementations.
inline datum text_result(call_context& c, std::string_view text) { return datum::of_bytes(c.mem->copy(text)); }
const format_settings& formats_of(const call_context& c);
/// Type of the argument `i` of the running call (`typed` functions).
oid argument_type(const call_context& c, std::size_t i);
/// Text form of the argument `i`, as its output function gives it.
void append_argument(call_context& c, std::span<const datum> args, std::size_t i, std::string& out);
/// The session's view; throws XX000 in a context without a session.
session_hooks& hooks_of(call_context& c);
/// oid of a built-in function as PostgreSQL numbers it; a number above 9000 for what PostgreSQL has not.
oid builtin_oid(std::string_view name, std::span<const oid> arguments);
oid builtin_operator_oid(std::string_view name, std::span<const oid> arguments);

}  // namespace helios::sql
