#pragma once
// What snapshots read: the memtables of the moment and the LMDB state below them. Immutable; shared by all snapshots
// between two changes of the view (a freeze, a finished checkpoint), which keep its memory and LMDB pages. A snapshot that
// outlives its engine keeps the LMDB environment open and the store locked: another open is errc::busy until it goes.

#include <memory>
#include <optional>

#include "storage/checkpoint/lmdb_env.hpp"
#include "storage/mvcc/memtable.hpp"

namespace helios::storage {

struct snapshot_view {
  std::shared_ptr<const memtable> active;
  std::shared_ptr<const memtable> frozen;  ///< null unless a checkpoint is under way
  std::shared_ptr<const lmdb_env> env;     ///< open as long as `base` reads from it
  std::shared_ptr<const lmdb_read> base;

  /// The newest entry not above `at`, tombstones included; nothing when there never was one (or its space is dropped).
  std::optional<entry> find(space_id space, std::string_view key, lsn at) const;
  /// The space is dropped in a memtable, not above `at`. Its id is never used again, so all of it is gone.
  bool dropped(space_id space, lsn at) const;
};
using view_ptr = std::shared_ptr<const snapshot_view>;

snapshot_ptr make_snapshot(view_ptr view, lsn at, lsn catalog_version);

}  // namespace helios::storage
