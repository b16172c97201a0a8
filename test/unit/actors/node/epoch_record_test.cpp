#include "actors/node/epoch_record.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "test/support/temporary_directory.hpp"

using namespace helios;
using actors::epoch_record;

TEST_CASE("an observer without a file has heard of no epoch") {
  test::temporary_directory directory;
  auto record = epoch_record::open(directory.path());
  REQUIRE(record.ok());
  CHECK((*record)->highest() == epoch{0});
}

TEST_CASE("the highest epoch survives a restart, and never falls") {
  test::temporary_directory directory;
  {
    auto record = epoch_record::open(directory.path());
    REQUIRE((*record)->raise(epoch{7}).ok());
    REQUIRE((*record)->raise(epoch{5}).ok());
    CHECK((*record)->highest() == epoch{7});
  }
  auto again = epoch_record::open(directory.path());
  REQUIRE(again.ok());
  CHECK((*again)->highest() == epoch{7});
}

TEST_CASE("a damaged epoch file is refused with what to do, and never read as a lower epoch") {
  test::temporary_directory directory;
  for (const char* content : {"", "epoch", "epoch x\n", "epoch 7", "epoch 7\nmore", "7\n"}) {
    CAPTURE(content);
    std::ofstream(directory.path() / "epoch", std::ios::binary) << content;
    const auto record = epoch_record::open(directory.path());
    REQUIRE(!record.ok());
    CHECK(record.failure().code == errc::corrupt);
    CHECK(record.failure().detail.find("is damaged; write") != std::string::npos);
  }
}
