// date, time, timestamp and timestamptz in the type table: inline integers.
#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

datum parse_date_text(std::string_view text, std::int32_t, const format_settings& f, arena&) {
  return datum::of_int(parse_date(text, f));
}
void write_date_text(datum v, const format_settings& f, std::string& out) { write_date(v.as_int(), f, out); }
datum parse_date_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 4);
  const std::int64_t v = load_be<std::int32_t>(bytes.data());
  if (!is_infinite_date(v) && (v < days_least || v >= date_days_end))
    throw sql_error(sqlstate::datetime_field_overflow, "date out of range");
  return datum::of_int(v);
}
void write_date_binary(datum v, std::string& out) { put_be(out, static_cast<std::int32_t>(v.as_int())); }
void write_date_key(datum v, std::string& out) { put_ordered(out, static_cast<std::int32_t>(v.as_int())); }

datum parse_time_text(std::string_view text, std::int32_t modifier, const format_settings& f, arena&) {
  return datum::of_int(round_to_precision(parse_time(text, f), modifier));
}
void write_time_text(datum v, const format_settings&, std::string& out) { write_time(v.as_int(), out); }
datum parse_time_binary(std::string_view bytes, std::int32_t modifier, arena&) {
  expect_binary_size(bytes, 8);
  const auto v = load_be<std::int64_t>(bytes.data());
  if (v < 0 || v > us_per_day) throw sql_error(sqlstate::datetime_field_overflow, "time out of range");
  return datum::of_int(round_to_precision(v, modifier));
}

datum parse_timestamp_text(std::string_view text, std::int32_t modifier, const format_settings& f, arena&) {
  return datum::of_int(round_to_precision(parse_timestamp(text, f), modifier));
}
datum parse_timestamptz_text(std::string_view text, std::int32_t modifier, const format_settings& f, arena&) {
  return datum::of_int(round_to_precision(parse_timestamptz(text, f), modifier));
}
void write_timestamp_text(datum v, const format_settings& f, std::string& out) { write_timestamp(v.as_int(), f, out); }
void write_timestamptz_text(datum v, const format_settings& f, std::string& out) {
  write_timestamptz(v.as_int(), f, out);
}
datum parse_timestamp_binary(std::string_view bytes, std::int32_t modifier, arena&) {
  expect_binary_size(bytes, 8);
  return datum::of_int(round_to_precision(check_timestamp(load_be<std::int64_t>(bytes.data())), modifier));
}
void write_int8_binary(datum v, std::string& out) { put_be(out, v.as_int()); }
void write_int8_key(datum v, std::string& out) { put_ordered(out, v.as_int()); }

constexpr type_ops date_ops{type_oid::date, "date", "date", 4, 'D', false, true, type_oid::date_array,
                            parse_date_text, write_date_text, parse_date_binary, write_date_binary,
                            compare_int_datums, hash_int_datum, write_date_key};
constexpr type_ops time_ops{type_oid::time, "time", "time without time zone", 8, 'D', false, true,
                            type_oid::time_array, parse_time_text, write_time_text, parse_time_binary,
                            write_int8_binary, compare_int_datums, hash_int_datum, write_int8_key};
constexpr type_ops timestamp_ops{type_oid::timestamp, "timestamp", "timestamp without time zone", 8, 'D', false, true,
                                 type_oid::timestamp_array, parse_timestamp_text, write_timestamp_text,
                                 parse_timestamp_binary, write_int8_binary, compare_int_datums, hash_int_datum,
                                 write_int8_key};
constexpr type_ops timestamptz_ops{type_oid::timestamptz, "timestamptz", "timestamp with time zone", 8, 'D', true,
                                   true, type_oid::timestamptz_array, parse_timestamptz_text, write_timestamptz_text,
                                   parse_timestamp_binary, write_int8_binary, compare_int_datums, hash_int_datum,
                                   write_int8_key};

}  // namespace

void add_date_types(type_list& list) {
  list.insert(list.end(), {&date_ops, &time_ops, &timestamp_ops, &timestamptz_ops});
}

}  // namespace helios::sql
