#include "replication/ha/durable_record.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace helios;
using namespace helios::replication::ha;

namespace {

durable_record example() {
  return {"heliosdb", epoch{7}, node_id{"b"}, {epoch{6}, 12, node_id{"a"}, {node_id{"b"}, node_id{"c"}}, 1}, {node_id{"a"}, 99, epoch{6}},
          {5, true}, {{epoch{6}, 3}, {{node_id{"a"}, true, true, "h1 5432 5433 8080"}, {node_id{"w"}, false, false, ""}}}};
}

}  // namespace

TEST_CASE("a record is read as it was written") {
  CHECK(decode(encode(example()), "heliosdb", "f").value() == example());
  const durable_record empty{"heliosdb", {}, {}, {}, {}};
  CHECK(decode(encode(empty), "heliosdb", "f").value() == empty);
}

TEST_CASE("the record's text is fixed") {
  const auto text = encode(example());
  CHECK(text.substr(0, text.rfind("check ")) ==
        "heliosdb failover record 3\ncluster heliosdb\npromised 7\nvote b\nconfig_epoch 6\nconfig_version 12\nconfig_leader a\n"
        "config_members b,c\nconfig_acks 1\ngrant_holder a\ngrant_incarnation 99\ngrant_epoch 6\nmaintenance_version 5\nmaintenance_paused 1\n"
        "members_epoch 6\nmembers_version 3\nmembers 2\nmember a data votes h1 5432 5433 8080\nmember w witness silent \n");
}

TEST_CASE("a record of the first version is of a cluster that was never paused") {
  auto before = example();
  before.maintenance = {};
  before.members = {};
  const auto read = decode(
      "heliosdb failover record 1\ncluster heliosdb\npromised 7\nvote b\nconfig_epoch 6\nconfig_version 12\nconfig_leader a\n"
      "config_members b,c\nconfig_acks 1\ngrant_holder a\ngrant_incarnation 99\ngrant_epoch 6\ncheck 5095ee712617f364\n",
      "heliosdb", "f");
  REQUIRE(read);
  CHECK(*read == before);
}

TEST_CASE("a changed or a lost byte anywhere is damage, with advice") {
  const auto text = encode(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = decode(changed, "heliosdb", "ha/record");
    REQUIRE(!read);
    CHECK(read.failure().code == errc::corrupt);
    CHECK(read.failure().detail.find("ha/record is damaged") == 0);
    CHECK(!decode(text.substr(0, i), "heliosdb", "f"));
  }
  CHECK(!decode(text + "\n", "heliosdb", "f"));
  CHECK(!decode("", "heliosdb", "f"));
}

TEST_CASE("a record of another cluster is refused") {
  const auto read = decode(encode(example()), "other", "f");
  REQUIRE(!read);
  CHECK(read.failure().code == errc::refused);
}
