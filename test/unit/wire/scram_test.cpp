#include "wire/pg/scram.hpp"

#include <doctest/doctest.h>

#include "wire/crypto.hpp"
#include "wire/pg/client.hpp"
#include "wire/pg/server_auth.hpp"

using namespace helios;
using namespace helios::wire::pg;

namespace {

/// Both machines against each other; the outcome of the last step.
result<void> exchange(scram_server& server, scram_client& client) {
  const auto server_first = server.first(client.first());
  if (!server_first) return server_first.failure();
  const auto client_final = client.final(*server_first);
  if (!client_final) return client_final.failure();
  const auto server_final = server.final(*client_final);
  if (!server_final) return server_final.failure();
  return client.verify(*server_final);
}

/// Frames a message as the client sends it and gives back the body, as the decoder would.
std::string sasl_initial(std::string_view mechanism, std::string_view data) {
  std::string bytes;
  frontend_encoder(bytes).sasl_initial(mechanism, data);
  return bytes.substr(5);
}

}  // namespace

TEST_CASE("a verifier round-trips through its text") {
  const auto v = make_verifier("helios", 4096);
  const auto text = to_string(v);
  CHECK(text.starts_with("SCRAM-SHA-256$4096:"));
  CHECK(parse_verifier(text) == v);
}

TEST_CASE("a verifier follows from password and salt alone") {
  // Password, salt and iterations of RFC 7677's example.
  const auto v = make_verifier("pencil", 4096, *wire::base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="));
  CHECK(to_string(v) ==
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST_CASE("text that is no verifier is refused") {
  const auto good = to_string(make_verifier("x"));
  CHECK(parse_verifier(good));
  for (const std::string& bad :
       {std::string(), std::string("md5abc"), std::string("SCRAM-SHA-256$"), std::string("SCRAM-SHA-256$4096:AAAA"),
        std::string("SCRAM-SHA-256$0:AAAA$AAAA:AAAA"), std::string("SCRAM-SHA-256$x:AAAA$AAAA:AAAA"), good + "A",
        good.substr(0, good.size() - 4)}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_verifier(bad));
  }
}

TEST_CASE("the right password is accepted by both sides") {
  scram_server server(make_verifier("geheim"), "helios", "mock");
  scram_client client("geheim");
  CHECK(exchange(server, client).ok());
}

TEST_CASE("a wrong password is refused") {
  scram_server server(make_verifier("geheim"), "helios", "mock");
  scram_client client("Geheim");
  const auto outcome = exchange(server, client);
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.failure().code == errc::refused);
}

TEST_CASE("an unknown user is refused in the same words, with a salt that stays the same") {
  const auto salt_of = [](const std::string& server_first) {
    return server_first.substr(server_first.find(",s="));
  };
  scram_server known(make_verifier("a"), "known", "mock"), first(std::nullopt, "nobody", "mock"),
      second(std::nullopt, "nobody", "mock"), other(std::nullopt, "somebody", "mock");
  scram_client client("b");
  const auto a = first.first(client.first()), b = second.first(client.first()), c = other.first(client.first());
  REQUIRE((a.ok() && b.ok() && c.ok()));
  CHECK(salt_of(*a) == salt_of(*b));
  CHECK(salt_of(*a) != salt_of(*c));
  const auto refused = first.final(*client.final(*a));
  scram_client again("b");
  const auto wrong = exchange(known, again);
  CHECK(refused.failure().detail == wrong.failure().detail);
  CHECK(refused.failure().code == wrong.failure().code);
}

TEST_CASE("each step is taken once and in order") {
  scram_server server(make_verifier("a"), "u", "mock");
  CHECK_FALSE(server.final("c=biws,r=x,p=AAAA").ok());
  CHECK_FALSE(server.first("n,,n=,r=abc").ok());
}

TEST_CASE("malformed and unsupported first messages are protocol errors") {
  for (const char* bad : {"", "n", "n,", "n,,", "n,,n=", "n,,r=abc", "n,,n=,r=", "n,,n=,r=a b", "n,a=other,n=,r=abc",
                          "p=tls-server-end-point,,n=,r=abc", "x,,n=,r=abc", "n,,m=ext,n=,r=abc"}) {
    CAPTURE(bad);
    scram_server server(make_verifier("a"), "u", "mock");
    const auto outcome = server.first(bad);
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.failure().code == errc::protocol);
  }
}

