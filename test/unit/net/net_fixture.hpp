#pragma once
// Two io threads, and blocking helpers around the callbacks: a test waits for events, never for time.

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/connection.hpp"

namespace helios::net {

class io_threads {
 public:
  io_threads() : work_(io.get_executor()) {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io.run(); });
  }
  /// Not stopped: every connection of a test ends by itself once the test has let go of it.
  ~io_threads() {
    work_.reset();
    for (auto& t : threads_) t.join();
  }
  boost::asio::io_context io;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

/// Values pushed by io threads, taken by the test; nothing after ten seconds.
template <class T>
class mailbox {
 public:
  void push(T value) {
    std::lock_guard guard(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> take(std::chrono::milliseconds within = std::chrono::seconds(10)) {
    std::unique_lock guard(mutex_);
    if (!changed_.wait_for(guard, within, [this] { return !values_.empty(); })) return std::nullopt;
    T out = std::move(values_.front());
    values_.pop_front();
    return out;
  }
  bool empty() const {
    std::lock_guard guard(mutex_);
    return values_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

/// A connection whose events land in mailboxes. These outlive it: a callback may be under way when it closes.
class peer {
  struct events {
    mailbox<std::string> data;
    mailbox<error> closed;
  };
  std::shared_ptr<events> events_ = std::make_shared<events>();

 public:
  explicit peer(connection_ptr over) : c(std::move(over)) {
    c->set_callbacks({[to = events_](std::string bytes) { to->data.push(std::move(bytes)); },
                      [to = events_](const error& why) { to->closed.push(why); }});
  }
  ~peer() { c->close(); }
  /// Reads until `n` bytes are here, or the connection ends.
  std::string read(std::size_t n) {
    std::string out;
    while (out.size() < n) {
      c->read();
      auto bytes = data.take();
      if (!bytes) break;
      out += *bytes;
    }
    return out;
  }
  connection_ptr c;
  mailbox<std::string>& data = events_->data;
  mailbox<error>& closed = events_->closed;
};

/// A listener and the two ends of one connection to it.
class pair_fixture {
 public:
  pair_fixture() {
    listening = std::move(*listener::open(threads.io, "127.0.0.1", 0, {}, [this](connection_ptr c) { accepted.push(c); }));
    mailbox<result<connection_ptr>> dialed;
    dial(threads.io, "localhost", listening->port(), std::chrono::seconds(5),
         [&](result<connection_ptr> r) { dialed.push(std::move(r)); });
    client = std::make_unique<peer>(std::move(**dialed.take()));
    server = std::make_unique<peer>(*accepted.take());
  }
  mailbox<connection_ptr> accepted;
  io_threads threads;
  std::unique_ptr<listener> listening;
  std::unique_ptr<peer> client, server;
};

}  // namespace helios::net
