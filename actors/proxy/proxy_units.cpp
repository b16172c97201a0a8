// From a unit of work to the node that does it: choosing, waiting, repeating, and what the client hears when a node is lost.

#include <fmt/format.h>

#include <algorithm>

#include "actors/proxy/proxy_conversation.hpp"
#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto look_again_first = 20ms;
constexpr auto look_again_max = 250ms;

/// Counts a statement as under way at its node.
class in_flight_guard {
 public:
  explicit in_flight_guard(std::shared_ptr<node_counters> at) : at_(std::move(at)) {
    if (at_) ++at_->in_flight;
  }
  ~in_flight_guard() {
    if (at_) --at_->in_flight;
  }
  in_flight_guard(const in_flight_guard&) = delete;
  in_flight_guard& operator=(const in_flight_guard&) = delete;

 private:
  std::shared_ptr<node_counters> at_;
};

}  // namespace

void proxy_conversation::run_unit(work_unit& unit) {
  if (lose_pinned(unit) || lost_transaction_) return answer_in_lost_transaction(unit);
  unit.mark = io_.out_bytes();
  std::optional<error_report> failure;
  try {
    if (services_.gate.paused() && pinned_ == nullptr) use_.host.await(services_.gate.opened());
    for (;;) {
      auto* on = acquire(unit);
      if (attempt(unit, *on)) break;
    }
  } catch (const sql_error& e) {
    if (e.report().severity == "FATAL") throw;
    failure = e.report();
  }
  if (failure) answer_error(unit, *failure);
  spare_backends();
}

// The transaction's node went away between two statements: it has not committed.
bool proxy_conversation::lose_pinned(work_unit& unit) {
  if (pinned_ == nullptr || !pinned_->lost()) return false;
  log::info(source_, "routing: backend {} was lost inside a transaction: {}", pinned_->key().node.value, pinned_->lost_why());
  backends_.drop(pinned_);
  pinned_ = nullptr;
  batch_on_ = nullptr;
  uncommitted_.clear();
  lost_transaction_ = true;
  status_ = 'E';
  unit.failed = false;
  return true;
}

const node_view* proxy_conversation::choose(const topology& nodes, const work_unit& unit) {
  const auto* primary = nodes.primary();
  if (primary != nullptr && unit.tried.contains(primary->address.id)) primary = nullptr;
  if (unit.wants == need::writer || stay_on_primary_) return primary;
  if (unit.wants == need::any && primary != nullptr) return primary;
  return choose_reader(nodes, {floor_, services_.options.proxy.read_lag_max, unit.tried}, services_.turn++);
}

backend* proxy_conversation::acquire(work_unit& unit) {
  if (pinned_ != nullptr) return pinned_;
  if (batch_on_ != nullptr) {
    if (!batch_on_->lost()) return batch_on_;
    batch_on_ = nullptr;
    throw sql_error(sqlstate::connection_failure, "the backend of this pipeline was lost before its Sync");
  }
  if (!unit.deadline) unit.deadline = clock::now() + services_.options.proxy.write_timeout;
  const auto deadline = *unit.deadline;
  std::string why = unit.wants == need::writer ? "no node is open for writes" : "no node is healthy and fresh enough";
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(look_again_first);
  for (bool waited = false;; waited = true) {
    const auto nodes = services_.board.now();
    if (const auto* node = choose(*nodes, unit)) {
      auto got = backends_.get(*node, unit.wants == need::writer, identity_, deadline);
      if (auto** ready_one = std::get_if<backend*>(&got)) {
        if (waited) note_state("active");
        return *ready_one;
      }
      if (auto* no = std::get_if<backend_set::refused>(&got)) throw sql_error(std::move(no->report));
      why = node->address.id.value + ": " + std::get<backend_set::unreachable>(got).why;
      log::info(source_, "routing {}: backend {} is not reachable: {}", unit.label, node->address.id.value, why);
      unit.tried.insert(node->address.id);
      if (unit.wants != need::writer && clock::now() < deadline) continue;
    }
    if (clock::now() >= deadline) throw_no_node(unit, why);
    if (!waited) {
      log::info(source_, "routing {}: no backend now ({}); waiting up to {} ms", unit.label, why,
                services_.options.proxy.write_timeout.count());
      ++services_.counters.waited_for_primary;
      note_state("waiting");
    }
    use_.host.await_until(services_.board.change_after(nodes), std::min(deadline, clock::now() + pause));
    pause = std::min(pause * 2, std::chrono::duration_cast<std::chrono::milliseconds>(look_again_max));
    unit.tried.clear();
  }
}

