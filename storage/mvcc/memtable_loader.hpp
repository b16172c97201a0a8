#pragma once
// Fills a memtable from the log before anyone reads it. Faster than memtable::apply, which must keep the table readable
// at every moment: keys are only put into the index, and are sorted and linked into the skip list once, by finish(). One
// thread. The table must be empty at first, and must not be read before finish() has returned.
//
// I1 A version that no snapshot can ask for is not kept: of the versions up to `shown` only the newest, as no snapshot
//    will be older than that. So an update that follows another one of its row costs no memory.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "storage/mvcc/memtable.hpp"

namespace helios::storage {

class memtable_loader {
 public:
  /// Every snapshot that will be taken is at `shown` or later.
  memtable_loader(memtable& target, lsn shown) : table_(target), shown_(shown) {}

  /// In the order of the log. The views in `what` must live until the next flush().
  void add(const change& what, lsn at);
  void flush();
  void finish();

 private:
  // Changes are handled in groups, each step for the whole group, so that its cache misses overlap.
  static constexpr std::size_t group = 32;
  struct waiting {
    change what;
    lsn at;
    std::uint64_t hash = 0;
  };
  /// A node that is not linked yet, and the first bytes of its key as a number that sorts like them.
  struct unlinked {
    std::uint64_t prefix;
    memtable::node* node;
  };
  struct space_nodes {
    std::vector<unlinked> nodes;
    bool sorted = true;  ///< the nodes came in order
  };

  void place(const waiting& next);
  void replace(memtable::node& in, const change& what, lsn at);
  void add_node(const waiting& next);
  static bool is_before(const unlinked& a, const unlinked& b);
  void link(const std::vector<unlinked>& nodes, memtable::path& ends);

  memtable& table_;
  lsn shown_;
  std::array<waiting, group> waiting_;
  std::size_t count_ = 0;
  std::map<space_id, space_nodes> spaces_;
  space_nodes* last_used_ = nullptr;
  space_id last_space_;
};

}  // namespace helios::storage
