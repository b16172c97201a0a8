// A unit's answers on their way from its node to the client, and what they tell of the session.

#include <algorithm>

#include "actors/proxy/proxy_conversation.hpp"
#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using reply = expected_reply::kind;

constexpr std::size_t copy_send_bytes = 64u << 10;
constexpr auto suspect_look_interval = 500ms;

std::string_view tag_of(const wire::pg::backend_message& message) { return message.body.substr(0, message.body.find('\0')); }

}  // namespace

// The next message; nothing when the node is lost, or is not worth waiting for.
std::optional<wire::pg::backend_message> proxy_conversation::next_answer(work_unit& unit, backend& from) {
  for (;;) {
    std::optional<clock::time_point> look;
    if (from.suspect_since()) look = clock::now() + suspect_look_interval;
    if (const auto message = from.next(look)) return message;
    if (from.lost()) return std::nullopt;
    if (!from.suspect_since()) continue;
    // The node is silent, its connection is not broken: paused, or cut off. A read goes elsewhere; a write may yet be done.
    const auto nodes = services_.board.now();
    const auto* node = nodes->find(from.key().node);
    const auto* primary = nodes->primary();
    const bool replaced = primary != nullptr && primary != node && primary->state.number > node->state.number;
    if (node->connected) from.no_longer_suspect();
    else if (may_repeat(unit)) from.give_up("the node is not heard from");
    else if (replaced) from.give_up("another node is the primary now");
    else if (clock::now() - *from.suspect_since() > services_.options.proxy.write_timeout) from.give_up("the node does not answer");
  }
}

relay_end proxy_conversation::relay(work_unit& unit, backend& from) {
  while (unit.simple || !unit.expected.empty()) {
    const auto message = next_answer(unit, from);
    if (!message) return relay_end::lost;
    bool finished = false;
    const auto end = relay_one(unit, from, *message, finished);
    if (finished || end != relay_end::complete) return end;
  }
  // Flush: everything asked for is here; the pipeline goes on at the same node.
  batch_on_ = &from;
  io_.flush();
  return relay_end::complete;
}

relay_end proxy_conversation::relay_one(work_unit& unit, backend& from, const wire::pg::backend_message& message,
                                        bool& finished) {
  switch (message.type) {
    case 'E': return relay_error(unit, from, message, finished);
    case 'Z':
      finish_ready(unit, from, message.body.empty() ? 'I' : message.body[0]);
      finished = true;
      return relay_end::complete;
    case 'K': return relay_end::complete;  // another session's cancel key than ours
    case 'G':
      relay_bytes(unit, message.raw);
      unit.flushed = true;
      // The node takes no Sync while it copies: the client sends another one after its data.
      if (!unit.simple && unit.ends_with_sync) {
        std::erase_if(unit.expected, [](const expected_reply& r) { return r.what == reply::sync; });
        unit.ends_with_sync = false;
      }
      pump_copy_in(from);
      return relay_end::complete;
    default: break;
  }
  const bool ours = !unit.simple && !unit.expected.empty() && unit.expected.front().swallow &&
                    (message.type == '1' || message.type == '3');
  if (!ours) relay_bytes(unit, message.raw);
  answered(unit, from, message);
  return relay_end::complete;
}

void proxy_conversation::relay_bytes(work_unit& unit, std::string_view raw) {
  io_.out().out().append(raw);
  if (io_.out_bytes() < output_flush_bytes) return;
  unit.flushed = true;
  io_.flush();
}

// Which of the messages sent this one answers, and what it says of the session.
void proxy_conversation::answered(work_unit& unit, backend& from, const wire::pg::backend_message& message) {
  if (unit.simple) {
    if (message.type == 'C') completed(unit.facts, unit.facts_done++, tag_of(message), from);
    return;
  }
  if (unit.expected.empty()) return;
  const auto& front = unit.expected.front();
  bool done = false;
  switch (message.type) {
    case '1':
      done = front.what == reply::parse;
      if (!done) break;
      from.prepared[front.statement->name] = front.statement->id;
      if (!front.swallow) statements_[front.statement->name] = front.statement;
      break;
    case '2': done = front.what == reply::bind; break;
    case '3':
      done = front.what == reply::close;
      if (!done || front.target != 'S') break;
      from.prepared.erase(front.name);
      if (!front.swallow) statements_.erase(front.name);
      break;
    case 'T':
    case 'n': done = front.what == reply::describe; break;
    case 'C':
      if (front.statement) completed(front.statement->facts, 0, tag_of(message), from);
      done = front.what == reply::execute;
      break;
    case 'I':
    case 's': done = front.what == reply::execute; break;
    default: break;
  }
  if (done) unit.expected.pop_front();
}

