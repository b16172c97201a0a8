#pragma once
// The node watches of a proxy: one for each data node among the members, which nodes show as they change. Owned by the proxy; start()
// and stop() on its thread.

#include <boost/asio/io_context.hpp>
#include <caf/fwd.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actors/handles/node_watch.hpp"
#include "actors/proxy/proxy_services.hpp"

namespace helios::actors {

class backend_watches : public std::enable_shared_from_this<backend_watches> {
 public:
  backend_watches(caf::actor_system& system, boost::asio::io_context& io, std::shared_ptr<proxy_services> services)
      : system_(system), io_(io), services_(std::move(services)) {}

  void start();
  void stop();

 private:
  /// On the thread of a watch.
  void learn(const std::string& bytes);
  void watch_all();

  caf::actor_system& system_;
  boost::asio::io_context& io_;
  std::shared_ptr<proxy_services> services_;
  std::mutex mutex_;  ///< guards the rest
  std::map<node_id, node_watch_handle> watches_;
  bool ended_ = false;
};

}  // namespace helios::actors
