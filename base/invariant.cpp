#include "base/invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace helios {

void invariant_failed(const char* condition, const char* rule, const char* file, int line) noexcept {
  std::fprintf(stderr, "FATAL invariant broken: %s (%s) at %s:%d\n", rule, condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace helios
