#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "storage/checkpoint/lmdb_format.hpp"
#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
std::unique_ptr<lmdb_env> open_new(const std::filesystem::path& file) {
  lmdb_options options;
  options.file = file;
  options.map_bytes = 1u << 30;
  options.create = true;
  auto opened = lmdb_env::open(options);
  REQUIRE(opened.ok());
  return std::move(*opened);
}

void overwrite(const std::filesystem::path& path, std::string_view bytes, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

std::uint64_t place_of(const std::filesystem::path& path, std::string_view bytes) {
  std::ifstream in(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  return all.find(bytes);
}
}  // namespace

TEST_CASE("a missing, foreign, cut or emptied LMDB file is refused with advice") {
  store_fixture f;
  f.open();
  for (int i = 0; i < 2000; ++i) f.put("k" + std::to_string(i), std::string(50, 'v'));
  REQUIRE(f.store().checkpoint().ok());
  f.close();
  const auto data = f.options.directory / "data.mdb";
  const auto good = f.path() / "good.mdb";
  std::filesystem::copy_file(data, good);
  const auto check = [&] {
    const auto opened = f.try_open();
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.failure().code == errc::corrupt);
    CHECK(opened.failure().detail.find("data.mdb") != std::string::npos);
    CHECK(opened.failure().detail.find("standby") != std::string::npos);
    std::filesystem::copy_file(good, data, std::filesystem::copy_options::overwrite_existing);
  };
  std::filesystem::resize_file(data, 16384);
  check();
  std::filesystem::resize_file(data, 0);
  check();
  overwrite(data, std::string(8192, 'x'), 0);
  check();
  std::filesystem::remove(data);
  check();
  // Both copies of the meta record's page: the checksum of ours notices.
  for (std::uint64_t at; (at = place_of(data, "HELIOSDB")) != std::string::npos;) overwrite(data, "HELIOSDX", at);
  check();
  f.open();
  CHECK(f.all().size() == 2000);
}

TEST_CASE("a damaged value ends the process instead of being served") {
  store_fixture f;
  f.open();
  f.put("k", "a value that is easy to find");
  REQUIRE(f.store().checkpoint().ok());
  f.close();
  const auto data = f.options.directory / "data.mdb";
  overwrite(data, "wrong", place_of(data, "value that is easy"));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(STDERR_FILENO);
    ::signal(SIGABRT, SIG_DFL);  // not the test runner's handler
    f.open();
    (void)f.get("k");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

TEST_CASE("a space is dropped whole, its neighbours stay") {
  temporary_directory root;
  auto base = open_new(root.path() / "data.mdb");
  auto txn = base->write();
  REQUIRE(txn.ok());
  for (std::uint32_t space = 7; space <= 9; ++space) {
    for (int i = 0; i < 3000; ++i)
      REQUIRE(txn->put(space_id{space}, std::to_string(i) + std::string(600 * (i % 100 == 0), 'k'), lsn{5}, "v").ok());
  }
  REQUIRE(txn->drop_space(space_id{8}).ok());
  REQUIRE(txn->drop_space(space_id{100}).ok());
  REQUIRE(txn->commit().ok());
  auto read = base->read();
  REQUIRE(read.ok());
  const auto count = [&read](std::uint32_t space) {
    int n = 0;
    for (auto s = read->scan(space_id{space}, {}, scan_direction::forward); s->valid(); s->next()) ++n;
    return n;
  };
  CHECK(count(7) == 3000);
  CHECK(count(8) == 0);
  CHECK(count(9) == 3000);
  CHECK(read->largest_key(space_id{7})->starts_with("99"));
  CHECK_FALSE(read->largest_key(space_id{8}));
}

TEST_CASE("many threads read through one transaction while a writer commits") {
  temporary_directory root;
  auto base = open_new(root.path() / "data.mdb");
  const auto write_all = [&base](lsn version) {
    auto txn = base->write();
    REQUIRE(txn.ok());
    for (int i = 0; i < 500; ++i)
      REQUIRE(txn->put(table, std::to_string(i), version, std::to_string(version.value)).ok());
    REQUIRE(txn->commit().ok());
  };
  write_all(lsn{1});
  auto read = base->read();
  REQUIRE(read.ok());
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&read, &faults] {
      for (int pass = 0; pass < 10; ++pass) {
        for (int i = 0; i < 500; ++i) {
          const auto found = read->get(table, std::to_string(i));
          faults += !found || found->value != "1";
        }
        int n = 0;
        for (auto s = read->scan(table, {}, scan_direction::backward); s->valid(); s->next()) ++n;
        faults += n != 500;
      }
    });
  }
  for (std::uint64_t v = 2; v < 12; ++v) write_all(lsn{v});
  for (auto& t : threads) t.join();
  CHECK(faults == 0);
}
