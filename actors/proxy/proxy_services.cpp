#include "actors/proxy/proxy_services.hpp"

#include <utility>

namespace helios::actors {
namespace {

constexpr std::size_t parameter_sets_max = 1000;

}  // namespace

std::shared_ptr<const parameter_cache::parameters> parameter_cache::find(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

void parameter_cache::learned(const std::string& key, parameters values) {
  std::lock_guard lock(mutex_);
  if (entries_.size() >= parameter_sets_max) entries_.clear();
  entries_[key] = std::make_shared<const parameters>(std::move(values));
}

void parameter_cache::forget() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

void pause_gate::resume() {
  paused_ = false;
  std::vector<std::weak_ptr<completion>> released;
  {
    std::lock_guard lock(mutex_);
    released.swap(waiting_);
  }
  for (const auto& w : released) {
    if (const auto waiter = w.lock()) waiter->complete();
  }
}

completion_ptr pause_gate::opened() {
  auto out = std::make_shared<completion>();
  std::lock_guard lock(mutex_);
  if (!paused_) out->complete();
  else waiting_.push_back(out);
  return out;
}

routing_log::verdict routing_log::next(std::chrono::steady_clock::time_point now) {
  std::lock_guard lock(mutex_);
  verdict out;
  if (now - second_begin_ >= std::chrono::seconds(1)) {
    second_begin_ = now;
    out.left_out = lines_ > lines_per_second_max ? lines_ - lines_per_second_max : 0;
    lines_ = 0;
  }
  out.at_info = ++lines_ <= lines_per_second_max;
  return out;
}

proxy_services::proxy_services(const config::node_options& o, boost::asio::io_context& sessions, statement_inspector inspector)
    : options(o),
      io(sessions),
      board_owner(std::make_shared<topology_board>(o.peers)),
      board(*board_owner),
      members(o.peers),
      pool(std::make_shared<backend_pool>(o.proxy.pool_size_max)),
      verifiers(o.superuser, o.superuser_password),
      directory(o.listen.connections_max),
      self{{o.cluster_id, o.cluster_secret, o.id.value, node_role::proxy},
           [known = board_owner] { return known->now()->highest_epoch(); }},
      inspect(std::move(inspector)) {}

}  // namespace helios::actors
