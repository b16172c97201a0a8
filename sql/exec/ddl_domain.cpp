// CREATE DOMAIN and ALTER DOMAIN.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/exec/row_nesting.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {
using rule_kind = ast::constraint_kind;

std::string free_constraint_name(const type_def& domain) {
  auto base = domain.name.substr(0, 57) + "_check";
  for (int i = 0;; ++i) {
    auto name = i == 0 ? base : base + std::to_string(i);
    bool taken = std::any_of(domain.constraints.begin(), domain.constraints.end(), [&name](auto& c) { return c.name == name; });
    if (!taken) return name;
  }
}

/// A condition as it is kept: about VALUE.
std::string condition_text(const ast::expr& condition) {
  const std::string text = ast::to_sql(condition);
  std::string out;
  char quote = 0;
  const auto part_of_name = [](char c) { return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c & 0x80) != 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (text.compare(i, 5, "value") == 0 && (i == 0 || !part_of_name(text[i - 1])) && (i + 5 == text.size() || !part_of_name(text[i + 5]))) {
      out += "VALUE";
      i += 4;
      continue;
    }
    out += c;
  }
  return out;
}

/// PostgreSQL tells no positions in statements about domains.
template <class Work>
std::string without_positions(Work work) {
  try {
    return work();
  } catch (sql_error& e) {
    e.report().position = 0;
    throw;
  }
}

auto find_constraint_of(type_def& domain, const std::string& name) {
  auto at = std::find_if(domain.constraints.begin(), domain.constraints.end(), [&name](auto& c) { return c.name == name; });
  return at;
}

void refuse_kind(const ast::constraint& rule) {
  const char* what = nullptr;
  switch (rule.kind) {
    case rule_kind::unique: what = "unique constraints not possible for domains"; break;
    case rule_kind::primary_key: what = "primary key constraints not possible for domains"; break;
    case rule_kind::foreign_key: what = "foreign key constraints not possible for domains"; break;
    case rule_kind::check: case rule_kind::null: case rule_kind::not_null: case rule_kind::default_: return;
    default: what = "this kind of constraint is not possible for domains";
  }
  throw sql_error(sqlstate::syntax_error, what);
}
}  // namespace

/// The condition must have a meaning over VALUE.
void ddl::add_domain_check(type_def& domain, const ast::constraint& rule) {
  if (!rule.name.empty() && find_constraint_of(domain, rule.name) != domain.constraints.end()) {
    throw sql_error(sqlstate::duplicate_object, "constraint \"" + rule.name + "\" for domain \"" + domain.name + "\" already exists");
  }
  analysis in(owner_.environment());
  scope s;
  s.clause = "check constraints";
  int slot = in.add_slots(1);
  s.visible.push_back({"value", std::make_shared<slot_expression>(domain.base, slot, "value")});
  (void)binder(in).bind_condition(*rule.value, s, "CHECK");
  domain.constraints.push_back({owner_.next_oid(), rule.name.empty() ? free_constraint_name(domain) : rule.name, condition_text(*rule.value),
                                !rule.not_valid});
}

std::string ddl::create_domain(const ast::create_domain_statement& s) {
  return without_positions([&] { return make_domain(s); });
}

std::string ddl::make_domain(const ast::create_domain_statement& s) {
  begin("CREATE DOMAIN");
  type_def domain;
  domain.kind = 'd';
  domain.name = s.name.name;
  analysis in(owner_.environment());
  domain.base = binder(in).resolve_type(s.base);
  auto& base = get_type(domain.base.id);
  if (base.category == 'P') throw sql_error(sqlstate::datatype_mismatch, "\"" + std::string(base.name) + "\" is not a valid base type for a domain");
  use_type(domain.base);
  if (!s.collation.empty() && base.category != 'S') {
    throw sql_error(sqlstate::datatype_mismatch, "collations are not supported by type " + format_type(domain.base));
  }
  if (!s.collation.empty() && s.collation != "C" && s.collation != "POSIX" && s.collation != "default" && s.collation != "ucs_basic") {
    throw sql_error(sqlstate::undefined_object, "collation \"" + s.collation + "\" for encoding \"UTF8\" does not exist");
  }
  if (auto* below = owner_.definitions()->find_type_definition(domain.base.id); below != nullptr) domain.default_text = below->default_text;
  bool null_given = false, not_null_given = false, default_given = false;
  for (auto& rule : s.constraints) {
    refuse_kind(rule);
    if (rule.kind == rule_kind::default_) {
      if (default_given) throw sql_error(sqlstate::syntax_error, "multiple default expressions");
      default_given = true;
      column_def column;
      column.name = domain.name;
      column.type = domain.base;
      check_default(*rule.value, column);
      domain.default_text = stored_default(*rule.value, domain.base);
    } else if (rule.kind == rule_kind::not_null || rule.kind == rule_kind::null) {
      (rule.kind == rule_kind::null ? null_given : not_null_given) = true;
      if (null_given && not_null_given) throw sql_error(sqlstate::syntax_error, "conflicting NULL/NOT NULL constraints");
      domain.not_null = not_null_given;
    }
  }
  for (auto& rule : s.constraints) {
    if (rule.kind == rule_kind::check) add_domain_check(domain, rule);
  }
  put_new_type(std::move(domain), s.name);
  return "CREATE DOMAIN";
}

