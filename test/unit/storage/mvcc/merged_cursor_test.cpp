#include "storage/mvcc/merged_cursor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace helios;
using namespace helios::storage;

namespace {
class list_source final : public entry_source {
 public:
  explicit list_source(std::vector<entry> entries) : entries_(std::move(entries)) {}
  bool valid() const override { return at_ < entries_.size(); }
  const entry& current() const override { return entries_[at_]; }
  void next() override { ++at_; }

 private:
  std::vector<entry> entries_;
  std::size_t at_ = 0;
};

std::string merged(std::vector<std::vector<entry>> levels, scan_direction direction) {
  std::vector<std::unique_ptr<entry_source>> sources;
  for (auto& level : levels) {
    if (direction == scan_direction::backward) std::reverse(level.begin(), level.end());
    sources.push_back(std::make_unique<list_source>(std::move(level)));
  }
  std::string out;
  for (auto c = merge(std::move(sources), direction, nullptr); c->valid(); c->next())
    out += std::string(c->key()) + "=" + std::string(c->value()) + " ";
  return out;
}

const std::vector<std::vector<entry>> levels{
    {{"b", "new", lsn{3}, false}, {"c", {}, lsn{3}, true}},
    {{"c", "hidden", lsn{2}, false}, {"d", {}, lsn{2}, true}, {"e", "mid", lsn{2}, false}},
    {{"a", "old", lsn{1}, false}, {"b", "old", lsn{1}, false}, {"d", "old", lsn{1}, false}, {"e", "old", lsn{1}, false}}};
}  // namespace

TEST_CASE("the newest level decides each key, and its tombstones hide the older ones") {
  CHECK(merged(levels, scan_direction::forward) == "a=old b=new e=mid ");
  CHECK(merged(levels, scan_direction::backward) == "e=mid b=new a=old ");
}

TEST_CASE("no levels, empty levels and only tombstones show nothing") {
  CHECK(merged({}, scan_direction::forward).empty());
  CHECK(merged({{}, {}}, scan_direction::forward).empty());
  CHECK(merged({{{"a", {}, lsn{2}, true}}, {{"a", "x", lsn{1}, false}}}, scan_direction::backward).empty());
}
