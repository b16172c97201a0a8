#pragma once
// Where the results of statements go that a session runs for itself.

#include "sql/session.hpp"

namespace helios::actors {

class null_sink final : public sql::row_sink {
 public:
  void columns(std::span<const sql::result_column>) override {}
  void row(std::span<const sql::datum>) override {}
};

class null_copy final : public sql::copy_channel {
 public:
  void begin_in(int, int) override {}
  void begin_out(int, int) override {}
  std::optional<std::string_view> read() override { return std::nullopt; }
  void write(std::string_view) override {}
  void end_out() override {}
};

}  // namespace helios::actors
