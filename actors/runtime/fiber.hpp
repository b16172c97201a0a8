#pragma once
// A stackful fiber: sequential code that suspends without blocking its thread, and may go on on another one. Stacks come from
// a pool and have a guard page below them. One owner; resume() by one thread at a time.
//
// I1 suspend() is called only on the fiber, never inside a catch handler; no thread-local state is kept across it.
// I2 A fiber is resumed until it has finished before it is destroyed: its owner makes every wait fail to get there.

#include <functional>
#include <memory>

namespace helios::actors {

inline constexpr std::size_t fiber_stack_bytes = 1u << 20;  ///< address space; only touched pages cost memory

class fiber {
 public:
  /// `body` runs at the first resume(). It must not let an exception out.
  explicit fiber(std::function<void()> body);
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Runs until the next suspend() or the end of the body.
  void resume();
  /// On the fiber: back to resume()'s caller.
  void suspend();
  bool finished() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace helios::actors