TEST_CASE("a changed nonce, binding or proof is not accepted") {
  const auto run = [](auto change) {
    scram_server server(make_verifier("a"), "u", "mock");
    scram_client client("a");
    auto text = *client.final(*server.first(client.first()));
    change(text);
    return server.final(text);
  };
  CHECK(run([](std::string&) {}).ok());
  CHECK_FALSE(run([](std::string& t) { t.replace(2, 4, "eSws"); }).ok());
  CHECK_FALSE(run([](std::string& t) { t[9] = t[9] == 'A' ? 'B' : 'A'; }).ok());
  CHECK_FALSE(run([](std::string& t) { t.resize(t.rfind(",p=")); }).ok());
  CHECK_FALSE(run([](std::string& t) { t[t.size() - 5] = t[t.size() - 5] == 'A' ? 'B' : 'A'; }).ok());
}

TEST_CASE("a client refuses a server that does not know the password") {
  scram_client client("a");
  CHECK_FALSE(client.final("r=short,s=QUJD,i=4096").ok());
  scram_server honest(make_verifier("a"), "u", "mock");
  const auto first = *honest.first(client.first());
  REQUIRE(client.final(first).ok());
  CHECK_FALSE(client.verify("v=" + wire::base64_encode(std::string(32, 'x'))).ok());
  CHECK_FALSE(client.verify("e=other-error").ok());
  CHECK_FALSE(scram_client("a").verify("v=").ok());
}

TEST_CASE("the messages of a whole authentication are accepted, and end in AuthenticationOk") {
  server_authentication auth(make_verifier("pw"), "helios", "mock");
  scram_client client("pw");
  std::string bytes;
  backend_encoder out(bytes);
  auth.start(out);
  auto first = auth.on_password(sasl_initial(scram_mechanism, client.first()), out);
  REQUIRE(first.ok());
  CHECK_FALSE(*first);
  backend_decoder in;
  in.feed(bytes);
  const auto offer = parse_authentication((*in.next())->body);
  CHECK(offer->first == 10);
  CHECK(parse_sasl_mechanisms(offer->second)->front() == "SCRAM-SHA-256");
  const auto challenge = *parse_authentication((*in.next())->body);
  CHECK(challenge.first == 11);
  const auto answer = *client.final(challenge.second);
  bytes.clear();
  const auto second = auth.on_password(answer, out);
  REQUIRE(second.ok());
  CHECK(*second);
  in.feed(bytes);
  const auto last = *parse_authentication((*in.next())->body);
  CHECK(last.first == 12);
  CHECK(client.verify(last.second).ok());
  CHECK(parse_authentication((*in.next())->body)->first == 0);
}

TEST_CASE("a client that answers with a cleartext or md5 password is told what is spoken") {
  server_authentication auth(make_verifier("pw"), "helios", "mock");
  std::string bytes;
  backend_encoder out(bytes);
  const auto outcome = auth.on_password(std::string_view("md5aaaa\0", 8), out);
  REQUIRE_FALSE(outcome.ok());
  const auto report = auth.failure_report(outcome.failure());
  CHECK(report.severity == "FATAL");
  CHECK(report.sqlstate == "08P01");
  CHECK(report.message.find("SCRAM-SHA-256") != std::string::npos);
}

TEST_CASE("a wrong password is reported as PostgreSQL does") {
  server_authentication auth(std::nullopt, "helios", "mock");
  const auto report = auth.failure_report({errc::refused, "x"});
  CHECK(report.sqlstate == "28P01");
  CHECK(report.message == "password authentication failed for user \"helios\"");
}