void proxy_conversation::completed(const std::vector<statement_facts>& facts, std::size_t at, std::string_view tag, const backend& from) {
  if (at >= facts.size()) return;
  const auto& f = facts[at];
  // Whatever becomes of the transaction: an advisory lock outlives it.
  if (f.effect == session_effect::local_object) {
    stay_on_primary_ = true;
    kept_number_ = from.number();
    return;
  }
  if (f.kind == sql::statement_class::end && tag == "ROLLBACK") uncommitted_.clear();
  if (f.effect != session_effect::none) uncommitted_.push_back(f);
}

void proxy_conversation::apply(const statement_facts& facts, backend& from) {
  switch (facts.effect) {
    case session_effect::none: return;
    case session_effect::local_object: return;
    case session_effect::discard_all:
      log_.clear();
      statements_.clear();
      from.prepared.clear();
      stay_on_primary_ = false;
      kept_number_ = 0;
      backends_.give_back_all_but(&from);
      return;
    case session_effect::deallocate:
      if (facts.name.empty()) statements_.clear();
      else statements_.erase(facts.name);
      if (facts.name.empty()) from.prepared.clear();
      else from.prepared.erase(facts.name);
      break;
    default: break;
  }
  log_.add(facts);
}

void proxy_conversation::finish_ready(work_unit& unit, backend& from, char status) {
  status_ = status;
  floor_ = std::max(floor_, from.position());
  pinned_ = status == 'I' ? nullptr : &from;
  batch_on_ = nullptr;
  if (status == 'I') {
    portals_.clear();
    if (!unit.failed) {
      for (const auto& f : uncommitted_) apply(f, from);
      from.replayed = log_.newest();
    }
    uncommitted_.clear();
  }
  ready();
}

relay_end proxy_conversation::relay_error(work_unit& unit, backend& from, const wire::pg::backend_message& message,
                                          bool& finished) {
  auto r = wire::pg::parse_error_report(message.body);
  if (!r) {
    from.give_up(r.failure().detail);
    return relay_end::lost;
  }
  if (r->severity == "FATAL" || r->severity == "PANIC") {
    // The node ends its session. For a read that is no news to the client; whatever else it was, it has failed.
    from.give_up(r->message);
    // It says that the statement has not begun (sql/write_admission.hpp), and nothing before it in this unit was answered.
    if (r->sqlstate == sqlstate::cannot_connect_now && io_.out().out().size() == unit.mark) unit.harmless = true;
    if (may_repeat(unit)) return relay_end::lost;
    const bool aborts = status_ != 'I' && !unit.ends_transaction;
    lost_transaction_ = aborts;
    status_ = aborts ? 'E' : 'I';
    pinned_ = nullptr;
    batch_on_ = nullptr;
    uncommitted_.clear();
    r->severity = "ERROR";
    answer_error(unit, *r);
    finished = true;
    return relay_end::complete;
  }
  const bool may_redirect = !unit.flushed && pinned_ == nullptr && batch_on_ == nullptr && unit.wants != need::writer;
  if (r->sqlstate == sqlstate::read_only_sql_transaction && may_redirect) {
    take_back(unit);
    drain(unit, from);
    return relay_end::redirect;
  }
  ++services_.counters.failed;
  unit.failed = true;
  relay_bytes(unit, message.raw);
  if (unit.simple) return relay_end::complete;
  // Everything up to Sync is skipped, there as here.
  std::erase_if(unit.expected, [](const expected_reply& e) { return e.what != reply::sync; });
  if (!unit.expected.empty()) return relay_end::complete;
  skip_to_sync_ = true;
  batch_on_ = &from;
  io_.flush();
  finished = true;
  return relay_end::complete;
}

void proxy_conversation::take_back(work_unit& unit) { io_.out().out().resize(unit.mark); }

// Lets a node come to the end of what it does for us, without the client.
void proxy_conversation::drain(const work_unit& unit, backend& from) {
  if (!unit.simple && !unit.ends_with_sync) {
    std::string sync;
    wire::pg::frontend_encoder(sync).sync();
    from.send(std::move(sync));
  }
  for (;;) {
    const auto message = from.next();
    if (!message) {
      from.give_up("the node fell silent");
      return;
    }
    if (message->type == 'Z') return;
  }
}

void proxy_conversation::pump_copy_in(backend& to) {
  using wire::pg::frontend_kind;
  io_.flush();
  std::string gathered;
  for (;;) {
    auto message = io_.next_if_here();
    if (!message) {
      if (!gathered.empty()) to.send(std::exchange(gathered, {}));
      message = io_.next();
    }
    switch (message->kind) {
      case frontend_kind::copy_data:
        gathered.append(message->raw);
        if (gathered.size() >= copy_send_bytes) to.send(std::exchange(gathered, {}));
        break;
      case frontend_kind::copy_done:
      case frontend_kind::copy_fail:
        gathered.append(message->raw);
        to.send(std::move(gathered));
        return;
      case frontend_kind::flush:
      case frontend_kind::sync: break;
      case frontend_kind::terminate: throw to_error(interrupt::client_gone);
      default: throw fatal_error(sqlstate::protocol_violation, "unexpected message during COPY from the client");
    }
  }
}

}  // namespace helios::actors
