#pragma once
// Reading and writing fixed-width integers in byte strings. `byte_reader` never reads past its end: after the first
// short read it is `!ok()` and returns zeros, so that a decoder may check once at its end. No ownership.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace helios {

template <std::integral T>
constexpr T to_big_endian(T v) {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) return v;
  else if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(v)));
  else if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(v)));
  else return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(v)));
}
template <std::integral T>
constexpr T to_little_endian(T v) {
  if constexpr (std::endian::native == std::endian::little) return v;
  else return to_big_endian(v);
}

template <std::integral T>
void put_be(std::string& out, T v) {
  v = to_big_endian(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
template <std::integral T>
void put_le(std::string& out, T v) {
  v = to_little_endian(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
template <std::integral T>
T load_be(const char* from) {
  T v;
  std::memcpy(&v, from, sizeof v);
  return to_big_endian(v);
}
template <std::integral T>
T load_le(const char* from) {
  T v;
  std::memcpy(&v, from, sizeof v);
  return to_little_endian(v);
}
template <std::integral T>
void store_be(char* to, T v) {
  v = to_big_endian(v);
  std::memcpy(to, &v, sizeof v);
}
template <std::integral T>
void store_le(char* to, T v) {
  v = to_little_endian(v);
  std::memcpy(to, &v, sizeof v);
}

class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return rest_.size(); }
  /// True when everything was read and nothing was short.
  bool finished() const { return ok_ && rest_.empty(); }

  template <std::integral T>
  T be() {
    auto b = bytes(sizeof(T));
    return b.size() == sizeof(T) ? load_be<T>(b.data()) : T{};
  }
  template <std::integral T>
  T le() {
    auto b = bytes(sizeof(T));
    return b.size() == sizeof(T) ? load_le<T>(b.data()) : T{};
  }
  /// The next `n` bytes, or an empty view and !ok().
  std::string_view bytes(std::size_t n) {
    if (!ok_ || rest_.size() < n) {
      ok_ = false;
      return {};
    }
    auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  /// Up to and without the next NUL, which is consumed.
  std::string_view cstring() {
    auto end = rest_.find('\0');
    if (!ok_ || end == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    auto out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return out;
  }
  std::string_view rest() { return bytes(rest_.size()); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace helios
