// Preparing, binding and running statements; the plan cache; portals.

#include <algorithm>
#include <exception>

#include "base/sql_error.hpp"
#include "base/wall_clock.hpp"
#include "sql/session/literals.hpp"
#include "sql/session/session_core.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

namespace {
constexpr std::size_t cached_plans_max = 512;
constexpr std::size_t cached_text_max = 16384;

bool ends_transaction(const ast::statement& tree) {
  auto* t = std::get_if<ast::transaction_statement>(&tree.node);
  if (t == nullptr) return false;
  using kind = ast::transaction_statement::kind;
  return t->what == kind::commit || t->what == kind::rollback || t->what == kind::rollback_to || t->what == kind::prepare;
}
}  // namespace

void row_buffer::row(std::span<const datum> values) {
  for (datum d : values) values_.push_back(memory_.copy(d));
  ++rows_;
}

bool session_core::is_planned(const ast::statement& tree) {
  return std::holds_alternative<ast::select_statement>(tree.node) || std::holds_alternative<ast::insert_statement>(tree.node) ||
         std::holds_alternative<ast::update_statement>(tree.node) || std::holds_alternative<ast::delete_statement>(tree.node) ||
         std::holds_alternative<ast::merge_statement>(tree.node);
}

void session_core::check_usable(const ast::statement& tree) const {
  if (!aborted_ || ends_transaction(tree)) return;
  throw sql_error(sqlstate::in_failed_sql_transaction, "current transaction is aborted, commands ignored until end of transaction block");
}

void session_core::start_statement(const ast::statement& tree) {
  check_usable(tree);
  begin_implicit();
  seen_definitions_.clear();
  statement_started_us_ = wall_clock_us();
}

// --- plans ---

namespace {
/// A transaction that is READ ONLY may do that.
bool writes_temporary_only(const plan& p) {
  return std::all_of(p.locks.begin(), p.locks.end(), [](auto& l) { return l.second < storage::lock_mode::row_exclusive || is_temporary(l.first); });
}
}  // namespace

plan_ptr session_core::begin_plan(const ast::statement& tree, plan_ptr cached, std::span<const oid> types, const char* command) {
  auto p = std::move(cached);
  bool serializable = work_.modes().isolation == isolation_level::serializable;
  for (;;) {
    if (p) {
      // Reading alone needs no lock on the table: the snapshot holds its definition too. But who locks a table against
      // everybody must be seen, and a transaction block keeps what it has read from being dropped.
      bool must_lock = explicit_ || serializable || p->writes() || p->locks_rows || db_.has_exclusive_locks();
      if (must_lock && p->definitions) {
        for (auto& [id, mode] : p->locks) {
          auto* table = p->definitions->find_table(id);
          auto name = table == nullptr ? std::string() : table->name;
          if (serializable) work_.lock_relation(id, storage::lock_mode::share, name);
          if (!serializable || mode > storage::lock_mode::access_share) work_.lock_relation(id, mode, name);
        }
      }
    }
    work_.begin_statement();
    auto now = definitions();
    if (p && p->definitions == now && p->settings_generation == settings_.generation()) break;
    auto env = environment();
    env.fixed_parameters = true;
    auto fresh = analyze(tree, env, types);
    auto copy = std::make_shared<plan>(*fresh);
    copy->settings_generation = settings_.generation();
    p = std::move(copy);
    if (p->locks_rows && command == nullptr) require_writable("SELECT FOR UPDATE");
  }
  if (command != nullptr && (options_.read_only || !writes_temporary_only(*p))) require_writable(command);
  if (p->modifies && command == nullptr) require_writable("SELECT");
  if (p->writes() && work_.modes().isolation == isolation_level::repeatable_read &&
      db_.engine().take_snapshot()->catalog_version() != work_.snapshot()->catalog_version()) {
    // This snapshot's definitions may lack an index that a write would have to maintain.
    throw sql_error(sqlstate::serialization_failure, "could not serialize access due to concurrent change of definitions");
  }
  (void)work_.take_waited();
  return p;
}

