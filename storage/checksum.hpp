#pragma once
// The checksum of everything that storage/ writes: XXH3, 64 bits. Detects damage, not malice.

#include <cstdint>
#include <string_view>

namespace helios::storage {
std::uint64_t checksum(std::string_view bytes);
/// Of three pieces as if they were one.
std::uint64_t checksum(std::string_view first, std::string_view second, std::string_view third);
/// For tables in memory: keys of different seeds have unrelated hashes. Not for files.
std::uint64_t hash_of(std::uint32_t seed, std::string_view bytes);
}  // namespace helios::storage
