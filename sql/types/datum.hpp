#pragma once
// One SQL value inside the executor: 16 bytes, trivially copyable. Its type is known from the plan, not from the datum.
// Numbers, bool, date, time and timestamps are inline; every other type is a view of bytes that live in an arena, in a
// row of a snapshot, or in a constant of the plan. Who keeps a datum longer than its source copies it into its own arena.

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string_view>

namespace helios::sql {

class datum {
 public:
  constexpr datum() = default;  // NULL
  static datum null() { return {}; }
  static datum of_int(std::int64_t v) { return datum(kind::integer, v); }
  static datum of_bool(bool v) { return datum(kind::integer, v ? 1 : 0); }
  static datum of_double(double v) {
    datum d(kind::real, 0);
    d.real_ = v;
    return d;
  }
  /// `v` must outlive the datum.
  static datum of_bytes(std::string_view v) {
    datum d;
    d.kind_ = kind::bytes;
    d.size_ = static_cast<std::uint32_t>(v.size());
    d.data_ = v.data();
    return d;
  }

  bool is_null() const { return kind_ == kind::null; }
  std::int64_t as_int() const { return integer_; }
  bool as_bool() const { return integer_ != 0; }
  double as_double() const { return real_; }
  std::string_view as_bytes() const { return {data_, size_}; }
  bool has_bytes() const { return kind_ == kind::bytes; }

 private:
  enum class kind : std::uint8_t { null, integer, real, bytes };
  constexpr datum(kind k, std::int64_t v) : kind_(k), integer_(v) {}

  kind kind_ = kind::null;
  std::uint32_t size_ = 0;
  union {
    std::int64_t integer_ = 0;
    double real_;
    const char* data_;
  };
};
static_assert(sizeof(datum) == 16);

/// Bump allocation for the bytes of datums; everything is freed at once. One thread at a time.
class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  std::string_view copy(std::string_view bytes) {
    char* to = allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  datum copy(datum d) { return d.has_bytes() ? datum::of_bytes(copy(d.as_bytes())) : d; }
  char* allocate(std::size_t size) {
    bytes_ += size;
    return static_cast<char*>(pool_.allocate(size ? size : 1, 1));
  }
  /// Frees everything; all views into the arena become invalid.
  void reset() {
    pool_.release();
    bytes_ = 0;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::pmr::monotonic_buffer_resource pool_;
  std::size_t bytes_ = 0;
};

}  // namespace helios::sql
