#include "actors/proxy/backend_set.hpp"

#include <algorithm>
#include <utility>

#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A node that does not answer within this is passed over.
constexpr auto connect_timeout_max = 1000ms;

/// A link that nobody took is closed: it would wait for its peer for ever.
struct dial_outcome {
  ~dial_outcome() {
    if (link && *link) (**link)->close();
  }
  completion_ptr done = std::make_shared<completion>();
  std::optional<result<net::peer_link_ptr>> link;
};

bool is_sqlstate(const std::string& code) {
  return code.size() == 5 && std::all_of(code.begin(), code.end(),
                                         [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

backend_set::backend_set(proxy_services& services, session_fiber& host, channel_callbacks callbacks)
    : services_(services), host_(host), callbacks_(std::move(callbacks)) {}

backend* backend_set::numbered(std::uint64_t number) {
  const auto found = backends_.find(number);
  return found == backends_.end() ? nullptr : found->second.get();
}

backend* backend_set::on(const node_id& node) {
  for (auto& [number, b] : backends_) {
    if (b->key().node == node && !b->lost()) return b.get();
  }
  return nullptr;
}

void backend_set::drop(backend* gone) { backends_.erase(gone->number()); }

void backend_set::give_back(backend* spare) {
  if (!spare->lost()) services_.pool->give_back(spare->release());
  drop(spare);
}

void backend_set::give_back_all_but(const backend* kept) {
  std::vector<backend*> spare;
  for (auto& [number, b] : backends_) {
    if (b.get() != kept) spare.push_back(b.get());
  }
  for (auto* b : spare) give_back(b);
}

backend* backend_set::adopt(backend_channel_ptr channel) {
  const auto number = ++last_number_;
  auto made = std::make_unique<backend>(host_, channel, number);
  auto* out = made.get();
  backends_[number] = std::move(made);
  if (channel->attach(callbacks_(number))) return out;
  drop(out);
  return nullptr;
}

std::variant<backend*, backend_set::refused, backend_set::unreachable> backend_set::get(const node_view& node, bool for_writes,
                                                                                        const identity& as,
                                                                                        clock::time_point deadline) {
  std::erase_if(backends_, [](const auto& entry) { return entry.second->lost(); });
  // A session that a node opened as a standby cannot write there after its promotion: not in the pool, not at hand.
  const bool as_primary = for_writes || node.state.writable;
  if (auto* here = on(node.address.id)) {
    if (!as_primary || !here->key().read_only) return here;
    drop(here);
  }
  backend_key key{node.address.id, as.user, as.database, {as.settings.begin(), as.settings.end()}, !as_primary};
  for (;;) {
    auto lease = services_.pool->take(key);
    if (lease.idle) {
      if (auto* taken = adopt(std::move(lease.idle))) return taken;
      continue;
    }
    if (lease.slot) return open(node, std::move(key), std::move(lease.slot), as, deadline);
    if (!host_.await_until(lease.wait, deadline)) {
      return unreachable{"all " + std::to_string(services_.options.proxy.pool_size_max) + " backends of the node are in use"};
    }
  }
}

std::variant<backend*, backend_set::refused, backend_set::unreachable> backend_set::open(
    const node_view& node, backend_key key, std::shared_ptr<void> slot, const identity& as, clock::time_point deadline) {
  deadline = std::min(deadline, clock::now() + connect_timeout_max);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
  auto outcome = std::make_shared<dial_outcome>();
  net::dial_peer(services_.io, services_.self, node.address.host, node.address.replication_port, node.address.id,
                 wire::repl::purpose::forward, left, [outcome](result<net::peer_link_ptr> made) {
                   outcome->link = std::move(made);
                   outcome->done->complete();
                 });
  if (!host_.await_until(outcome->done, deadline + 100ms)) return unreachable{"no connection in time"};
  if (!*outcome->link) return unreachable{to_string(outcome->link->failure())};
  auto link = std::move(**outcome->link);
  outcome->link.reset();

  wire::repl::open_session request{as.user, as.database, as.client_address, as.client_port, key.read_only, key.settings};
  auto channel = backend_channel::make(std::move(link), std::move(key), std::move(slot));
  auto* made = adopt(channel);
  if (made == nullptr) return unreachable{"the node closed the connection"};
  channel->send(request);
  channel->read();
  if (auto trouble = await_opened(*made, deadline)) {
    drop(made);
    if (auto* no = std::get_if<refused>(&*trouble)) return std::move(*no);
    return std::get<unreachable>(std::move(*trouble));
  }
  services_.pool->watch(channel);
  return made;
}

std::optional<std::variant<backend_set::refused, backend_set::unreachable>> backend_set::await_opened(
    backend& b, clock::time_point deadline) {
  const auto answer = b.next_frame(deadline);
  if (!answer) return unreachable{b.lost() ? b.lost_why() : "no answer in time"};
  if (std::holds_alternative<wire::repl::session_opened>(*answer)) return std::nullopt;
  if (const auto* no = std::get_if<wire::repl::refusal>(&*answer)) {
    // An SQLSTATE: the session itself is refused (no such database or role).
    if (!is_sqlstate(no->code)) return unreachable{wire::repl::to_string(*no)};
    return refused{make_fatal_report(no->code.c_str(), no->message)};
  }
  if (const auto* bytes = std::get_if<wire::repl::pg_bytes>(&*answer)) {
    wire::pg::backend_decoder decoder;
    decoder.feed(bytes->bytes);
    const auto message = decoder.next();
    if (message && *message && (*message)->type == 'E') {
      auto report = wire::pg::parse_error_report((*message)->body);
      if (report) return refused{std::move(*report)};
    }
  }
  return unreachable{"the node's answer was not understood"};
}

}  // namespace helios::actors
