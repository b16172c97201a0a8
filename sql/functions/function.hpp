#pragma once
// Built-in functions, operators, casts and aggregates: their signatures and how the binder finds them by PostgreSQL's
// resolution rules (typeconv.html). Implementations live in sql/functions/*.cpp, one subject per file.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/types/type.hpp"

namespace helios::sql {

class session;        // sql/session.hpp
class session_hooks;  // sql/functions/session_hooks.hpp: functions of the session (current_user, nextval, ...) use it

/// A column of the rows that a function returns.
struct record_column {
  std::string name;
  type_ref type;
};

/// What a function may use while it runs. One per executing statement.
struct call_context {
  arena* mem = nullptr;                   ///< for results with bytes; lives at least as long as the current row
  const format_settings* format = nullptr;
  session* owner = nullptr;               ///< never null in a session; null in unit tests of pure functions
  session_hooks* hooks = nullptr;         ///< the same session, as functions see it; null as `owner`
  /// Types of the arguments of the call that runs, after coercion. Whoever calls a function with needs_types sets it.
  std::span<const oid> argument_types;
  /// For a function with `columns_from_caller`: the columns that the query asks for (AS x(a int, b text)).
  std::span<const record_column> result_columns;
};

enum class volatility : std::uint8_t { immutable, stable, volatile_ };

/// Arguments are never NULL for a strict function; the result may be NULL.
using scalar_fn = datum (*)(call_context&, std::span<const datum> args);

struct function_def {
  oid id;                     ///< PostgreSQL's oid where it has one
  const char* name;
  std::vector<oid> arguments; ///< may contain pseudo types any, anyelement
  oid result;
  scalar_fn call = nullptr;
  bool strict = true;
  bool variadic_any = false;  ///< accepts any number of further arguments (concat)
  bool returns_set = false;   ///< then call_set instead of call
  void (*call_set)(call_context&, std::span<const datum> args, std::vector<datum>& rows) = nullptr;
  volatility stability = volatility::immutable;
  bool needs_types = false;   ///< takes any type and reads call_context::argument_types (concat, format, pg_typeof)
  bool writes = false;        ///< side effects on the database (nextval, setval): forwarded by a standby
  bool window = false;        ///< computed by the window operator, which knows it by its name; `call` is null
  /// Not empty: each result is a record of these columns, which FROM shows one by one.
  std::vector<record_column> columns = {};
  bool columns_from_caller = false;  ///< returns records whose columns the query must name
};

/// An aggregate keeps a state per group. The state is owned by the executor and destroyed with the group.
class aggregate_state {
 public:
  virtual ~aggregate_state() = default;
  virtual void add(call_context&, std::span<const datum> args) = 0;
  /// Takes back the oldest of what was added, for frames that move. False: it cannot, start again.
  virtual bool remove(std::span<const datum> args) {
    (void)args;
    return false;
  }
  /// May be called again after further rows.
  virtual datum finish(call_context&) = 0;
};
/// Aggregates with WITHIN GROUP: computed by the executor from the sorted rows; `start` is null.
enum class ordered_set : std::uint8_t { none, percentile_cont, percentile_disc, mode, rank, dense_rank, percent_rank, cume_dist };
struct aggregate_def {
  oid id;
  const char* name;
  std::vector<oid> arguments;  ///< empty for count(*)
  oid result;
  bool strict = true;          ///< rows with a NULL argument are not added
  std::unique_ptr<aggregate_state> (*start)();
  ordered_set ordered = ordered_set::none;
  bool hypothetical() const { return ordered >= ordered_set::rank; }
  /// Each argument comes as a record of one field, which says its type (json_agg).
  bool typed_arguments = false;
};

enum class cast_context : std::uint8_t { implicit, assignment, explicit_ };
struct cast_def {
  oid from, to;
  cast_context context;
  /// `modifier` is the target's. nullptr: the representation is the same.
  datum (*call)(call_context&, datum value, std::int32_t modifier, bool is_explicit);
};

/// The result of resolution: argument types after coercion. Unknown literals and parameters count as type unknown.
struct resolved_function {
  const function_def* function = nullptr;
  const aggregate_def* aggregate = nullptr;
  std::vector<oid> argument_types;
  oid result_type = 0;
};
/// Throws 42883 (with PostgreSQL's hint) or 42725. `position` goes into the error.
resolved_function resolve_function(std::string_view name, std::span<const oid> argument_types, bool star, int position);
/// `left` is 0 for a prefix operator.
resolved_function resolve_operator(std::string_view name, oid left, oid right, int position);
/// The cast from one type to another allowed in this context; nullptr if none. Same type with only a modifier to apply
/// (varchar(n), numeric(p,s)) yields the type's length coercion.
const cast_def* find_cast(oid from, oid to, cast_context context);
/// PostgreSQL's rule for UNION, CASE, VALUES, ARRAY: the common type, or throws 42804 naming `construct`.
oid common_type(std::span<const oid> types, std::string_view construct, int position);
/// True for functions that write (so a standby must forward a SELECT that calls them): by name, any arguments.
bool function_writes(std::string_view name);
bool is_aggregate(std::string_view name);

}  // namespace helios::sql
