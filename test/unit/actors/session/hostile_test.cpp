// What a client may not do, and what happens to it alone; limits, cancel, timeouts, shutdown.

#include <sys/resource.h>

#include <boost/asio/read.hpp>

#include "base/bytes.hpp"
#include "test/unit/actors/session/session_client.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;
using namespace std::chrono_literals;

namespace {

/// Sends these bytes; then the types of all messages up to the end of the connection.
answer after(session_client& client, std::string bytes) {
  client.out = std::move(bytes);
  client.send();
  return client.read_answer();
}

std::string with_length(char type, std::uint32_t length, std::string_view body) {
  std::string out(1, type);
  put_be<std::uint32_t>(out, length);
  return out + std::string(body);
}

std::string startup_with(std::uint32_t code, std::string_view body) {
  std::string out;
  put_be<std::uint32_t>(out, static_cast<std::uint32_t>(8 + body.size()));
  put_be<std::uint32_t>(out, code);
  return out + std::string(body);
}

constexpr std::uint32_t protocol_3_0 = 196608;

/// The most memory that this process, client and server, ever had resident.
long resident_peak_mb() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss / 1024;
}

}  // namespace

TEST_CASE_FIXTURE(logged_in, "a malformed message ends its own connection with 08P01, and no other") {
  const std::vector<std::string> hostile{
      with_length('Q', 3, ""),                              // shorter than its own length
      with_length('Q', 0x7fffffff, "SELECT"),               // longer than any message may be
      with_length('Q', 4 + 6, "SELECT"),                    // no terminator
      with_length('!', 4, ""),                              // no such type
      with_length('B', 4 + 3, std::string("\0\0\1", 3)),    // torn inside
      with_length('P', 4 + 2, std::string("\0\0", 2)),      //
      with_length('E', 4 + 2, std::string("\0\0", 2)),      //
      with_length('D', 4 + 2, std::string("X\0", 2)),       // neither statement nor portal
      with_length('p', 4 + 5, "hello"),                     // a password after authentication
  };
  for (const auto& bytes : hostile) {
    CAPTURE(bytes);
    session_client victim(port());
    log_in(victim);
    const auto a = after(victim, bytes);
    REQUIRE(a.failure);
    CHECK(a.failure->severity == "FATAL");
    CHECK(a.failure->sqlstate == "08P01");
    CHECK(a.status == 0);
  }
  CHECK(client.query("SELECT 1").rows[0] == "1");
  CHECK(eventually([&] { return primary->directory->size() == 1; }));
}

