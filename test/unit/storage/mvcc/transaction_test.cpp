#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "storage/wal/change.hpp"
#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
constexpr write_seq all = ~write_seq{0};

rows see(transaction& txn, const snapshot_ptr& at, scan_direction direction = scan_direction::forward,
         write_seq before = all) {
  return read_all(*txn.scan(at, table, {}, direction, before));
}
}  // namespace

TEST_CASE("a transaction sees its own writes over its snapshot, others do not") {
  store_fixture f;
  f.open();
  f.put("a", "old");
  f.put("b", "old");
  f.put("c", "old");
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  txn->put(table, "b", "mine");
  txn->erase(table, "c");
  txn->put(table, "d", "mine");
  CHECK(see(*txn, at) == rows{{"a", "old"}, {"b", "mine"}, {"d", "mine"}});
  CHECK(see(*txn, at, scan_direction::backward) == rows{{"d", "mine"}, {"b", "mine"}, {"a", "old"}});
  CHECK(txn->get(*at, table, "b", all)->value == "mine");
  CHECK_FALSE(txn->get(*at, table, "c", all));
  CHECK(txn->get(*at, table, "a", all)->value == "old");
  CHECK(f.all() == rows{{"a", "old"}, {"b", "old"}, {"c", "old"}});
  REQUIRE(f.try_commit(*txn).ok());
  CHECK(f.all() == rows{{"a", "old"}, {"b", "mine"}, {"d", "mine"}});
}

TEST_CASE("a read below a number does not see later own writes") {
  store_fixture f;
  f.open();
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  txn->put(table, "a", "1");
  const auto statement = txn->next_seq();
  auto open_scan = txn->scan(at, table, {}, scan_direction::forward, statement);
  txn->put(table, "a", "2");
  txn->put(table, "b", "2");
  CHECK(read_all(*open_scan) == rows{{"a", "1"}});
  CHECK(txn->get(*at, table, "a", statement)->value == "1");
  CHECK(see(*txn, at) == rows{{"a", "2"}, {"b", "2"}});
  CHECK(see(*txn, at, scan_direction::forward, 0).empty());
}

TEST_CASE("rollback_to forgets the later writes and brings the earlier ones back") {
  store_fixture f;
  f.open();
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  txn->put(table, "a", "1");
  const auto bytes = txn->bytes();
  const auto savepoint = txn->next_seq();
  txn->put(table, "a", "2");
  txn->put(table, "b", "2");
  txn->drop_space(table);
  CHECK(see(*txn, at).empty());
  txn->rollback_to(savepoint);
  CHECK(see(*txn, at) == rows{{"a", "1"}});
  CHECK(txn->bytes() == bytes);
  txn->rollback_to(0);
  CHECK_FALSE(txn->has_writes());
  CHECK(txn->bytes() == 0);
}

TEST_CASE("a scan that is open over a rollback goes on with what is left") {
  store_fixture f;
  f.open();
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  for (const auto* key : {"a", "c", "e"}) txn->put(table, key, "1");
  const auto savepoint = txn->next_seq();
  for (const auto* key : {"b", "d"}) txn->put(table, key, "2");
  auto open_scan = txn->scan(at, table, {}, scan_direction::forward, all);
  open_scan->next();
  CHECK(open_scan->key() == "b");
  txn->rollback_to(savepoint);
  open_scan->next();
  CHECK(read_all(*open_scan) == rows{{"c", "1"}, {"e", "1"}});
}

TEST_CASE("a scan may write the rows that it passes") {
  store_fixture f;
  f.open();
  for (int i = 100; i < 200; ++i) f.put(std::to_string(i), "old");
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  const auto statement = txn->next_seq();
  int seen = 0;
  for (auto c = txn->scan(at, table, {}, scan_direction::forward, statement); c->valid(); c->next(), ++seen)
    txn->put(table, std::string(c->key()) + "x", std::string(c->value()) + "er");
  CHECK(seen == 100);
  CHECK(see(*txn, at).size() == 200);
}

