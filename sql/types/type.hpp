#pragma once
// SQL types and what the engine can do with a value of each. Type ids are PostgreSQL's oids, so that drivers know them.
// One file per type under sql/types registers a type_ops; lookups are by oid. Immutable after static initialisation.

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"

namespace helios::sql {

using oid = std::uint32_t;

namespace type_oid {
inline constexpr oid boolean = 16, bytea = 17, char_ = 18, name = 19, int8 = 20, int2 = 21, int4 = 23, regproc = 24,
                     text = 25, oid = 26, json = 114, float4 = 700, float8 = 701, unknown = 705, bpchar = 1042,
                     varchar = 1043, date = 1082, time = 1083, timestamp = 1114, timestamptz = 1184, interval = 1186,
                     numeric = 1700, regclass = 2205, regtype = 2206, uuid = 2950, text_array = 1009, int4_array = 1007,
                     record = 2249, void_ = 2278, any = 2276, anyelement = 2283, anyarray = 2277;
inline constexpr sql::oid int2vector = 22, tid = 27, xid = 28, cid = 29, oidvector = 30, pg_node_tree = 194, cidr = 650,
                     inet = 869, aclitem = 1033, cstring = 2275, regnamespace = 4089, regrole = 4096, pg_lsn = 3220,
                     regprocedure = 2202, regoper = 2203, regoperator = 2204, anynonarray = 2776, any_enum = 3500;
inline constexpr sql::oid bool_array = 1000, bytea_array = 1001, char_array = 1002, name_array = 1003, int2_array = 1005,
                     regproc_array = 1008, bpchar_array = 1014, varchar_array = 1015, int8_array = 1016,
                     float4_array = 1021, float8_array = 1022, oid_array = 1028, timestamp_array = 1115,
                     date_array = 1182, time_array = 1183, timestamptz_array = 1185, interval_array = 1187,
                     numeric_array = 1231, regclass_array = 2210, regtype_array = 2211, uuid_array = 2951,
                     aclitem_array = 1034;
inline constexpr sql::oid json_array = 199, jsonb = 3802, jsonb_array = 3807, jsonpath = 4072, jsonpath_array = 4073,
                     timetz = 1266, timetz_array = 1270, bit = 1560, bit_array = 1561, varbit = 1562,
                     varbit_array = 1563, inet_array = 1041, cidr_array = 651, macaddr = 829, macaddr_array = 1040,
                     macaddr8 = 774, macaddr8_array = 775;
}  // namespace type_oid

/// A type with its modifier (length of varchar, precision and scale of numeric, as PostgreSQL encodes it; -1: none).
struct type_ref {
  oid id = type_oid::unknown;
  std::int32_t modifier = -1;
  friend bool operator==(const type_ref&, const type_ref&) = default;
};

/// Names of catalog objects, for the text forms of regclass, regrole and regnamespace. The session gives it.
class object_names {
 public:
  virtual ~object_names() = default;
  /// Schema-qualified when search_path does not lead to it; empty if there is none.
  virtual std::string relation_name(oid id) const = 0;
  virtual std::string role_name(oid id) const = 0;
  virtual std::string schema_name(oid id) const = 0;
  /// 0 if there is none. `text` may be quoted and qualified.
  virtual oid find_relation(std::string_view text) const = 0;
  virtual oid find_role(std::string_view text) const = 0;
  virtual oid find_schema(std::string_view text) const = 0;
};

/// Session settings that change text output or input. Owned by the session, passed by reference.
struct format_settings {
  std::string date_style = "ISO, MDY";
  std::string interval_style = "postgres";
  std::string time_zone = "UTC";
  int extra_float_digits = 1;
  bool bytea_hex = true;
  const object_names* names = nullptr;  ///< null: reg* types show and take numbers only
  std::int64_t (*now_us)(const void* owner) = nullptr;  ///< transaction time for 'now', us since 2000-01-01 UTC
  const void* now_owner = nullptr;
};

/// Operations of one type. Functions throw sql_error; results with bytes are allocated in `mem`.
struct type_ops {
  oid id;
  const char* name;          ///< pg_type.typname, e.g. "int4"
  const char* sql_name;      ///< format_type, e.g. "integer"
  std::int16_t length;       ///< pg_type.typlen: bytes, or -1 for variable length
  char category;             ///< pg_type.typcategory
  bool preferred;            ///< pg_type.typispreferred
  bool inline_value;         ///< the datum is of_int / of_double, not bytes
  oid array_type;            ///< pg_type.typarray; 0 if none

  datum (*parse_text)(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem);
  void (*write_text)(datum value, const format_settings&, std::string& out);
  datum (*parse_binary)(std::string_view bytes, std::int32_t modifier, arena& mem);
  void (*write_binary)(datum value, std::string& out);
  /// Total order of the type's default btree operator class; neither argument is NULL.
  std::strong_ordering (*compare)(datum a, datum b);
  std::uint64_t (*hash)(datum value);
  /// Appends a byte string whose memcmp order equals compare(), self-delimiting, for index keys. May lose information (an
  /// index entry leads to the row).
  void (*write_key)(datum value, std::string& out);
};

/// All of them, by oid.
std::span<const type_ops* const> all_types();
/// Element type of an array type (int2vector and oidvector count as such), or 0.
oid element_type(oid array);

/// nullptr when there is no such type.
const type_ops* find_type(oid id);
const type_ops* find_type(std::string_view name);
/// Never null; throws 42704 otherwise.
const type_ops& get_type(oid id);
/// "character varying(20)", "numeric(10,2)", as PostgreSQL's format_type.
std::string format_type(type_ref type);

}  // namespace helios::sql
