#include "base/fiber_local.hpp"

namespace helios {

namespace {
thread_local const void* current = nullptr;
}

// Never inlined: a caller that computed the variable's address before it was suspended would read another thread's.
[[gnu::noinline]] const void* fiber_local() { return current; }
[[gnu::noinline]] void set_fiber_local(const void* value) { current = value; }

}  // namespace helios
