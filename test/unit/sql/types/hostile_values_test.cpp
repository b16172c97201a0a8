// Bytes and texts that no honest client sends must be refused with an SQL error and never crash. Run with the address
// and undefined-behaviour sanitizers to mean most.
#include <doctest/doctest.h>

#include <random>

#include "base/sql_error.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "test/unit/sql/types/type_samples.hpp"

using namespace helios;
using namespace helios::sql;

namespace {

/// True when the value was accepted; then it must also survive everything that is done with values.
bool use_binary(const type_ops& type, std::string_view bytes) {
  arena memory;
  const std::string copy(bytes);  // exact bounds for the sanitizer
  try {
    const datum v = type.parse_binary(copy, -1, memory);
    std::string text, sent, key;
    type.write_text(v, {}, text);
    type.write_binary(v, sent);
    type.write_key(v, key);
    type.compare(v, v);
    type.hash(v);
    return true;
  } catch (const sql_error& e) {
    CHECK(e.report().sqlstate.size() == 5);
    return false;
  }
}
bool use_text(const type_ops& type, std::string_view text) {
  arena memory;
  const std::string copy(text);
  try {
    const datum v = type.parse_text(copy, -1, {}, memory);
    std::string out;
    type.write_text(v, {}, out);
    return true;
  } catch (const sql_error& e) {
    CHECK(e.report().sqlstate.size() == 5);
    return false;
  }
}

std::string sent_bytes(const type_ops& type, std::string_view text) {
  arena memory;
  std::string out;
  type.write_binary(type.parse_text(text, -1, {}, memory), out);
  return out;
}

}  // namespace

TEST_CASE("a binary value cut short or with one byte changed is read or refused, and nothing else") {
  int accepted = 0, refused = 0;
  for (const auto& sample : testing::type_samples()) {
    const type_ops& type = *find_type(sample.type);
    for (auto v : sample.values) {
      const std::string bytes = sent_bytes(type, v);
      for (std::size_t n = 0; n < bytes.size(); ++n) ++(use_binary(type, std::string_view(bytes).substr(0, n)) ? accepted : refused);
      for (std::size_t i = 0; i < bytes.size(); ++i)
        for (const int flip : {0x01, 0x80, 0xff}) {
          std::string changed = bytes;
          changed[i] = static_cast<char>(changed[i] ^ flip);
          ++(use_binary(type, changed) ? accepted : refused);
        }
      ++(use_binary(type, bytes + "x") ? accepted : refused);
    }
  }
  CHECK(accepted > 0);
  CHECK(refused > 0);
}

TEST_CASE("random bytes in binary form crash no type") {
  std::mt19937 random(20241124);
  int refused = 0;
  for (const type_ops* type : all_types())
    for (int round = 0; round < 200; ++round) {
      std::string bytes(random() % 48, '\0');
      for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
      if (!use_binary(*type, bytes)) ++refused;
    }
  CHECK(refused > 0);
}

TEST_CASE("texts with pieces exchanged crash no type") {
  std::mt19937 random(20241125);
  static constexpr std::string_view pieces[] = {"-", ":", ".", " ", "{", "}", "\"", "\\", ",", "BC", "T", "e", "99999999999", "0", "NULL",
                                                "infinity", "\xff", "\xc3", "/", "+", "P", "Jan", "PM", "=", "[0:1]", "W", "J", "Z"};
  int refused = 0;
  for (const auto& sample : testing::type_samples())
    for (auto v : sample.values)
      for (int round = 0; round < 60; ++round) {
        std::string text(v);
        for (int edits = 0; edits < 3; ++edits) {
          const std::size_t at = text.empty() ? 0 : random() % (text.size() + 1);
          if (random() % 3 == 0 && at < text.size()) text.erase(at, 1 + random() % 3);
          else text.insert(at, pieces[random() % std::size(pieces)]);
        }
        if (!use_text(*find_type(sample.type), text)) ++refused;
      }
  CHECK(refused > 0);
}

TEST_CASE("a stored array whose bytes are damaged is refused") {
  arena memory;
  const datum good = get_type(type_oid::int4_array).parse_text("{{1,2},{3,NULL}}", -1, {}, memory);
  const std::string bytes(good.as_bytes());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string cut = bytes.substr(0, n);
    CHECK_THROWS_AS(array_value::from(datum::of_bytes(cut)), sql_error);
  }
}

TEST_CASE("deep nesting in text does not overflow the stack") {
  CHECK_FALSE(use_text(*find_type("_int4"), std::string(100000, '{')));
  CHECK_FALSE(use_text(*find_type("json"), std::string(1000000, '[')));
  for (const char* type : {"jsonb", "jsonpath"}) {
    CHECK_FALSE(use_text(*find_type(type), std::string(1000000, '[')));
    CHECK_FALSE(use_text(*find_type(type), std::string(1000000, '(')));
  }
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_FALSE(use_text(*find_type("jsonb"), nested(100000)));
  CHECK(use_text(*find_type("jsonb"), nested(1500)));
  std::string steps = "$", terms = "1";
  for (int i = 0; i < 100000; ++i) steps += ".a", terms += "+1";
  CHECK_FALSE(use_text(*find_type("jsonpath"), steps));
  CHECK_FALSE(use_text(*find_type("jsonpath"), terms));
  CHECK_FALSE(use_text(*find_type("jsonpath"), "$" + std::string(100000, '-') + "1"));
}
