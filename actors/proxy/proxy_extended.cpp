// The extended protocol: messages are collected until Flush or Sync, and go to one node as a unit.

#include <algorithm>

#include "actors/proxy/admin_console.hpp"
#include "actors/proxy/proxy_conversation.hpp"
#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

using wire::pg::frontend_kind;
using reply = expected_reply::kind;

/// A pipeline longer than this goes out in parts, as if the client had sent Flush.
constexpr std::size_t batch_bytes_max = 1u << 20;

[[noreturn]] void throw_protocol(const error& e) { throw sql_error(wire::pg::report_of(e)); }

}  // namespace

void proxy_conversation::extended(const wire::pg::frontend_message& message) {
  if (message.kind == frontend_kind::sync) return run_batch(true);
  if (skip_to_sync_) return;
  if (console_) {
    skip_to_sync_ = true;
    return report(make_report(sqlstate::feature_not_supported, "the console takes simple queries only"));
  }
  switch (message.kind) {
    case frontend_kind::parse: add_parse(message); break;
    case frontend_kind::bind: add_bind(message); break;
    case frontend_kind::describe:
    case frontend_kind::close: add_target(message); break;
    case frontend_kind::execute: add_execute(message); break;
    default: return run_batch(false);  // Flush
  }
  if (batch_.bytes.size() >= batch_bytes_max) run_batch(false);
}

void proxy_conversation::add(const wire::pg::frontend_message& message, expected_reply r) {
  batch_.bytes.append(message.raw);
  batch_.replies.push_back(std::move(r));
}

client_statement_ptr proxy_conversation::statement_named(const std::string& name) const {
  if (const auto found = batch_statements_.find(name); found != batch_statements_.end()) return found->second;
  const auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : found->second;
}

void proxy_conversation::use_statement(const client_statement_ptr& statement) {
  if (!statement) return;  // the node knows the right error
  classify(batch_, statement->facts);
  const auto own = batch_statements_.find(statement->name);
  const bool of_this_batch = own != batch_statements_.end() && own->second == statement;
  const bool noted = std::find(batch_.uses.begin(), batch_.uses.end(), statement) != batch_.uses.end();
  if (!of_this_batch && !noted) batch_.uses.push_back(statement);
}

void proxy_conversation::add_parse(const wire::pg::frontend_message& message) {
  if (const auto parsed = wire::pg::parse_parse(message.body, parse_); !parsed) throw_protocol(parsed.failure());
  auto made = std::make_shared<client_statement>();
  made->id = ++last_statement_id_;
  made->name = parse_.statement;
  made->parse_message = message.raw;
  bool understood = true;
  try {
    made->facts = services_.inspect(parse_.query);
  } catch (const sql_error&) {
    understood = false;  // whichever node gets it reports the error
  }
  if (!understood) batch_.wants = std::max(batch_.wants, need::any);
  // A name that is taken: there, too, it must be, for the client to get its error.
  if (!made->name.empty()) use_statement(statement_named(made->name));
  classify(batch_, made->facts);
  begin_statement(parse_.query);
  batch_statements_[made->name] = made;
  add(message, {.what = reply::parse, .statement = made});
}

void proxy_conversation::add_bind(const wire::pg::frontend_message& message) {
  if (const auto parsed = wire::pg::parse_bind(message.body, bind_); !parsed) throw_protocol(parsed.failure());
  const auto statement = statement_named(std::string(bind_.statement));
  use_statement(statement);
  portals_[std::string(bind_.portal)] = statement;
  add(message, {.what = reply::bind});
}

void proxy_conversation::add_target(const wire::pg::frontend_message& message) {
  const auto target = wire::pg::parse_target(message.body);
  if (!target) throw_protocol(target.failure());
  std::string name(target->name);
  const bool describes = message.kind == frontend_kind::describe;
  if (target->what == 'S') {
    if (describes) use_statement(statement_named(name));
    else batch_statements_[name] = nullptr;  // gone for what follows in this batch
  } else if (!describes) {
    portals_.erase(name);
  }
  add(message, {.what = describes ? reply::describe : reply::close, .name = std::move(name), .target = target->what});
}

void proxy_conversation::add_execute(const wire::pg::frontend_message& message) {
  const auto execute = wire::pg::parse_execute(message.body);
  if (!execute) throw_protocol(execute.failure());
  const auto portal = portals_.find(execute->portal);
  add(message, {.what = reply::execute, .statement = portal == portals_.end() ? nullptr : portal->second});
}

void proxy_conversation::run_batch(bool sync) {
  work_unit unit = std::exchange(batch_, {});
  const bool skipped = sync && std::exchange(skip_to_sync_, false);
  if (skipped) unit = {};
  if (unit.replies.empty() && !sync) return;
  if (unit.replies.empty() && pinned_ == nullptr && batch_on_ == nullptr) return ready();
  wire::pg::frontend_encoder encoder(unit.bytes);
  if (sync) {
    encoder.sync();
    unit.ends_with_sync = true;
    unit.replies.push_back({.what = reply::sync});
  } else {
    encoder.flush();
  }
  if (skipped) unit.label = "sync";
  if (batch_on_ != nullptr && pinned_ == nullptr && unit.wants == need::writer) leave_standby_batch();
  run_unit(unit);
  batch_statements_.clear();
}

// The pipeline began with reads on a standby, and now writes: what comes goes to the primary.
void proxy_conversation::leave_standby_batch() {
  const auto nodes = services_.board.now();
  const auto* primary = nodes->primary();
  if (primary != nullptr && batch_on_->key().node == primary->address.id) return;
  auto& left = *std::exchange(batch_on_, nullptr);
  if (!left.lost()) drain(work_unit{}, left);
}

}  // namespace helios::actors