running_query::running_query(session_core& owner, plan_ptr source, std::vector<datum> parameters, std::shared_ptr<arena> memory)
    : plan_(std::move(source)), memory_(std::move(memory)) {
  hides_rows_ = owner.check_access(plan_->needs);
  set_up(in_, *plan_);
  in_.parameters = std::move(parameters);
  in_.call = owner.context(in_.scratch);
  in_.view = owner.work().view();
  in_.transaction = &owner.work();
  in_.pending = &pending_;
  root_ = plan_->root->make();
}

bool running_query::next(std::vector<datum>& row) {
  if (!hides_rows_) return next_row(row);
  try {
    return next_row(row);
  } catch (sql_error& e) {
    // What a constraint's error tells of a row is for those who may read the table.
    if (e.report().sqlstate.starts_with("23") || e.report().sqlstate == "44000") e.report().detail.clear();
    throw;
  }
}

bool running_query::next_row(std::vector<datum>& row) {
  if (ended_) return false;
  in_.scratch.reset();
  if (!opened_) {
    opened_ = true;
    root_->open(in_);
  }
  const bool more = root_->next(in_);
  if (plan_->returns_rows()) in_.transaction->settle();
  if (!more) {
    ended_ = true;
    return false;
  }
  ++count_;
  row.resize(plan_->outputs.size());
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = plan_->outputs[i]->eval(in_);
  in_.tick();
  return true;
}

std::uint64_t session_core::run_plan(const plan_ptr& p, std::vector<datum> parameters, std::shared_ptr<arena> memory, row_sink* sink) {
  running_query q(*this, p, std::move(parameters), std::move(memory));
  std::vector<datum> row;
  if (sink != nullptr && p->returns_rows()) sink->columns(p->columns);
  while (q.next(row)) {
    if (sink != nullptr && p->returns_rows()) sink->row(row);
  }
  return q.count();
}

namespace {
const char* written_command(const ast::statement& tree) {
  if (std::holds_alternative<ast::insert_statement>(tree.node)) return "INSERT";
  if (std::holds_alternative<ast::update_statement>(tree.node)) return "UPDATE";
  if (std::holds_alternative<ast::delete_statement>(tree.node)) return "DELETE";
  if (std::holds_alternative<ast::merge_statement>(tree.node)) return "MERGE";
  return nullptr;
}

std::string tag_of(plan::kind what, std::uint64_t count) {
  return command_name(what) + (what == plan::kind::insert ? " 0 " : " ") + std::to_string(count);
}
}  // namespace

/// Runs a statement on the plan of all statements that differ from it in their numbers alone; nothing when it has none.
std::optional<execution> session_core::run_lifted(const parsed_statement& statement, row_sink& sink) {
  auto lifted = lift_numbers(statement.text());
  if (!lifted) return std::nullopt;
  auto found = lifted_.find(lifted->text);
  if (found == lifted_.end()) {
    if (lifted_.size() >= cached_plans_max) lifted_.clear();
    found = lifted_.emplace(lifted->text, lifted_plan{}).first;
    try {
      auto parsed = parse(lifted->text);
      if (parsed.size() == 1 && is_planned(parsed[0]->tree())) found->second.source = parsed[0];
    } catch (const sql_error&) {
      return std::nullopt;  // a number stands where no parameter may
    }
  }
  auto& entry = found->second;
  if (!entry.source) return std::nullopt;
  auto& tree = entry.source->tree();
  std::vector<oid> types(lifted->numbers.size(), type_oid::int4);
  plan_ptr p;
  try {
    p = begin_plan(tree, entry.plan, types, written_command(tree));
  } catch (const sql_error& e) {
    // What is wrong with the statement is told with the client's own text and its positions; a lock's error is final.
    std::string_view kind = std::string_view(e.report().sqlstate).substr(0, 2);
    if (kind != "42" && kind != "22" && kind != "0A" && kind != "3F" && e.report().position == 0) throw;
    entry.source.reset();
    return std::nullopt;
  }
  if (p->cacheable) entry.plan = p;
  std::vector<datum> values;
  for (auto n : lifted->numbers) values.push_back(datum::of_int(n));
  auto count = run_plan(p, std::move(values), nullptr, &sink);
  return execution{false, tag_of(p->what, count)};
}

