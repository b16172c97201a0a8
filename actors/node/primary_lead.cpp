#include "actors/node/primary_lead.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "actors/node/await_end.hpp"
#include "base/log.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
constexpr log::source source{"primary"};
constexpr auto senders_end_within = 3000ms;

template <class Handle>
caf::strong_actor_ptr pointer_to(const Handle& h) {
  return caf::actor_cast<caf::strong_actor_ptr>(h);
}

}  // namespace

primary_lead::primary_lead(environment use) : use_(std::move(use)), writer_(spawn_wal_writer(use_.system, use_.engine)), sink_(writer_) {}
primary_lead::~primary_lead() { stop(0ms); }

result<std::unique_ptr<primary_lead>> primary_lead::start(environment use, epoch number, storage::cohort_config opening) {
  auto& engine = use.engine;
  if (auto begun = engine.begin_epoch(number, use.options.id); !begun) return begun.failure();
  if (auto written = engine.append_config(opening); !written) return written.failure();
  if (auto synced = engine.sync(); !synced) return synced.failure();
  std::unique_ptr<primary_lead> out(new primary_lead(std::move(use)));
  out->led_from_ = engine.positions().written;
  out->use_.elected.opening = std::move(opening);
  out->use_.elected.opening_end = out->led_from_;
  log::info(source, "epoch {} begins at {}", number.value, out->led_from_.value);
  caf::anon_send(out->use_.supervisor, look_after{"the WAL writer", pointer_to(out->writer_), {}});
  return out;
}

void primary_lead::open_gate(sql::database& db) {
  gate_ = spawn_commit_gate(use_.system, {use_.engine, db, use_.options, use_.peers, standbys_, gate_facts_, writer_, led_from_, use_.changed, use_.elected});
  caf::anon_send(use_.supervisor, look_after{"the commit gate", pointer_to(gate_), {}});
  std::lock_guard lock(mutex_);
  accepting_ = true;
}

void primary_lead::accept_standby(net::peer_link_ptr link) {
  std::lock_guard lock(mutex_);
  if (!accepting_) {
    link->send(wire::repl::refusal{"role", "this primary is starting or stopping"});
    link->close_after_flush(500ms);
    return;
  }
  std::erase_if(senders_, [](const auto& s) {
    const auto* actor = caf::actor_cast<caf::abstract_actor*>(s);
    return actor->getf(caf::abstract_actor::is_terminated_flag);
  });
  const auto may_replace_stores = [facts = gate_facts_] { return facts->open.load(); };
  senders_.push_back(spawn_standby_sender(use_.system, {use_.engine, use_.options, standbys_, gate_, writer_, may_replace_stores},
                                          std::move(link)));
}

void primary_lead::rule_published_as(std::uint64_t version) {
  if (gate_) caf::anon_send(gate_, rule_published{version});
}

void primary_lead::await_acknowledged(std::chrono::steady_clock::time_point until) {
  while (gate_facts_->waiting > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  if (gate_facts_->waiting > 0) {
    log::warning(source, "{} commits end unacknowledged: the next start decides about them", gate_facts_->waiting.load());
  }
}

void primary_lead::stop(std::chrono::milliseconds within) {
  if (!writer_) return;
  const auto until = std::chrono::steady_clock::now() + within;
  std::vector<caf::strong_actor_ptr> senders;
  {
    std::lock_guard lock(mutex_);
    accepting_ = false;
    for (const auto& s : senders_) senders.push_back(pointer_to(s));
  }
  caf::anon_send(writer_, drain_wal{});
  await_end(use_.system, {pointer_to(writer_)}, std::max(within, 1000ms));
  if (gate_) await_acknowledged(until);
  for (const auto& s : senders_) caf::anon_send(s, sender_goodbye{});
  if (!await_end(use_.system, senders, senders_end_within)) {
    // A base backup is being made and cannot be cut short; all commits are on the disk.
    log::warning(source, "a base backup is still being made: the process ends without closing the store");
    log::flush();
    std::_Exit(EXIT_SUCCESS);
  }
  if (gate_) {
    caf::anon_send(gate_, close_gate{});
    await_end(use_.system, {pointer_to(gate_)}, 2000ms);
  }
  senders_.clear();
  gate_ = commit_gate_handle();
  writer_ = wal_writer_handle();
}

}  // namespace helios::actors
