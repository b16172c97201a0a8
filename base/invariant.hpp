#pragma once
// Broken invariants end the process: continuing on a state that cannot be would risk the data. On in every build.

namespace helios {
/// Logs the failed condition to stderr with its place and aborts.
[[noreturn]] void invariant_failed(const char* condition, const char* rule, const char* file, int line) noexcept;
}  // namespace helios

#define HELIOS_INVARIANT(condition, rule)                                      \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::helios::invariant_failed(#condition, rule, __FILE__, __LINE__);        \
  } while (false)
