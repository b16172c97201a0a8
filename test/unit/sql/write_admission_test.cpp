// New write transactions wait while the primary's role is handed over, and lose nothing.
#include "sql/write_admission.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "base/sql_error.hpp"

namespace helios::sql {
namespace {

/// Waits like a session whose client, operator or node ends the wait.
class interrupted_host final : public fiber_host {
 public:
  explicit interrupted_host(sql_error how) : how_(std::move(how)) {}
  void await(const completion_ptr&, cancel_policy) override { throw how_; }
  bool await_until(const completion_ptr&, std::chrono::steady_clock::time_point) override { throw how_; }
  void checkpoint() override {}

 private:
  sql_error how_;
};

std::string state_of(write_admission& writes, fiber_host& host) {
  try {
    writes.admit(host);
  } catch (const sql_error& e) {
    return e.report().severity + " " + e.report().sqlstate;
  }
  return "admitted";
}

}  // namespace

TEST_CASE("writers are counted until they leave") {
  write_admission writes;
  blocking_host host;
  writes.admit(host);
  writes.admit(host);
  CHECK(writes.writers() == 2);
  writes.leave();
  CHECK(writes.writers() == 1);
}

TEST_CASE("while writes are held a new writer waits, and goes on when they are resumed") {
  write_admission writes;
  writes.hold([] {});
  std::atomic<bool> in{false};
  std::thread client([&] {
    blocking_host host;
    writes.admit(host);
    in = true;
  });
  CHECK(writes.writers() == 0);
  CHECK_FALSE(in.load());
  writes.resume();
  client.join();
  CHECK(in.load());
  CHECK(writes.writers() == 1);
}

TEST_CASE("who holds writes back is told when the last writer has left, and at once when there is none") {
  write_admission writes;
  blocking_host host;
  int told = 0;
  writes.hold([&] { ++told; });
  CHECK(told == 1);
  writes.resume();
  writes.admit(host);
  writes.admit(host);
  writes.hold([&] { ++told; });
  writes.leave();
  CHECK(told == 1);
  writes.leave();
  CHECK(told == 2);
}

TEST_CASE("who has resumed writes is not told of a writer that leaves later") {
  write_admission writes;
  blocking_host host;
  int told = 0;
  writes.admit(host);
  writes.hold([&] { ++told; });
  writes.resume();
  writes.leave();
  CHECK(told == 0);
}

TEST_CASE("a session that is ended while it waits says that nothing was executed") {
  write_admission writes;
  writes.hold([] {});
  sql_error ended(sqlstate::admin_shutdown, "terminating connection");
  ended.report().severity = "FATAL";
  interrupted_host host(ended);
  CHECK(state_of(writes, host) == "FATAL 57P03");
  CHECK(writes.writers() == 0);
}

TEST_CASE("a cancel while it waits stays a cancel") {
  write_admission writes;
  writes.hold([] {});
  interrupted_host host(sql_error(sqlstate::query_canceled, "canceling statement due to user request"));
  CHECK(state_of(writes, host) == "ERROR 57014");
  CHECK(writes.writers() == 0);
  writes.resume();  // the one who gave up is not counted
  CHECK(writes.writers() == 0);
}

}  // namespace helios::sql
