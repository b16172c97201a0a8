#include "actors/session/session_directory.hpp"

#include "base/wall_clock.hpp"

#include <chrono>
#include <random>
#include <utility>

namespace helios::actors {
namespace {

// Clients that have not yet sent a whole startup packet, beyond connections_max.
constexpr std::size_t unadmitted_reserve = 64;

std::uint32_t random_secret() {
  static thread_local std::random_device device;
  return device();
}

}  // namespace

void activity_slot::update(const std::function<void(sql::activity_row&)>& change) {
  std::lock_guard lock(mutex_);
  change(row_);
}

sql::activity_row activity_slot::read() const {
  std::lock_guard lock(mutex_);
  return row_;
}

session_directory::entry session_directory::insert(std::function<void(interrupt)> raise, bool admitted) {
  const session_id id{++last_id_};
  entry made{id, random_secret(), std::make_shared<activity_slot>()};
  made.activity->update([id](sql::activity_row& row) {
    row.session = static_cast<std::int64_t>(id.value);
    row.backend_start_us = wall_clock_us();
    row.state = "idle";
  });
  sessions_[id] = {made.secret, std::move(raise), made.activity, admitted};
  if (admitted) ++admitted_;
  return made;
}

std::optional<session_directory::entry> session_directory::add(std::function<void(interrupt)> raise) {
  std::lock_guard lock(mutex_);
  if (ending_ || admitted_ >= connections_max_) return std::nullopt;
  return insert(std::move(raise), true);
}

std::optional<session_directory::entry> session_directory::add_unadmitted(std::function<void(interrupt)> raise) {
  std::lock_guard lock(mutex_);
  if (ending_ || sessions_.size() - admitted_ >= connections_max_ + unadmitted_reserve) return std::nullopt;
  return insert(std::move(raise), false);
}

bool session_directory::admit(session_id id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || admitted_ >= connections_max_) return false;
  found->second.admitted = true;
  ++admitted_;
  return true;
}

void session_directory::remove(session_id id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (found->second.admitted) --admitted_;
  sessions_.erase(found);
  if (sessions_.empty()) changed_.notify_all();
}

bool session_directory::cancel(std::uint32_t process_id, std::uint32_t secret) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session_id{process_id});
  if (found == sessions_.end() || found->second.secret != secret) return false;
  found->second.raise(interrupt::cancel);
  return true;
}

bool session_directory::interrupt_one(session_id id, interrupt what) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  found->second.raise(what);
  return true;
}

void session_directory::answer_first(session_id id) {
  std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(id); found != sessions_.end()) found->second.activity->answer_first = true;
}

void session_directory::interrupt_all(interrupt what) {
  std::lock_guard lock(mutex_);
  for (auto& [id, session] : sessions_) session.raise(what);
}

void session_directory::end_all(interrupt what) {
  std::lock_guard lock(mutex_);
  ending_ = true;
  for (auto& [id, session] : sessions_) session.raise(what);
}

bool session_directory::ending() const {
  std::lock_guard lock(mutex_);
  return ending_;
}

std::vector<sql::activity_row> session_directory::list() const {
  std::vector<std::shared_ptr<activity_slot>> slots;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, session] : sessions_) {
      if (session.admitted) slots.push_back(session.activity);
    }
  }
  std::vector<sql::activity_row> rows;
  for (const auto& slot : slots) rows.push_back(slot->read());
  return rows;
}

std::size_t session_directory::size() const {
  std::lock_guard lock(mutex_);
  return admitted_;
}

bool session_directory::wait_empty(std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, within, [this] { return sessions_.empty(); });
}

}  // namespace helios::actors