TEST_CASE_FIXTURE(logged_in, "a malformed start ends the connection") {
  const std::vector<std::pair<std::string, std::string>> hostile{
      {startup_with(protocol_3_0, "user"), "08P01"},                                 // no terminator
      {startup_with(protocol_3_0, std::string(20'000, 'x')), "08P01"},               // longer than a start may be
      {startup_with(protocol_3_0, std::string("database\0heliosdb\0\0", 19)), "28000"},  // no user
      {startup_with(131072, std::string("user\0helios\0\0", 13)), "0A000"},           // protocol 2.0
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "08P01"},
  };
  for (const auto& [bytes, state] : hostile) {
    CAPTURE(bytes);
    session_client stranger(port());
    const auto a = after(stranger, bytes);
    REQUIRE(a.failure);
    CHECK(a.failure->sqlstate == state);
  }
  CHECK(client.query("SELECT 1").rows[0] == "1");
}

TEST_CASE_FIXTURE(session_fixture, "SSLRequest and GSSENCRequest are answered N where there is no TLS, then the start goes on") {
  session_client client(port());
  for (std::uint32_t code : {80877103u, 80877104u}) {
    client.out = startup_with(code, "");
    client.send();
    char answer = 0;
    boost::asio::read(client.socket(), boost::asio::buffer(&answer, 1));
    CHECK(answer == 'N');
  }
  logged_in::log_in(client);
  CHECK(client.query("SELECT 1").rows[0] == "1");
}

TEST_CASE_FIXTURE(session_fixture, "a newer minor version and unknown options are negotiated away") {
  session_client client(port());
  client.out = startup_with(protocol_3_0 + 2, std::string("user\0helios\0_pq_.new\0yes\0\0", 26));
  client.send();
  const auto m = client.next();
  REQUIRE(m);
  CHECK(m->type == 'v');
  CHECK(m->body.find("_pq_.new") != std::string_view::npos);
  CHECK(client.next()->type == 'R');
}

TEST_CASE_FIXTURE(session_fixture, "an unknown user and a wrong password take the same steps to the same end") {
  for (const auto& [name, secret] : {std::pair{"helios", "wrong"}, std::pair{"nobody", "wrong"}}) {
    session_client client(port());
    const auto failure = client.login(name, secret, database);
    REQUIRE(failure);
    CHECK(failure->sqlstate == "28P01");
    CHECK(failure->message == "password authentication failed for user \"" + std::string(name) + "\"");
  }
}

TEST_CASE_FIXTURE(session_fixture, "a client that sends a cleartext password is told what it lacks") {
  session_client client(port());
  client.encoder().startup(std::vector<std::pair<std::string, std::string>>{{"user", user}, {"database", database}});
  client.send();
  CHECK(client.next()->type == 'R');
  client.encoder().password("md5d41d8cd98f00b204e9800998ecf8427e");
  client.send();
  const auto a = client.read_answer();
  REQUIRE(a.failure);
  CHECK(a.failure->severity == "FATAL");
  CHECK(a.failure->message.find("SCRAM-SHA-256") != std::string::npos);
}

TEST_CASE("too many connections are refused with 53300, but a cancel request gets through") {
  fixture_options options;
  options.connections_max = 2;
  logged_in f(options);
  session_client second(f.port());
  logged_in::log_in(second);
  session_client third(f.port());
  const auto failure = third.login(user, password, database);
  REQUIRE(failure);
  CHECK(failure->sqlstate == "53300");

  f.client.encoder().query("SELECT pg_sleep(60)");
  f.client.send();
  REQUIRE(eventually([&] { return f.primary->directory->list()[0].state == "active"; }));
  session_client canceller(f.port());
  canceller.encoder().cancel_request(f.client.key);
  canceller.send();
  CHECK(f.client.read_answer().failure->sqlstate == "57014");
  CHECK(f.client.query("SELECT 1").rows[0] == "1");
}

TEST_CASE_FIXTURE(logged_in, "a cancel request with a wrong key does nothing") {
  session_client canceller(port());
  auto key = client.key;
  key.secret ^= 1;
  canceller.encoder().cancel_request(key);
  canceller.send();
  CHECK(canceller.read_answer().types.empty());
  CHECK(client.query("SELECT pg_sleep(0.05)").types == "TDCZ");
}

TEST_CASE_FIXTURE(logged_in, "a node that starts or stops refuses new clients with 57P03") {
  primary->not_accepting = "the database system is starting up";
  session_client early(port());
  const auto failure = early.login(user, password, database);
  REQUIRE(failure);
  CHECK(failure->sqlstate == "57P03");
  CHECK(failure->message == "the database system is starting up");
}

TEST_CASE_FIXTURE(logged_in, "statement_timeout ends a statement that waits or computes, and the session goes on") {
  client.query("SET statement_timeout = '50ms'");
  for (const char* text : {"SELECT pg_sleep(60)", "SELECT count(*) FROM generate_series(1, 2000000000)"}) {
    const auto a = client.query(text);
    CHECK(a.failure->sqlstate == "57014");
    CHECK(a.failure->message == "canceling statement due to statement timeout");
  }
  CHECK(client.query("SELECT 1").rows[0] == "1");
  client.query("RESET statement_timeout");
  CHECK(client.query("SET statement_timeout = '50ms'; SELECT pg_sleep(60)").failure->sqlstate == "57014");
}

TEST_CASE_FIXTURE(logged_in, "idle_in_transaction_session_timeout ends the session, and its locks with it") {
  client.query("CREATE TABLE t (k int PRIMARY KEY)");
  client.query("INSERT INTO t VALUES (1)");
  session_client idle(port());
  log_in(idle);
  idle.query("SET idle_in_transaction_session_timeout = '50ms'");
  idle.query("BEGIN; DELETE FROM t");
  const auto a = idle.read_answer();
  REQUIRE(a.failure);
  CHECK(a.failure->sqlstate == "25P03");
  CHECK(a.failure->severity == "FATAL");
  CHECK(client.query("DELETE FROM t").tags[0] == "DELETE 1");
}

TEST_CASE_FIXTURE(logged_in, "a shutdown tells idle and busy sessions 57P01") {
  session_client busy(port());
  log_in(busy);
  busy.encoder().query("SELECT pg_sleep(60)");
  busy.send();
  REQUIRE(eventually([&] { return primary->directory->list()[1].state == "active"; }));
  primary->stop();
  CHECK(client.read_answer().failure->sqlstate == "57P01");
  CHECK(busy.read_answer().failure->sqlstate == "57P01");
}

TEST_CASE_FIXTURE(logged_in, "who asks for the change that ends the sessions has its answer first") {
  session_client other(port());
  log_in(other);
  const auto changed = client.query("SELECT helios_switchover()");
  REQUIRE(!changed.failure);
  CHECK(changed.rows[0] == "t");
  CHECK(client.read_answer().failure->sqlstate == "57P01");
  CHECK(other.read_answer().failure->sqlstate == "57P01");
  session_client refused(port());
  log_in(refused);
  CHECK(refused.query("SELECT helios_switchover('n2')").failure->sqlstate == "55000");
  CHECK(refused.read_answer().failure->sqlstate == "57P01");
}

TEST_CASE_FIXTURE(logged_in, "a client that vanishes in the middle frees its session and its locks") {
  client.query("CREATE TABLE t (k int PRIMARY KEY)");
  client.query("INSERT INTO t VALUES (1)");
  {
    session_client holder(port()), waiter(port()), torn(port()), copier(port());
    for (auto* c : {&holder, &waiter, &torn, &copier}) log_in(*c);
    holder.query("BEGIN; UPDATE t SET k = 2");
    waiter.encoder().query("UPDATE t SET k = 3");
    waiter.send();
    torn.out = with_length('Q', 100, "SELECT");
    torn.send();
    copier.encoder().query("COPY t FROM STDIN");
    copier.send();
    CHECK(copier.read_answer().types == "G");
    REQUIRE(eventually([&] { return primary->directory->size() == 5; }));
  }
  CHECK(eventually([&] { return primary->directory->size() == 1; }));
  CHECK(client.query("DELETE FROM t").tags[0] == "DELETE 1");
}

TEST_CASE_FIXTURE(logged_in, "a client that does not read is waited for, in bounded memory") {
  const auto peak_before = resident_peak_mb();
  // Some hundred megabytes of rows: far more than the sockets and the session may hold together.
  client.encoder().query("SELECT repeat('x', 1000) FROM generate_series(1, 300000)");
  client.send();
  session_client other(port());
  log_in(other);
  for (int i = 0; i < 50; ++i) REQUIRE(other.query("SELECT 1").rows[0] == "1");
  std::size_t rows = 0;
  for (;;) {
    const auto m = client.next();
    REQUIRE(m);
    if (m->type == 'D') ++rows;
    if (m->type == 'Z') break;
  }
  CHECK(rows == 300000);
#ifdef __SANITIZE_ADDRESS__
  constexpr long grown_mb_max = 600;  // it keeps freed memory for a while
#else
  constexpr long grown_mb_max = 100;
#endif
  CHECK(resident_peak_mb() - peak_before < grown_mb_max);
}

TEST_CASE_FIXTURE(logged_in, "a long pipeline is answered in order while the client only writes") {
  constexpr int statements = 5000;
  for (int i = 0; i < statements; ++i) client.run_unnamed("SELECT " + std::to_string(i));
  std::thread writer([&] {
    client.encoder().sync();
    client.send();
  });
  const auto a = client.read_answer();
  writer.join();
  REQUIRE(a.rows.size() == statements);
  CHECK(a.rows.back() == std::to_string(statements - 1));
}

TEST_CASE_FIXTURE(logged_in, "pg_terminate_backend ends the other session with 57P01") {
  session_client other(port());
  log_in(other);
  CHECK(client.query("SELECT pg_terminate_backend(" + std::to_string(other.key.process_id) + ")").rows[0] == "t");
  CHECK(other.read_answer().failure->sqlstate == "57P01");
}

TEST_CASE_FIXTURE(logged_in, "a primary without its lease answers no request that came after the lease had ended") {
  primary->leased = false;
  const auto refused = client.query("SELECT 1");
  REQUIRE(refused.failure);
  CHECK(refused.rows.empty());
  CHECK(refused.failure->severity == "FATAL");
  CHECK(refused.failure->sqlstate == "57P01");
}

TEST_CASE_FIXTURE(logged_in, "a request that came under the lease is answered though the lease is given up meanwhile") {
  client.encoder().query("SELECT pg_sleep(60)");
  client.send();
  REQUIRE(eventually([&] { return primary->directory->list()[0].state == "active"; }));
  primary->leased = false;
  session_client canceller(port());
  canceller.encoder().cancel_request(client.key);
  canceller.send();
  const auto cancelled = client.read_answer();
  REQUIRE(cancelled.failure);
  CHECK(cancelled.failure->sqlstate == "57014");  // its answer, and no end of the session
  CHECK(cancelled.status == 'I');
  primary->leased = true;
  CHECK(client.query("SELECT 1").rows[0] == "1");
}

TEST_CASE_FIXTURE(logged_in, "a request that came under the lease is not answered after the lease has run out") {
  client.encoder().query("SELECT pg_sleep(60)");
  client.send();
  REQUIRE(eventually([&] { return primary->directory->list()[0].state == "active"; }));
  primary->leased = primary->lease_would_hold = false;
  session_client canceller(port());
  canceller.encoder().cancel_request(client.key);
  canceller.send();
  const auto refused = client.read_answer();
  REQUIRE(refused.failure);
  CHECK(refused.failure->severity == "FATAL");
  CHECK(refused.failure->sqlstate == "08007");
}
