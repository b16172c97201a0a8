#include "actors/proxy/proxy.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <utility>

#include "actors/proxy/admin_http.hpp"
#include "actors/proxy/backend_watches.hpp"
#include "actors/proxy/proxy_session.hpp"
#include "base/log.hpp"
#include "net/http.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"proxy"};

class running_proxy final : public proxy {
 public:
  running_proxy(actor_runtime& runtime, const config::node_options& options, statement_inspector inspect)
      : runtime_(runtime),
        services_(std::make_shared<proxy_services>(options, runtime.sessions_io(), std::move(inspect))),
        watches_(std::make_shared<backend_watches>(runtime.system(), runtime.control_io(), services_)) {}
  ~running_proxy() override { stop(std::chrono::milliseconds(0)); }

  result<void> start() {
    const auto& options = services_->options;
    auto& system = runtime_.system();
    auto clients = net::listener::open(
        runtime_.sessions_io(), options.listen.host, options.listen.pg_port, {},
        [&system, services = services_](net::connection_ptr c) { spawn_proxy_session(system, std::move(c), services); });
    if (!clients) return clients.failure();
    clients_ = std::move(*clients);
    auto admin = net::http_server::open(runtime_.control_io(), options.listen.host, options.listen.http_port,
                                        [services = services_](net::http_request r, net::http_respond respond) {
                                          respond(answer_admin(*services, r));
                                        });
    if (!admin) return admin.failure();
    admin_ = std::move(*admin);
    watches_->start();
    log::info(source, "routing clients on {}:{} to {} backends; status on port {}", options.listen.host, clients_->port(),
              services_->board.now()->nodes.size(), admin_->port());
    return {};
  }

  std::uint16_t pg_port() const override { return clients_->port(); }
  std::uint16_t http_port() const override { return admin_->port(); }

  void stop(std::chrono::milliseconds within) override {
    if (std::exchange(stopped_, true)) return;
    if (clients_) clients_->stop();
    services_->gate.resume();
    services_->directory.end_all(interrupt::terminate);
    if (!services_->directory.wait_empty(within)) {
      log::warning(source, "{} sessions did not end in time", services_->directory.size());
    }
    watches_->stop();
    if (admin_) admin_->stop();
    services_->pool->close();
  }

 private:
  actor_runtime& runtime_;
  std::shared_ptr<proxy_services> services_;
  std::unique_ptr<net::listener> clients_;
  std::unique_ptr<net::http_server> admin_;
  std::shared_ptr<backend_watches> watches_;
  bool stopped_ = false;
};

}  // namespace

result<std::unique_ptr<proxy>> spawn_proxy(actor_runtime& runtime, const config::node_options& options,
                                           statement_inspector inspect) {
  auto out = std::make_unique<running_proxy>(runtime, options, std::move(inspect));
  if (auto started = out->start(); !started) return started.failure();
  return std::unique_ptr<proxy>(std::move(out));
}

}  // namespace helios::actors