void proxy_conversation::throw_no_node(const work_unit& unit, const std::string& why) const {
  const auto seconds = std::to_string(services_.options.proxy.write_timeout.count() / 1000);
  if (unit.wants == need::writer) {
    throw sql_error(sqlstate::connection_failure,
                    "no primary is available: the statement waited " + seconds + " s and was not executed")
        .detail(why)
        .hint("Reads go on; writes are accepted again once a primary is reachable.");
  }
  throw sql_error(sqlstate::connection_failure, "no node can answer now: the statement waited " + seconds + " s")
      .detail(why);
}

bool proxy_conversation::may_repeat(const work_unit& unit) const {
  return !unit.flushed && pinned_ == nullptr && batch_on_ == nullptr && (unit.wants == need::reader || unit.harmless);
}

// True when the unit is answered, by whatever; false: look for a node again.
bool proxy_conversation::attempt(work_unit& unit, backend& on) {
  const auto node = on.key().node;
  unit.expected.clear();
  std::string bytes;
  if (!replay(on) || !prepare(unit, on, bytes)) {
    unit.tried.insert(node);
    return give_up_after_losses(unit, on);
  }
  bytes += unit.bytes;
  unit.expected.insert(unit.expected.end(), unit.replies.begin(), unit.replies.end());
  unit.facts_done = 0;
  unit.failed = false;
  const auto nodes = services_.board.now();
  const auto* view = nodes->find(node);
  log_selection(unit, *view);
  const bool read = unit.wants == need::reader;
  ++(read ? services_.counters.reads : services_.counters.writes);
  ++(read ? view->counters->reads : view->counters->writes);
  relay_end end{};
  {
    in_flight_guard counted(view->counters);
    busy_ = &on;
    on.send(std::move(bytes));
    end = relay(unit, on);
    busy_ = nullptr;
  }
  if (end == relay_end::complete) {
    view->counters->show(on.position());
    return true;
  }
  if (end == relay_end::redirect) {
    log::info(source_, "routing {}: backend {} is read-only, the statement goes to the primary", unit.label, node.value);
    unit.wants = need::writer;
    unit.label = "write";
    return false;
  }
  ++view->counters->lost;
  if (!may_repeat(unit)) {
    lose(unit, on);
    return true;
  }
  log::info(source_, "routing {}: backend {} was lost ({}); trying another", unit.label, node.value, on.lost_why());
  ++services_.counters.retried;
  take_back(unit);
  unit.tried.insert(node);
  return give_up_after_losses(unit, on);
}

void proxy_conversation::log_selection(const work_unit& unit, const node_view& node) {
  const auto verdict = services_.decisions.next(clock::now());
  if (verdict.left_out > 0) log::info(source_, "routing: {} more backends were selected within a second", verdict.left_out);
  const auto level = verdict.at_info ? log::level::info : log::level::debug;
  if (!log::enabled(level)) return;
  log::write(level, source_, fmt::format("routing {}: selected backend {} at {}:{}", unit.label, node.address.id.value,
                                         node.address.host, node.address.pg_port));
}

// True when the unit has been lost often enough; the client has been told.
bool proxy_conversation::give_up_after_losses(work_unit& unit, const backend& gone) {
  if (++unit.losses < losses_max) return false;
  lose(unit, gone);
  return true;
}

// Brings a backend to the state of the session. What it answers is not the client's.
bool proxy_conversation::replay(backend& on) {
  const auto texts = log_.missing_since(on.replayed);
  on.replayed = log_.newest();
  if (texts.empty()) return !on.lost();
  std::string bytes;
  wire::pg::frontend_encoder encoder(bytes);
  for (const auto& text : texts) encoder.query(text);
  on.send(std::move(bytes));
  for (std::size_t left = texts.size(); left > 0;) {
    const auto message = on.next();
    if (!message) {
      on.give_up("the node fell silent");
      return false;
    }
    if (message->type == 'Z') --left;
    if (message->type != 'E') continue;
    const auto r = wire::pg::parse_error_report(message->body);
    if (r) log::debug(source_, "a setting of the session failed on {}: {}", on.key().node.value, r->message);
  }
  return true;
}