namespace {
// Cancels, timeouts and deadlocks tell nothing of what a transaction has read.
bool tells_of_rows(const std::string& state) {
  return !state.starts_with("57") && state != sqlstate::lock_not_available && state != sqlstate::deadlock_detected;
}

/// Runs `work`. Its error may tell of a change that is not visible yet: then it waits until that is.
template <class Work>
execution with_settled_errors(session_transaction& transaction, Work&& work) {
  std::exception_ptr failure;
  try {
    return work();
  } catch (const sql_error& e) {
    if (!transaction.has_unseen() || !tells_of_rows(e.report().sqlstate)) throw;
    failure = std::current_exception();
  }
  transaction.settle();
  std::rethrow_exception(failure);
}
}  // namespace

execution session_core::run(const parsed_statement_ptr& statement, row_sink& sink, copy_channel& copy) {
  type_scope types(*this);
  return with_settled_errors(work_, [&] { return run_now(statement, sink, copy); });
}

execution session_core::run_now(const parsed_statement_ptr& statement, row_sink& sink, copy_channel& copy) {
  auto& tree = statement->tree();
  start_statement(tree);
  if (!is_planned(tree)) {
    static const std::vector<oid> no_types;
    static const std::vector<datum> no_parameters;
    return {false, run_utility({tree, statement, no_types, no_parameters, nullptr, sink, copy})};
  }
  if (auto done = run_lifted(*statement, sink)) return std::move(*done);
  std::string key(statement->text());
  plan_ptr cached;
  if (auto found = plans_.find(key); found != plans_.end()) cached = found->second;
  auto p = begin_plan(tree, cached, {}, written_command(tree));
  if (p != cached && p->cacheable && key.size() <= cached_text_max) {
    if (plans_.size() >= cached_plans_max) plans_.clear();
    plans_[std::move(key)] = p;
  }
  auto count = run_plan(p, {}, nullptr, &sink);
  return {false, tag_of(p->what, count)};
}

// --- the extended protocol ---

prepared_statement_ptr session_core::prepare(const parsed_statement_ptr& statement, std::span<const oid> parameter_types) {
  type_scope types(*this);
  auto& tree = statement->tree();
  check_usable(tree);
  auto out = std::make_shared<prepared_core>(statement, std::vector<oid>(parameter_types.begin(), parameter_types.end()));
  if (is_planned(tree)) {
    begin_implicit();
    work_.begin_statement();
    auto fresh = std::make_shared<plan>(*analyze(tree, environment(), parameter_types));
    fresh->settings_generation = settings_.generation();
    out->types_ = fresh->parameter_types;
    out->columns_ = fresh->columns;
    out->returns_rows_ = fresh->returns_rows();
    out->plan_ = std::move(fresh);
  } else {
    out->columns_ = describe_utility(tree, out->types_);
    out->returns_rows_ = !out->columns_.empty();
  }
  return out;
}

namespace {

/// A statement with its parameters, executed in one or more parts.
class portal_core final : public portal {
 public:
  portal_core(session_core& owner, std::shared_ptr<const prepared_core> statement, std::vector<datum> parameters, std::shared_ptr<arena> memory)
      : owner_(owner), statement_(std::move(statement)), parameters_(std::move(parameters)), memory_(std::move(memory)),
        transaction_(owner.transaction_number()) {}

  const prepared_statement& statement() const override { return *statement_; }

  execution execute(std::uint64_t rows_max, row_sink& sink, copy_channel& copy) override {
    type_scope types(owner_);
    return with_settled_errors(owner_.work(), [&] { return execute_now(rows_max, sink, copy); });
  }

 private:
  execution execute_now(std::uint64_t rows_max, row_sink& sink, copy_channel& copy) {
    auto& tree = statement_->source().tree();
    if (!started_) {
      start(tree, sink, copy);
    } else {
      owner_.check_usable(tree);
      if (transaction_ != owner_.transaction_number()) {
        throw sql_error(sqlstate::invalid_cursor_name, "portal does not exist: its transaction has ended");
      }
    }
    return give(rows_max, sink);
  }

