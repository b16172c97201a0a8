#include "replication/ha/switchover.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/invariant.hpp"

namespace helios::replication::ha {

void switchover::begin(time_point now, const node_id& to, duration timeout, std::uint64_t command, bool asked_by_successor) {
  HELIOS_INVARIANT(!running(), "one switchover at a time");
  stage_ = stage::draining;
  successor_ = to;
  command_ = command;
  asked_by_successor_ = asked_by_successor;
  deadline_ = now + timeout;
  out_.info("switchover_begun", fmt::format("switchover to {}: new write transactions wait, running ones end", to.value));
  out_.put(hold_writes{to});
}

void switchover::drained(time_point now, epoch number, lsn at) {
  if (!running()) return;
  stage_ = stage::handing_over;
  number_ = number;
  at_ = at;
  out_.info("switchover_drained", fmt::format("switchover: drained at {}, {} catches up", at.value, successor_.value));
  out_.send_to(successor_, handover{number_, at_});
  resend_at_ = now + options_.heartbeat;
}

bool switchover::ready(time_point now, const node_id& from, const handover_ready& m) {
  return stage_ == stage::handing_over && from == successor_ && m.number == number_ && m.at == at_ && now < deadline_;
}

void switchover::done() {
  stage_ = stage::idle;
  if (command_ != 0) out_.put(command_done{std::exchange(command_, 0), {}});
}

void switchover::abort(const std::string& why) {
  if (!running()) return;
  stage_ = stage::idle;
  out_.warning("switchover_aborted", fmt::format("switchover to {} aborted: {}", successor_.value, why));
  out_.put(resume_writes{why});
  if (asked_by_successor_) out_.send_to(successor_, take_over_refused{why});
  if (command_ != 0) out_.put(command_done{std::exchange(command_, 0), why});
}

void switchover::tick(time_point now) {
  if (!running()) return;
  if (now >= deadline_) {
    abort(stage_ == stage::draining ? "write transactions did not end in time"
                                    : fmt::format("{} did not catch up in time", successor_.value));
  } else if (stage_ == stage::handing_over && now >= resend_at_) {
    out_.send_to(successor_, handover{number_, at_});
    resend_at_ = now + options_.heartbeat;
  }
}

time_point switchover::next_wake_up() const {
  if (!running()) return time_point::max();
  return stage_ == stage::handing_over ? std::min(deadline_, resend_at_) : deadline_;
}

}  // namespace helios::replication::ha
