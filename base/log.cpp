#include "base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace helios::log {
namespace {

std::string& node_name() {
  static std::string name;
  return name;
}

spdlog::logger& sink() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("heliosdb", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %v",
                                                                    spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::info);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum to_spdlog(level at) {
  switch (at) {
    case level::debug: return spdlog::level::debug;
    case level::info: return spdlog::level::info;
    case level::warning: return spdlog::level::warn;
    case level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

const char* name_of(level at) {
  switch (at) {
    case level::debug: return "DEBUG";
    case level::info: return "INFO";
    case level::warning: return "WARN";
    case level::error: return "ERROR";
  }
  return "?";
}

std::string one_line(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (char c : message) {
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else out += c;
  }
  return out;
}

}  // namespace

void start(const node_id& node, level threshold) {
  node_name() = node.value;
  set_threshold(threshold);
}

void set_threshold(level threshold) { sink().set_level(to_spdlog(threshold)); }
bool enabled(level at) { return sink().should_log(to_spdlog(at)); }
void flush() { sink().flush(); }

void write(level at, source from, std::string_view message) {
  std::string line = fmt::format("{} {}", name_of(at), one_line(message));
  if (!node_name().empty()) line += fmt::format(" node={}", node_name());
  line += fmt::format(" actor={}", from.actor);
  if (from.session.value != 0) line += fmt::format(" session={}", from.session.value);
  sink().log(to_spdlog(at), "{}", line);
}

}  // namespace helios::log
