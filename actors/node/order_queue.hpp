#pragma once
// What the main thread of a node waits for: orders of its actors and of signals. Any thread gives, one takes.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace helios::actors {

template <class Order>
class order_queue {
 public:
  void give(Order order) {
    {
      std::lock_guard lock(mutex_);
      orders_.push_back(std::move(order));
    }
    arrived_.notify_one();
  }
  Order take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !orders_.empty(); });
    return pop();
  }

 private:
  Order pop() {
    auto out = std::move(orders_.front());
    orders_.pop_front();
    return out;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Order> orders_;
};

}  // namespace helios::actors