  void start(const ast::statement& tree, row_sink& sink, copy_channel& copy) {
    started_ = true;
    owner_.start_statement(tree);
    if (!session_core::is_planned(tree)) {
      kept_ = std::make_unique<row_buffer>();
      bool direct = !statement_->returns_rows();
      row_sink& to = direct ? sink : static_cast<row_sink&>(*kept_);
      tag_ = owner_.run_utility({tree, owner_.source_of(*statement_), statement_->parameter_types(), parameters_, memory_, to, copy});
      return;
    }
    auto p = owner_.begin_plan(tree, owner_.plan_of(*statement_), statement_->parameter_types(), written_command(tree));
    owner_.check_result(*statement_, *p);
    owner_.keep_plan(*statement_, p);
    what_ = p->what;
    live_ = std::make_unique<running_query>(owner_, p, parameters_, memory_);
    if (!p->writes()) return;
    // A change runs to its end at once; only its rows are handed out in parts.
    kept_ = std::make_unique<row_buffer>();
    kept_->columns(p->columns);
    std::vector<datum> row;
    while (live_->next(row)) {
      if (p->returns_rows()) kept_->row(row);
    }
    tag_ = tag_of(what_, live_->count());
    live_.reset();
  }

  execution give(std::uint64_t rows_max, row_sink& sink) {
    if (statement_->returns_rows()) sink.columns(statement_->columns());
    std::uint64_t given = 0;
    if (kept_) {
      for (; at_ < kept_->size(); ++at_) {
        if (rows_max != 0 && given == rows_max) return {true, {}};
        sink.row(kept_->at(at_));
        ++given;
      }
      return {false, tag_};
    }
    std::vector<datum> row;
    while (rows_max == 0 || given < rows_max) {
      if (!live_->next(row)) return {false, tag_of(what_, given)};
      sink.row(row);
      ++given;
    }
    return {!live_->ended(), {}};
  }

  session_core& owner_;
  std::shared_ptr<const prepared_core> statement_;
  std::vector<datum> parameters_;
  std::shared_ptr<arena> memory_;
  std::uint64_t transaction_;
  bool started_ = false;
  plan::kind what_ = plan::kind::select;
  std::unique_ptr<running_query> live_;
  std::unique_ptr<row_buffer> kept_;
  std::size_t at_ = 0;
  std::string tag_;
};

}  // namespace

void session_core::check_result(const prepared_core& statement, const plan& p) {
  bool same = statement.columns_.size() == p.columns.size();
  for (std::size_t i = 0; same && i < p.columns.size(); ++i) same = statement.columns_[i].type == p.columns[i].type;
  if (!same) throw sql_error(sqlstate::feature_not_supported, "cached plan must not change result type");
}

std::unique_ptr<portal> session_core::bind(const prepared_statement_ptr& statement, std::span<const parameter> parameters) {
  type_scope in_force(*this);
  auto core = std::static_pointer_cast<const prepared_core>(statement);
  check_usable(core->source().tree());
  begin_implicit();
  auto& types = core->parameter_types();
  if (parameters.size() != types.size()) {
    auto known = std::find_if(statements_.begin(), statements_.end(), [&](auto& s) { return s.second == statement; });
    throw sql_error(sqlstate::protocol_violation, "bind message supplies " + std::to_string(parameters.size()) +
                                                      " parameters, but prepared statement \"" +
                                                      (known == statements_.end() ? std::string() : known->first) + "\" requires " +
                                                      std::to_string(types.size()));
  }
  auto memory = std::make_shared<arena>();
  std::vector<datum> values;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& p = parameters[i];
    auto& type = get_type(types[i]);
    if (!p.value) {
      if (type.kind == 'd') check_domain(type, datum::null());
      values.push_back(datum::null());
      continue;
    }
    datum value = p.binary ? type.parse_binary(*p.value, -1, *memory) : type.parse_text(*p.value, -1, formats_, *memory);
    values.push_back(memory->copy(value));
  }
  return std::make_unique<portal_core>(*this, std::move(core), std::move(values), std::move(memory));
}

}  // namespace helios::sql
