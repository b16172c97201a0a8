#include "actors/node/proxy_node.hpp"

#include <memory>

#include "actors/node/order_queue.hpp"
#include "actors/proxy/proxy.hpp"
#include "actors/runtime/process_signals.hpp"
#include "base/log.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"proxy"};

}  // namespace

int run_proxy(actor_runtime& runtime, const config::node_options& options, reload_options reload) {
  const auto stops = std::make_shared<order_queue<bool>>();
  process_signals signals(runtime.control_io(), [stops] { stops->give(true); },
                          [reload] {
                            const auto fresh = reload();
                            if (!fresh) log::warning(source, "the configuration was not reloaded: {}", to_string(fresh.failure()));
                          });
  auto running = spawn_proxy(runtime, options);
  if (!running) {
    log::error(source, "the proxy cannot start: {}", to_string(running.failure()));
    return 1;
  }
  stops->take();
  log::info(source, "stopping");
  (*running)->stop(options.runtime.shutdown_grace);
  log::info(source, "stopped");
  return 0;
}

}  // namespace helios::actors
