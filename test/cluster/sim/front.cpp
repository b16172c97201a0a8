#include "front.hpp"

#include <algorithm>
#include <utility>

namespace helios::sim {

void front::introduce(std::size_t number, std::vector<std::size_t> data_nodes) {
  number_ = number;
  data_nodes_ = std::move(data_nodes);
}

void front::start() {
  clients_.resize(settings_.clients);
  for (std::size_t c = 0; c < clients_.size(); ++c) wake_at(c, world_.now() + world_.between(0, settings_.think_max), 0);
}

void front::wake_at(std::size_t c, true_time at, std::uint64_t operation) {
  world_.post(number_, at, {event::kind::wake, c, 0, operation, nullptr});
}

void front::next(std::size_t c) {
  if (stopped_) return;
  auto& mine = clients_[c];
  const bool stray = world_.chance(settings_.stray);
  if (!stray && (leader_ == SIZE_MAX || !news_.open)) return wake_at(c, world_.now() + settings_.think_max, 0);
  mine.operation = ++operations_;
  mine.write = world_.chance(0.7);
  const auto to = stray ? data_nodes_[world_.below(data_nodes_.size())] : leader_;
  world_.send(number_, to, client_request{mine.operation, mine.write});
  wake_at(c, world_.now() + settings_.timeout, mine.operation);
}

void front::on(const event& e) {
  if (e.what == event::kind::wake) {
    auto& mine = clients_[e.from];
    // A timer of an operation that has ended since, or of thinking while one is under way.
    if (mine.operation != e.number) return;
    mine.operation = 0;
    next(e.from);
  } else if (e.what == event::kind::message) {
    if (const auto* news = std::get_if<leader_news>(e.content.get())) {
      if (news->number < news_.number) return;
      news_ = *news;
      leader_ = e.from;
    } else if (const auto* reply = std::get_if<client_reply>(e.content.get())) {
      const auto c = std::find_if(clients_.begin(), clients_.end(), [&](const client& x) { return x.operation == reply->operation; });
      if (c == clients_.end()) return;
      if (reply->ok && c->write) ++writes_done_;
      c->operation = 0;
      wake_at(static_cast<std::size_t>(c - clients_.begin()), world_.now() + world_.between(0, settings_.think_max), 0);
    }
  }
}

}  // namespace helios::sim
