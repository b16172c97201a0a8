// Statements that are not planned: transaction control, settings, PREPARE, EXPLAIN and their kin.

#include "base/sql_error.hpp"
#include "base/wall_clock.hpp"
#include "sql/bind/binder.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/exec/copy.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

namespace {
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

/// The node makes its checkpoints by itself.
std::string checkpoint(const session_core& asks) {
  if (has_rights_of(*asks.definitions(), asks.role_id(), role_checkpoint)) return "CHECKPOINT";
  throw sql_error(sqlstate::insufficient_privilege, "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT");
}

result_column text_column(std::string name) { return {std::move(name), 0, 0, {type_oid::text, -1}}; }
/// What defines types, roles and rights.
std::string run_types_and_rights(ddl& definitions_of, const ast::statement& tree) {
  return std::visit(
      overloaded{
          [&](const ast::role_statement& s) { return definitions_of.role(s); },
          [&](const ast::create_enum_statement& s) { return definitions_of.create_enum(s); },
          [&](const ast::alter_enum_statement& s) { return definitions_of.alter_enum(s); },
          [&](const ast::create_domain_statement& s) { return definitions_of.create_domain(s); },
          [&](const ast::alter_domain_statement& s) { return definitions_of.alter_domain(s); },
          [&](const ast::create_composite_statement& s) { return definitions_of.create_composite(s); },
          [&](const ast::move_type_statement& s) { return definitions_of.move_type(s); },
          [&](const ast::grant_statement& s) { return definitions_of.grant(s); },
          [&](const ast::grant_role_statement& s) { return definitions_of.grant_role(s); },
          [&](const ast::drop_role_statement& s) { return definitions_of.drop_role(s); },
          [&](const ast::owner_statement& s) { return definitions_of.owner(s); },
          [&](const ast::owned_statement& s) { return definitions_of.owned(s); },
          [&](const auto&) -> std::string { throw sql_error(sqlstate::internal_error, "this statement needs a plan"); },
      },
      tree.node);
}
}  // namespace

std::string session_core::run_utility(const call& c) {
  // COMMIT comes after what it depends on anyway; EXECUTE waits with its rows.
  if (!std::holds_alternative<ast::transaction_statement>(c.tree.node) && !std::holds_alternative<ast::execute_statement>(c.tree.node)) {
    work_.settle();
  }
  ddl definitions_of(*this);
  return std::visit(
      overloaded{
          [&](const ast::transaction_statement& s) { return run_transaction(s); },
          [&](const ast::set_statement& s) { return run_set(s); },
          [&](const ast::show_statement& s) { return run_show(s, c.sink); },
          [&](const ast::prepare_statement& s) { return run_prepare(s, c.source); },
          [&](const ast::execute_statement& s) { return run_execute(s, c); },
          [&](const ast::deallocate_statement& s) -> std::string {
            if (s.name.empty()) {
              statements_.clear();
              return "DEALLOCATE ALL";
            }
            if (!drop_statement(s.name)) {
              throw sql_error(sqlstate::invalid_sql_statement_name, "prepared statement \"" + s.name + "\" does not exist");
            }
            return "DEALLOCATE";
          },
          [&](const ast::declare_cursor_statement& s) { return run_declare(s, c); },
          [&](const ast::fetch_statement& s) { return run_fetch(s, c.sink); },
          [&](const ast::close_statement& s) -> std::string {
            if (s.name.empty()) {
              cursors_.clear();
              return "CLOSE CURSOR ALL";
            }
            (void)find_cursor(s.name);
            cursors_.erase(s.name);
            return "CLOSE CURSOR";
          },
          [&](const ast::explain_statement& s) { return run_explain(s, c); },
          [&](const ast::discard_statement& s) { return run_discard(s); },
          [&](const ast::vacuum_statement& s) { return run_vacuum(s); },
          [&](const ast::checkpoint_statement&) { return checkpoint(*this); },
          [&](const ast::lock_statement& s) { return run_lock(s); },
          [&](const ast::channel_statement& s) { return run_channel(s); },
          [&](const ast::copy_statement& s) { return run_copy(*this, s, c); },
          [&](const ast::unsupported_statement& s) -> std::string {
            throw sql_error(sqlstate::feature_not_supported, s.what + " is not supported");
          },
          [&](const ast::create_table_statement& s) { return definitions_of.create_table(s); },
          [&](const ast::create_table_as_statement& s) { return definitions_of.create_table_as(s, c); },
          [&](const ast::create_view_statement& s) { return definitions_of.create_view(s); },
          [&](const ast::refresh_statement& s) { return definitions_of.refresh(s, c); },
          [&](const ast::comment_statement& s) { return definitions_of.comment(s); },
          [&](const ast::drop_statement& s) { return definitions_of.drop(s); },
          [&](const ast::create_index_statement& s) { return definitions_of.create_index(s); },
          [&](const ast::reindex_statement& s) { return definitions_of.reindex(s); },
          [&](const ast::set_constraints_statement& s) { return run_set_constraints(s); },
          [&](const ast::sequence_statement& s) { return definitions_of.sequence(s); },
          [&](const ast::create_schema_statement& s) { return definitions_of.create_schema(s); },
          [&](const ast::alter_table_statement& s) { return definitions_of.alter_table(s); },
          [&](const ast::rename_statement& s) { return definitions_of.rename(s); },
          [&](const ast::truncate_statement& s) { return definitions_of.truncate(s); },
          [&](const auto&) { return run_types_and_rights(definitions_of, c.tree); },
      },
      c.tree.node);
}

