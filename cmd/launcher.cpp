#include "cmd/launcher.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "config/load.hpp"
#include "net/http.hpp"
#include "replication/backoff.hpp"

namespace helios::launcher {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"launcher"};
constexpr auto tell_within = 1000ms;
constexpr replication::backoff_options restarts{500ms, 30'000ms, 0.1, 10'000ms};
constexpr int exit_bad_configuration = 2, exit_cannot_start = 127;

struct child {
  pid_t pid = 0;
  std::uint64_t incarnation = 0;
};
/// How a child ended.
struct ending {
  int code = 0;             ///< as of run()
  bool asked = false;       ///< the launcher was told to stop it
  bool clean() const { return code == 0; }
};

std::uint64_t draw_incarnation() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
}

/// Blocked while the launcher lives, and taken one by one.
sigset_t handled_signals() {
  sigset_t out;
  sigemptyset(&out);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&out, number);
  return out;
}

/// Field 22 of its stat file: with it, a pid that is used again is not taken for this process. The name in field 2 may hold spaces.
std::string start_time(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream all;
  all << in.rdbuf();
  const auto text = all.str();
  const auto name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 2));
  std::string out;
  for (int number = 3; number <= 22; ++number) fields >> out;
  return out;
}

bool write_pid_file(const std::string& path, pid_t pid) {
  const auto fresh = path + ".new";
  {
    std::ofstream out(fresh);
    out << pid << ' ' << start_time(pid) << '\n';
    if (!out.flush()) return false;
  }
  std::error_code failed;
  std::filesystem::rename(fresh, path, failed);
  return !failed;
}

/// Only calls that are safe between fork and exec. The child waits until its pid is written down: the pipe's end says so.
[[noreturn]] void become_node(const std::array<const char*, 6>& arguments, const std::array<int, 2>& ready) {
  close(ready[1]);
  char nothing = 0;
  while (read(ready[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  close(ready[0]);
  setpgid(0, 0);  // Ctrl-C reaches the launcher, which forwards it: not twice
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(arguments[0], const_cast<char* const*>(arguments.data()));
  _exit(exit_cannot_start);
}

std::optional<child> start(const terms& how) {
  child out{0, draw_incarnation()};
  const auto number = std::to_string(out.incarnation);
  const std::array<const char*, 6> arguments{how.program.c_str(), "--config", how.file.c_str(), "--incarnation", number.c_str(), nullptr};
  std::array<int, 2> ready{};
  if (pipe(ready.data()) != 0) return std::nullopt;
  out.pid = fork();
  if (out.pid == 0) become_node(arguments, ready);
  close(ready[0]);
  if (out.pid > 0 && !how.pid_file.empty() && !write_pid_file(how.pid_file, out.pid)) {
    log::error(source, "the pid cannot be written to {}", how.pid_file);
  }
  close(ready[1]);
  if (out.pid < 0) return std::nullopt;
  log::info(source, "started process {}, incarnation {}", out.pid, out.incarnation);
  return out;
}

/// The launcher may be a container's first process: others that end here are reaped, too.
std::optional<int> reap(pid_t pid) {
  std::optional<int> out;
  int status = 0;
  for (pid_t ended = 0; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended == pid) out = status;
  }
  return out;
}

ending await_end(const child& node) {
  const auto signals = handled_signals();
  ending out;
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGCHLD) {
      out.asked = out.asked || number != SIGHUP;
      kill(node.pid, number);  // not reaped yet: the pid is still its own
      continue;
    }
    if (const auto status = reap(node.pid)) {
      out.code = WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
      return out;
    }
  }
}

/// Waits, but for a signal to stop. True: go on.
bool rest(std::chrono::milliseconds time) {
  auto signals = handled_signals();
  sigdelset(&signals, SIGCHLD);
  sigdelset(&signals, SIGHUP);
  const timespec limit{time.count() / 1000, (time.count() % 1000) * 1'000'000};
  return sigtimedwait(&signals, nullptr, &limit) < 0;
}

bool holds_leases(const config::node_options& node) {
  const bool data_node = node.role == node_role::primary || node.role == node_role::standby;
  return data_node && node.replication.failover == config::failover_policy::automatic;
}

/// All at once; one that does not answer costs the time allowed, not the others' news.
void tell_peers(const config::node_options& node, std::uint64_t incarnation) {
  if (node.api_token.empty()) return log::warning(source, "without an api_token the peers cannot be told: they wait for the end of the lease");
  net::http_request request;
  request.method = "POST";
  request.path = "/api/ha/reaped";
  request.authorization = "Bearer " + node.api_token;
  request.body = nlohmann::json{{"node", node.id.value}, {"incarnation", incarnation}}.dump();
  boost::asio::io_context io;
  for (const auto& p : node.peers) {
    if (p.id == node.id) continue;
    net::http_fetch(io, p.host, p.http_port, request, tell_within, [id = p.id.value](const result<net::http_response>& got) {
      if (!got) log::warning(source, "{} was not told: {}", id, to_string(got.failure()));
      else if (got->status / 100 != 2) log::warning(source, "{} was not told: {}", id, got->body);
      else log::info(source, "{} was told", id);
    });
  }
  io.run();
}

}  // namespace

int run(const terms& how) {
  const auto signals = handled_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::mt19937_64 random(draw_incarnation());
  replication::backoff waits(restarts, [&random] { return std::uniform_real_distribution<double>(0, 1)(random); });
  static_cast<void>(waits.next_delay());
  for (;;) {
    // Anew for each child: it reads the file anew as well.
    const auto options = config::load_options(how.file, config::process_environment());
    if (!options) {
      std::fprintf(stderr, "%s\n", options.failure().detail.c_str());
      return exit_bad_configuration;
    }
    log::start(options->id, log::level::info);
    const auto node = start(how);
    if (!node) {
      log::error(source, "no process can be started: {}", std::generic_category().message(errno));
      return exit_cannot_start;
    }
    waits.connected(std::chrono::steady_clock::now());
    const auto end = await_end(*node);
    waits.disconnected(std::chrono::steady_clock::now());
    if (end.clean()) return 0;
    log::error(source, "process {} ended with {}", node->pid, end.code);
    if (holds_leases(*options)) tell_peers(*options, node->incarnation);
    const auto final = end.asked || !how.restart || end.code == exit_bad_configuration || end.code == exit_cannot_start;
    if (final) return end.code;
    const auto delay = waits.next_delay();
    log::info(source, "starts it again in {} ms", delay.count());
    if (!rest(delay)) return end.code;
  }
}

}  // namespace helios::launcher
