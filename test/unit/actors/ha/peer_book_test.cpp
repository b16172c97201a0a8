#include "actors/ha/peer_book.hpp"

#include <doctest/doctest.h>

using namespace helios;
using namespace helios::actors;

namespace {

const std::vector<config::peer> configured{{{"a"}, "host-a", 1, 2, 3}, {{"w"}, "host-w", 0, 5, 6}};

}  // namespace

TEST_CASE("an address comes back from what a list of members carries") {
  const auto back = to_peer({{"a"}, true, true, to_contact(configured[0])});
  REQUIRE(back);
  CHECK(back->host == "host-a");
  CHECK(back->pg_port == 1);
  CHECK(back->replication_port == 2);
  CHECK(back->http_port == 3);
  for (const char* bad : {"", "host", "host 1 2", " 1 2 3", "host 1 2 65536", "host 1 2 -3", "host 1 2 x", "host 1 2 "}) {
    CAPTURE(bad);
    CHECK_FALSE(to_peer({{"a"}, true, true, bad}));
  }
}

TEST_CASE("while nobody has changed the members, the configuration says where they are and everybody is one") {
  const peer_book book(configured);
  CHECK(book.all()->size() == 2);
  CHECK(book.find({"w"})->replication_port == 5);
  CHECK_FALSE(book.find({"x"}));
  CHECK(book.is_member({"x"}));
}

TEST_CASE("a later list says who is a member, the configuration where those are that it lists") {
  peer_book book(configured);
  CHECK(book.change({{epoch{2}, 3}, {{{"a"}, true, true, "elsewhere 7 8 9"}, {{"n"}, true, false, "host-n 7 8 9"}, {{"m"}, true, true, "nonsense"}}}));
  CHECK(book.all()->size() == 2);
  CHECK(book.find({"a"})->host == "host-a");
  CHECK(book.find({"n"})->host == "host-n");
  CHECK_FALSE(book.find({"w"}));
  CHECK(book.is_member({"m"}));
  CHECK_FALSE(book.is_member({"w"}));
  CHECK_FALSE(book.change({{epoch{2}, 3}, {}}));
  CHECK_FALSE(book.change({{epoch{1}, 9}, {}}));
  CHECK(book.is_member({"a"}));
}