std::vector<result_column> session_core::describe_utility(const ast::statement& tree, std::vector<oid>& types) {
  if (auto* s = std::get_if<ast::show_statement>(&tree.node); s != nullptr) {
    if (s->name == "all") return {text_column("name"), text_column("setting"), text_column("description")};
    return {text_column(settings::proper_name(s->name))};
  }
  if (std::holds_alternative<ast::explain_statement>(tree.node)) return {text_column("QUERY PLAN")};
  if (auto* s = std::get_if<ast::execute_statement>(&tree.node); s != nullptr) {
    auto statement = find_statement(s->name);
    return statement ? statement->columns() : std::vector<result_column>{};
  }
  if (auto* s = std::get_if<ast::fetch_statement>(&tree.node); s != nullptr) {
    auto found = cursors_.find(s->cursor);
    return found == cursors_.end() || s->move ? std::vector<result_column>{} : found->second->columns;
  }
  (void)types;
  return {};
}

// --- transactions ---

void session_core::set_modes(const ast::options& modes, transaction_modes& out) const {
  for (auto& [name, value] : modes) {
    if (name == "transaction_isolation") {
      auto& level = value->text;
      out.isolation = level == "serializable" ? isolation_level::serializable : level == "repeatable read" ? isolation_level::repeatable_read : isolation_level::read_committed;
    } else if (name == "transaction_read_only") {
      out.read_only = value->kind == ast::expr_kind::boolean ? value->flag : value->text != "0";
    } else if (name == "transaction_deferrable") {
      out.deferrable = value->kind == ast::expr_kind::boolean ? value->flag : value->text != "0";
    }
  }
}

std::string session_core::run_transaction(const ast::transaction_statement& s) {
  using kind = ast::transaction_statement::kind;
  auto needs_block = [this](const char* what) {
    if (!explicit_) throw sql_error(sqlstate::no_active_sql_transaction, std::string(what) + " can only be used in transaction blocks");
  };
  auto no_savepoint = [&s] { return sql_error("3B001", "savepoint \"" + s.savepoint + "\" does not exist"); };
  switch (s.what) {
    case kind::begin:
    case kind::start:
      if (explicit_) {
        notice("WARNING", sqlstate::active_sql_transaction, "there is already a transaction in progress");
      } else {
        explicit_ = true;
      }
      set_modes(s.modes, work_.modes());
      if (!work_.modes().read_only) work_.admit_write();
      return s.what == kind::begin ? "BEGIN" : "START TRANSACTION";
    case kind::commit: {
      if (s.chain) needs_block("COMMIT AND CHAIN");
      if (!explicit_) notice("WARNING", sqlstate::no_active_sql_transaction, "there is no transaction in progress");
      bool failed_block = aborted_;
      auto modes = work_.modes();
      if (failed_block) rollback_transaction();
      else commit_transaction();
      if (s.chain) {
        work_.begin(modes);
        explicit_ = true;
      }
      return failed_block ? "ROLLBACK" : "COMMIT";
    }
    case kind::rollback: {
      if (s.chain) needs_block("ROLLBACK AND CHAIN");
      if (!explicit_) notice("WARNING", sqlstate::no_active_sql_transaction, "there is no transaction in progress");
      auto modes = work_.modes();
      rollback_transaction();
      if (s.chain) {
        work_.begin(modes);
        explicit_ = true;
      }
      return "ROLLBACK";
    }
    case kind::savepoint:
      needs_block("SAVEPOINT");
      work_.set_savepoint(s.savepoint);
      return "SAVEPOINT";
    case kind::release:
      needs_block("RELEASE SAVEPOINT");
      if (!work_.release_savepoint(s.savepoint)) throw no_savepoint();
      return "RELEASE";
    case kind::rollback_to:
      needs_block("ROLLBACK TO SAVEPOINT");
      if (!work_.rollback_to_savepoint(s.savepoint)) throw no_savepoint();
      aborted_ = false;
      forget_definitions();
      return "ROLLBACK";
    default: throw sql_error(sqlstate::feature_not_supported, "prepared transactions are not supported");
  }
}

