#pragma once
// Expressions after analysis: types are known, names are slots, overloads are chosen. Immutable and shared by the plans
// that hold them; eval() writes only to the evaluation it is given.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sql/exec/evaluation.hpp"
#include "sql/functions/function.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

class expression;
using expression_ptr = std::shared_ptr<const expression>;
class plan_node;

class expression {
 public:
  explicit expression(type_ref type) : type_(type) {}
  virtual ~expression() = default;
  type_ref type() const { return type_; }

  virtual datum eval(evaluation& in) const = 0;
  /// Calls `visit` for each direct child.
  virtual void children(const std::function<void(const expression_ptr&)>& visit) const { (void)visit; }
  /// Text for EXPLAIN, and the key under which equal expressions are equal (with slot numbers).
  virtual void describe(std::string& out, bool as_key) const = 0;
  /// Slots it reads itself, without its children's.
  virtual void own_slots(std::vector<int>& out) const { (void)out; }
  /// False when another evaluation on the same row may give another result or has an effect.
  virtual bool stable() const { return true; }

 private:
  type_ref type_;
};

class constant_expression final : public expression {
 public:
  constant_expression(type_ref type, datum value, int position = 0);
  datum eval(evaluation&) const override { return value_; }
  void describe(std::string& out, bool as_key) const override;
  datum value() const { return value_; }
  int position() const { return position_; }

 private:
  std::string bytes_;
  datum value_;
  int position_;
};

class slot_expression final : public expression {
 public:
  slot_expression(type_ref type, int slot, std::string name, oid table = 0, std::int16_t column = 0)
      : expression(type), slot_(slot), name_(std::move(name)), table_(table), column_(column) {}
  datum eval(evaluation& in) const override { return in.slots[static_cast<std::size_t>(slot_)]; }
  void describe(std::string& out, bool as_key) const override;
  void own_slots(std::vector<int>& out) const override { out.push_back(slot_); }
  int slot() const { return slot_; }
  const std::string& name() const { return name_; }
  oid table() const { return table_; }
  std::int16_t column() const { return column_; }

 private:
  int slot_;
  std::string name_;
  oid table_;
  std::int16_t column_;
};

class parameter_expression final : public expression {
 public:
  parameter_expression(type_ref type, int number, int position) : expression(type), number_(number), position_(position) {}
  datum eval(evaluation& in) const override { return in.parameters[static_cast<std::size_t>(number_ - 1)]; }
  void describe(std::string& out, bool as_key) const override;
  int number() const { return number_; }
  int position() const { return position_; }

 private:
  int number_, position_;
};

/// A function or operator with its arguments.
class call_expression final : public expression {
 public:
  call_expression(type_ref type, const function_def* function, std::vector<expression_ptr> arguments, std::string op = {})
      : expression(type), function_(function), arguments_(std::move(arguments)), op_(std::move(op)) {
    if (!function_->needs_types) return;
    for (auto& a : arguments_) types_.push_back(a->type().id);
  }
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;
  bool stable() const override { return function_->stability != volatility::volatile_; }
  const function_def& function() const { return *function_; }
  const std::vector<expression_ptr>& arguments() const { return arguments_; }
  /// The operator's name; empty for a function.
  const std::string& op() const { return op_; }

 private:
  const function_def* function_;
  std::vector<expression_ptr> arguments_;
  std::string op_;
  std::vector<oid> types_;  ///< of the arguments, for a function that asks
};

class cast_expression final : public expression {
 public:
  cast_expression(type_ref type, expression_ptr value, const cast_def* cast, bool is_explicit)
      : expression(type), value_(std::move(value)), cast_(cast), explicit_(is_explicit) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(value_); }
  void describe(std::string& out, bool as_key) const override;
  const expression_ptr& value() const { return value_; }
  bool relabel() const { return cast_ == nullptr || cast_->call == nullptr; }

 private:
  expression_ptr value_;
  const cast_def* cast_;
  bool explicit_;
};

class logic_expression final : public expression {
 public:
  enum class kind { and_, or_, not_ };
  logic_expression(kind what, std::vector<expression_ptr> arguments)
      : expression({type_oid::boolean, -1}), what_(what), arguments_(std::move(arguments)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;
  kind what() const { return what_; }
  const std::vector<expression_ptr>& arguments() const { return arguments_; }

 private:
  kind what_;
  std::vector<expression_ptr> arguments_;
};

/// IS [NOT] NULL, IS [NOT] TRUE / FALSE / UNKNOWN.
class test_expression final : public expression {
 public:
  enum class kind { null, not_null, true_, not_true, false_, not_false };
  test_expression(kind what, expression_ptr value)
      : expression({type_oid::boolean, -1}), what_(what), value_(std::move(value)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(value_); }
  void describe(std::string& out, bool as_key) const override;
  kind what() const { return what_; }
  const expression_ptr& value() const { return value_; }

