#include "storage/mvcc/arena.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace helios::storage {
namespace {
constexpr std::size_t block_first = 16u << 10, block_largest = 1u << 20;
constexpr std::size_t huge_page = 2u << 20, huge_block = 2 * huge_page;
constexpr std::uint64_t huge_from = 16u << 20;  ///< arenas of this size take huge blocks

std::uintptr_t up_to_page(std::uintptr_t address) { return (address + huge_page - 1) & ~(huge_page - 1); }
}  // namespace

arena::~arena() {
  for (const auto& mapped : mappings_) ::munmap(mapped.begin, mapped.bytes);
}

// About as much as there is already, so that a small table stays small and a large one has few blocks.
std::size_t arena::next_block_bytes() const {
  if (bytes() >= huge_from) return huge_block;
  return std::clamp(static_cast<std::size_t>(bytes()), block_first, block_largest);
}

char* arena::allocate_block(std::size_t bytes) {
  const std::size_t block = next_block_bytes();
  if (bytes > block / 4) return take(bytes);  // a large value gets its own block, so that little is wasted
  next_ = take(block);
  left_ = block - bytes;
  char* out = next_;
  next_ += bytes;
  return out;
}

char* arena::take(std::size_t bytes) {
  if (bytes >= huge_block) {
    if (char* mapped = map_huge(bytes)) return mapped;
  }
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return blocks_.back().get();
}

// Null where the system refuses; whether it gives huge pages is its own choice.
char* arena::map_huge(std::size_t bytes) {
  const std::size_t reserved = bytes + huge_page;
  void* got = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) return nullptr;
  mappings_.push_back({static_cast<char*>(got), reserved});
  auto* aligned = reinterpret_cast<char*>(up_to_page(reinterpret_cast<std::uintptr_t>(got)));
  ::madvise(aligned, bytes, MADV_HUGEPAGE);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return aligned;
}

}  // namespace helios::storage
