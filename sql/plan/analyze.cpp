#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/exec/plan.hpp"
#include "sql/plan/finish.hpp"

namespace helios::sql {

namespace {
result_column describe(const output_column& o) {
  result_column out;
  out.name = o.name;
  out.type = base_type(o.value->type());  // clients are told of what a domain is over
  if (auto* slot = as_slot(o.value); slot != nullptr) {
    out.table = slot->table();
    out.column = slot->column();
  }
  return out;
}
}  // namespace

plan_ptr finish_plan(analysis& in, plan::kind what, bound_query q) {
  auto out = std::make_shared<plan>();
  out->what = what;
  out->definitions = in.env().catalog;
  out->root = std::move(q.root);
  out->side_plans = std::move(in.side_plans);
  for (auto& o : q.outputs) {
    in.use(*o.value);
    out->outputs.push_back(o.value);
    out->columns.push_back(describe(o));
  }
  for (std::size_t i = 0; i < in.parameter_types.size(); ++i) {
    if (in.parameter_types[i] == 0 || in.parameter_types[i] == type_oid::unknown) {
      throw sql_error(sqlstate::indeterminate_datatype, "could not determine data type of parameter $" + std::to_string(i + 1));
    }
  }
  out->parameter_types = std::move(in.parameter_types);
  out->slots = in.used().size();
  out->subqueries = static_cast<std::size_t>(in.subqueries());
  out->shared = static_cast<std::size_t>(in.shared());
  out->locks = std::move(in.locks);
  out->needs = std::move(in.needs);
  for (auto& [id, mode] : out->locks) {
    if (what == plan::kind::select && mode == storage::lock_mode::row_share) out->locks_rows = true;
  }
  out->cacheable = in.cacheable;
  out->modifies = !in.changes.empty();
  if (out->modifies) out->root = make_with_changes(std::move(out->root), std::move(in.changes));
  for (auto& side : out->side_plans) side->settle(in.used());
  out->root->settle(in.used());
  return out;
}

plan_ptr analyze(const ast::statement& statement, const bind_environment& env, std::span<const oid> types) {
  analysis in(env);
  in.parameter_types.assign(types.begin(), types.end());
  if (auto* s = std::get_if<ast::select_statement>(&statement.node); s != nullptr) {
    binder bind(in);
    return finish_plan(in, plan::kind::select, bind.bind_query(*s->query, nullptr));
  }
  modify_binder bind(in);
  if (auto* s = std::get_if<ast::insert_statement>(&statement.node); s != nullptr) {
    return finish_plan(in, plan::kind::insert, bind.insert(*s));
  }
  if (auto* s = std::get_if<ast::update_statement>(&statement.node); s != nullptr) {
    return finish_plan(in, plan::kind::update, bind.update(*s));
  }
  if (auto* s = std::get_if<ast::delete_statement>(&statement.node); s != nullptr) {
    return finish_plan(in, plan::kind::erase, bind.erase(*s));
  }
  if (auto* s = std::get_if<ast::merge_statement>(&statement.node); s != nullptr) {
    return finish_plan(in, plan::kind::merge, bind.merge(*s));
  }
  throw sql_error(sqlstate::internal_error, "this statement has no plan");
}

std::string command_name(plan::kind what) {
  switch (what) {
    case plan::kind::select: return "SELECT";
    case plan::kind::insert: return "INSERT";
    case plan::kind::update: return "UPDATE";
    case plan::kind::erase: return "DELETE";
    case plan::kind::merge: return "MERGE";
  }
  return "?";
}

void set_up(evaluation& in, const plan& p) {
  in.slots.assign(p.slots, datum::null());
  in.subqueries.resize(p.subqueries);
  in.shared.resize(p.shared);
  in.definitions = p.definitions.get();
}

}  // namespace helios::sql
