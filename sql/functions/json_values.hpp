#pragma once
// SQL values as JSON: what to_json, the builders and the aggregates share. Not for use outside sql/functions.

#include <string>
#include <string_view>

#include "sql/functions/function.hpp"

namespace helios::sql {

struct array_value;

class json_writer {
 public:
  json_writer(call_context& c, std::string& out);
  /// `pretty`: line feeds between the outermost elements or columns.
  void write(datum v, oid type, bool pretty = false);

 private:
  void write_array(const array_value& v, bool pretty);
  void write_level(const array_value& v, std::size_t level, std::size_t& at, bool pretty);
  void write_record(datum v, oid type, bool pretty);

  call_context& context_;
  std::string& out_;
  format_settings settings_;
};

/// Appends the value's encoding as jsonb.
void put_value(call_context& c, datum v, oid type, std::string& out);
/// The text of an object's key; throws 22023 for what is no scalar.
std::string key_text(call_context& c, datum v, oid type);

}  // namespace helios::sql
