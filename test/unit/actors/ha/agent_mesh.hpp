#pragma once
// Real agents in one process that send their messages to each other, each with a data plane that obeys at once: what an agent does with
// the rules, without sockets and stores. A member can be cut off, or end as a process does.

#include <doctest/doctest.h>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/ha/ha_agent.hpp"
#include "actors/runtime/actor_runtime.hpp"
#include "test/support/temporary_directory.hpp"

namespace helios::actors::test {

namespace ha = replication::ha;

/// The real one, which has no room for new files while it is `full`.
class full_disk final : public storage::env {
 public:
  std::atomic<bool> full{false};

  result<std::unique_ptr<storage::file>> open(const std::filesystem::path& path, storage::open_mode mode) override {
    if (full && mode == storage::open_mode::create) return error{errc::disk_full, "no room for " + path.string()};
    return real_.open(path, mode);
  }
  result<std::vector<std::string>> list(const std::filesystem::path& directory) override { return real_.list(directory); }
  result<void> make_directory(const std::filesystem::path& path) override { return real_.make_directory(path); }
  result<void> remove(const std::filesystem::path& path) override { return real_.remove(path); }
  result<void> remove_tree(const std::filesystem::path& path) override { return real_.remove_tree(path); }
  result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override { return real_.rename(from, to); }
  result<void> sync_directory(const std::filesystem::path& path) override { return real_.sync_directory(path); }
  bool exists(const std::filesystem::path& path) override { return real_.exists(path); }
  result<std::unique_ptr<storage::process_lock>> lock(const std::filesystem::path& path) override { return real_.lock(path); }

 private:
  storage::env& real_ = storage::posix_env();
};

class agent_mesh {
 public:
  /// Two data nodes, n1, which leads and is open, and n2, and the witness w. The witness comes last, so that n1 needs n2's promise to lead
  /// and takes it into its cohort: without n1 only n2 can lead.
  agent_mesh() {
    for (const char* id : {"n1", "n2"}) start(id);
    REQUIRE(eventually([this] { return open("n1"); }));
    start("w");
  }
  ~agent_mesh() {
    for (const char* id : {"n1", "n2", "w"}) stop(id);
  }

  void start(const std::string& id) {
    auto one = std::make_shared<member>();
    one->id = id;
    agent_environment use;
    use.rules = rules_of(id);
    use.record_file = record_of(id);
    auto record = read_record(use.record_file, use.rules.cluster_id);
    REQUIRE_MESSAGE(record.ok(), (record ? "" : to_string(record.failure())));
    use.record = std::move(*record);
    if (id == "w") use.env = &witness_disk;
    use.facts = one->facts;
    use.send = [this, id](const node_id& to, std::string bytes) { deliver(id, to.value, std::move(bytes)); };
    if (id != "w") {
      use.log_now = [this] {
        std::lock_guard lock(mutex_);
        return ha::log_state{log_, true};
      };
      use.act = [this, one](ha::action what) { obey(*one, what); };
    } else {
      use.act = [](const ha::action&) {};
    }
    use.fatal = [this, one](const std::string& why) {
      std::lock_guard lock(mutex_);
      one->fatal = why;
      changed_.notify_all();
    };
    std::lock_guard lock(mutex_);
    members_[id] = one;
    one->agent = spawn_ha_agent(runtime_.system(), std::move(use));
  }

  /// The process ends, and takes its unsent messages with it.
  void stop(const std::string& id) {
    ha_agent_handle agent;
    {
      std::lock_guard lock(mutex_);
      const auto found = members_.find(id);
      if (found == members_.end()) return;
      agent = found->second->agent;
      members_.erase(found);
    }
    caf::scoped_actor self{runtime_.system()};
    caf::anon_send(agent, stop_agent{});
    self->wait_for(agent);
  }

  template <class Message>
  void tell(const std::string& id, Message m) {
    std::lock_guard lock(mutex_);
    caf::anon_send(members_.at(id)->agent, std::move(m));
  }
  const ha_facts& facts(const std::string& id) {
    std::lock_guard lock(mutex_);
    return *members_.at(id)->facts;
  }
  bool open(const std::string& id) {
    std::lock_guard lock(mutex_);
    return members_.at(id)->open && members_.at(id)->facts->may_acknowledge();
  }
  std::string fatal(const std::string& id) {
    std::lock_guard lock(mutex_);
    return members_.at(id)->fatal;
  }
  full_disk witness_disk;  ///< where the witness keeps its record

  std::filesystem::path record_of(const std::string& id) const { return directory_.path() / id / "record"; }

  /// False after thirty seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      std::unique_lock lock(mutex_);
      if (std::chrono::steady_clock::now() > until) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return true;
  }

 private:
  struct member {
    std::string id;
    ha_agent_handle agent;
    std::shared_ptr<ha_facts> facts = std::make_shared<ha_facts>();
    bool open = false;
    std::string fatal;
  };

  static ha::options rules_of(const std::string& id) {
    static std::atomic<std::uint64_t> incarnation{0};
    ha::options out;
    out.self = {id};
    out.incarnation = out.seed = ++incarnation;
    out.cluster_id = "mesh";
    out.members = {{{"n1"}, true, true}, {{"n2"}, true, true}, {{"w"}, false, true}};
    out.own_mode = sync_mode::sync;
    out.first_primary = {"n1"};
    out.mode = ha::failover_mode::automatic;
    out.heartbeat = std::chrono::milliseconds(100);  // the lease and the rest as they are by default: busy machines keep threads waiting
    return out;
  }

  void deliver(const std::string& from, const std::string& to, std::string bytes) {
    std::lock_guard lock(mutex_);
    const auto found = members_.find(to);
    if (found != members_.end() && members_.contains(from)) caf::anon_send(found->second->agent, member_said{{from}, std::move(bytes)});
  }

  // Every log of the mesh is the same one, so nobody lacks anything.
  void obey(member& one, const ha::action& what) {
    std::lock_guard lock(mutex_);
    const auto found = members_.find(one.id);
    if (found == members_.end() || found->second.get() != &one) return;
    if (const auto* fence = std::get_if<ha::fence_wal>(&what)) {
      caf::anon_send(one.agent, data_fenced{fence->number, ha::log_state{log_, true}});
    } else if (const auto* lead = std::get_if<ha::lead>(&what)) {
      log_ = {lead->number, log_.flushed + 100};
      caf::anon_send(one.agent, data_leads{lead->number, log_.flushed});
      caf::anon_send(one.agent, cohort_held{lead->config});
    } else if (std::get_if<ha::hold_writes>(&what)) {
      caf::anon_send(one.agent, writes_drained{log_.flushed});
    } else if (std::get_if<ha::open_writes>(&what)) {
      one.open = true;
    } else if (std::get_if<ha::close_writes>(&what)) {
      one.open = false;
    }
    changed_.notify_all();
  }

  helios::test::temporary_directory directory_;
  std::mutex mutex_;  ///< guards members_ and log_
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<member>> members_;
  ha::log_position log_{epoch{0}, lsn{0}};
  actor_runtime runtime_{1};
};

}  // namespace helios::actors::test
