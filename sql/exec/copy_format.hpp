#pragma once
// The formats of COPY: options, and the reading and writing of rows as text, CSV or binary. No session, no tables.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/statement.hpp"
#include "sql/session.hpp"

namespace helios::sql {

struct copy_options {
  enum class format_kind : std::uint8_t { text, csv, binary } format = format_kind::text;
  char delimiter = '\t', quote = '"', escape = '"';
  std::string null = "\\N";
  bool header = false;
  std::vector<std::string> force_quote, force_not_null, force_null;
  bool force_quote_all = false;
};
/// Throws 42601, 22023 or 0A000 for what is wrong or contradictory.
copy_options read_copy_options(const ast::options& given, bool from);

/// A field as it came: nothing is NULL. Views hold until the next row.
using copy_field = std::optional<std::string_view>;

class copy_reader {
 public:
  copy_reader(const copy_options& options, copy_channel& channel) : options_(options), channel_(channel) {}
  /// The next row's fields; false at the end of the data. Throws 22P04 on a malformed one.
  bool next(std::vector<copy_field>& fields);
  /// Number of the row's (first) line, for error reports.
  std::uint64_t line() const { return line_; }

 private:
  bool fill();
  bool read_line(std::string_view& line);
  bool read_record(std::string_view& record);
  void split_text(std::string_view line, std::vector<copy_field>& fields);
  void split_csv(std::string_view record, std::vector<copy_field>& fields);
  bool next_binary(std::vector<copy_field>& fields);
  std::string_view take(std::size_t size);

  const copy_options& options_;
  copy_channel& channel_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false, started_ = false;
  std::uint64_t line_ = 0;
  std::vector<std::string> unescaped_;
};

class copy_writer {
 public:
  copy_writer(const copy_options& options, copy_channel& channel) : options_(options), channel_(channel) {}
  void begin(std::span<const std::string> names);
  void field(std::string_view value, bool is_null, bool force_quote);
  void end_row(std::size_t columns);
  void end();

 private:
  void text(std::string_view value);
  void csv(std::string_view value, bool force_quote);

  const copy_options& options_;
  copy_channel& channel_;
  std::string line_;
  std::size_t fields_ = 0;
};

}  // namespace helios::sql
