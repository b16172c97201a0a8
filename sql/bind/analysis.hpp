#pragma once
// State of the analysis of one statement: the catalog it sees, its slots, parameters and numbered parts, and the scopes
// in which names are looked up. Lives on the stack of one analyze call.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sql/ast/statement.hpp"
#include "sql/bind/expression.hpp"
#include "sql/plan/plan_node.hpp"
#include "storage/lock_table.hpp"

namespace helios::sql {

/// What the names of a view's query mean, as its text keeps them. Filled while the query is bound.
struct query_record {
  std::map<const ast::expr*, std::string> columns;                             ///< a reference to a column, qualified
  std::map<const ast::expr*, std::vector<std::string>> stars;                  ///< what * stands for
  std::map<const ast::expr*, relation_use> sources;                            ///< the stored column that a reference means
  std::map<const ast::relation_name*, std::pair<oid, std::string>> relations;  ///< the relation and its qualified name
  std::map<int, std::string> literals;                                         ///< by position: the type of an unknown literal
  std::map<const ast::select*, std::vector<std::string>> outputs;              ///< names of the result's columns
  std::vector<relation_use> uses;
};

/// A relation that a statement touches, and the rights that this takes: of the whole relation, or of each of the columns.
struct access_need {
  oid relation = 0;
  oid as = 0;                   ///< a view's owner; 0: the current role
  rights_mask rights = 0;
  std::set<std::int16_t> read, inserted, updated;
};

/// What names mean where the statement runs.
struct bind_environment {
  catalog_ptr catalog;
  std::vector<oid> search_path;  ///< with pg_catalog where it is implied
  const format_settings* formats = nullptr;
  session* owner = nullptr;
  session_hooks* hooks = nullptr;
  bool fixed_parameters = false;  ///< no more parameters than there are types for
  oid role = bootstrap_role;
};

struct visible_column {
  std::string name;
  expression_ptr value;
};

/// A table, view or query in FROM under the name by which columns are qualified.
struct relation_entry {
  std::string alias, schema;
  std::vector<visible_column> columns;
  const table_def* table = nullptr;
  oid row_type = 0;    ///< of its rows; 0: a record of its columns
  int base = 0;        ///< slot of the table's first column; row id and version follow the last one
  bool nullable = false;  ///< on the null side of an outer join
  bool view = false;
  int position = 0;
  oid relation = 0;    ///< table or view that has access rights; 0: none
  oid as = 0;          ///< access_need::as
};

struct sort_key {
  expression_ptr value;
  bool descending = false, nulls_first = false;
};

struct aggregate_call {
  const aggregate_def* function = nullptr;
  std::vector<expression_ptr> arguments;  ///< with WITHIN GROUP: the direct ones; the others are the sort keys
  bool distinct = false;
  expression_ptr filter;
  std::vector<sort_key> order;
  int slot = 0;
  std::string key;
};

/// A call with OVER: of a window function, or of an aggregate.
struct window_call {
  const function_def* function = nullptr;
  const aggregate_def* aggregate = nullptr;
  std::vector<expression_ptr> arguments;
  expression_ptr filter;
  int slot = 0;
  std::size_t window = 0;  ///< in window_list::windows
  std::string key;
};

struct window_frame {
  ast::frame_mode mode = ast::frame_mode::range;
  ast::frame_bound start = ast::frame_bound::unbounded_preceding, end = ast::frame_bound::current_row;
  ast::frame_exclusion exclusion = ast::frame_exclusion::none;
  expression_ptr start_offset, end_offset;
};

struct bound_window {
  std::vector<expression_ptr> partition;
  std::vector<sort_key> order;
  window_frame frame;
  std::string key;  ///< equal for windows that are the same
};

/// The windows of one query while it is bound.
struct window_list {
  struct named {
    const ast::window_def* definition = nullptr;
    bool bound = false;
    bound_window window;
  };
  std::vector<named> names;           ///< the WINDOW clause
  std::vector<bound_window> windows;  ///< all that calls use, each once
  std::vector<window_call> calls;
  std::size_t add(const bound_window& w);
};

/// A query with several grouping sets: what its expressions read in place of the grouped ones.
struct grouping_slots {
  std::map<std::string, expression_ptr> by_key;      ///< key of a grouped expression to its slot, NULL where it is not grouped
  std::map<std::string, std::size_t> number_by_key;
  std::vector<std::vector<std::size_t>> sets;        ///< numbers of expressions
  int set_slot = 0;                                  ///< which set a row belongs to
};

/// GROUPING(...) of a query, to be checked when its GROUP BY is known.
struct grouping_check {
  std::vector<std::string> keys;
  std::vector<int> positions;
};

/// A set-returning function of the select list: its values take turns in `slot`.
struct set_call {
  const function_def* function = nullptr;
  std::vector<expression_ptr> arguments;
  int slot = 0;
};

struct output_column {
  std::string name;
  expression_ptr value;
};

/// A query after analysis: its plan, and its columns as expressions over the plan's slots.
struct bound_query {
  plan_node_ptr root;
  std::vector<output_column> outputs;
  std::vector<int> outer_slots;
};

struct common_table_entry {
  std::string name;
  std::vector<output_column> columns;  ///< values are slots of the table's own projection
  plan_node_ptr root;
  int number = -1;                     ///< of the shared rows; -1: bound anew at each use
  const ast::common_table* source = nullptr;
  bool recursive = false;
  bool returns = true;                 ///< false: a change without RETURNING
};

struct scope {
  scope* outer = nullptr;
  std::vector<relation_entry> relations;
  std::vector<relation_entry> hidden;  ///< behind the alias of a join; their columns are still theirs
  std::vector<visible_column> visible;
  std::vector<std::shared_ptr<common_table_entry>> common_tables;
  std::vector<aggregate_call>* aggregates = nullptr;  ///< null: not allowed here
  std::vector<set_call>* sets = nullptr;              ///< null: not allowed here
  window_list* windows = nullptr;                     ///< null: not allowed here
  const grouping_slots* grouping = nullptr;
  std::vector<grouping_check> grouping_checks;
  const char* clause = "FROM";
  bool in_aggregate = false, in_window = false;
  std::string out_of_reach;  ///< a relation that the statement has and this part of it does not see
  int outer_joins = 0;  ///< around the item of FROM that is bound
  std::vector<int> outer_slots;
  std::map<int, int> references;  ///< position of the first use of each slot outside aggregates, for error reports
};

struct index_terms;

class analysis {
 public:
  explicit analysis(bind_environment env) : env_(std::move(env)) {
    call_.mem = &memory_;
    call_.format = env_.formats;
    call_.owner = env_.owner;
    call_.hooks = env_.hooks;
  }

