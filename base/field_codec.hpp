#pragma once
// Writes and reads the fields of plain structs in one declared order: integers little-endian in their width, bool and enums one byte
// (only declared values), strings with a u32 length, lists with a u32 count. A struct takes part by a function template
// `fields(archive, value)` beside it, which hands its members to the archive; the same one serves both directions. Pure.
//
// I1 field_reader never reads past its end and takes no more memory than the input could fill; after the first bad field it is
//    not finished(), whatever follows.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace helios {

/// The last declared value of an enum that is sent; specialized where the enum is.
template <class E>
inline constexpr std::uint8_t last_value = 0;
template <>
inline constexpr std::uint8_t last_value<node_role> = static_cast<std::uint8_t>(node_role::proxy);
template <>
inline constexpr std::uint8_t last_value<sync_mode> = static_cast<std::uint8_t>(sync_mode::async);

class field_writer {
 public:
  explicit field_writer(std::string& out) : out_(out) {}

  template <class... Fields>
  void operator()(Fields&... all) {
    (put(all), ...);
  }

 private:
  template <std::integral T>
  void put(T v) {
    if constexpr (std::is_same_v<T, bool>) out_.push_back(v ? '\1' : '\0');
    else put_le(out_, v);
  }
  template <class E>
    requires std::is_enum_v<E>
  void put(E v) {
    out_.push_back(static_cast<char>(v));
  }
  template <class Tag>
  void put(strong_id<Tag> v) {
    put_le(out_, v.value);
  }
  void put(const std::string& v) {
    put_le(out_, static_cast<std::uint32_t>(v.size()));
    out_.append(v);
  }
  void put(const node_id& v) { put(v.value); }
  template <class First, class Second>
  void put(const std::pair<First, Second>& v) {
    put(v.first);
    put(v.second);
  }
  template <class T>
  void put(const std::vector<T>& v) {
    put_le(out_, static_cast<std::uint32_t>(v.size()));
    for (const auto& each : v) put(each);
  }
  // The field lists are shared with the reader, which fills what it is given; the writer only looks.
  template <class Struct>
    requires requires(field_writer& w, Struct& s) { fields(w, s); }
  void put(const Struct& v) {
    fields(*this, const_cast<Struct&>(v));
  }

  std::string& out_;
};

class field_reader {
 public:
  explicit field_reader(std::string_view bytes) : in_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... all) {
    (get(all), ...);
  }
  /// Every field was good and nothing is left.
  bool finished() const { return valid_ && in_.finished(); }

 private:
  template <std::integral T>
  void get(T& v) {
    if constexpr (std::is_same_v<T, bool>) v = bounded(1) == 1;
    else v = in_.le<T>();
  }
  template <class E>
    requires std::is_enum_v<E>
  void get(E& v) {
    static_assert(last_value<E> > 0, "last_value is specialized for enums that are sent");
    v = static_cast<E>(bounded(last_value<E>));
  }
  template <class Tag>
  void get(strong_id<Tag>& v) {
    v.value = in_.le<std::uint64_t>();
  }
  void get(std::string& v) { v = in_.bytes(in_.le<std::uint32_t>()); }
  void get(node_id& v) { get(v.value); }
  template <class First, class Second>
  void get(std::pair<First, Second>& v) {
    get(v.first);
    get(v.second);
  }
  // Whatever the count claims: each element takes bytes, and the first that is short ends it.
  template <class T>
  void get(std::vector<T>& v) {
    const auto count = in_.le<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) get(v.emplace_back());
  }
  template <class Struct>
    requires requires(field_reader& r, Struct& s) { fields(r, s); }
  void get(Struct& v) {
    fields(*this, v);
  }

  std::uint8_t bounded(std::uint8_t last) {
    const auto v = in_.le<std::uint8_t>();
    if (v <= last) return v;
    valid_ = false;
    return 0;
  }

  byte_reader in_;
  bool valid_ = true;
};

/// The fields of the alternative that a variant holds; which one it is, is the caller's to write.
template <class Variant>
void write_alternative(std::string& out, const Variant& v) {
  field_writer to(out);
  std::visit([&to](const auto& held) { fields(to, const_cast<std::remove_cvref_t<decltype(held)>&>(held)); }, v);
}

/// The alternative number `index`; nothing when there is none, or the bytes are not exactly its fields.
template <class Variant, std::size_t I = 0>
std::optional<Variant> read_alternative(std::size_t index, std::string_view bytes) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return std::nullopt;
  } else {
    if (index != I) return read_alternative<Variant, I + 1>(index, bytes);
    std::variant_alternative_t<I, Variant> held;
    field_reader from(bytes);
    fields(from, held);
    if (!from.finished()) return std::nullopt;
    return Variant(std::in_place_index<I>, std::move(held));
  }
}

}  // namespace helios
