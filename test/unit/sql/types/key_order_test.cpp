// Index keys: the bytes that a type writes must sort as its values do, on every node and for ever.
#include <doctest/doctest.h>

#include <cstring>

#include "sql/types/support.hpp"
#include "test/unit/sql/types/type_samples.hpp"

using namespace helios;
using namespace helios::sql;

namespace {

struct keyed {
  datum value;
  std::string key;
};

int sign_of(std::strong_ordering o) { return o < 0 ? -1 : o > 0 ? 1 : 0; }
int memory_order(const std::string& a, const std::string& b) {
  const int n = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return n != 0 ? (n < 0 ? -1 : 1) : a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

}  // namespace

TEST_CASE("keys sort as values do, and equal values have equal keys and hashes") {
  arena memory;
  const format_settings settings;
  for (const auto& sample : testing::type_samples()) {
    const type_ops* type = find_type(sample.type);
    REQUIRE(type);
    std::vector<keyed> all;
    for (auto v : sample.values) {
      keyed k{type->parse_text(v, -1, settings, memory), {}};
      type->write_key(k.value, k.key);
      all.push_back(std::move(k));
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < all.size(); ++j) {
        INFO(sample.type << " '" << sample.values[i] << "' and '" << sample.values[j] << "'");
        const int order = sign_of(type->compare(all[i].value, all[j].value));
        CHECK(memory_order(all[i].key, all[j].key) == order);
        CHECK(sign_of(type->compare(all[j].value, all[i].value)) == -order);
        if (order == 0) CHECK(type->hash(all[i].value) == type->hash(all[j].value));
      }
  }
}

TEST_CASE("a key ends by itself: what follows it does not change the order") {
  // Two columns (a, b): 'a' < 'a\001' although the first is a beginning of the second.
  const type_ops* text = find_type("text");
  REQUIRE(text);
  std::string shorter, longer;
  text->write_key(datum::of_bytes("a"), shorter);
  text->write_key(datum::of_bytes(std::string_view("a\0", 2)), longer);
  CHECK(memory_order(shorter + "\xff", longer + std::string(1, '\0')) < 0);
  CHECK_FALSE(longer.starts_with(shorter));
}

TEST_CASE("1.0 and 1.00 are one key, as are 0 and -0") {
  arena memory;
  const format_settings settings;
  const auto key = [&](const char* type, const char* v) {
    std::string out;
    find_type(type)->write_key(find_type(type)->parse_text(v, -1, settings, memory), out);
    return out;
  };
  CHECK(key("numeric", "1.0") == key("numeric", "1.00"));
  CHECK(key("float8", "0") == key("float8", "-0"));
  CHECK(key("bpchar", "a") == key("bpchar", "a   "));
}