// Goal: keys that come in order are written and found by a short cut; whatever order they have, and whatever is rolled back
// between, the transaction shows what a map shows.
TEST_CASE("random writes, in order and not, with rollbacks between, show what a map shows") {
  using model = std::map<std::pair<std::uint32_t, std::string>, std::string>;
  store_fixture f;
  f.open();
  auto txn = f.store().begin();
  const auto at = f.store().take_snapshot();
  std::mt19937 random(9);
  model now;
  std::vector<std::pair<write_seq, model>> savepoints;
  const auto bytes_at_first = txn->bytes();
  for (int i = 0; i < 8000; ++i) {
    const auto space = 20 + static_cast<std::uint32_t>(random() % 12);
    const auto kind = random() % 100;
    const auto key = std::to_string(100'000 + (kind < 70 ? static_cast<unsigned>(i) : static_cast<unsigned>(random() % 8000)));
    if (kind < 85) {
      const auto value = std::string(random() % 30, 'v') + std::to_string(i);
      txn->put(space_id{space}, key, value);
      now[{space, key}] = value;
    } else if (kind < 95) {
      txn->erase(space_id{space}, key);
      now.erase({space, key});
    } else if (kind < 97) {
      savepoints.emplace_back(txn->next_seq(), now);
    } else if (kind < 98 && !savepoints.empty()) {
      txn->rollback_to(savepoints.back().first);
      now = savepoints.back().second;
      savepoints.pop_back();
    }
    const auto wanted = now.find({space, key});
    const auto got = txn->get(*at, space_id{space}, key, all);
    REQUIRE(got.has_value() == (wanted != now.end()));
    if (got) CHECK(got->value == wanted->second);
  }
  for (std::uint32_t space = 20; space < 32; ++space) {
    rows wanted;
    for (const auto& [where, value] : now) {
      if (where.first == space) wanted.emplace_back(where.second, value);
    }
    CHECK(read_all(*txn->scan(at, space_id{space}, {}, scan_direction::forward, all)) == wanted);
    std::reverse(wanted.begin(), wanted.end());
    CHECK(read_all(*txn->scan(at, space_id{space}, {}, scan_direction::backward, all)) == wanted);
  }
  txn->rollback_to(0);
  CHECK(txn->bytes() == bytes_at_first);
  CHECK_FALSE(txn->has_writes());
}

TEST_CASE("a sealed unit holds the final changes only, and says whether it changes the catalog") {
  store_fixture f;
  f.open();
  auto txn = f.store().begin();
  txn->put(table, "a", "1");
  txn->put(table, "a", "2");
  txn->put(sequence_space, "s", "1");
  auto unit = txn->seal(123);
  CHECK_FALSE(unit->changes_catalog);
  CHECK(unit->txn == txn->id());
  change_reader in(unit->body);
  CHECK(in.next()->space == sequence_space);
  CHECK(in.next()->value == "2");
  CHECK_FALSE(in.next());
  auto ddl = f.store().begin();
  CHECK(ddl->id() > txn->id());
  ddl->put(catalog_space, "t", "1");
  CHECK(ddl->seal(124)->changes_catalog);
}

TEST_CASE("locks end with release, or with the transaction") {
  store_fixture f;
  f.open();
  completion_ptr wait;
  auto txn = f.store().begin();
  const lock_tag tag{lock_kind::row, 20, "k"};
  CHECK(txn->lock(tag, lock_mode::row_update, lock_wait_policy::wait, wait).what == lock_outcome::kind::granted);
  CHECK(f.store().locks().list().size() == 1);
  txn->release();
  CHECK(f.store().locks().list().empty());
  CHECK(txn->lock(tag, lock_mode::row_update, lock_wait_policy::wait, wait).what == lock_outcome::kind::granted);
  txn.reset();
  CHECK(f.store().locks().list().empty());
}

TEST_CASE("private spaces are read and rolled back like others, and nothing of them reaches the log") {
  store_fixture f;
  f.open();
  const space_id own{first_private_space.value + 7};
  private_spaces kept;
  auto see_own = [&](transaction& txn, scan_direction direction) { return read_all(*txn.scan(f.store().take_snapshot(), own, {}, direction, all)); };
  const auto before = f.store().status().written;
  {
    auto txn = f.store().begin();
    txn->use_private(kept);
    txn->put(own, "a", "1");
    txn->put(own, "b", "2");
    const auto savepoint = txn->next_seq();
    txn->erase(own, "a");
    txn->put(own, "c", "3");
    txn->rollback_to(savepoint);
    CHECK(see_own(*txn, scan_direction::forward) == rows{{"a", "1"}, {"b", "2"}});
    CHECK_FALSE(txn->has_writes());
    CHECK(txn->has_private_writes());
    txn->keep_private();
  }
  auto txn = f.store().begin();
  txn->use_private(kept);
  txn->put(own, "ab", "new");
  txn->erase(own, "b");
  CHECK(see_own(*txn, scan_direction::forward) == rows{{"a", "1"}, {"ab", "new"}});
  CHECK(see_own(*txn, scan_direction::backward) == rows{{"ab", "new"}, {"a", "1"}});
  CHECK(txn->get(*f.store().take_snapshot(), own, "a", all)->value == "1");
  CHECK_FALSE(txn->get(*f.store().take_snapshot(), own, "b", all));
  // With a shared write in the same transaction, only that is in the log.
  txn->put(table, "shared", "x");
  CHECK(f.store().status().written == before);
  REQUIRE(f.try_commit(*txn).ok());
  txn->keep_private();
  CHECK(kept.rows.at(own).size() == 2);
  auto later = f.store().begin();
  later->use_private(kept);
  later->drop_space(own);
  CHECK(see_own(*later, scan_direction::forward).empty());
  CHECK_FALSE(later->has_writes());
  later->keep_private();
  CHECK(kept.rows.empty());
}
