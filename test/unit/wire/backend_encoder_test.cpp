#include "wire/pg/backend_encoder.hpp"

#include <doctest/doctest.h>

#include <array>

#include "wire/pg/client.hpp"

using namespace helios;
using namespace helios::wire::pg;

namespace {

std::string encoded(auto write) {
  std::string bytes;
  backend_encoder out(bytes);
  write(out);
  return bytes;
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (int v : values) out.push_back(static_cast<char>(v));
  return out;
}

}  // namespace

TEST_CASE("messages have the bytes that the protocol's documentation gives") {
  CHECK(encoded([](auto& o) { o.ready_for_query('I'); }) == bytes({'Z', 0, 0, 0, 5, 'I'}));
  CHECK(encoded([](auto& o) { o.authentication_ok(); }) == bytes({'R', 0, 0, 0, 8, 0, 0, 0, 0}));
  CHECK(encoded([](auto& o) { o.backend_key_data(1, 258); }) == bytes({'K', 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 1, 2}));
  CHECK(encoded([](auto& o) { o.command_complete("BEGIN"); }) ==
        bytes({'C', 0, 0, 0, 10, 'B', 'E', 'G', 'I', 'N', 0}));
  CHECK(encoded([](auto& o) { o.parse_complete(); }) == bytes({'1', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.bind_complete(); }) == bytes({'2', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.close_complete(); }) == bytes({'3', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.no_data(); }) == bytes({'n', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.portal_suspended(); }) == bytes({'s', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.empty_query_response(); }) == bytes({'I', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.copy_in_response(0, 2); }) == bytes({'G', 0, 0, 0, 11, 0, 0, 2, 0, 0, 0, 0}));
  CHECK(encoded([](auto& o) { o.copy_out_response(1, 1); }) == bytes({'H', 0, 0, 0, 9, 1, 0, 1, 0, 1}));
  CHECK(encoded([](auto& o) { o.copy_both_response(0, 0); }) == bytes({'W', 0, 0, 0, 7, 0, 0, 0}));
  CHECK(encoded([](auto& o) { o.copy_data("ab"); }) == bytes({'d', 0, 0, 0, 6, 'a', 'b'}));
  CHECK(encoded([](auto& o) { o.copy_done(); }) == bytes({'c', 0, 0, 0, 4}));
  CHECK(encoded([](auto& o) { o.notification_response(7, "c", "p"); }) ==
        bytes({'A', 0, 0, 0, 12, 0, 0, 0, 7, 'c', 0, 'p', 0}));
  const std::array<std::uint32_t, 1> types{23};
  CHECK(encoded([&](auto& o) { o.parameter_description(types); }) == bytes({'t', 0, 0, 0, 10, 0, 1, 0, 0, 0, 23}));
  const std::array<std::string, 1> options{"_pq_.x"};
  CHECK(encoded([&](auto& o) { o.negotiate_protocol_version(0, options); }) ==
        bytes({'v', 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 1, '_', 'p', 'q', '_', '.', 'x', 0}));
}

TEST_CASE("a row description carries every property of a column") {
  const std::array<row_field, 1> fields{row_field{"n", 16385, 2, 1043, -1, 54, 1}};
  CHECK(encoded([&](auto& o) { o.row_description(fields); }) ==
        bytes({'T', 0, 0, 0, 26, 0, 1, 'n', 0, 0, 0, 0x40, 1, 0, 2, 0, 0, 4, 19, 255, 255, 0, 0, 0, 54, 0, 1}));
}

TEST_CASE("a row holds values, NULLs, and values formatted in place") {
  const auto row = encoded([](auto& o) {
    o.begin_row(3);
    o.field("ab");
    o.null();
    o.begin_field().append("xyz");
    o.end_field();
    o.end_row();
  });
  backend_decoder in;
  in.feed(row);
  const auto message = *in.next();
  CHECK(message->type == 'D');
  const auto values = *parse_data_row(message->body);
  REQUIRE(values.size() == 3);
  CHECK(values[0] == "ab");
  CHECK_FALSE(values[1]);
  CHECK(values[2] == "xyz");
}

TEST_CASE("messages follow each other in one string") {
  const auto both = encoded([](auto& o) {
    o.command_complete("SELECT 1");
    o.ready_for_query('T');
  });
  CHECK(both.size() == 14 + 6);
}

TEST_CASE("an error report keeps all its fields") {
  error_report r;
  r.sqlstate = "23505";
  r.message = "duplicate key";
  r.detail = "d";
  r.hint = "h";
  r.position = 12;
  r.where = "w";
  r.schema = "s";
  r.table = "t";
  r.column = "c";
  r.data_type = "dt";
  r.constraint = "k";
  backend_decoder in;
  in.feed(encoded([&](auto& o) {
    o.error_response(r);
    o.notice_response(r);
  }));
  for (const char type : {'E', 'N'}) {
    const auto message = *in.next();
    CHECK(message->type == type);
    const auto back = *parse_error_report(message->body);
    CHECK(back.severity == "ERROR");
    CHECK(back.sqlstate == r.sqlstate);
    CHECK(back.message == r.message);
    CHECK(back.detail == r.detail);
    CHECK(back.hint == r.hint);
    CHECK(back.position == 12);
    CHECK(back.where == r.where);
    CHECK(back.schema == r.schema);
    CHECK(back.table == r.table);
    CHECK(back.column == r.column);
    CHECK(back.data_type == r.data_type);
    CHECK(back.constraint == r.constraint);
  }
}

TEST_CASE("a NUL inside a string cannot shift the fields after it") {
  backend_decoder in;
  in.feed(encoded([](auto& o) { o.parameter_status(std::string_view("a\0b", 3), "v"); }));
  const auto pair = *parse_parameter_status((*in.next())->body);
  CHECK(pair.first == "a");
  CHECK(pair.second == "v");
}

TEST_CASE("a protocol error becomes a fatal report") {
  CHECK(report_of({errc::protocol, "x"}).sqlstate == "08P01");
  CHECK(report_of({errc::refused, "unsupported"}).sqlstate == "0A000");
  CHECK(report_of({errc::protocol, "x"}).severity == "FATAL");
}
