#pragma once
// Operating errors as values: `result<T>` is a T or an `error`. SQL errors are `sql_error` (base/sql_error.hpp);
// broken invariants are HELIOS_INVARIANT (base/invariant.hpp). std::expected needs C++23, hence this small type.

#include <string>
#include <utility>
#include <variant>

#include "base/invariant.hpp"

namespace helios {

/// Kinds of operating errors, coarse enough to branch on. The detail says the rest in words.
enum class errc {
  io,                ///< a system call on a file failed; detail has the call, the path and strerror
  disk_full,         ///< ENOSPC or EDQUOT
  corrupt,           ///< stored bytes do not check: detail names the file, the offset and what to do
  not_found,         ///< what was asked for does not exist (any more), e.g. WAL that has been recycled
  invalid_argument,  ///< the caller's value is outside what the declaration allows
  protocol,          ///< a peer sent bytes that the protocol does not allow
  refused,           ///< a peer or a rule said no: wrong cluster, wrong secret, stale epoch
  timeout,
  closed,            ///< the other side, or this node's shutdown, ended it
  busy,              ///< a bound is reached; try later
};

const char* to_string(errc code);

struct error {
  errc code = errc::io;
  std::string detail;
};

/// "corrupt: wal/0000000001000000.wal at 4096: checksum mismatch"
std::string to_string(const error& e);

template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(error e) : state_(std::in_place_index<1>, std::move(e)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    HELIOS_INVARIANT(ok(), "result read without checking it");
    return std::get<0>(state_);
  }
  const T& value() const& {
    HELIOS_INVARIANT(ok(), "result read without checking it");
    return std::get<0>(state_);
  }
  T&& value() && {
    HELIOS_INVARIANT(ok(), "result read without checking it");
    return std::get<0>(std::move(state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

  const error& failure() const {
    HELIOS_INVARIANT(!ok(), "failure() of a result that has a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, error> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(error e) : failed_(true), error_(std::move(e)) {}

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const error& failure() const {
    HELIOS_INVARIANT(failed_, "failure() of a result that succeeded");
    return error_;
  }

 private:
  bool failed_ = false;
  error error_;
};

}  // namespace helios
