// Keys of enum labels: whatever labels are added between others, their keys order as the labels do.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "sql/types/enum_type.hpp"

using namespace helios::sql;

namespace {
void check_ascending(const std::vector<std::string>& keys) {
  for (std::size_t i = 1; i < keys.size(); ++i) {
    INFO("key " << i);
    REQUIRE(keys[i - 1] < keys[i]);
  }
}
}  // namespace

TEST_CASE("the keys of a new enum ascend, beyond one and two bytes") {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 70000; ++i) keys.push_back(first_enum_key(i));
  check_ascending(keys);
}

TEST_CASE("a key is found between any two neighbours, at either end, and again between those") {
  std::mt19937 random(7);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 5; ++i) keys.push_back(first_enum_key(i));
  for (int n = 0; n < 3000; ++n) {
    const auto at = random() % (keys.size() + 1);
    keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(at),
                enum_key_between(at == 0 ? std::string_view() : keys[at - 1], at == keys.size() ? std::string_view() : keys[at]));
  }
  check_ascending(keys);
}

TEST_CASE("labels added in one place over and over cost a byte for eight of them, appended ones nothing") {
  std::vector<std::string> keys{first_enum_key(0), first_enum_key(1)};
  for (int n = 0; n < 800; ++n) keys.insert(keys.begin() + 1, enum_key_between(keys[0], keys[1]));
  check_ascending(keys);
  CHECK(keys[1].size() <= 3 + 800 / 7 + 1);
  for (int n = 0; n < 10000; ++n) keys.push_back(enum_key_between(keys.back(), {}));
  check_ascending(keys);
  CHECK(keys.back().size() == 3);
  for (int n = 0; n < 100; ++n) keys.insert(keys.begin(), enum_key_between({}, keys.front()));
  check_ascending(keys);
}
