// Records and blocks: the scan reads blocks of 1 MiB, whatever borders the records have.
#include "storage/wal/replay.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {

// Notes what it gets. The bodies begin with their number.
struct noted final : replay_target {
  std::vector<lsn> ends;
  std::string last_body;
  std::size_t refuse_at = SIZE_MAX;
  bool throws = false;
  mutable std::size_t checked = 0;

  result<void> check(const record_view&) const override {
    if (checked++ == refuse_at) return error{errc::corrupt, "refused"};
    return {};
  }
  void apply(std::span<const record_view> records) override {
    if (throws) throw std::runtime_error("no memory");
    for (const auto& record : records) {
      ends.push_back(record.end());
      last_body = record.body;
    }
  }
};

class written_log {
 public:
  // Segments of records of these body lengths.
  explicit written_log(const std::vector<std::vector<std::size_t>>& lengths) {
    lsn at{0};
    for (const auto& segment : lengths) {
      std::string bytes;
      const lsn first = at;
      for (const auto length : segment) {
        record_header header;
        header.position = at;
        encode_record(bytes, header, std::string(length, static_cast<char>('a' + ends.size() % 26)));
        at = first + bytes.size();
        ends.push_back(at);
      }
      segments.push_back({first, directory.path() / fmt::format("{}.wal", segments.size())});
      REQUIRE(replace_file(posix_env(), segments.back().path, bytes).ok());
    }
  }
  scan_end replay(noted& target, std::optional<lsn> truncate_to = {}, lsn from = lsn{0}) {
    return replay_log(posix_env(), segments, from, {256u << 20, truncate_to}, target);
  }
  void overwrite(std::size_t segment, std::uint64_t offset, std::string_view bytes) {
    auto opened = posix_env().open(segments[segment].path, open_mode::read_write);
    REQUIRE(opened.ok());
    REQUIRE((*opened)->write_at(offset, bytes).ok());
  }
  std::vector<lsn> first_ends(std::size_t count) const {
    return {ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  temporary_directory directory;
  std::vector<segment_ref> segments;
  std::vector<lsn> ends;
};

std::vector<std::size_t> random_lengths(std::size_t count, std::size_t length_max) {
  std::mt19937 random(5);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(1 + random() % length_max);
  return out;
}

}  // namespace

TEST_CASE("records over the borders of blocks and segments, and longer than a block, arrive once, in order") {
  auto lengths = random_lengths(60, 100'000);
  lengths.insert(lengths.begin() + 20, 5u << 20);
  lengths.insert(lengths.begin() + 21, (1u << 20) - record_header_bytes);
  lengths.push_back(2u << 20);
  written_log log({random_lengths(3000, 900), lengths, {}, random_lengths(10, 500'000)});
  noted target;
  const auto end = log.replay(target);
  CHECK(end.kind == scan_end::reason::end_of_log);
  CHECK(end.position == log.ends.back());
  CHECK(end.segment == 3);
  CHECK(target.ends == log.ends);
  noted later;
  CHECK(log.replay(later, {}, log.ends[2000]).position == log.ends.back());
  CHECK(later.ends == std::vector(log.ends.begin() + 2001, log.ends.end()));
}

TEST_CASE("a record whose header lies on a block's border is read whole") {
  for (std::size_t before = 0; before <= 2 * record_header_bytes; ++before) {
    const auto first = (1u << 20) - record_header_bytes - before;
    written_log log({{first, 300, 70}});
    noted target;
    CHECK(log.replay(target).kind == scan_end::reason::end_of_log);
    CHECK(target.ends == log.ends);
    CHECK(target.last_body == std::string(70, 'c'));
  }
}

TEST_CASE("a bad record behind many blocks ends the scan where it lies, with all before it applied") {
  const auto lengths = random_lengths(100, 100'000);
  for (const std::size_t bad : {std::size_t{0}, std::size_t{57}, std::size_t{99}}) {
    written_log log({lengths});
    const auto begin = bad == 0 ? 0 : log.ends[bad - 1].value;
    log.overwrite(0, begin + record_header_bytes, "X");
    noted target;
    const auto end = log.replay(target);
    CHECK(end.kind == scan_end::reason::bad_record);
    CHECK(end.position == lsn{begin});
    CHECK(end.why.detail == "checksum mismatch");
    CHECK(target.ends == log.first_ends(bad));
  }
}

TEST_CASE("a length beyond the end of the file is an incomplete record, however much it says") {
  written_log log({random_lengths(30, 100'000)});
  const auto begin = log.ends[9].value;
  const std::uint32_t length = 200u << 20;
  log.overwrite(0, begin + 12, {reinterpret_cast<const char*>(&length), sizeof length});
  noted target;
  const auto end = log.replay(target);
  CHECK(end.kind == scan_end::reason::bad_record);
  CHECK(end.why.detail == "incomplete record");
  CHECK(target.ends == log.first_ends(10));
}

TEST_CASE("a segment that is shorter than its successor says ends the scan") {
  written_log log({random_lengths(30, 100'000), random_lengths(3, 100)});
  std::filesystem::resize_file(log.segments[0].path, log.ends[29].value - 1);
  noted target;
  const auto end = log.replay(target);
  CHECK(end.kind == scan_end::reason::bad_record);
  CHECK(end.segment == 0);
  CHECK(target.ends == log.first_ends(29));
}

TEST_CASE("a scan ends at the position to truncate to, which must be a record's border") {
  written_log log({random_lengths(30, 100'000), random_lengths(30, 100'000)});
  for (const std::size_t kept : {std::size_t{0}, std::size_t{17}, std::size_t{30}, std::size_t{60}}) {
    noted target;
    const auto end = log.replay(target, kept == 0 ? lsn{0} : log.ends[kept - 1]);
    CHECK(end.kind == scan_end::reason::end_of_log);
    CHECK(target.ends == log.first_ends(kept));
  }
  noted target;
  const auto end = log.replay(target, lsn{log.ends[17].value + 1});
  CHECK(end.kind == scan_end::reason::failed);
  CHECK(end.why.code == errc::invalid_argument);
}

TEST_CASE("a record that the target refuses is damage, and none behind it is applied") {
  written_log log({random_lengths(100, 100'000)});
  noted target;
  target.refuse_at = 80;
  const auto end = log.replay(target);
  CHECK(end.kind == scan_end::reason::damaged);
  CHECK(end.position == log.ends[79]);
  CHECK(target.ends == log.first_ends(80));
}

TEST_CASE("a missing segment is an error of the file, and a target that throws ends the scan") {
  written_log log({random_lengths(200, 100'000), {10}});
  noted target;
  target.throws = true;
  CHECK_THROWS_AS(log.replay(target), std::runtime_error);
  std::filesystem::remove(log.segments[1].path);
  noted other;
  const auto end = log.replay(other);
  CHECK(end.kind == scan_end::reason::failed);
  CHECK(end.why.code == errc::io);
  CHECK(other.ends == log.first_ends(200));
}