// What the unit refers to and this backend has not prepared yet goes before it.
bool proxy_conversation::prepare(work_unit& unit, backend& on, std::string& bytes) {
  wire::pg::frontend_encoder encoder(bytes);
  const auto close_stale = [&](const std::string& name) {
    if (name.empty() || !on.prepared.contains(name)) return;
    encoder.close('S', name);
    unit.expected.push_back({.what = expected_reply::kind::close, .swallow = true, .name = name, .target = 'S'});
  };
  for (const auto& s : unit.uses) {
    const auto here = on.prepared.find(s->name);
    if (here != on.prepared.end() && here->second == s->id) continue;
    close_stale(s->name);
    bytes += s->parse_message;
    unit.expected.push_back({.what = expected_reply::kind::parse, .swallow = true, .statement = s});
  }
  for (const auto& r : unit.replies) {
    // A name that the client has let go of elsewhere may still be taken here. Its own duplicates are its own error.
    if (r.what != expected_reply::kind::parse || statements_.contains(r.statement->name)) continue;
    const auto here = on.prepared.find(r.statement->name);
    if (here != on.prepared.end() && here->second != r.statement->id) close_stale(r.statement->name);
  }
  return !on.lost();
}

// The node is gone after the unit was sent to it, and it cannot be sent again.
void proxy_conversation::lose(work_unit& unit, const backend& gone) {
  const auto node = gone.key().node.value;
  const bool in_transaction = status_ != 'I';
  auto r = make_report(sqlstate::connection_failure, "the connection to \"" + node + "\" was lost while it answered",
                       gone.lost_why());
  if (in_transaction && !unit.ends_transaction) {
    r.message = "the connection to \"" + node + "\" was lost: the transaction did not commit";
    lost_transaction_ = true;
    status_ = 'E';
  } else if (unit.ends_transaction || unit.writes || unit.wants == need::writer) {
    r.sqlstate = sqlstate::transaction_resolution_unknown;
    r.message = "the connection to \"" + node + "\" was lost while the statement ran: it may or may not have been committed";
    status_ = 'I';
  } else {
    status_ = 'I';
  }
  log::warning(source_, "routing {}: backend {} was lost: {}", unit.label, node, gone.lost_why());
  pinned_ = nullptr;
  batch_on_ = nullptr;
  uncommitted_.clear();
  answer_error(unit, r);
}

void proxy_conversation::answer_error(work_unit& unit, const error_report& r) {
  report(r);
  unit.failed = true;
  batch_statements_.clear();
  if (unit.simple || unit.ends_with_sync) return ready();
  skip_to_sync_ = true;
  io_.flush();
}

void proxy_conversation::answer_in_lost_transaction(work_unit& unit) {
  using kind = expected_reply::kind;
  const auto end = [this](const std::vector<statement_facts>& facts) {
    if (facts.size() != 1 || facts[0].kind != sql::statement_class::end) return false;
    lost_transaction_ = false;
    status_ = 'I';
    io_.out().command_complete("ROLLBACK");
    return true;
  };
  const auto aborted = make_report(sqlstate::in_failed_sql_transaction,
                                   "current transaction is aborted, commands ignored until end of transaction block",
                                   "The node that ran the transaction was lost; nothing of it was committed.");
  if (unit.simple) {
    if (!end(unit.facts)) report(aborted);
    return ready();
  }
  for (const auto& r : unit.replies) {
    switch (r.what) {
      case kind::parse:
        statements_[r.statement->name] = r.statement;
        io_.out().parse_complete();
        break;
      case kind::bind: io_.out().bind_complete(); break;
      case kind::close: io_.out().close_complete(); break;
      case kind::describe:
        if (r.target == 'S') io_.out().parameter_description({});
        io_.out().no_data();
        break;
      case kind::execute:
        if (!r.statement || !end(r.statement->facts)) return answer_error(unit, aborted);
        break;
      case kind::sync: return ready();
    }
  }
  io_.flush();
}

// Others wait for a backend of a node where ours is idle: nothing is lost, a later statement takes one again.
void proxy_conversation::spare_backends() {
  if (status_ != 'I' || batch_on_ != nullptr || stay_on_primary_) return;
  const auto known = services_.board.now();  // kept: the watches replace it meanwhile
  for (const auto& n : known->nodes) {
    auto* ours = backends_.on(n.address.id);
    if (ours != nullptr && services_.pool->wanted(n.address.id)) backends_.give_back(ours);
  }
}

}  // namespace helios::actors
