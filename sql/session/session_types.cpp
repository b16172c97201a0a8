// The types that a session sees: its catalog's, by id and by search_path; and the conditions of domains.

#include <algorithm>
#include <map>

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/bind/binder.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

namespace {
constexpr int check_depth_max = 20;

/// One condition of a domain over its value, which stands in a slot.
struct bound_condition {
  std::string name;
  expression_ptr condition;
  std::size_t slot = 0, slots = 0, subqueries = 0;
};
}  // namespace

/// What the domains of one catalog demand, bound when it is first asked for.
class domain_checker {
 public:
  domain_checker(session_core& owner, catalog_ptr definitions) : owner_(owner), definitions_(std::move(definitions)) {}
  const catalog_ptr& definitions() const { return definitions_; }

  void check(const type_ops& domain, datum value) {
    auto& demands = rules_of(domain.id);
    if (demands.not_null && value.is_null()) {
      throw sql_error(sqlstate::not_null_violation, "domain " + format_type({domain.id, -1}) + " does not allow null values");
    }
    if (demands.conditions.empty()) return;
    // A condition may cast to the domain itself.
    if (depth_ >= check_depth_max) throw sql_error(sqlstate::statement_too_complex, "stack depth limit exceeded");
    ++depth_;
    struct leave {
      int& depth;
      ~leave() { --depth; }
    } guard{depth_};
    for (auto& c : demands.conditions) run(domain, c, value);
  }

 private:
  struct rules {
    bool not_null = false;
    std::vector<bound_condition> conditions;  ///< of the innermost domain first, by name within each
  };

  void run(const type_ops& domain, const bound_condition& c, datum value) {
    evaluation in;
    in.slots.resize(c.slots);
    in.slots[c.slot] = value;
    in.call = owner_.context(in.scratch);
    in.subqueries.resize(c.subqueries);
    datum held = c.condition->eval(in);
    if (held.is_null() || held.as_bool()) return;
    sql_error e(sqlstate::check_violation, "value for domain " + format_type({domain.id, -1}) + " violates check constraint \"" + c.name + "\"");
    e.report().constraint = c.name;
    throw e;
  }

  const rules& rules_of(oid id) {
    if (auto known = rules_.find(id); known != rules_.end()) return known->second;
    rules out;
    std::vector<const type_def*> chain;
    for (auto* d = definitions_->find_type_definition(id); d != nullptr && d->kind == 'd'; d = definitions_->find_type_definition(d->base.id)) {
      chain.insert(chain.begin(), d);
    }
    for (auto* d : chain) {
      out.not_null = out.not_null || d->not_null;
      auto conditions = d->constraints;
      std::sort(conditions.begin(), conditions.end(), [](auto& a, auto& b) { return a.name < b.name; });
      for (auto& c : conditions) out.conditions.push_back(bind(*d, c));
    }
    return rules_.emplace(id, std::move(out)).first->second;
  }

  bound_condition bind(const type_def& domain, const domain_constraint& c) {
    auto parsed = parse("SELECT " + c.check_text);
    auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
    analysis in(owner_.environment());
    scope s;
    s.clause = "check constraints";
    int slot = in.add_slots(1);
    s.visible.push_back({"value", std::make_shared<slot_expression>(domain.base, slot, "value")});
    bound_condition out;
    out.name = c.name;
    out.condition = binder(in).bind_condition(*select.query->targets.at(0).value, s, "CHECK");
    out.slot = static_cast<std::size_t>(slot);
    out.slots = in.used().size();
    out.subqueries = static_cast<std::size_t>(in.subqueries());
    return out;
  }

  session_core& owner_;
  catalog_ptr definitions_;
  std::map<oid, rules> rules_;
  int depth_ = 0;
};

void session_core::forget_definitions() {
  if (definitions_) seen_definitions_.push_back(definitions_);
  definitions_.reset();
}

const type_ops* session_core::find_defined(oid id) const { return definitions()->types().find(id); }

const type_ops* session_core::find_defined(std::string_view schema, std::string_view name) const {
  auto c = definitions();
  if (!schema.empty()) {
    auto* found = c->find_schema(schema);
    return found == nullptr ? nullptr : c->types().find(found->id, name);
  }
  for (oid id : search_path(true)) {
    if (auto* type = c->types().find(id, name); type != nullptr) return type;
  }
  return nullptr;
}

std::string session_core::shown_name(const type_ops& type) const {
  auto c = definitions();
  auto own = ast::quote_identifier(type.name);
  for (oid id : search_path(true)) {
    auto* found = id == pg_catalog_schema ? find_type(std::string_view(type.name)) : c->types().find(id, type.name);
    if (found == nullptr) continue;
    if (found->id == type.id) return own;
    break;
  }
  auto* schema = c->find_schema(type.schema);
  return schema == nullptr ? own : ast::quote_identifier(schema->name) + "." + own;
}

void session_core::check_domain(const type_ops& domain, datum value) const {
  auto c = definitions();
  if (!domains_ || domains_->definitions() != c) domains_ = std::make_shared<domain_checker>(const_cast<session_core&>(*this), c);
  domains_->check(domain, value);
}

bool session_core::usable_label(oid, oid label) const { return !added_labels_.contains(label); }

std::vector<row_attribute> session_core::attributes(const type_ops& row_type) const {
  std::vector<row_attribute> out;
  auto* relation = definitions()->find_table(row_type.relation);
  if (relation == nullptr) throw sql_error(sqlstate::data_corrupted, "a row type has no relation");
  for (auto& c : relation->columns) {
    if (!c.dropped) out.push_back({c.name, c.type});
  }
  return out;
}

}  // namespace helios::sql
