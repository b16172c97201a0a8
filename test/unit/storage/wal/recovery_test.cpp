#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "base/log.hpp"
#include "test/support/captured_log.hpp"
#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {

std::vector<std::filesystem::path> segments_of(const store_fixture& f) {
  std::vector<std::filesystem::path> out;
  for (const auto& found : std::filesystem::directory_iterator(f.options.directory / "wal")) {
    if (found.path().extension() == ".wal") out.push_back(found.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void flip(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

void append_to(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << bytes;
}

}  // namespace

TEST_CASE("a torn tail is cut at the first torn record, with a log line") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  f.put("b", "2");
  const auto end = f.store().status().written;
  f.close();
  append_to(segments_of(f).back(), std::string(100, 'x'));
  captured_log log;
  f.open();
  const auto lines = log.text();
  CHECK(lines.find("cut a torn tail of 100 bytes") != std::string::npos);
  CHECK(lines.find(".wal at " + std::to_string(end.value)) != std::string::npos);
  CHECK(f.store().status().written == end);
  CHECK(f.all() == rows{{"a", "1"}, {"b", "2"}});
  CHECK(std::filesystem::file_size(segments_of(f).back()) == end.value);
  f.put("c", "3");
  f.open();
  CHECK(f.all().size() == 3);
}

TEST_CASE("a record that was fsynced and does not check stops the opening with file, offset and advice") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  const auto second = f.store().status().written;
  f.put("b", "2");
  f.put("c", "3");
  f.close();
  flip(segments_of(f).front(), second.value + 60);
  const auto opened = f.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.failure().code == errc::corrupt);
  const auto& detail = opened.failure().detail;
  CHECK(detail.find(segments_of(f).front().string() + " at " + std::to_string(second.value)) != std::string::npos);
  CHECK(detail.find("checksum mismatch") != std::string::npos);
  CHECK(detail.find("promote a standby") != std::string::npos);
}

TEST_CASE("a log that lost its fsynced end does not open") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  const auto kept = f.store().status().written;
  f.put("b", "2");
  f.close();
  std::filesystem::resize_file(segments_of(f).back(), kept.value);
  const auto opened = f.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.failure().code == errc::corrupt);
  CHECK(opened.failure().detail.find("was durable up to") != std::string::npos);
}

TEST_CASE("damage in an earlier segment is found although the mark is missing") {
  store_fixture f;
  f.options.segment_bytes = 4096;
  f.open();
  for (int i = 0; i < 40; ++i) f.put("key" + std::to_string(i), std::string(300, 'v'));
  f.close();
  REQUIRE(segments_of(f).size() > 2);
  std::filesystem::remove(f.options.directory / "wal" / "durable.mark");
  flip(segments_of(f).front(), 100);
  const auto opened = f.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.failure().code == errc::corrupt);
  CHECK(opened.failure().detail.find("follows") != std::string::npos);
}

TEST_CASE("a later record that says so proves that a bad one was fsynced") {
  store_fixture f;
  f.open();
  for (const auto* key : {"a", "b", "c"}) f.put(key, "1");
  f.close();
  std::filesystem::remove(f.options.directory / "wal" / "durable.mark");
  flip(segments_of(f).front(), 60);
  const auto opened = f.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.failure().detail.find("says it was durable up to") != std::string::npos);
}

TEST_CASE("a missing segment is noticed") {
  store_fixture f;
  f.options.segment_bytes = 4096;
  f.open();
  for (int i = 0; i < 40; ++i) f.put("key" + std::to_string(i), std::string(300, 'v'));
  f.close();
  std::filesystem::remove(segments_of(f).front());
  const auto opened = f.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.failure().code == errc::corrupt);
  CHECK(opened.failure().detail.find("is missing") != std::string::npos);
}

TEST_CASE("the log reads back whole records from any record's border, over segments") {
  store_fixture f;
  f.options.segment_bytes = 4096;
  f.open();
  for (int i = 0; i < 40; ++i) f.put("key" + std::to_string(i), std::string(300, 'v'));
  const auto end = f.store().status().written;
  int records = 0;
  for (lsn at{0}; at < end;) {
    auto chunk = f.store().read_wal(at, 1000);
    REQUIRE(chunk.ok());
    REQUIRE_FALSE((*chunk)->bytes.empty());
    std::string_view rest = (*chunk)->bytes;
    while (!rest.empty()) {
      const auto parsed = parse_record(rest, at, 1u << 20);
      REQUIRE(parsed.fault == record_fault::none);
      ++records;
      at = parsed.record.end();
      rest.remove_prefix(parsed.record.header.length);
    }
  }
  CHECK(records == 40);
  CHECK((*f.store().read_wal(end, 1000))->bytes.empty());
  CHECK(f.store().read_wal(lsn{end.value + 1}, 10).failure().code == errc::invalid_argument);
  // A bound smaller than the record still gives the record.
  CHECK((*f.store().read_wal(lsn{0}, 1))->bytes.size() > 300);
}

TEST_CASE("recycled WAL is not found, and what a standby needs is kept") {
  store_fixture f;
  f.options.segment_bytes = 4096;
  f.open();
  for (int i = 0; i < 40; ++i) f.put("key" + std::to_string(i), std::string(300, 'v'));
  f.store().keep_wal_from(lsn{5000});
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().oldest <= lsn{5000});
  CHECK(f.store().status().oldest > lsn{0});
  f.store().keep_wal_from(f.store().status().written);
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().oldest > lsn{8192});
  CHECK(f.store().read_wal(lsn{0}, 10).failure().code == errc::not_found);
}
