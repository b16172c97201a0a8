// sim: runs the cluster simulator.
//
//   sim --seed N[,N...] [--trace] single runs; a violation prints the run's history
//   sim --seeds A..B [--jobs J]   many runs, spread over J processes
//   --break RULE                  with one rule broken on purpose; --list-rules names them
//   --by-hand                     manual failover: an operator makes a node the primary
//   --prove-mutations [SEEDS]     every rule, broken, must be caught within so many seeds (2000)
//
// Exit code 0: no violation (with --prove-mutations: every broken rule was caught).
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run.hpp"

namespace {

using namespace helios;
using namespace helios::sim;

struct arguments {
  std::vector<std::uint64_t> single;
  std::uint64_t first = 1, last = 1000;
  bool trace = false, prove = false, list = false, by_hand = false;
  std::uint64_t prove_within = 2000;
  unsigned jobs = 1;
  std::string broken_rule;
};

constexpr auto machine_rules = static_cast<std::size_t>(ha::rule::count);
constexpr auto data_rules = static_cast<std::size_t>(data_rule::count);

std::string rule_name(std::size_t i) {
  return i < machine_rules ? ha::to_string(static_cast<ha::rule>(i)) : to_string(static_cast<data_rule>(i - machine_rules));
}

broken break_rule(std::size_t i) {
  broken out;
  if (i < machine_rules) out.machine.set(i);
  else out.data.set(i - machine_rules);
  return out;
}

std::optional<std::size_t> find_rule(const std::string& name) {
  for (std::size_t i = 0; i < machine_rules + data_rules; ++i)
    if (rule_name(i) == name) return i;
  return std::nullopt;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    fmt::print(stderr, "not a number: {}\n", text);
    std::exit(2);
  }
  return out;
}

std::vector<std::uint64_t> numbers(const std::string& list) {
  std::vector<std::uint64_t> out;
  for (std::size_t from = 0; from <= list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    out.push_back(number(std::string_view(list).substr(from, comma - from)));
    from = comma + 1;
  }
  return out;
}

arguments parse(const std::vector<std::string>& given) {
  arguments out;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& a = given[i];
    const auto value = [&] { return i + 1 < given.size() ? given[++i] : std::string(); };
    if (a == "--seed") out.single = numbers(value());
    else if (a == "--seeds") {
      const auto range = value();
      const auto dots = range.find("..");
      if (dots == std::string::npos) number("A..B expected");
      out.first = number(range.substr(0, dots));
      out.last = number(range.substr(dots + 2));
    } else if (a == "--trace") out.trace = true;
    else if (a == "--jobs") out.jobs = static_cast<unsigned>(number(value()));
    else if (a == "--break") out.broken_rule = value();
    else if (a == "--by-hand") out.by_hand = true;
    else if (a == "--list-rules") out.list = true;
    else if (a == "--prove-mutations") {
      out.prove = true;
      if (i + 1 < given.size() && given[i + 1][0] != '-') out.prove_within = number(value());
    } else {
      fmt::print(stderr, "unknown argument {}\n", a);
      std::exit(2);
    }
  }
  return out;
}

class runner {
 public:
  explicit runner(const arguments& a) : mode_(a.by_hand ? ha::failover_mode::manual : ha::failover_mode::automatic) {}
  outcome run(std::uint64_t seed, const broken& rules, bool trace) { return run_seed(host_, seed, rules, trace, mode_); }

 private:
  ha::failover_mode mode_;
  actor_host host_;
};

void print(std::uint64_t seed, const outcome& o) {
  for (const auto& line : o.history) fmt::print("{}\n", line);
  if (o.violated) fmt::print("seed {}: VIOLATION {}\n  ({}; again: sim --seed {} --trace{})\n", seed, *o.violated, o.cluster, seed,
                             o.cluster.starts_with("by hand") ? " --by-hand" : "");
  else fmt::print("seed {}: ok, {} steps, {} writes acknowledged ({})\n", seed, o.steps, o.acknowledged, o.cluster);
}

/// Every `stride`-th seed from `first` on. Returns the number of violations.
std::uint64_t run_share(const arguments& a, const broken& rules, std::uint64_t first, std::uint64_t stride) {
  runner r(a);
  std::uint64_t violations = 0;
  constexpr std::uint64_t printed_max = 5;
  for (auto seed = first; seed <= a.last; seed += stride) {
    const auto o = r.run(seed, rules, false);
    if (!o.violated) continue;
    if (++violations > printed_max) continue;
    print(seed, r.run(seed, rules, true));
    std::fflush(stdout);
  }
  return violations;
}

int run_many(const arguments& a, const broken& rules) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t violations = 0;
  std::vector<int> pipes;
  for (unsigned j = 0; j < a.jobs; ++j) {
    int ends[2];
    if (pipe(ends) != 0) return 2;
    std::fflush(stdout);
    if (fork() == 0) {
      const auto found = run_share(a, rules, a.first + j, a.jobs);
      const bool written = write(ends[1], &found, sizeof found) == sizeof found;
      std::fflush(stdout);
      _exit(written ? 0 : 2);
    }
    close(ends[1]);
    pipes.push_back(ends[0]);
  }
  bool complete = true;
  for (const int p : pipes) {
    std::uint64_t found = 0;
    complete = read(p, &found, sizeof found) == sizeof found && complete;
    violations += found;
    close(p);
  }
  while (wait(nullptr) > 0) {
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto seeds = a.last - a.first + 1;
  fmt::print("{} seeds, {} violations, {:.0f} per second\n", seeds, violations, static_cast<double>(seeds) / took.count());
  if (!complete) fmt::print("a share of the seeds ended without a result\n");
  return violations == 0 && complete ? 0 : 1;
}

int prove(const arguments& a) {
  runner r(a);
  std::size_t missed = 0;
  for (std::size_t i = 0; i < machine_rules + data_rules; ++i) {
    std::uint64_t seed = 1;
    outcome o;
    while (seed <= a.prove_within && !(o = r.run(seed, break_rule(i), false)).violated) ++seed;
    missed += !o.violated;
    fmt::print("{:28} {}\n", rule_name(i), o.violated ? fmt::format("seed {}: {}", seed, *o.violated) : "NOT CAUGHT");
    std::fflush(stdout);
  }
  fmt::print("{} rules broken, {} not caught within {} seeds\n", machine_rules + data_rules, missed, a.prove_within);
  return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto a = parse({argv + 1, argv + argc});
  if (a.list) {
    for (std::size_t i = 0; i < machine_rules + data_rules; ++i) fmt::print("{}\n", rule_name(i));
    return 0;
  }
  if (a.prove) return prove(a);
  broken rules;
  if (!a.broken_rule.empty()) {
    const auto found = find_rule(a.broken_rule);
    if (!found) {
      fmt::print(stderr, "no rule {}; see --list-rules\n", a.broken_rule);
      return 2;
    }
    rules = break_rule(*found);
  }
  if (a.single.empty()) return run_many(a, rules);
  runner r(a);
  bool violated = false;
  for (const auto seed : a.single) {
    auto o = r.run(seed, rules, a.trace);
    if (o.violated && !a.trace) o = r.run(seed, rules, true);
    print(seed, o);
    violated = violated || o.violated;
  }
  return violated ? 1 : 0;
}
