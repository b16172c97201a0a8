#include "sql/write_admission.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "base/sql_error.hpp"

namespace helios::sql {

void write_admission::admit(fiber_host& host) {
  for (;;) {
    auto resumed = std::make_shared<completion>();
    {
      std::lock_guard lock(mutex_);
      if (!held_) {
        ++writers_;
        return;
      }
      waiting_.push_back(resumed);
    }
    std::optional<sql_error> interrupted;
    try {
      host.await(resumed);
    } catch (const sql_error& e) {
      interrupted = e;
    }
    if (!interrupted) continue;
    if (interrupted->report().severity != "FATAL") throw std::move(*interrupted);
    sql_error not_begun(sqlstate::cannot_connect_now, "this node hands the primary's role over; the statement was not executed");
    not_begun.report().severity = "FATAL";
    throw not_begun;
  }
}

void write_admission::leave() {
  std::function<void()> drained;
  {
    std::lock_guard lock(mutex_);
    if (--writers_ == 0) drained = std::exchange(drained_, nullptr);
  }
  if (drained) drained();
}

void write_admission::hold(std::function<void()> drained) {
  {
    std::lock_guard lock(mutex_);
    held_ = true;
    if (writers_ > 0) {
      drained_ = std::move(drained);
      return;
    }
  }
  drained();
}

void write_admission::resume() {
  std::vector<completion_ptr> go;
  {
    std::lock_guard lock(mutex_);
    held_ = false;
    drained_ = nullptr;
    go = std::move(waiting_);
    waiting_.clear();
  }
  for (auto& c : go) c->complete();
}

std::size_t write_admission::writers() const {
  std::lock_guard lock(mutex_);
  return writers_;
}

}  // namespace helios::sql