// --- settings ---

std::string session_core::setting_text(const ast::expr& e) const {
  using kind = ast::expr_kind;
  switch (e.kind) {
    case kind::boolean: return e.flag ? "on" : "off";
    case kind::integer: case kind::number: case kind::string: return e.text;
    case kind::op: return e.text + setting_text(*e.args[0]);
    case kind::cast: return setting_text(*e.args[0]);
    case kind::column: return e.names.back();
    default: throw sql_error(sqlstate::invalid_parameter_value, "SET takes only constants");
  }
}

std::string session_core::run_set(const ast::set_statement& s) {
  using kind = ast::set_statement::kind;
  switch (s.what) {
    case kind::reset_all: settings_.reset_all(); return "RESET";
    case kind::reset: settings_.reset(s.name); return "RESET";
    case kind::transaction:
      if (work_.has_snapshot()) {
        for (auto& [name, value] : s.modes) {
          if (name == "transaction_isolation") {
            throw sql_error(sqlstate::active_sql_transaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
          }
        }
      }
      if (!explicit_) notice("WARNING", sqlstate::no_active_sql_transaction, "SET TRANSACTION can only be used in transaction blocks");
      set_modes(s.modes, work_.modes());
      return "SET";
    case kind::session_characteristics: {
      transaction_modes modes = default_modes();
      set_modes(s.modes, modes);
      settings_.set("default_transaction_isolation", to_string(modes.isolation), false);
      settings_.set("default_transaction_read_only", modes.read_only ? "on" : "off", false);
      return "SET";
    }
    case kind::default_:
      settings_.reset(s.name);
      return "SET";
    case kind::current: return "SET";
    case kind::value: break;
  }
  if (s.local && !explicit_) notice("WARNING", sqlstate::no_active_sql_transaction, "SET LOCAL can only be used in transaction blocks");
  std::string value;
  bool list = s.name == "search_path" || s.name == "datestyle" || s.name == "DateStyle";
  for (auto& v : s.values) {
    auto one = setting_text(*v);
    bool quote = s.name == "search_path" && (one.empty() || one.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos);
    value += (value.empty() ? "" : ", ") + (quote ? "\"" + one + "\"" : one);
    if (!list && s.values.size() > 1) throw sql_error(sqlstate::invalid_parameter_value, "SET " + s.name + " takes only one argument");
  }
  if (s.name == "transaction_isolation") {
    if (work_.has_snapshot()) throw sql_error(sqlstate::active_sql_transaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (value != "serializable" && value != "repeatable read" && value != "read committed" && value != "read uncommitted") {
      throw sql_error(sqlstate::invalid_parameter_value, "invalid value for parameter \"transaction_isolation\": \"" + value + "\"")
          .hint("Available values: serializable, repeatable read, read committed, read uncommitted.");
    }
    work_.modes().isolation = value == "serializable"      ? isolation_level::serializable
                              : value == "repeatable read" ? isolation_level::repeatable_read
                                                           : isolation_level::read_committed;
    return "SET";
  }
  if (s.name == "transaction_read_only") {
    work_.modes().read_only = parse_boolean(value).value_or(false);
    return "SET";
  }
  set_setting(s.name, value, s.local);
  return "SET";
}

std::string session_core::run_show(const ast::show_statement& s, row_sink& sink) {
  if (s.name == "all") {
    result_column columns[] = {text_column("name"), text_column("setting"), text_column("description")};
    sink.columns(columns);
    for (auto& r : settings_.rows()) {
      datum row[] = {datum::of_bytes(r.name), datum::of_bytes(r.value), datum::of_bytes(r.description)};
      sink.row(row);
    }
    return "SHOW";
  }
  auto value = setting(s.name);
  if (!value) throw sql_error(sqlstate::undefined_object, "unrecognized configuration parameter \"" + s.name + "\"");
  result_column column = text_column(settings::proper_name(s.name));
  sink.columns({&column, 1});
  datum row = datum::of_bytes(*value);
  sink.row({&row, 1});
  return "SHOW";
}

// --- PREPARE and EXECUTE ---

std::string session_core::run_prepare(const ast::prepare_statement& s, const parsed_statement_ptr& source) {
  analysis in(environment());
  binder bind(in);
  std::vector<oid> types;
  for (auto& t : s.types) types.push_back(bind.resolve_type(t).id);
  auto inner = std::make_shared<const parsed_statement>(std::make_shared<const std::string>(source->text()), 0, source->text().size(), s.query);
  store_statement(s.name, prepare(inner, types));
  return "PREPARE";
}

datum session_core::evaluate(const ast::expr& e, type_ref to, std::size_t number, arena& memory) {
  analysis in(environment());
  binder bind(in);
  scope s;
  s.clause = "EXECUTE parameters";
  auto given = bind.bind(e, s);
  auto value = bind.try_coerce(given, to, cast_context::assignment, e.position);
  if (!value) {
    throw sql_error(sqlstate::datatype_mismatch, "parameter $" + std::to_string(number) + " of type " + format_type({given->type().id, -1}) +
                                                     " cannot be coerced to the expected type " + format_type({to.id, -1}))
        .hint("You will need to rewrite or cast the expression.").at(binder::start_of(e));
  }
  evaluation run;
  run.slots.resize(in.used().size());
  run.call = context(run.scratch);
  run.subqueries.resize(static_cast<std::size_t>(in.subqueries()));
  return memory.copy(value->eval(run));
}

/// Finds the statement of an EXECUTE and computes its parameters into `memory`.
prepared_statement_ptr session_core::execute_parameters(const ast::execute_statement& s, std::vector<datum>& values, arena& memory) {
  auto statement = find_statement(s.name);
  if (!statement) throw sql_error(sqlstate::invalid_sql_statement_name, "prepared statement \"" + s.name + "\" does not exist");
  auto& types = statement->parameter_types();
  if (types.size() != s.parameters.size()) {
    throw sql_error(sqlstate::syntax_error, "wrong number of parameters for prepared statement \"" + s.name + "\"")
        .detail("Expected " + std::to_string(types.size()) + " parameters but got " + std::to_string(s.parameters.size()) + ".");
  }
  values.clear();
  for (std::size_t i = 0; i < types.size(); ++i) values.push_back(evaluate(*s.parameters[i], {types[i], -1}, i + 1, memory));
  return statement;
}

std::string session_core::run_execute(const ast::execute_statement& s, const call& c) {
  auto memory = std::make_shared<arena>();
  std::vector<datum> values;
  auto statement = execute_parameters(s, values, *memory);
  auto& core = static_cast<const prepared_core&>(*statement);
  auto& tree = core.source().tree();
  if (!is_planned(tree)) return run_utility({tree, core.source_, core.types_, values, memory, c.sink, c.copy});
  const char* command = std::holds_alternative<ast::insert_statement>(tree.node)   ? "INSERT"
                        : std::holds_alternative<ast::update_statement>(tree.node) ? "UPDATE"
                        : std::holds_alternative<ast::delete_statement>(tree.node) ? "DELETE"
                        : std::holds_alternative<ast::merge_statement>(tree.node)  ? "MERGE"
                                                                                   : nullptr;
  auto p = begin_plan(tree, core.plan_, core.types_, command);
  check_result(core, *p);
  core.plan_ = p;
  auto count = run_plan(p, std::move(values), memory, &c.sink);
  return command_name(p->what) + (p->what == plan::kind::insert ? " 0 " : " ") + std::to_string(count);
}

// --- the rest ---

std::string session_core::run_explain(const ast::explain_statement& s, const call& c) {
  bool run = false;
  for (auto& [name, value] : s.settings) {
    if (name == "analyze") run = !value || value->flag || value->text == "true" || value->text == "on" || value->text == "1";
    if (name == "format" && value && value->text != "text") {
      throw sql_error(sqlstate::feature_not_supported, "EXPLAIN FORMAT " + value->text + " is not supported");
    }
  }
  std::vector<std::string> lines;
  const ast::statement* query = s.query.get();
  std::vector<oid> types = c.types;
  std::vector<datum> parameters = c.parameters;
  auto memory = c.memory;
  prepared_statement_ptr named;
  if (auto* execute = std::get_if<ast::execute_statement>(&query->node); execute != nullptr) {
    memory = std::make_shared<arena>();
    named = execute_parameters(*execute, parameters, *memory);
    query = &named->source().tree();
    types = named->parameter_types();
  }
  if (!is_planned(*query)) {
    lines.push_back("Utility Statement");
  } else {
    bool writes = !std::holds_alternative<ast::select_statement>(query->node);
    auto p = begin_plan(*query, nullptr, types, run && writes ? "EXPLAIN" : nullptr);
    auto started = wall_clock_us();
    std::uint64_t count = run ? run_plan(p, parameters, memory, nullptr) : 0;
    if (!run) (void)check_access(p->needs);
    explain(*p->root, 0, lines);
    if (run) {
      lines.push_back("Rows: " + std::to_string(count));
      auto us = wall_clock_us() - started;
      auto fraction = std::to_string(us % 1000);
      lines.push_back("Execution Time: " + std::to_string(us / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction + " ms");
    }
  }
  result_column column = text_column("QUERY PLAN");
  c.sink.columns({&column, 1});
  for (auto& l : lines) {
    datum d = datum::of_bytes(l);
    c.sink.row({&d, 1});
  }
  return "EXPLAIN";
}

std::string session_core::run_discard(const ast::discard_statement& s) {
  using kind = ast::discard_statement::kind;
  switch (s.what) {
    case kind::all:
      if (explicit_) throw sql_error(sqlstate::active_sql_transaction, "DISCARD ALL cannot run inside a transaction block");
      reset();
      return "DISCARD ALL";
    case kind::plans:
      plans_.clear();
      lifted_.clear();
      return "DISCARD PLANS";
    case kind::sequences:
      sequence_values_.clear();
      last_sequence_.reset();
      return "DISCARD SEQUENCES";
    case kind::temporary:
      work_.begin_statement();
      ddl(*this).drop_temporary(false);
      return "DISCARD TEMP";
  }
  return "DISCARD";
}

std::string session_core::run_vacuum(const ast::vacuum_statement& s) {
  const char* name = s.vacuum ? "VACUUM" : "ANALYZE";
  require_writable(name);
  if (s.vacuum && explicit_) throw sql_error(sqlstate::active_sql_transaction, "VACUUM cannot run inside a transaction block");
  // Old versions go with each checkpoint, and plans are made without statistics so far: the names are all there is to check.
  work_.begin_statement();
  analysis in(environment());
  binder bind(in);
  for (auto t : s.tables) {
    t.position = 0;  // PostgreSQL tells none here
    auto& table = bind.find_table(t);
    if (owns(*definitions(), role_id(), protect(table))) continue;
    notice("WARNING", "01000", "skipping \"" + table.name + "\" --- only table or database owner can " + (s.vacuum ? "vacuum" : "analyze") + " it");
  }
  return name;
}

std::string session_core::run_lock(const ast::lock_statement& s) {
  if (!explicit_) throw sql_error(sqlstate::no_active_sql_transaction, "LOCK TABLE can only be used in transaction blocks");
  if (s.mode > static_cast<int>(storage::lock_mode::row_share)) require_writable("LOCK TABLE");
  work_.begin_statement();
  analysis in(environment());
  binder bind(in);
  for (auto& name : s.tables) {
    auto unplaced = name;
    unplaced.position = 0;  // PostgreSQL tells none here
    auto& table = bind.find_table(unplaced);
    check_lock_right(table, s.mode);
    auto mode = static_cast<storage::lock_mode>(s.mode);
    if (s.nowait) {
      (void)work_.lock({storage::lock_kind::relation, table.id, {}}, mode, row_wait::nowait,
                       [&table] { return "relation \"" + table.name + "\""; });
    }
    work_.lock_relation(table.id, mode, table.name);
  }
  return "LOCK TABLE";
}

}  // namespace helios::sql
