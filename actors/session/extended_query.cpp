// The extended query protocol: Parse, Bind, Describe, Execute, Close, Flush and Sync, each against the SQL session or, where
// the write router wants it, against the primary.

#include "actors/session/pg_conversation.hpp"
#include "actors/session/result_writer.hpp"

namespace helios::actors {
namespace {

using wire::pg::frontend_kind;

template <class T>
T checked(result<T> parsed) {
  if (!parsed) throw sql_error(wire::pg::report_of(parsed.failure()));
  return std::move(*parsed);
}

void check(const result<void>& parsed) {
  if (!parsed) throw sql_error(wire::pg::report_of(parsed.failure()));
}

sql::parsed_statement_ptr parse_one(std::string_view text) {
  auto statements = sql::parse(text);
  if (statements.size() > 1) {
    throw sql_error(sqlstate::syntax_error, "cannot insert multiple commands into a prepared statement");
  }
  return statements.empty() ? nullptr : std::move(statements.front());
}

std::vector<sql::parameter> parameters_of(const wire::pg::bind_message& bind) {
  const auto& formats = bind.parameter_formats;
  if (formats.size() > 1 && formats.size() != bind.parameters.size()) {
    throw sql_error(sqlstate::protocol_violation, "bind message has " + std::to_string(formats.size()) +
                                                      " parameter formats but " +
                                                      std::to_string(bind.parameters.size()) + " parameters");
  }
  std::vector<sql::parameter> out;
  out.reserve(bind.parameters.size());
  for (std::size_t i = 0; i < bind.parameters.size(); ++i) {
    const auto format = formats.empty() ? std::int16_t{0} : formats.size() == 1 ? formats[0] : formats[i];
    if (format != 0 && format != 1) {
      throw sql_error(sqlstate::invalid_parameter_value, "unsupported format code: " + std::to_string(format));
    }
    out.push_back({bind.parameters[i], format == 1});
  }
  return out;
}

sql_error no_portal(const std::string& name) {
  return {sqlstate::invalid_cursor_name, "portal \"" + name + "\" does not exist"};
}

sql_error no_statement(const std::string& name) {
  return {sqlstate::invalid_sql_statement_name,
          name.empty() ? "unnamed prepared statement does not exist"
                       : "prepared statement \"" + name + "\" does not exist"};
}

}  // namespace

void pg_conversation::extended(const wire::pg::frontend_message& message) {
  if (skip_to_sync_ && message.kind != frontend_kind::sync) return;
  std::optional<error_report> failure;
  try {
    if (!series_open_) begin_series();
    if (message.kind == frontend_kind::sync) skip_to_sync_ = false;
    extended_step(message);
    if (router_ && router_->failed()) {
      skip_to_sync_ = true;
      forget_unparsed();
    }
  } catch (const sql_error& e) {
    failure = e.report();
  }
  if (!failure) return;
  fail(*failure);
  // A failing Sync, and one that came inside of a failed COPY, still get their answer.
  if (message.kind == frontend_kind::sync || sync_seen_) {
    sync_seen_ = false;
    return ready();
  }
  skip_to_sync_ = true;
  io_.flush();  // the client may wait for it before it sends its Sync
}

void pg_conversation::begin_series() {
  series_open_ = true;
  begin_statement();
}

void pg_conversation::extended_step(const wire::pg::frontend_message& message) {
  switch (message.kind) {
    case frontend_kind::parse:
      return parse_step(message);
    case frontend_kind::bind:
      return bind_step(message);
    case frontend_kind::describe:
      return describe_step(message);
    case frontend_kind::execute:
      return execute_step(message);
    case frontend_kind::close:
      return close_step(message);
    case frontend_kind::sync:
      return sync_step();
    default:
      if (router_) router_->forward_flush();
      io_.flush();
  }
}

// --- statements ---

void pg_conversation::parse_step(const wire::pg::frontend_message& message) {
  check(wire::pg::parse_parse(message.body, parse_));
  const std::string name(parse_.statement);
  if (name.empty()) session_->drop_statement("");
  named_statement made{nullptr, std::string(parse_.query), {parse_.parameter_types.begin(), parse_.parameter_types.end()}};
  if (!router_ || !router_->forwarding()) {
    made.parsed = parse_one(parse_.query);
  } else {
    try {
      made.parsed = parse_one(parse_.query);
    } catch (const sql_error&) {
      // The primary says what is wrong with it, in its turn.
    }
  }
  if (router_ && router_->wants({name, made.text, made.parameter_types, made.parsed.get()})) {
    const auto before = known(name);
    router_->forward_parse(message.raw, before);
    if (name.empty() || !before.parsed) statements_[name] = std::move(made);
    return;
  }
  if (made.parsed) {
    session_->begin_implicit();
    session_->store_statement(name, session_->prepare(made.parsed, made.parameter_types));
  } else if (!name.empty() && (statements_.count(name) > 0 || session_->find_statement(name))) {
    throw sql_error(sqlstate::duplicate_prepared_statement, "prepared statement \"" + name + "\" already exists");
  }
  if (router_) router_->forget(name);
  statements_[name] = std::move(made);
  io_.out().parse_complete();
}

sql::prepared_statement_ptr pg_conversation::statement_named(const std::string& name) {
  if (auto found = session_->find_statement(name)) return found;
  const auto known_text = statements_.find(name);
  if (known_text == statements_.end() || !known_text->second.parsed) throw no_statement(name);
  // It was prepared on the primary only, inside of a transaction there.
  session_->begin_implicit();
  auto made = session_->prepare(known_text->second.parsed, known_text->second.parameter_types);
  session_->store_statement(name, made);
  return made;
}

write_router::known_statement pg_conversation::known(const std::string& name) const {
  if (const auto found = statements_.find(name); found != statements_.end()) {
    const auto& s = found->second;
    return {name, s.text, s.parameter_types, s.parsed.get()};
  }
  if (const auto prepared = session_->find_statement(name)) {
    return {name, std::string(sql::text_of(prepared->source())), prepared->parameter_types(), &prepared->source()};
  }
  return {name, {}, {}, nullptr};
}

// What the primary refused to parse is no statement here either.
void pg_conversation::forget_unparsed() {
  for (const auto& name : router_->take_unparsed()) statements_.erase(name);
}

// --- portals ---

void pg_conversation::bind_step(const wire::pg::frontend_message& message) {
  check(wire::pg::parse_bind(message.body, bind_));
  const std::string portal_name(bind_.portal), name(bind_.statement);
  if (router_) {
    const auto statement = known(name);
    if (router_->wants(statement)) {
      portals_.erase(portal_name);
      return router_->forward_bind(message.raw, statement);
    }
  }
  if (!portal_name.empty() && portals_.count(portal_name) > 0) {
    throw sql_error("42P03", "cursor \"" + portal_name + "\" already exists");
  }
  portals_.erase(portal_name);
  const auto parsed = statements_.find(name);
  if (parsed != statements_.end() && !parsed->second.parsed) {  // an empty query
    if (!bind_.parameters.empty()) throw sql_error(sqlstate::protocol_violation, "an empty query takes no parameters");
    portals_[portal_name] = {};
  } else {
    const auto statement = statement_named(name);
    const auto parameters = parameters_of(bind_);
    session_->begin_implicit();
    auto formats = statement->returns_rows() ? expand_formats(bind_.result_formats, statement->columns().size())
                                             : std::vector<std::int16_t>{};
    portals_[portal_name] = {session_->bind(statement, parameters), std::move(formats)};
  }
  io_.out().bind_complete();
}

void pg_conversation::describe_step(const wire::pg::frontend_message& message) {
  const auto target = checked(wire::pg::parse_target(message.body));
  const std::string name(target.name);
  if (target.what == 'S') {
    if (router_) {
      const auto statement = known(name);
      if (router_->wants(statement)) return router_->forward_describe(message.raw, &statement);
    }
    return describe_statement(name);
  }
  const auto found = portals_.find(name);
  if (router_ && router_->forwarding()) {
    if (found == portals_.end()) return router_->forward_describe(message.raw, nullptr);
    if (!router_->forward_flush()) return;
  }
  if (found == portals_.end()) throw no_portal(name);
  describe_portal(found->second);
}

void pg_conversation::describe_statement(const std::string& name) {
  auto& out = io_.out();
  const auto parsed = statements_.find(name);
  if (parsed != statements_.end() && !parsed->second.parsed) {
    out.parameter_description(parsed->second.parameter_types);
    return out.no_data();
  }
  const auto statement = statement_named(name);
  out.parameter_description(statement->parameter_types());
  if (!statement->returns_rows()) return out.no_data();
  sql::type_scope types(session_->types());
  describe_columns(out, statement->columns(), std::vector<std::int16_t>(statement->columns().size(), 0));
}

void pg_conversation::describe_portal(const bound_portal& target) {
  if (!target.portal || !target.portal->statement().returns_rows()) return io_.out().no_data();
  sql::type_scope types(session_->types());
  describe_columns(io_.out(), target.portal->statement().columns(), target.formats);
}

void pg_conversation::execute_step(const wire::pg::frontend_message& message) {
  const auto wanted = checked(wire::pg::parse_execute(message.body));
  const std::string name(wanted.portal);
  const auto found = portals_.find(name);
  if (router_ && router_->forwarding()) {
    if (found == portals_.end()) return router_->forward_execute(message.raw);
    if (!router_->forward_flush()) return;
  }
  if (found == portals_.end()) throw no_portal(name);
  if (!found->second.portal) return io_.out().empty_query_response();
  run_portal(found->second, wanted.rows_max);
}

void pg_conversation::run_portal(bound_portal& target, std::uint32_t rows_max) {
  const auto& source = target.portal->statement().source();
  if (router_ && router_->leaves_lost_transaction(source)) return io_.out().command_complete("ROLLBACK");
  note_query(sql::text_of(source));
  copy_stream copy(io_);
  std::optional<sql_error> failure;
  sql::execution done;
  try {
    session_->begin_implicit();
    result_writer rows(io_, session_->formats(), target.formats, false);
    done = target.portal->execute(rows_max, rows, copy);
  } catch (const sql_error& e) {
    failure = e;
  }
  if (failure) {
    if (copy.input_open()) sync_seen_ = copy.skip_rest(true);
    throw *failure;
  }
  if (router_) router_->on_local_statement(source);
  if (done.suspended) {
    io_.out().portal_suspended();
  } else {
    io_.out().command_complete(done.command_tag);
    const bool block_ended = session_->status() == sql::transaction_status::idle &&
                             sql::classify(source) == sql::statement_class::end;
    if (block_ended) portals_.clear();
  }
  io_.flush_if_full();
}

// --- the rest ---

void pg_conversation::close_step(const wire::pg::frontend_message& message) {
  const auto target = checked(wire::pg::parse_target(message.body));
  const std::string name(target.name);
  const bool statement = target.what == 'S';
  if (statement) {
    statements_.erase(name);
    session_->drop_statement(name);
  }
  const bool here = !statement && portals_.erase(name) > 0;
  if (router_ && router_->forwarding()) {
    if (!here) return router_->forward_close(message.raw, statement ? &name : nullptr);
    if (!router_->forward_flush()) return;
  }
  if (router_ && statement) router_->forget(name);
  io_.out().close_complete();
}

void pg_conversation::sync_step() {
  if (router_ && router_->in_batch()) {
    const bool is_answered = router_->forward_sync();
    forget_unparsed();
    if (!is_answered) return;
  }
  session_->end_implicit();
  ready();
}

}  // namespace helios::actors
