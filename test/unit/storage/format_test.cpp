// The examples of the FORMAT.md files, decoded. What the prose says and what the code does must agree.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "storage/checkpoint/lmdb_format.hpp"
#include "storage/wal/change.hpp"
#include "storage/wal/record.hpp"

using namespace helios;
using namespace helios::storage;

namespace {

// The blocks of hexadecimal bytes in a file, in order.
std::vector<std::string> examples_of(const char* file) {
  std::ifstream in(std::filesystem::path(HELIOS_SOURCE_DIR) / "storage" / file);
  std::vector<std::string> out;
  bool in_example = false;
  for (std::string line; std::getline(in, line);) {
    const bool hex = line.size() >= 2 && line.find_first_not_of("0123456789abcdef ") == std::string::npos;
    if (hex && !in_example) out.emplace_back();
    in_example = hex;
    std::istringstream bytes(hex ? line : "");
    for (std::string byte; bytes >> byte;) out.back() += static_cast<char>(std::stoi(byte, nullptr, 16));
  }
  return out;
}

}  // namespace

TEST_CASE("the example of the WAL format is the record that it says") {
  const auto examples = examples_of("wal/FORMAT.md");
  REQUIRE(examples.size() == 1);
  const auto parsed = parse_record(examples[0], lsn{4096}, 1u << 20);
  REQUIRE(parsed.fault == record_fault::none);
  CHECK(parsed.record.end() == lsn{4096 + examples[0].size()});
  CHECK(parsed.record.header.type == record_type::commit);
  CHECK(parsed.record.header.number == epoch{3});
  CHECK(parsed.record.header.txn == txn_id{77});
  CHECK(parsed.record.header.commit_time_us == 1'700'000'000'000'000);
  CHECK(parsed.record.header.durable == lsn{4000});
  change_reader in(parsed.record.body);
  const auto put = in.next(), erase = in.next();
  REQUIRE((put && erase));
  CHECK(put->space == space_id{20});
  CHECK(put->key == "key");
  CHECK(put->value == "value");
  CHECK(erase->type == change_type::erase);
  CHECK(erase->key == "old");
  CHECK_FALSE(in.next());
  std::string again;
  encode_record(again, parsed.record.header, parsed.record.body);
  CHECK(again == examples[0]);
}

TEST_CASE("the examples of the checkpoint format are the value and the meta data that they say") {
  const auto examples = examples_of("checkpoint/FORMAT.md");
  REQUIRE(examples.size() == 2);
  const auto value = decode_value(full_key(space_id{20}, "key"), examples[0]);
  REQUIRE(value);
  CHECK(value->version == lsn{4176});
  CHECK(value->value == "value");
  CHECK_FALSE(decode_value(full_key(space_id{21}, "key"), examples[0]));
  const auto meta = decode_meta(examples[1]);
  REQUIRE(meta);
  CHECK(meta->cluster_id == "demo");
  CHECK(meta->checkpoint == lsn{4176});
  CHECK(meta->catalog_version == lsn{512});
  CHECK(meta->last_txn == txn_id{77});
  CHECK(meta->config.members == std::vector<std::string>{"b"});
  REQUIRE(meta->epochs.size() == 1);
  CHECK(meta->epochs[0].begin == lsn{64});
  CHECK(meta->epochs[0].parent == epoch{2});
  CHECK(encode_meta(*meta) == examples[1]);
  for (std::size_t i = 0; i < examples[1].size(); ++i) {
    auto bad = examples[1];
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK_FALSE(decode_meta(bad));
  }
}

TEST_CASE("a bucket is read back as it was written, and not when it is cut") {
  std::string bucket;
  append_bucket_entry(bucket, {"a", "first"});
  append_bucket_entry(bucket, {"bc", "second"});
  const auto members = decode_bucket(bucket);
  REQUIRE(members);
  REQUIRE(members->size() == 2);
  CHECK((*members)[1].suffix == "bc");
  CHECK((*members)[1].stored == "second");
  for (std::size_t bytes = 1; bytes < bucket.size(); ++bytes) {
    const auto cut = decode_bucket(std::string_view(bucket).substr(0, bytes));
    CHECK((!cut || cut->size() == 1));
  }
}
