#pragma once
// What a PostgreSQL server sends, appended to a string that the caller owns and sends when it likes. No allocation per
// message beyond the string's own growth. One thread at a time.
//
// A row:  begin_row(2); field("1"); null(); end_row();
// A value that is formatted in place:  auto& out = begin_field(); append_text(out, v); end_field();
//
// I1 Between calls the string holds whole messages only (outside begin_row .. end_row).
// I2 A message over message_bytes_limit is taken back out of the string, then sql_error 54000 is thrown.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/sql_error.hpp"

namespace helios::wire::pg {

struct row_field {
  std::string_view name;
  std::uint32_t table = 0;
  std::int16_t column = 0;
  std::uint32_t type = 0;
  std::int16_t type_size = -1;
  std::int32_t type_modifier = -1;
  std::int16_t format = 0;
};

class backend_encoder {
 public:
  /// `out` outlives the encoder.
  explicit backend_encoder(std::string& out) : out_(out) {}

  std::string& out() { return out_; }

  void authentication_ok();
  void authentication_sasl(std::span<const std::string_view> mechanisms);
  void authentication_sasl_continue(std::string_view data);
  void authentication_sasl_final(std::string_view data);
  void negotiate_protocol_version(std::uint32_t newest_minor, std::span<const std::string> unknown_options);
  void parameter_status(std::string_view name, std::string_view value);
  void backend_key_data(std::uint32_t process_id, std::uint32_t secret);
  /// 'I', 'T' or 'E'.
  void ready_for_query(char status);

  void row_description(std::span<const row_field> fields);
  void parameter_description(std::span<const std::uint32_t> types);
  void begin_row(std::size_t fields);
  void field(std::string_view bytes);
  void null();
  /// The value's bytes are appended to the returned string, then end_field() closes it.
  std::string& begin_field();
  void end_field();
  void end_row();

  void command_complete(std::string_view tag);
  void empty_query_response();
  void portal_suspended();
  void no_data();
  void parse_complete();
  void bind_complete();
  void close_complete();

  void error_response(const error_report& report);
  void notice_response(const error_report& report);
  void notification_response(std::uint32_t process_id, std::string_view channel, std::string_view payload);

  /// `format` 0 text, 1 binary, for each of `columns`.
  void copy_in_response(int format, int columns);
  void copy_out_response(int format, int columns);
  void copy_both_response(int format, int columns);
  void copy_data(std::string_view bytes);
  void copy_done();

 private:
  void begin(char type);
  void end();
  void empty(char type);
  void string(std::string_view text);
  void report(char type, const error_report& r);
  void copy_response(char type, int format, int columns);

  std::string& out_;
  std::size_t message_ = 0;  ///< where the open message's length is
  std::size_t field_ = 0;    ///< where the open field's length is
};

/// What a client is told when its bytes were wrong: FATAL 08P01 (0A000 for a protocol version that is not spoken).
error_report report_of(const error& protocol_error);

/// Lengths as the message has them: type byte, length, body.
inline constexpr std::size_t message_header_bytes = 5;

}  // namespace helios::wire::pg
