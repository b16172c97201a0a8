#pragma once
// The few primitives that SCRAM and the nodes' handshake need, over OpenSSL. Pure functions, any thread.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace helios::wire {

inline constexpr std::size_t sha256_bytes = 32;

std::string sha256(std::string_view bytes);
/// Of the parts one after the other; the caller makes their borders unambiguous.
std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);
/// From the system's generator; ends the process if it has none (no secret may be predictable).
std::string random_bytes(std::size_t n);
/// Takes the same time wherever the difference is. Different lengths are different.
bool constant_time_equal(std::string_view a, std::string_view b);

std::string base64_encode(std::string_view bytes);
/// Nothing if it is not canonical base64 with padding.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace helios::wire
