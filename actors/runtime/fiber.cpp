#include "actors/runtime/fiber.hpp"

#include <boost/context/fiber.hpp>
#include <boost/context/stack_context.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <exception>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/fiber_local.hpp"
#include "base/invariant.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define HELIOS_FIBER_ASAN 1
#else
#define HELIOS_FIBER_ASAN 0
#endif

namespace helios::actors {
namespace {

namespace context = boost::context;

constexpr std::size_t pooled_stacks_max = 256;

// Stacks with a guard page at their low end, kept for reuse: mmap and its page faults cost more than a short statement.
class stack_pool {
 public:
  context::stack_context allocate() {
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto stack = free_.back();
        free_.pop_back();
        return stack;
      }
    }
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* low = mmap(nullptr, fiber_stack_bytes + page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (low == MAP_FAILED) throw std::bad_alloc();
    HELIOS_INVARIANT(mprotect(low, page, PROT_NONE) == 0, "a fiber's stack has a guard page");
    context::stack_context stack;
    stack.size = fiber_stack_bytes;
    stack.sp = static_cast<char*>(low) + page + fiber_stack_bytes;
    return stack;
  }

  void deallocate(context::stack_context& stack) {
#if HELIOS_FIBER_ASAN
    __asan_unpoison_memory_region(static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
    {
      std::lock_guard lock(mutex_);
      if (free_.size() < pooled_stacks_max) {
        free_.push_back(stack);
        return;
      }
    }
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    munmap(static_cast<char*>(stack.sp) - stack.size - page, stack.size + page);
  }

  static stack_pool& shared() {
    static stack_pool& pool = *new stack_pool;  // outlives every thread that may still end a fiber
    return pool;
  }

 private:
  std::mutex mutex_;
  std::vector<context::stack_context> free_;
};

struct pooled_stack {
  context::stack_context allocate() { return stack_pool::shared().allocate(); }
  void deallocate(context::stack_context& stack) { stack_pool::shared().deallocate(stack); }
};

}  // namespace

struct fiber::impl {
  std::function<void()> body;
  context::fiber inner;   // the suspended fiber, while it is not running
  context::fiber outer;   // the resumer, while it is running
  bool done = false;
  const void* local = nullptr;  // base/fiber_local.hpp, while it is suspended
#if HELIOS_FIBER_ASAN
  const void* stack_bottom = nullptr;
  const void* outer_bottom = nullptr;
  std::size_t outer_size = 0;
  void* outer_fake = nullptr;
  void* inner_fake = nullptr;
#endif

  // Address sanitizer must know which stack is current, or it takes every fiber for a stack overflow.
  void leaving_outer() {
#if HELIOS_FIBER_ASAN
    __sanitizer_start_switch_fiber(&outer_fake, stack_bottom, fiber_stack_bytes);
#endif
  }
  void back_in_outer() {
#if HELIOS_FIBER_ASAN
    __sanitizer_finish_switch_fiber(outer_fake, nullptr, nullptr);
#endif
  }
  void entered_inner() {
#if HELIOS_FIBER_ASAN
    __sanitizer_finish_switch_fiber(inner_fake, &outer_bottom, &outer_size);
#endif
  }
  void leaving_inner(bool for_good) {
#if HELIOS_FIBER_ASAN
    __sanitizer_start_switch_fiber(for_good ? nullptr : &inner_fake, outer_bottom, outer_size);
#else
    static_cast<void>(for_good);
#endif
  }
};

fiber::fiber(std::function<void()> body) : impl_(std::make_unique<impl>()) {
  impl_->body = std::move(body);
  pooled_stack stacks;
  auto stack = stacks.allocate();
#if HELIOS_FIBER_ASAN
  impl_->stack_bottom = static_cast<char*>(stack.sp) - stack.size;
#endif
  impl_->inner = context::fiber(std::allocator_arg, context::preallocated(stack.sp, stack.size, stack), stacks,
                                [state = impl_.get()](context::fiber&& outer) {
                                  state->outer = std::move(outer);
                                  state->entered_inner();
                                  state->body();
                                  state->done = true;
                                  state->leaving_inner(true);
                                  return std::move(state->outer);
                                });
}

fiber::~fiber() {
  HELIOS_INVARIANT(impl_->done || impl_->inner, "a fiber is not destroyed by itself");
}

void fiber::resume() {
  HELIOS_INVARIANT(!impl_->done && impl_->inner, "a finished or running fiber is not resumed");
  const void* outer_local = fiber_local();
  set_fiber_local(impl_->local);
  impl_->leaving_outer();
  auto back = std::move(impl_->inner).resume();
  impl_->back_in_outer();
  impl_->local = fiber_local();
  set_fiber_local(outer_local);
  if (!impl_->done) impl_->inner = std::move(back);
}

void fiber::suspend() {
  HELIOS_INVARIANT(!std::current_exception(), "I1: a fiber is not suspended inside a catch handler");
  impl_->leaving_inner(false);
  impl_->outer = std::move(impl_->outer).resume();
  impl_->entered_inner();
}

bool fiber::finished() const { return impl_->done; }

}  // namespace helios::actors
