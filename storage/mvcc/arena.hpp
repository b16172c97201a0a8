#pragma once
// Memory of one memtable: handed out, never given back before the arena dies. One thread allocates; any thread may ask
// for bytes().
//
// Blocks grow with the arena. A large arena takes huge pages where the system gives them: a table of some hundred
// megabytes is read and written all over, and would miss the processor's address cache at every access.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace helios::storage {

class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena();

  /// Aligned to 8 bytes.
  char* allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (bytes > left_) return allocate_block(bytes);
    char* out = next_;
    next_ += bytes;
    left_ -= bytes;
    return out;
  }
  /// Reserved from the system.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct mapping {
    char* begin;
    std::size_t bytes;
  };
  char* allocate_block(std::size_t bytes);
  std::size_t next_block_bytes() const;
  char* take(std::size_t bytes);
  char* map_huge(std::size_t bytes);

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<mapping> mappings_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace helios::storage