type_def ddl::domain_for(const ast::relation_name& name) {
  auto& type = type_for(name);
  if (type.kind != 'd') throw sql_error("42809", format_type({type.id, -1}) + " is not a domain");
  return *owner_.definitions()->find_type_definition(type.id);
}

/// Every stored value of the domain must meet what it demands now.
void ddl::check_domain_values(const type_def& domain, const std::string& constraint) {
  auto all = owner_.definitions();
  for (auto& [id, table] : all->tables()) {
    if (table.kind != 'r' && table.kind != 'm') continue;
    for (auto& c : table.columns) {
      if (c.dropped || !contains_domain(c.type.id, domain.id)) continue;
      throw sql_error(sqlstate::feature_not_supported, "cannot alter type \"" + domain.name + "\" because column \"" + table.name + "." + c.name + "\" uses it");
    }
  }
  for (auto& [id, table] : all->tables()) {
    if (table.kind != 'r' && table.kind != 'm') continue;
    std::vector<int> wanted;
    for (auto& c : table.columns) {
      auto under = c.type.id;
      while (!c.dropped && under >= first_defined_oid && under != domain.id && get_type(under).kind == 'd') under = get_type(under).base;
      if (!c.dropped && under == domain.id) wanted.push_back(c.number - 1);
    }
    if (wanted.empty()) continue;
    work_.lock_relation(id, lock_mode::share, table.name);
    row_codec codec(table);
    std::vector<datum> row(table.columns.size());
    auto view = work_.newest_view();
    std::uint64_t rows = 0;
    for (auto cursor = view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
      if (++rows % 256 == 0) owner_.host().checkpoint();
      codec.decode(cursor->value(), wanted, row.data());
      for (int w : wanted) {
        auto& column = table.columns[static_cast<std::size_t>(w)];
        auto value = row[static_cast<std::size_t>(w)];
        bool null_refused = constraint.empty() && value.is_null();
        if (constraint.empty() && !null_refused) continue;
        try {
          if (!null_refused) owner_.check_domain(get_type(domain.id), value);
        } catch (const sql_error& e) {
          if (e.report().sqlstate != sqlstate::check_violation) throw;
          null_refused = true;
        }
        if (!null_refused) continue;
        auto where = "column \"" + column.name + "\" of table \"" + table.name + "\" contains ";
        if (constraint.empty()) throw sql_error(sqlstate::not_null_violation, where + "null values");
        throw sql_error(sqlstate::check_violation, where + "values that violate the new constraint");
      }
    }
  }
}

std::string ddl::alter_domain(const ast::alter_domain_statement& s) {
  return without_positions([&] { return change_domain(s); });
}

std::string ddl::change_domain(const ast::alter_domain_statement& s) {
  using kind = ast::alter_domain_statement::kind;
  begin("ALTER DOMAIN");
  auto domain = domain_for(s.name);
  switch (s.what) {
    case kind::set_default: {
      column_def column;
      column.name = domain.name;
      column.type = domain.base;
      check_default(*s.value, column);
      domain.default_text = stored_default(*s.value, domain.base);
      break;
    }
    case kind::drop_default: domain.default_text.clear(); break;
    case kind::drop_not_null: domain.not_null = false; break;
    case kind::set_not_null:
      if (domain.not_null) return "ALTER DOMAIN";
      check_domain_values(domain, {});
      domain.not_null = true;
      break;
    case kind::add_constraint: {
      refuse_kind(s.added);
      if (s.added.kind != rule_kind::check) throw sql_error(sqlstate::syntax_error, "only CHECK constraints can be added to a domain");
      add_domain_check(domain, s.added);
      put(domain);
      if (!s.added.not_valid) check_domain_values(domain, domain.constraints.back().name);
      return "ALTER DOMAIN";
    }
    case kind::drop_constraint: {
      auto at = find_constraint_of(domain, s.constraint_name);
      if (at == domain.constraints.end()) {
        auto message = "constraint \"" + s.constraint_name + "\" of domain \"" + domain.name + "\" does not exist";
        if (!s.if_exists) throw sql_error(sqlstate::undefined_object, message);
        owner_.notice("NOTICE", sqlstate::successful_completion, message + ", skipping");
        return "ALTER DOMAIN";
      }
      erase_comments(2606, at->id, 0);
      domain.constraints.erase(at);
      break;
    }
    case kind::validate: {
      auto at = find_constraint_of(domain, s.constraint_name);
      if (at == domain.constraints.end()) {
        throw sql_error(sqlstate::undefined_object, "constraint \"" + s.constraint_name + "\" of domain \"" + domain.name + "\" does not exist");
      }
      if (at->validated) return "ALTER DOMAIN";
      check_domain_values(domain, at->name);
      at->validated = true;
      break;
    }
  }
  put(domain);
  return "ALTER DOMAIN";
}

std::string ddl::rename_domain_constraint(const ast::rename_statement& s) {
  auto domain = domain_for(s.name);
  auto at = find_constraint_of(domain, s.from);
  if (at == domain.constraints.end()) {
    throw sql_error(sqlstate::undefined_object, "constraint \"" + s.from + "\" for domain " + domain.name + " does not exist");
  }
  if (find_constraint_of(domain, s.to) != domain.constraints.end()) {
    throw sql_error(sqlstate::duplicate_object, "constraint \"" + s.to + "\" for domain " + domain.name + " already exists");
  }
  at->name = s.to;
  put(domain);
  return "ALTER DOMAIN";
}

}  // namespace helios::sql