  query_record* record = nullptr;  ///< null: nobody wants to know
  int open_views = 0;              ///< views within each other whose queries are being bound

  const bind_environment& env() const { return env_; }
  const catalog& definitions() const { return *env_.catalog; }
  call_context& call() { return call_; }
  arena& memory() { return memory_; }

  int add_slots(std::size_t count) {
    int first = static_cast<int>(used_.size());
    used_.resize(used_.size() + count);
    return first;
  }
  void use(int slot) { used_[static_cast<std::size_t>(slot)] = true; }
  void use(const expression& e);
  const std::vector<bool>& used() const { return used_; }
  int add_subquery() { return subqueries_++; }
  int subqueries() const { return subqueries_; }
  int add_shared() { return shared_++; }
  int shared() const { return shared_; }

  std::vector<oid> parameter_types;
  /// Relations to lock before the statement runs.
  std::map<oid, storage::lock_mode> locks;
  void lock(oid table, storage::lock_mode mode) {
    auto& have = locks[table];
    if (mode > have) have = mode;
  }
  /// Rights that the statement takes, in the order in which its relations are named.
  std::vector<access_need> needs;
  access_need& need(oid relation, oid as, rights_mask rights) {
    for (auto& n : needs) {
      if (n.relation == relation && n.as == as) {
        n.rights |= rights;
        return n;
      }
    }
    needs.push_back({relation, as, rights, {}, {}, {}});
    return needs.back();
  }
  oid acting_as = 0;            ///< while a view's query is bound: its owner
  bool counts_reads = true;     ///< false while defaults and checks are bound, which are nobody's reading
  /// Every plan that is not below the statement's root (of subqueries), to be settled too.
  std::vector<plan_node_ptr> side_plans;
  /// INSERT, UPDATE and DELETE in WITH, as scans of their rows: run to their end whatever reads them.
  std::vector<plan_node_ptr> changes;
  /// By index and the slot of the row's first column; see bind_index.hpp.
  std::map<std::pair<oid, int>, std::shared_ptr<const index_terms>> index_terms_of;
  /// False when a literal such as 'now' was read: the plan holds for one execution.
  bool cacheable = true;

 private:
  bind_environment env_;
  arena memory_;
  call_context call_;
  std::vector<bool> used_;
  int subqueries_ = 0, shared_ = 0;
};

}  // namespace helios::sql
