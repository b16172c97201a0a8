// The server: a data node, an observer or a proxy, as its YAML says, or the launcher of one. Wiring only.

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "actors/node/data_node.hpp"
#include "actors/node/observer_node.hpp"
#include "actors/node/proxy_node.hpp"
#include "base/log.hpp"
#include "cmd/launcher.hpp"
#include "config/load.hpp"

namespace {

using namespace helios;

constexpr int exit_bad_configuration = 2;

log::level to_level(const std::string& name) {
  if (name == "debug") return log::level::debug;
  if (name == "warning") return log::level::warning;
  if (name == "error") return log::level::error;
  return log::level::info;
}

int run(const config::node_options& options, const std::string& file, std::uint64_t incarnation) {
  log::start(options.id, to_level(options.log_level));
  log::info({"main"}, "HeliosDB-Lite {} starts as {} with {}", HELIOS_VERSION, to_string(options.role), file);
  std::signal(SIGPIPE, SIG_IGN);
  const auto reload = [file] { return config::load_options(file, config::process_environment()); };
  int code = 0;
  {
    actors::actor_runtime runtime(options.runtime.io_threads);
    switch (options.role) {
      case node_role::primary:
      case node_role::standby: code = actors::run_data_node(runtime, options, reload, incarnation); break;
      case node_role::observer: code = actors::run_observer(runtime, options, reload, incarnation); break;
      case node_role::proxy: code = actors::run_proxy(runtime, options, reload); break;
    }
  }
  log::flush();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  // Told to stop before the node listens for it: nothing is open yet, and a supervisor shall not see a crash.
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { std::_Exit(EXIT_SUCCESS); });
  CLI::App app{"HeliosDB-Lite: an SQL database server that is highly available by itself"};
  std::string file;
  bool check_only = false, launch = false;
  std::uint64_t incarnation = 0;
  launcher::terms child;
  app.add_option("--config", file, "The node's YAML file")->required();
  app.add_flag("--check-config", check_only, "Only say whether the file is right");
  auto* launches = app.add_flag("--launch", launch, "Run the node as a child process, and tell its peers when it has died");
  app.add_flag("--restart", child.restart, "With --launch: start it again when it has died")->needs(launches);
  app.add_option("--pid-file", child.pid_file, "With --launch: where to write the node's process id and start time")->needs(launches);
  app.add_option("--incarnation", incarnation, "Given by the launcher: names this process; another for every start")->excludes(launches);
  app.set_version_flag("--version", std::string("heliosdb ") + HELIOS_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : exit_bad_configuration;
  }
  if (launch && !check_only) {
    child.program = std::filesystem::canonical("/proc/self/exe");
    child.file = file;
    return launcher::run(child);
  }
  const auto options = config::load_options(file, config::process_environment());
  if (!options) {
    std::fprintf(stderr, "%s\n", options.failure().detail.c_str());
    return exit_bad_configuration;
  }
  if (check_only) {
    std::printf("%s: good, role %s, node %s\n", file.c_str(), to_string(options->role), options->id.value.c_str());
    return 0;
  }
  return run(*options, file, incarnation);
}
