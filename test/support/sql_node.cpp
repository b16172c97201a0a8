#include "test/support/sql_node.hpp"

#include <unistd.h>

#include <atomic>

#include "storage/transaction.hpp"

namespace helios::testing {

sql::replication_status_row lone_node_facts::status() const {
  sql::replication_status_row row;
  row.node_id = "test";
  row.role = "primary";
  return row;
}

namespace {

std::filesystem::path fresh_directory() {
  static std::atomic<int> number{0};
  auto path = std::filesystem::temp_directory_path() /
              ("helios-sql-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

/// Collects rows as text.
class text_sink final : public sql::row_sink {
 public:
  text_sink(outcome& to, const sql::format_settings& formats) : to_(to), formats_(formats) {}
  void columns(std::span<const sql::result_column> columns) override { to_.columns.assign(columns.begin(), columns.end()); }
  void row(std::span<const sql::datum> values) override {
    text_row out;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].is_null()) {
        out.emplace_back();
        continue;
      }
      std::string text;
      sql::get_type(to_.columns.at(i).type.id).write_text(values[i], formats_, text);
      out.emplace_back(std::move(text));
    }
    to_.rows.push_back(std::move(out));
  }

 private:
  outcome& to_;
  const sql::format_settings& formats_;
};

/// Gives the data in pieces, so that lines are cut anywhere.
class text_copy final : public sql::copy_channel {
 public:
  text_copy(std::string_view data, outcome& to) : data_(data), to_(to) {}
  void begin_in(int, int) override {}
  void begin_out(int, int) override {}
  std::optional<std::string_view> read() override {
    if (data_.empty()) return std::nullopt;
    auto piece = data_.substr(0, 57);
    data_.remove_prefix(piece.size());
    return piece;
  }
  void write(std::string_view line) override { to_.copied += line; }
  void end_out() override {}

 private:
  std::string_view data_;
  outcome& to_;
};

template <class F>
void guarded(sql::session& session, outcome& out, F f) {
  try {
    f();
  } catch (const sql_error& e) {
    out.error = e.report();
  }
  if (out.error) session.failed();
}

}  // namespace

void steered_sink::submit(storage::commit_unit_ptr unit) {
  if (failure && unit->acknowledged) return unit->acknowledged->complete(*failure);
  std::lock_guard lock(mutex_);
  if (!holding_) {
    direct_.submit(std::move(unit));
    if (db_ != nullptr) db_->visible_advanced();
    return;
  }
  if (auto appended = engine_.append({&unit, 1}); !appended.ok()) return unit->acknowledged->complete(appended.failure());
  held_.push_back(std::move(unit));
}

void steered_sink::hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

std::size_t steered_sink::held() const {
  std::lock_guard lock(mutex_);
  return held_.size();
}

void steered_sink::release() {
  std::lock_guard lock(mutex_);
  holding_ = false;
  (void)engine_.sync();
  for (auto& unit : std::exchange(held_, {})) {
    engine_.advance_visible(unit->end);
    db_->visible_advanced();
    unit->acknowledged->complete();
  }
}

sql_node::sql_node() : directory_(fresh_directory()) {
  open();
  auto first = engine_->begin();
  sql::bootstrap_catalog(*first, {"heliosdb", "helios", ""});
  auto unit = first->seal(0);
  sink_->submit(unit);
}

