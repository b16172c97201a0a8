#include "actors/ha/failover_member.hpp"

#include <future>

#include "storage/env/env.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
constexpr auto step_down_within = 1000ms;

}  // namespace

failover_member::failover_member(caf::actor_system& system, const config::node_options& options, std::uint64_t incarnation)
    : system_(system), options_(options), incarnation_(incarnation), directory_(std::filesystem::path(options.storage.directory) / directory_name),
      peers_(std::make_shared<peer_book>(options.peers)) {}

result<void> failover_member::start(environment use) {
  auto rules = make_rules(options_, incarnation_);
  if (!rules) return rules.failure();
  if (use.mode) rules->own_mode = *use.mode;
  auto record = read_record(directory_ / "record", options_.cluster_id);
  if (!record) return record.failure();
  incomplete_ = storage::posix_env().exists(mark());
  agent_ = spawn_ha_agent(system_, {std::move(*rules), directory_ / "record", std::move(*record), facts_, std::move(use.send),
                                    std::move(use.log_now), std::move(use.act), std::move(use.fatal)});
  started_ = true;
  return {};
}

caf::strong_actor_ptr failover_member::stop() {
  if (!started_) return nullptr;
  auto done = std::make_shared<std::promise<void>>();
  agent_command command;
  command.what = agent_command::kind::step_down;
  command.done = [done](const std::string&) { done->set_value(); };
  caf::anon_send(agent_, std::move(command));
  done->get_future().wait_for(step_down_within);
  started_ = false;
  caf::anon_send(agent_, stop_agent{});
  return caf::actor_cast<caf::strong_actor_ptr>(agent_);
}

result<void> failover_member::begin_replacing_store() {
  auto& env = storage::posix_env();
  incomplete_ = true;
  if (auto made = env.make_directory(directory_); !made) return made;
  return storage::replace_file(env, mark(), "the store is being replaced\n");
}

result<void> failover_member::store_is_whole() {
  if (!incomplete_) return {};
  auto& env = storage::posix_env();
  if (auto removed = env.remove(mark()); !removed) return removed;
  if (auto synced = env.sync_directory(directory_); !synced) return synced;
  incomplete_ = false;
  return {};
}

result<void> remove_store(const std::filesystem::path& storage_directory) {
  auto& env = storage::posix_env();
  auto names = env.list(storage_directory);
  if (!names) return names.failure();
  for (const auto& name : *names) {
    if (name == failover_member::directory_name) continue;
    if (auto removed = env.remove_tree(storage_directory / name); !removed) return removed;
  }
  return env.sync_directory(storage_directory);
}

}  // namespace helios::actors
