#include "storage/checksum.hpp"

// Inlined: most of what is checked is a row of some dozen bytes, and the call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace helios::storage {

std::uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t checksum(std::string_view first, std::string_view second, std::string_view third) {
  // Rows are short: one pass over a copy is cheaper than XXH3's streaming state of half a kilobyte.
  constexpr std::size_t copy_max = 1024;
  const std::size_t bytes = first.size() + second.size() + third.size();
  if (bytes <= copy_max) {
    char joined[copy_max];
    char* to = joined;
    for (auto piece : {first, second, third}) {
      if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
      to += piece.size();
    }
    return XXH3_64bits(joined, bytes);
  }
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (auto piece : {first, second, third}) XXH3_64bits_update(&state, piece.data(), piece.size());
  return XXH3_64bits_digest(&state);
}

std::uint64_t hash_of(std::uint32_t seed, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace helios::storage
