#include "storage/wal/record.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "storage/wal/change.hpp"

using namespace helios;
using namespace helios::storage;

namespace {
constexpr std::uint64_t bytes_max = 1u << 20;

record_header sample_header() {
  record_header h;
  h.type = record_type::commit;
  h.position = lsn{4096};
  h.number = epoch{3};
  h.txn = txn_id{77};
  h.commit_time_us = 1'700'000'000'000'000;
  h.durable = lsn{4000};
  return h;
}

std::string sample() {
  std::string body, out;
  encode_put(body, space_id{20}, "key", "value");
  encode_erase(body, space_id{21}, "gone");
  encode_drop_space(body, space_id{300});
  encode_record(out, sample_header(), body);
  return out;
}
}  // namespace

TEST_CASE("a record is read back as it was written") {
  const auto bytes = sample();
  const auto log = bytes + "what follows";
  const auto parsed = parse_record(log, lsn{4096}, bytes_max);
  REQUIRE(parsed.fault == record_fault::none);
  const auto& h = parsed.record.header;
  CHECK(h.length == bytes.size());
  CHECK(h.number == epoch{3});
  CHECK(h.txn == txn_id{77});
  CHECK(h.commit_time_us == 1'700'000'000'000'000);
  CHECK(h.durable == lsn{4000});
  change_reader in(parsed.record.body);
  const auto put = in.next(), erase = in.next(), drop = in.next();
  REQUIRE((put && erase && drop));
  CHECK(put->type == change_type::put);
  CHECK(put->key == "key");
  CHECK(put->value == "value");
  CHECK(erase->key == "gone");
  CHECK(drop->space == space_id{300});
  CHECK_FALSE(in.next());
  CHECK(in.ok());
}

TEST_CASE("every single flipped bit of a record is noticed") {
  const auto good = sample();
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    CHECK(parse_record(bad, lsn{4096}, bytes_max).fault != record_fault::none);
  }
}

TEST_CASE("a record cut anywhere is incomplete, and one of another position is refused") {
  const auto good = sample();
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
    CHECK(parse_record(good.substr(0, bytes), lsn{4096}, bytes_max).fault == record_fault::incomplete);
  CHECK(parse_record(good, lsn{4097}, bytes_max).fault == record_fault::wrong_position);
  CHECK(parse_record(good, lsn{4096}, good.size() - 1).fault == record_fault::not_a_record);
}

TEST_CASE("a record is found behind garbage") {
  const std::string bytes = std::string(4096, 'H') + sample();
  const auto found = find_record(bytes, lsn{0}, 1, bytes_max);
  REQUIRE(found);
  CHECK(found->header.position == lsn{4096});
  CHECK_FALSE(find_record(bytes, lsn{0}, 4097, bytes_max));
}

TEST_CASE("changes that are cut or of an unknown kind are malformed") {
  std::string body;
  encode_put(body, space_id{20}, std::string(200, 'k'), "value");
  CHECK(well_formed(body));
  for (std::size_t bytes = 1; bytes < body.size(); ++bytes) CHECK_FALSE(well_formed(body.substr(0, bytes)));
  body[0] = 9;
  CHECK_FALSE(well_formed(body));
  CHECK_FALSE(well_formed(std::string("\x01\xff\xff\xff\xff\xff", 6)));
}

TEST_CASE("epoch starts and cohort configs are read back as they were written") {
  const epoch_entry entry{epoch{5}, epoch{4}, lsn{900}, "node-a"};
  const auto again = decode_epoch_start(encode_epoch_start(entry), epoch{5}, lsn{900});
  REQUIRE(again);
  CHECK(again->parent == epoch{4});
  CHECK(again->leader == "node-a");
  const cohort_config config{9, epoch{5}, "node-a", {"b", "c"}, 1};
  const auto bytes = encode_config(config);
  const auto read = decode_config(bytes);
  REQUIRE(read);
  CHECK(read->version == 9);
  CHECK(read->members == config.members);
  CHECK(read->acks_needed == 1);
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode_config(bytes.substr(0, n)));
}
