#pragma once
// Expressions as parsed: names are not resolved and nothing has a type. Built by sql/parse, immutable afterwards and
// shared between threads. Positions are 1-based in characters of the whole query string; 0 where there is none.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace helios::sql::ast {

struct select;
struct expr;
using expr_ptr = std::unique_ptr<expr>;

struct type_name {
  std::vector<std::string> names;  ///< possibly schema-qualified; as the grammar canonicalises it ("pg_catalog","int4")
  std::vector<std::int32_t> modifiers;
  int array_dimensions = 0;
  bool set_of = false;
  int position = 0;
};

enum class expr_kind : std::uint8_t {
  column,         ///< names
  star,           ///< names may hold the qualifier
  integer,        ///< text holds the digits; fits int4
  number,         ///< text holds a number outside int4
  string,
  bit_string,
  boolean,        ///< flag
  null,
  parameter,      ///< number
  op,             ///< text is the operator; one or two args
  op_any,         ///< left op ANY (args[1] is an array)
  op_all,
  distinct_from,  ///< flag: NOT
  null_if,
  in_list,        ///< args[0] IN (args[1..]); flag: NOT
  like,           ///< text is the operator (~~, !~~, ~~*, !~~*); args[0], args[1]
  between,        ///< three args; flag: NOT; number 1: SYMMETRIC
  and_,
  or_,
  not_,
  is_null,        ///< flag: NOT
  is_bool,        ///< number: 0 true, 1 not true, 2 false, 3 not false, 4 unknown, 5 not unknown
  call,           ///< names, args; see the aggregate fields below
  cast,           ///< args[0] to type
  case_,          ///< args: [when, then]...; test and otherwise apart
  coalesce,
  greatest,
  least,
  subquery,       ///< scalar
  exists,
  any_subquery,   ///< args[0] text ANY (query)
  all_subquery,
  array_subquery,
  array,
  row,
  subscript,      ///< args[0][args[1]]
  field,          ///< (args[0]).names[0]
  current_value,  ///< CURRENT_DATE and its kin: text is the function's name
  default_,
  grouping,       ///< GROUPING(args)
  collate         ///< args[0] COLLATE text
};

struct sort_item {
  expr_ptr value;
  enum class direction : std::uint8_t { none, ascending, descending } order = direction::none;
  enum class nulls : std::uint8_t { none, first, last } null_order = nulls::none;
  int position = 0;
};

enum class frame_mode : std::uint8_t { range, rows, groups };
enum class frame_bound : std::uint8_t { unbounded_preceding, offset_preceding, current_row, offset_following, unbounded_following };
enum class frame_exclusion : std::uint8_t { none, current_row, group, ties };

/// What stands in OVER, or after a name in the WINDOW clause.
struct window_def {
  std::string name;                 ///< OVER name, or the name that WINDOW gives
  std::string base;                 ///< (base ...): the window that this one extends
  std::vector<expr_ptr> partition;
  std::vector<sort_item> order;
  bool default_frame = true, between = false;  ///< no frame clause; BETWEEN was written
  frame_mode mode = frame_mode::range;
  frame_bound start = frame_bound::unbounded_preceding, end = frame_bound::current_row;
  frame_exclusion exclusion = frame_exclusion::none;
  expr_ptr start_offset, end_offset;
  int position = 0;
};

struct expr {
  explicit expr(expr_kind k, int at = 0) : kind(k), position(at) {}

  expr_kind kind;
  bool flag = false;
  int number = 0;
  int position = 0;
  std::string text;
  std::vector<std::string> names;
  std::vector<expr_ptr> args;
  expr_ptr test, otherwise;         ///< CASE
  type_name type;                   ///< cast
  std::shared_ptr<const select> query;

  // call
  bool star = false, distinct = false, variadic = false, within_group = false;
  std::shared_ptr<const window_def> over;
  expr_ptr filter;
  std::vector<sort_item> order;
};

}  // namespace helios::sql::ast
