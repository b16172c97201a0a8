// DECLARE, FETCH, MOVE and CLOSE.

#include <limits>

#include "base/sql_error.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

std::string session_core::run_declare(const ast::declare_cursor_statement& s, const call& c) {
  if (!explicit_ && !s.hold) {
    throw sql_error(sqlstate::no_active_sql_transaction, "DECLARE CURSOR can only be used in transaction blocks");
  }
  if (cursors_.count(s.name) > 0) throw sql_error("42P03", "cursor \"" + s.name + "\" already exists");
  if (!std::holds_alternative<ast::select_statement>(s.query->node)) {
    throw sql_error(sqlstate::feature_not_supported, "DECLARE CURSOR must not contain data-modifying statements");
  }
  auto cursor = std::make_unique<sql_cursor>();
  cursor->name = s.name;
  cursor->hold = s.hold;
  auto p = begin_plan(*s.query, nullptr, c.types, nullptr);
  cursor->columns = p->columns;
  cursor->live = std::make_unique<running_query>(*this, p, c.parameters, c.memory);
  if (s.scroll || s.hold) {
    cursor->kept = std::make_unique<row_buffer>();
    cursor->kept->columns(cursor->columns);
    std::vector<datum> row;
    while (cursor->live->next(row)) cursor->kept->row(row);
    cursor->live.reset();
  }
  cursors_[s.name] = std::move(cursor);
  return "DECLARE CURSOR";
}

sql_cursor& session_core::find_cursor(const std::string& name) {
  auto found = cursors_.find(name);
  if (found == cursors_.end()) throw sql_error(sqlstate::invalid_cursor_name, "cursor \"" + name + "\" does not exist");
  return *found->second;
}

namespace {
[[noreturn]] void only_forward() {
  throw sql_error(sqlstate::object_not_in_prerequisite_state, "cursor can only scan forward")
      .hint("Declare it with SCROLL option to enable backward scan.");
}

/// The rows that a FETCH asks for, as positions of a cursor whose rows are all kept: from, to and the step.
struct span_of_rows {
  std::int64_t first = 0, count = 0, step = 1, after = 0;
};

span_of_rows rows_for(const ast::fetch_statement& s, std::int64_t position, std::int64_t total) {
  using direction = ast::fetch_statement::direction;
  constexpr auto many = std::numeric_limits<std::int64_t>::max() / 4;
  span_of_rows out;
  auto at = [total](std::int64_t p) { return p < 0 ? 0 : p > total + 1 ? total + 1 : p; };
  auto count = s.all ? many : s.count;
  auto where = s.where;
  if (where == direction::backward) {
    where = direction::forward;
    count = -count;
  }
  if (where == direction::absolute || where == direction::relative) {
    auto target = where == direction::relative ? position + count : count < 0 ? total + 1 + count : count;
    out.after = at(target);
    out.first = out.after;
    out.count = out.after >= 1 && out.after <= total ? 1 : 0;
    return out;
  }
  if (count == 0) {
    out.after = position;
    out.first = position;
    out.count = position >= 1 && position <= total ? 1 : 0;
    return out;
  }
  out.step = count > 0 ? 1 : -1;
  out.first = position + out.step;
  out.after = at(position + count);
  if (count > 0) out.count = std::max<std::int64_t>(0, std::min(out.after, total) - out.first + 1);
  else out.count = std::max<std::int64_t>(0, out.first - std::max<std::int64_t>(out.after, 1) + 1);
  return out;
}
}  // namespace

std::string session_core::run_fetch(const ast::fetch_statement& s, row_sink& sink) {
  auto& cursor = find_cursor(s.cursor);
  if (!s.move) sink.columns(cursor.columns);
  std::int64_t given = 0;
  if (cursor.kept) {
    auto rows = rows_for(s, cursor.position, static_cast<std::int64_t>(cursor.kept->size()));
    for (auto i = rows.first; given < rows.count; i += rows.step, ++given) {
      if (!s.move) sink.row(cursor.kept->at(static_cast<std::size_t>(i - 1)));
    }
    cursor.position = rows.after;
  } else {
    using direction = ast::fetch_statement::direction;
    auto skip = s.where == direction::absolute ? s.count - cursor.position - 1 : s.where == direction::relative ? s.count - 1 : 0;
    bool single = s.where == direction::absolute || s.where == direction::relative;
    if (s.where == direction::backward || skip < 0 || (s.count <= 0 && !s.all)) only_forward();
    std::vector<datum> row;
    for (; skip > 0 && cursor.live->next(row); --skip) ++cursor.position;
    auto wanted = single ? 1 : s.count;
    while ((s.all || given < wanted) && cursor.live->next(row)) {
      ++cursor.position;
      ++given;
      if (!s.move) sink.row(row);
    }
  }
  return (s.move ? "MOVE " : "FETCH ") + std::to_string(given);
}

}  // namespace helios::sql