 private:
  kind what_;
  expression_ptr value_;
};

class case_expression final : public expression {
 public:
  /// `branches`: condition, result, condition, result, ...; `otherwise` may be null.
  case_expression(type_ref type, std::vector<expression_ptr> branches, expression_ptr otherwise)
      : expression(type), branches_(std::move(branches)), otherwise_(std::move(otherwise)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;

 private:
  std::vector<expression_ptr> branches_;
  expression_ptr otherwise_;
};

/// COALESCE, GREATEST, LEAST, NULLIF and IS DISTINCT FROM: forms that see NULL arguments themselves.
class special_expression final : public expression {
 public:
  enum class kind { coalesce, greatest, least, null_if, distinct, not_distinct };
  /// `equal`: for null_if and the distinct forms, the comparison of the two (arguments 0 and 1).
  special_expression(kind what, type_ref type, std::vector<expression_ptr> arguments, const function_def* equal = nullptr)
      : expression(type), what_(what), arguments_(std::move(arguments)), equal_(equal) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;

 private:
  datum extreme(evaluation& in) const;

  kind what_;
  std::vector<expression_ptr> arguments_;
  const function_def* equal_;
};

/// value op ANY / ALL (list): the list's members are expressions of the type that `function` wants on its right.
class list_expression final : public expression {
 public:
  list_expression(bool all, const function_def* function, std::string op, expression_ptr value,
                  std::vector<expression_ptr> members)
      : expression({type_oid::boolean, -1}), all_(all), function_(function), op_(std::move(op)),
        value_(std::move(value)), members_(std::move(members)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;
  bool all() const { return all_; }
  const std::string& op() const { return op_; }
  const expression_ptr& value() const { return value_; }
  const std::vector<expression_ptr>& members() const { return members_; }

 private:
  bool all_;
  const function_def* function_;
  std::string op_;
  expression_ptr value_;
  std::vector<expression_ptr> members_;
};

/// ARRAY[...]: of elements, or of arrays of equal shape that become its inner dimensions.
class array_expression final : public expression {
 public:
  array_expression(type_ref type, oid element, bool nested, std::vector<expression_ptr> items)
      : expression(type), element_(element), nested_(nested), items_(std::move(items)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;

 private:
  oid element_;
  bool nested_;
  std::vector<expression_ptr> items_;
};

/// value op ANY / ALL (array). `cast`: from the array's elements to what the operator wants; may be null.
class array_test_expression final : public expression {
 public:
  array_test_expression(bool all, const function_def* function, std::string op, expression_ptr value, expression_ptr array,
                        const cast_def* cast)
      : expression({type_oid::boolean, -1}), all_(all), function_(function), op_(std::move(op)), value_(std::move(value)),
        array_(std::move(array)), cast_(cast) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;

 private:
  bool all_;
  const function_def* function_;
  std::string op_;
  expression_ptr value_, array_;
  const cast_def* cast_;
};

/// array[i] or array[i][j]...: NULL outside of its bounds.
class subscript_expression final : public expression {
 public:
  subscript_expression(type_ref type, expression_ptr array, std::vector<expression_ptr> indexes)
      : expression(type), array_(std::move(array)), indexes_(std::move(indexes)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;

 private:
  expression_ptr array_;
  std::vector<expression_ptr> indexes_;
};

/// ROW(...): a record. Its columns have names when it stands for a whole row; then it is NULL where an outer join has none, if
/// `nullable`.
class row_expression final : public expression {
 public:
  explicit row_expression(std::vector<expression_ptr> fields, std::vector<std::string> names = {}, bool nullable = false,
                          oid type = type_oid::record)
      : expression({type, -1}), fields_(std::move(fields)), names_(std::move(names)), nullable_(nullable) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;
  const std::vector<expression_ptr>& fields() const { return fields_; }
  const std::vector<std::string>& names() const { return names_; }
  bool nullable() const { return nullable_; }
  std::vector<expression_ptr> as_written;  ///< of ROW(...): with literals of unknown type, for a cast to a row type

 private:
  std::vector<expression_ptr> fields_;
  std::vector<std::string> names_;
  bool nullable_;
};

/// A value of a domain: refused when it does not meet the domain's conditions.
class domain_expression final : public expression {
 public:
  domain_expression(oid domain, expression_ptr value) : expression({domain, -1}), value_(std::move(value)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(value_); }
  void describe(std::string& out, bool as_key) const override;

