#include <doctest/doctest.h>

#include "storage/wal/change.hpp"
#include "base/bytes.hpp"
#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {

// A primary with an epoch and three commits, and an empty standby.
struct pair_of_stores {
  store_fixture primary, standby;
  pair_of_stores() {
    primary.open();
    standby.open();
    REQUIRE(primary.store().begin_epoch(epoch{2}, node_id{"a"}).ok());
    REQUIRE(primary.store().append_config({1, epoch{2}, "a", {"b"}, 1}).ok());
    for (const auto* key : {"a", "b", "c"}) primary.put(key, "1");
  }
  std::string log() { return (*primary.store().read_wal(lsn{0}, 1u << 20))->bytes; }
  void refused(std::string_view bytes, errc code, lsn at = {}) {
    const auto before = standby.store().status().written;
    const auto done = standby.store().append_replicated(at, bytes);
    REQUIRE_FALSE(done.ok());
    CHECK(done.failure().code == code);
    CHECK(standby.store().status().written == before);
    CHECK(standby.store().status().applied == before);
  }
};

std::string record(lsn at, epoch number, record_type type, std::string_view body) {
  record_header h;
  h.type = type;
  h.position = at;
  h.number = number;
  std::string out;
  encode_record(out, h, body);
  return out;
}

}  // namespace

TEST_CASE("a standby that gets the primary's bytes holds the same log, rows, epochs and config") {
  pair_of_stores p;
  REQUIRE(p.standby.store().append_replicated(lsn{0}, p.log()).ok());
  CHECK(p.standby.all().empty());
  REQUIRE(p.standby.store().sync().ok());
  p.standby.store().advance_visible(p.primary.store().status().visible);
  CHECK(p.standby.all() == p.primary.all());
  CHECK((*p.standby.store().read_wal(lsn{0}, 1u << 20))->bytes == p.log());
  CHECK(p.standby.store().last_epoch() == epoch{2});
  CHECK(p.standby.store().latest_config().version == 1);
  p.standby.open();
  CHECK(p.standby.all() == p.primary.all());
}

TEST_CASE("torn bytes are refused whole, wherever they are cut") {
  pair_of_stores p;
  const auto log = p.log();
  for (std::size_t bytes = 1; bytes < log.size(); bytes += 7) {
    bool border = false;
    for (std::size_t at = 0; at < bytes;) {
      at += view_record(std::string_view(log).substr(at)).header.length;
      border |= at == bytes;
    }
    if (!border) p.refused(std::string_view(log).substr(0, bytes), errc::protocol);
  }
}

TEST_CASE("changed bytes are refused whole") {
  pair_of_stores p;
  auto log = p.log();
  log.back() = static_cast<char>(log.back() ^ 1);
  p.refused(log, errc::corrupt);
}

TEST_CASE("bytes of another position and a gap are refused") {
  pair_of_stores p;
  const auto log = p.log();
  const auto first = view_record(log).header.length;
  p.refused(std::string_view(log).substr(first), errc::protocol);
  p.refused(std::string_view(log).substr(first), errc::protocol, lsn{first});
}

TEST_CASE("a stale epoch, a repeated one and a malformed body are refused") {
  pair_of_stores p;
  REQUIRE(p.standby.store().append_replicated(lsn{0}, p.log()).ok());
  const auto end = p.standby.store().status().written;
  std::string good;
  encode_put(good, table, "k", "v");
  p.refused(record(end, epoch{1}, record_type::commit, good), errc::protocol, end);
  p.refused(record(end, epoch{3}, record_type::commit, good), errc::protocol, end);
  p.refused(record(end, epoch{2}, record_type::epoch_start, encode_epoch_start({epoch{2}, epoch{1}, end, "x"})),
            errc::protocol, end);
  p.refused(record(end, epoch{2}, record_type::commit, "\x09"), errc::corrupt, end);
  p.refused(record(end, epoch{2}, record_type::config, "x"), errc::corrupt, end);
  CHECK(p.standby.store().append_replicated(end, record(end, epoch{2}, record_type::commit, good)).ok());
}

TEST_CASE("a promoted standby hands out row ids, sequence values and transaction ids above the primary's") {
  pair_of_stores p;
  direct_commit_sink sink(p.primary.store());
  for (int i = 0; i < 40; ++i) REQUIRE(p.primary.store().sequences().next(16400, {}, sink).ok());
  std::string key;
  put_be(key, std::uint64_t{9});
  p.primary.put(key, "row", space_id{40});
  const auto last_txn = p.primary.store().begin()->id();
  p.primary.put("z", "1");
  CHECK(p.standby.store().next_row_id(space_id{40}) == 1);
  REQUIRE(p.standby.store().append_replicated(lsn{0}, p.log()).ok());
  REQUIRE(p.standby.store().sync().ok());
  CHECK(p.standby.store().sequences().peek(16400)->last_value == 64);
  REQUIRE(p.standby.store().begin_epoch(epoch{3}, node_id{"b"}).ok());
  CHECK(p.standby.store().next_row_id(space_id{40}) == 10);
  direct_commit_sink own(p.standby.store());
  CHECK(*p.standby.store().sequences().next(16400, {}, own) == 65);
  CHECK(p.standby.store().begin()->id() > last_txn);
}
