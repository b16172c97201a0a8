#pragma once
// Error reports of the proxy's own, in one line.

#include <string>
#include <utility>

#include "base/sql_error.hpp"

namespace helios::actors {

inline error_report make_report(const char* state, std::string message, std::string detail = {}) {
  error_report out;
  out.sqlstate = state;
  out.message = std::move(message);
  out.detail = std::move(detail);
  return out;
}

inline error_report make_fatal_report(const char* state, std::string message) {
  auto out = make_report(state, std::move(message));
  out.severity = "FATAL";
  return out;
}

inline sql_error fatal_error(const char* state, std::string message) {
  return sql_error(make_fatal_report(state, std::move(message)));
}

}  // namespace helios::actors