 private:
  expression_ptr value_;
};

/// A cast through the text forms of two types, one of which the catalog defines.
class text_cast_expression final : public expression {
 public:
  text_cast_expression(type_ref type, expression_ptr value) : expression(type), value_(std::move(value)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(value_); }
  void describe(std::string& out, bool as_key) const override;
  bool stable() const override { return true; }

 private:
  expression_ptr value_;
};

/// A cast of an array: `element` is evaluated for each element in `slot`.
class element_cast_expression final : public expression {
 public:
  element_cast_expression(type_ref type, expression_ptr value, int slot, expression_ptr element)
      : expression(type), value_(std::move(value)), slot_(slot), element_(std::move(element)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(value_); }
  void describe(std::string& out, bool as_key) const override;

 private:
  expression_ptr value_;
  int slot_;
  expression_ptr element_;
};

/// (row).field
class field_expression final : public expression {
 public:
  field_expression(type_ref type, expression_ptr row, std::size_t number, std::string name)
      : expression(type), row_(std::move(row)), number_(number), name_(std::move(name)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(row_); }
  void describe(std::string& out, bool as_key) const override;

 private:
  expression_ptr row_;
  std::size_t number_;  ///< from 0
  std::string name_;
};

/// A row with another value in one of its fields; a NULL row has NULL in the others.
class field_store_expression final : public expression {
 public:
  field_store_expression(type_ref row_type, expression_ptr row, std::size_t number, expression_ptr value)
      : expression(row_type), row_(std::move(row)), number_(number), value_(std::move(value)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override {
    visit(row_);
    visit(value_);
  }
  void describe(std::string& out, bool as_key) const override;

 private:
  expression_ptr row_;
  std::size_t number_;  ///< from 0
  expression_ptr value_;
};

/// A value of a row type as a record with names.
class record_expression final : public expression {
 public:
  explicit record_expression(expression_ptr row) : expression({type_oid::record, -1}), row_(std::move(row)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(row_); }
  void describe(std::string& out, bool as_key) const override { row_->describe(out, as_key); }

 private:
  expression_ptr row_;
};

/// IS [NOT] NULL of a row: all of its fields are (not).
class row_test_expression final : public expression {
 public:
  row_test_expression(bool want_null, expression_ptr row)
      : expression({type_oid::boolean, -1}), want_null_(want_null), row_(std::move(row)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override { visit(row_); }
  void describe(std::string& out, bool as_key) const override;

 private:
  bool want_null_;
  expression_ptr row_;
};

/// The arguments of a call as the aggregate takes them (aggregate_def::typed_arguments).
std::vector<expression_ptr> arguments_for(const aggregate_def& aggregate, std::vector<expression_ptr> arguments);

/// Scalar subquery, EXISTS, ARRAY(subquery), and op ANY / ALL (subquery).
class subquery_expression final : public expression {
 public:
  enum class kind { scalar, exists, any, all, array };
  struct parts {
    kind what{};
    int number = 0;                              ///< of its state in the evaluation
    std::shared_ptr<const plan_node> root;
    std::vector<expression_ptr> outputs;
    std::vector<int> outer_slots;                ///< read from outside; none: computed once
    std::vector<expression_ptr> tests;           ///< any/all: the left side
    std::vector<const function_def*> functions;  ///< any/all: one per column
    std::string op;
    bool equality = false;                       ///< op is "=" with equal types: an uncorrelated one becomes a hash
  };
  subquery_expression(type_ref type, parts p) : expression(type), parts_(std::move(p)) {}
  datum eval(evaluation& in) const override;
  void children(const std::function<void(const expression_ptr&)>& visit) const override;
  void describe(std::string& out, bool as_key) const override;
  void own_slots(std::vector<int>& out) const override;
  const parts& get() const { return parts_; }

 private:
  datum scalar(evaluation& in, subquery_state& state) const;
  datum exists(evaluation& in, subquery_state& state) const;
  datum array(evaluation& in, subquery_state& state) const;
  datum quantified(evaluation& in, subquery_state& state) const;
  datum hashed(evaluation& in, subquery_state& state) const;

  parts parts_;
};

/// Helpers over whole trees.
void collect_slots(const expression& e, std::vector<int>& out);
bool is_stable(const expression& e);
bool contains_subquery(const expression& e);
std::string key_of(const expression& e);
std::string text_of(const expression& e);
/// The value if the expression is a constant; nullptr otherwise.
const constant_expression* as_constant(const expression_ptr& e);
const slot_expression* as_slot(const expression_ptr& e);
/// True, not false and not NULL.
inline bool holds(const expression& e, evaluation& in) {
  datum d = e.eval(in);
  return !d.is_null() && d.as_bool();
}

}  // namespace helios::sql
