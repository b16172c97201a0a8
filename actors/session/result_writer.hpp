#pragma once
// Rows of one execution as DataRow messages, each column in the format that the client asked for. On the session's fiber;
// waits for a slow client between rows.

#include <cstdint>
#include <span>
#include <vector>

#include "actors/session/client_io.hpp"
#include "sql/session.hpp"

namespace helios::actors {

/// Bind's rule: none means text for all, one means the same for all, else one for each column. Throws 08P01.
std::vector<std::int16_t> expand_formats(std::span<const std::int16_t> given, std::size_t columns);
void describe_columns(wire::pg::backend_encoder& out, std::span<const sql::result_column> columns,
                      std::span<const std::int16_t> formats);

class result_writer final : public sql::row_sink {
 public:
  /// `describe`: send RowDescription first (simple protocol). `given_formats` as in Bind.
  result_writer(client_io& io, const sql::format_settings& formats, std::span<const std::int16_t> given_formats,
                bool describe);

  void columns(std::span<const sql::result_column> columns) override;
  void row(std::span<const sql::datum> values) override;

 private:
  client_io& io_;
  const sql::format_settings& formats_;
  std::vector<std::int16_t> given_;
  std::vector<std::int16_t> column_formats_;
  std::vector<const sql::type_ops*> types_;
  bool describe_;
};

}  // namespace helios::actors
