#pragma once
// PostgreSQL's error report: what ErrorResponse and NoticeResponse carry (fields of protocol.html, "Error and Notice
// Message Fields"). `sql_error` is thrown only below the edge of sql/ and turned into an error_report there.

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace helios {

struct error_report {
  std::string severity = "ERROR";  ///< ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO, LOG
  std::string sqlstate = "XX000";  ///< five characters
  std::string message;
  std::string detail;
  std::string hint;
  int position = 0;                ///< 1-based, in characters of the statement's text; 0 where it has none
  std::string where;
  std::string schema, table, column, data_type, constraint;
};

class sql_error : public std::exception {
 public:
  explicit sql_error(error_report report) : report_(std::move(report)) {}
  sql_error(std::string_view sqlstate, std::string message) {
    report_.sqlstate = sqlstate;
    report_.message = std::move(message);
  }

  sql_error&& detail(std::string text) && { return report_.detail = std::move(text), std::move(*this); }
  sql_error&& hint(std::string text) && { return report_.hint = std::move(text), std::move(*this); }
  /// `position` is 1-based in characters; values below 1 mean "none".
  sql_error&& at(int position) && { return report_.position = position > 0 ? position : 0, std::move(*this); }

  const error_report& report() const { return report_; }
  error_report& report() { return report_; }
  const char* what() const noexcept override { return report_.message.c_str(); }

 private:
  error_report report_;
};

/// The SQLSTATEs that the code names, from PostgreSQL's Appendix A.
namespace sqlstate {
inline constexpr const char successful_completion[] = "00000";
inline constexpr const char connection_exception[] = "08000";
inline constexpr const char connection_failure[] = "08006";
inline constexpr const char transaction_resolution_unknown[] = "08007";
inline constexpr const char protocol_violation[] = "08P01";
inline constexpr const char feature_not_supported[] = "0A000";
inline constexpr const char invalid_text_representation[] = "22P02";
inline constexpr const char invalid_binary_representation[] = "22P03";
inline constexpr const char bad_copy_file_format[] = "22P04";
inline constexpr const char character_not_in_repertoire[] = "22021";
inline constexpr const char string_data_right_truncation[] = "22001";
inline constexpr const char numeric_value_out_of_range[] = "22003";
inline constexpr const char datetime_field_overflow[] = "22008";
inline constexpr const char invalid_datetime_format[] = "22007";
inline constexpr const char division_by_zero[] = "22012";
inline constexpr const char invalid_parameter_value[] = "22023";
inline constexpr const char not_null_violation[] = "23502";
inline constexpr const char foreign_key_violation[] = "23503";
inline constexpr const char unique_violation[] = "23505";
inline constexpr const char check_violation[] = "23514";
inline constexpr const char active_sql_transaction[] = "25001";
inline constexpr const char read_only_sql_transaction[] = "25006";
inline constexpr const char no_active_sql_transaction[] = "25P01";
inline constexpr const char in_failed_sql_transaction[] = "25P02";
inline constexpr const char invalid_sql_statement_name[] = "26000";
inline constexpr const char invalid_authorization[] = "28000";
inline constexpr const char invalid_password[] = "28P01";
inline constexpr const char dependent_objects_still_exist[] = "2BP01";
inline constexpr const char invalid_cursor_name[] = "34000";
inline constexpr const char invalid_catalog_name[] = "3D000";
inline constexpr const char invalid_schema_name[] = "3F000";
inline constexpr const char serialization_failure[] = "40001";
inline constexpr const char deadlock_detected[] = "40P01";
inline constexpr const char syntax_error[] = "42601";
inline constexpr const char insufficient_privilege[] = "42501";
inline constexpr const char grouping_error[] = "42803";
inline constexpr const char datatype_mismatch[] = "42804";
inline constexpr const char cannot_coerce[] = "42846";
inline constexpr const char undefined_column[] = "42703";
inline constexpr const char undefined_function[] = "42883";
inline constexpr const char undefined_table[] = "42P01";
inline constexpr const char undefined_parameter[] = "42P02";
inline constexpr const char undefined_object[] = "42704";
inline constexpr const char duplicate_table[] = "42P07";
inline constexpr const char duplicate_column[] = "42701";
inline constexpr const char duplicate_object[] = "42710";
inline constexpr const char duplicate_prepared_statement[] = "42P05";
inline constexpr const char ambiguous_column[] = "42702";
inline constexpr const char ambiguous_function[] = "42725";
inline constexpr const char indeterminate_datatype[] = "42P18";
inline constexpr const char invalid_column_reference[] = "42P10";
inline constexpr const char disk_full[] = "53100";
inline constexpr const char out_of_memory[] = "53200";
inline constexpr const char too_many_connections[] = "53300";
inline constexpr const char program_limit_exceeded[] = "54000";
inline constexpr const char statement_too_complex[] = "54001";
inline constexpr const char object_not_in_prerequisite_state[] = "55000";
inline constexpr const char lock_not_available[] = "55P03";
inline constexpr const char query_canceled[] = "57014";
inline constexpr const char admin_shutdown[] = "57P01";
inline constexpr const char cannot_connect_now[] = "57P03";
inline constexpr const char internal_error[] = "XX000";
inline constexpr const char data_corrupted[] = "XX001";
}  // namespace sqlstate

}  // namespace helios
