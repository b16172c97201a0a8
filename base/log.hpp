#pragma once
// Structured log lines on stderr: time, level, message, then key=value fields (node, actor, session). Any thread.
// "2026-03-01T12:00:00.000Z INFO  Streaming replication established node=standby-sync actor=wal_receiver"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/types.hpp"

namespace helios::log {

enum class level { debug, info, warning, error };

/// Called once by main() before the first line. `threshold`: lines below it are dropped.
void start(const node_id& node, level threshold);
void set_threshold(level threshold);
bool enabled(level at);
/// Flushes what is buffered; called at shutdown and before abort.
void flush();

/// Who speaks. Cheap to copy; `actor` must be a literal.
struct source {
  const char* actor = "main";
  session_id session{};
};

/// Newlines in `message` are escaped: one event is one line.
void write(level at, source from, std::string_view message);

template <class... Args>
void debug(source from, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level::debug)) write(level::debug, from, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(source from, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level::info)) write(level::info, from, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(source from, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level::warning)) write(level::warning, from, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(source from, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level::error)) write(level::error, from, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace helios::log
