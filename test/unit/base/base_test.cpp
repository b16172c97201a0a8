#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/fiber_host.hpp"
#include "base/result.hpp"
#include "base/sql_error.hpp"
#include "base/types.hpp"

using namespace helios;

TEST_CASE("identifiers of different kinds do not convert into each other") {
  static_assert(!std::is_convertible_v<lsn, epoch>);
  static_assert(!std::is_convertible_v<std::uint64_t, lsn>);
  static_assert(!std::is_constructible_v<txn_id, lsn>);
  CHECK(lsn{2} > lsn{1});
  CHECK(lsn{7} + 3 == lsn{10});
}

TEST_CASE("the distance between positions is never negative") {
  CHECK(distance(lsn{10}, lsn{25}) == 15);
  CHECK(distance(lsn{25}, lsn{10}) == 0);
  CHECK(distance(lsn{0}, lsn{std::numeric_limits<std::uint64_t>::max()}) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a result holds a value or an error") {
  result<int> good(5);
  CHECK(good.ok());
  CHECK(*good == 5);
  result<int> bad(error{errc::timeout, "no answer"});
  CHECK_FALSE(bad);
  CHECK(bad.failure().code == errc::timeout);
  CHECK(to_string(bad.failure()) == "timeout: no answer");
  CHECK(result<void>().ok());
  CHECK_FALSE(result<void>(error{errc::io, "x"}).ok());
}

TEST_CASE("a result moves what it holds") {
  result<std::unique_ptr<int>> made(std::make_unique<int>(3));
  auto out = std::move(made).value();
  CHECK(*out == 3);
}

TEST_CASE("every error code has a name of its own") {
  for (auto code : {errc::io, errc::disk_full, errc::corrupt, errc::not_found, errc::invalid_argument, errc::protocol,
                    errc::refused, errc::timeout, errc::closed, errc::busy}) {
    CHECK(std::string(to_string(code)) != "?");
    CHECK_FALSE(std::string(to_string(code)).empty());
  }
}

TEST_CASE("integers are written and read in both byte orders") {
  std::string out;
  put_be<std::uint32_t>(out, 0x01020304u);
  put_le<std::uint32_t>(out, 0x01020304u);
  put_be<std::int16_t>(out, -2);
  CHECK(out == std::string("\x01\x02\x03\x04\x04\x03\x02\x01\xff\xfe", 10));
  byte_reader in(out);
  CHECK(in.be<std::uint32_t>() == 0x01020304u);
  CHECK(in.le<std::uint32_t>() == 0x01020304u);
  CHECK(in.be<std::int16_t>() == -2);
  CHECK(in.finished());
}

TEST_CASE("a reader past its end gives zeros and stays failed") {
  byte_reader in(std::string_view("\x01\x02\x03", 3));
  CHECK(in.be<std::uint32_t>() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.be<std::uint8_t>() == 0);
  CHECK(in.bytes(1).empty());
  CHECK_FALSE(in.finished());
}

TEST_CASE("a C string without its end is an error") {
  byte_reader good(std::string_view("ab\0c", 4));
  CHECK(good.cstring() == "ab");
  CHECK(good.cstring().empty());
  CHECK_FALSE(good.ok());
}

TEST_CASE("a huge length does not read past the end") {
  byte_reader in("abc");
  CHECK(in.bytes(std::numeric_limits<std::size_t>::max()).empty());
  CHECK_FALSE(in.ok());
}

TEST_CASE("a completion is set once, and its waker runs once") {
  completion c;
  int woken = 0;
  c.on_done([&woken] { ++woken; });
  CHECK_FALSE(c.done());
  c.complete();
  c.complete(error{errc::io, "late"});
  CHECK(c.done());
  CHECK(c.outcome().ok());
  CHECK(woken == 1);
  c.on_done([&woken] { ++woken; });
  CHECK(woken == 2);
}

TEST_CASE("a blocked thread is woken by a completion from another") {
  blocking_host host;
  auto c = std::make_shared<completion>();
  std::thread other([c] { c->complete(error{errc::closed, "bye"}); });
  host.await(c);
  other.join();
  CHECK(c->outcome().failure().code == errc::closed);
}

TEST_CASE("a wait with a deadline ends at it") {
  blocking_host host;
  auto c = std::make_shared<completion>();
  CHECK_FALSE(host.await_until(c, std::chrono::steady_clock::now()));
  c->complete();
  CHECK(host.await_until(c, std::chrono::steady_clock::now()));
}

TEST_CASE("an SQL error carries its state, hint and position") {
  const auto e = sql_error(sqlstate::syntax_error, "bad").hint("try").at(7);
  CHECK(e.report().sqlstate == "42601");
  CHECK(e.report().hint == "try");
  CHECK(e.report().position == 7);
  CHECK(sql_error(sqlstate::syntax_error, "bad").at(-1).report().position == 0);
}
