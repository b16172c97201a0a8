// timetz in the type table.
#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"
#include "sql/types/zoned_time.hpp"

namespace helios::sql {

zoned_time zoned_time::from(datum v) {
  byte_reader in(v.as_bytes());
  zoned_time out;
  out.us = in.le<std::int64_t>();
  out.west = in.le<std::int32_t>();
  if (!in.finished()) throw sql_error(sqlstate::data_corrupted, "a stored time with time zone is damaged");
  return out;
}

datum zoned_time::to_datum(arena& mem) const {
  std::string bytes;
  put_le(bytes, us);
  put_le(bytes, west);
  return datum::of_bytes(mem.copy(bytes));
}

zoned_time zoned_time_at(std::int64_t timestamptz, const format_settings& settings) {
  const auto info = time_zone::of(settings).at(timestamptz);
  return {split(timestamptz + info.seconds_east * us_per_second).us, -info.seconds_east};
}

namespace {

constexpr std::int32_t west_max = 15 * 3600 + 59 * 60 + 59;

datum parse_text(std::string_view text, std::int32_t modifier, const format_settings& f, arena& mem) {
  zoned_time v = parse_zoned_time(text, f);
  v.us = round_to_precision(v.us, modifier);
  return v.to_datum(mem);
}
void write_text(datum v, const format_settings&, std::string& out) { write_zoned_time(zoned_time::from(v), out); }
datum parse_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  expect_binary_size(bytes, 12);
  zoned_time v{load_be<std::int64_t>(bytes.data()), load_be<std::int32_t>(bytes.data() + 8)};
  if (v.us < 0 || v.us > us_per_day) throw sql_error(sqlstate::datetime_field_overflow, "time out of range");
  if (v.west < -west_max || v.west > west_max) throw sql_error("22009", "time zone displacement out of range");
  v.us = round_to_precision(v.us, modifier);
  return v.to_datum(mem);
}
void write_binary(datum v, std::string& out) {
  const auto z = zoned_time::from(v);
  put_be(out, z.us);
  put_be(out, z.west);
}
std::strong_ordering compare(datum a, datum b) { return zoned_time::from(a) <=> zoned_time::from(b); }
std::uint64_t hash(datum v) { return hash_bytes(v.as_bytes()); }
void write_key(datum v, std::string& out) {
  const auto z = zoned_time::from(v);
  put_ordered(out, z.utc());
  put_ordered(out, z.west);
}

constexpr type_ops timetz_ops{type_oid::timetz, "timetz", "time with time zone", 12, 'D', false, false, type_oid::timetz_array,
                              parse_text, write_text, parse_binary, write_binary, compare, hash, write_key};

}  // namespace

void add_zoned_time_type(type_list& list) { list.push_back(&timetz_ops); }

}  // namespace helios::sql
