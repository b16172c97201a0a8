#include "actors/session/result_writer.hpp"

namespace helios::actors {

std::vector<std::int16_t> expand_formats(std::span<const std::int16_t> given, std::size_t columns) {
  for (auto format : given) {
    if (format != 0 && format != 1) {
      throw sql_error(sqlstate::invalid_parameter_value, "unsupported format code: " + std::to_string(format));
    }
  }
  if (given.empty()) return std::vector<std::int16_t>(columns, 0);
  if (given.size() == 1) return std::vector<std::int16_t>(columns, given[0]);
  if (given.size() != columns) {
    throw sql_error(sqlstate::protocol_violation, "bind message has " + std::to_string(given.size()) +
                                                      " result formats but query has " + std::to_string(columns) +
                                                      " columns");
  }
  return {given.begin(), given.end()};
}

void describe_columns(wire::pg::backend_encoder& out, std::span<const sql::result_column> columns,
                      std::span<const std::int16_t> formats) {
  std::vector<wire::pg::row_field> fields;
  fields.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& c = columns[i];
    const auto& type = sql::get_type(c.type.id);
    fields.push_back({c.name, c.table, c.column, c.type.id, type.length, c.type.modifier, formats[i]});
  }
  out.row_description(fields);
}

result_writer::result_writer(client_io& io, const sql::format_settings& formats,
                             std::span<const std::int16_t> given_formats, bool describe)
    : io_(io), formats_(formats), given_(given_formats.begin(), given_formats.end()), describe_(describe) {}

void result_writer::columns(std::span<const sql::result_column> columns) {
  column_formats_ = expand_formats(given_, columns.size());
  types_.clear();
  for (const auto& c : columns) types_.push_back(&sql::get_type(c.type.id));
  if (describe_) describe_columns(io_.out(), columns, column_formats_);
}

void result_writer::row(std::span<const sql::datum> values) {
  auto& out = io_.out();
  out.begin_row(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) {
      out.null();
      continue;
    }
    auto& field = out.begin_field();
    if (column_formats_[i] == 0) types_[i]->write_text(values[i], formats_, field);
    else types_[i]->write_binary(values[i], field);
    out.end_field();
  }
  out.end_row();
  io_.flush_if_full();
}

}  // namespace helios::actors