sql_node::~sql_node() {
  db_.reset();
  sink_.reset();
  engine_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void sql_node::open() {
  storage::engine_options options;
  options.directory = directory_ / "data";
  options.cluster_id = "sql-test";
  options.sync_enabled = false;
  auto opened = storage::engine::open(options);
  if (!opened.ok()) throw sql_error(sqlstate::internal_error, to_string(opened.failure()));
  engine_ = std::move(*opened);
  auto begun = engine_->begin_epoch(epoch{engine_->last_epoch().value + 1}, node_id{"test"});
  if (!begun.ok()) throw sql_error(sqlstate::internal_error, to_string(begun.failure()));
  engine_->advance_visible(engine_->status().applied);
  sink_ = std::make_unique<steered_sink>(*engine_);
  db_ = std::make_unique<sql::database>(*engine_, *sink_, facts_);
  sink_->serve(*db_);
}

void sql_node::restart() {
  db_.reset();
  sink_.reset();
  engine_.reset();
  open();
}

std::string outcome::text() const {
  std::string out;
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += '|';
      if (row[i]) out += *row[i];
    }
    out += '\n';
  }
  return out;
}

sql_client::sql_client(sql_node& node, sql::session_options options) {
  if (options.user.empty()) options.user = "helios";
  if (options.database.empty()) options.database = "heliosdb";
  static std::atomic<std::uint64_t> last_id{0};
  if (options.id == session_id{}) options.id = session_id{++last_id};
  session_ = sql::session::open(
      node.db(), host_, std::move(options), [this](const error_report& r) { notices_.push_back(r); },
      [](std::string_view, std::string_view) {});
}

sql_client::~sql_client() = default;

std::vector<outcome> sql_client::query(std::string_view text, std::string_view copy_data) {
  std::vector<outcome> out;
  std::vector<sql::parsed_statement_ptr> statements;
  outcome whole;
  guarded(*session_, whole, [&] { statements = sql::parse(text); });
  if (whole.error) return {whole};
  for (auto& statement : statements) {
    outcome one;
    text_sink sink(one, session_->formats());
    text_copy copy(copy_data, one);
    guarded(*session_, one, [&] { one.tag = session_->run(statement, sink, copy).command_tag; });
    out.push_back(std::move(one));
    if (out.back().error) return out;
  }
  guarded(*session_, whole, [&] { session_->end_implicit(); });
  if (whole.error && !out.empty()) {
    // The commit comes before the last statement's tag, as on the wire.
    out.back().tag.clear();
    out.back().error = whole.error;
  } else if (whole.error) {
    out.push_back(whole);
  }
  return out;
}

outcome sql_client::run(std::string_view text, std::string_view copy_data) {
  auto all = query(text, copy_data);
  return all.empty() ? outcome{} : all.back();
}

std::string sql_client::value(std::string_view text) {
  auto out = run(text);
  if (out.error) throw sql_error(*out.error);
  if (out.rows.size() != 1 || out.rows[0].size() != 1) throw sql_error(sqlstate::internal_error, "not a single value");
  return out.rows[0][0].value_or("");
}

sql::prepared_statement_ptr sql_client::prepare(std::string_view text) {
  auto statements = sql::parse(text);
  if (statements.size() != 1) {
    throw sql_error(sqlstate::syntax_error, "cannot insert multiple commands into a prepared statement");
  }
  return session_->prepare(statements[0], {});
}

outcome sql_client::execute(const sql::prepared_statement_ptr& statement,
                            const std::vector<std::optional<std::string>>& parameters) {
  outcome out;
  text_sink sink(out, session_->formats());
  text_copy copy({}, out);
  std::vector<sql::parameter> values;
  for (auto& p : parameters) values.push_back({p ? std::optional<std::string_view>(*p) : std::nullopt, false});
  guarded(*session_, out, [&] {
    session_->begin_implicit();
    {
      auto portal = session_->bind(statement, values);
      out.tag = portal->execute(0, sink, copy).command_tag;
    }
    session_->end_implicit();
  });
  return out;
}

outcome sql_client::extended(std::string_view text, const std::vector<std::optional<std::string>>& parameters) {
  outcome out;
  sql::prepared_statement_ptr statement;
  if (text == ";") return out;
  guarded(*session_, out, [&] {
    session_->begin_implicit();
    statement = prepare(text);
  });
  return out.error ? out : execute(statement, parameters);
}

}  // namespace helios::testing
