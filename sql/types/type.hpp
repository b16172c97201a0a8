#pragma once
// SQL types and what the engine can do with a value of each. Type ids are PostgreSQL's oids, so that drivers know them.
// One file per built-in type under sql/types registers a type_ops, immutable after static initialisation. Types that the
// catalog defines (enums, domains, rows, and arrays of them) belong to a catalog; lookups find those of the session that
// runs, through its type_directory.

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// Types below are built in.
inline constexpr oid first_defined_oid = 16384;
/// A relation's row type and the array of it have ids that follow from the relation's: no catalog entry tells them.
constexpr oid row_type_of(oid relation) { return relation | 0x80000000u; }
constexpr oid row_array_of(oid relation) { return relation | 0xC0000000u; }

/// A type with its modifier (length of varchar, precision and scale of numeric, as PostgreSQL encodes it; -1: none).
struct type_ref {
  oid id = type_oid::unknown;
  std::int32_t modifier = -1;
  friend bool operator==(const type_ref&, const type_ref&) = default;
};

/// A column of a row type.
struct row_attribute {
  std::string name;
  type_ref type;
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

struct type_ops;

/// What a type does that the catalog defines. Owned by the catalog, immutable; any thread.
class defined_type {
 public:
  virtual ~defined_type() = default;
  virtual datum parse_text(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) const = 0;
  virtual void write_text(datum value, const format_settings&, std::string& out) const = 0;
  virtual datum parse_binary(std::string_view bytes, std::int32_t modifier, arena& mem) const = 0;
  virtual void write_binary(datum value, std::string& out) const = 0;
  virtual std::strong_ordering compare(datum a, datum b) const = 0;
  virtual std::uint64_t hash(datum value) const = 0;
  virtual void write_key(datum value, std::string& out) const = 0;
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

  // What built-in types bring; callers use the functions below, which know of the others as well.
  datum (*text_in)(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem);
  void (*text_out)(datum value, const format_settings&, std::string& out);
  datum (*binary_in)(std::string_view bytes, std::int32_t modifier, arena& mem);
  void (*binary_out)(datum value, std::string& out);
  std::strong_ordering (*order)(datum a, datum b);  ///< null: values do not compare (json)
  std::uint64_t (*digest)(datum value);
  void (*key_out)(datum value, std::string& out);

  char kind = 'b';                      ///< pg_type.typtype: 'b', 'c', 'd', 'e'; pseudo types by their category
  const defined_type* defined = nullptr;
  oid schema = 0, owner = 0;            ///< of a type that the catalog defines; 0: pg_catalog
  oid element = 0;                      ///< of such an array
  oid base = 0;                         ///< of a domain: what it is over, maybe another domain
  std::int32_t base_modifier = -1;
  const type_ops* stored = nullptr;     ///< of a domain: the type below all domains, whose values it has
  oid relation = 0;                     ///< of a row type: its table, view or composite type

  datum parse_text(std::string_view text, std::int32_t modifier, const format_settings& settings, arena& mem) const {
    return defined ? defined->parse_text(text, modifier, settings, mem) : text_in(text, modifier, settings, mem);
  }
  void write_text(datum value, const format_settings& settings, std::string& out) const {
    defined ? defined->write_text(value, settings, out) : text_out(value, settings, out);
  }
  datum parse_binary(std::string_view bytes, std::int32_t modifier, arena& mem) const {
    return defined ? defined->parse_binary(bytes, modifier, mem) : binary_in(bytes, modifier, mem);
  }
  void write_binary(datum value, std::string& out) const { defined ? defined->write_binary(value, out) : binary_out(value, out); }
  /// Total order of the type's default btree operator class; neither argument is NULL. Only if comparable().
  std::strong_ordering compare(datum a, datum b) const { return defined ? defined->compare(a, b) : order(a, b); }
  bool comparable() const { return stored ? stored->comparable() : defined || order; }
  std::uint64_t hash(datum value) const { return defined ? defined->hash(value) : digest(value); }
  /// Appends a byte string whose memcmp order equals compare(), self-delimiting, for index keys. May lose information (an
  /// index entry leads to the row). Only if has_key().
  void write_key(datum value, std::string& out) const { defined ? defined->write_key(value, out) : key_out(value, out); }
  bool has_key() const { return stored ? stored->has_key() : defined || key_out; }
  /// Itself, or what a domain stores.
  const type_ops& storage() const { return stored ? *stored : *this; }
};

/// The defined types that the running statement sees: those of its catalog. A session gives it for as long as it runs.
class type_directory {
 public:
  virtual ~type_directory() = default;
  /// nullptr when there is none. What it gives lives until the statement ends.
  virtual const type_ops* find_defined(oid id) const = 0;
  /// Without a schema: as search_path finds it.
  virtual const type_ops* find_defined(std::string_view schema, std::string_view name) const = 0;
  /// Schema-qualified when search_path does not lead to it, quoted where needed.
  virtual std::string shown_name(const type_ops& type) const = 0;
  /// Throws 23502 or 23514 when the value is none of the domain's. Checks what is below it, too.
  virtual void check_domain(const type_ops& domain, datum value) const = 0;
  /// False for an enum's value that a transaction has added and not committed yet.
  virtual bool usable_label(oid type, oid label) const = 0;
  /// Columns of a row type without the dropped ones, in order.
  virtual std::vector<row_attribute> attributes(const type_ops& row_type) const = 0;
};

/// nullptr outside of sessions: there are only built-in types then.
const type_directory* current_types();

/// Makes a directory the current one of this fiber (or thread) until the end of the scope.
class type_scope {
 public:
  explicit type_scope(const type_directory& types);
  ~type_scope();
  type_scope(const type_scope&) = delete;
  type_scope& operator=(const type_scope&) = delete;

 private:
  const void* before_;
};

/// The built-in ones, by oid.
std::span<const type_ops* const> all_types();
/// Element type of an array type (int2vector and oidvector count as such) or of a domain over one, or 0.
oid element_type(oid array);

/// nullptr when there is no such type. By name: built-in types only.
const type_ops* find_type(oid id);
const type_ops* find_type(std::string_view name);
/// What a domain is over in the end, with its modifier; any other type itself.
type_ref base_type(type_ref type);
inline oid base_type(oid id) { return id < first_defined_oid ? id : base_type(type_ref{id, -1}).id; }
/// Never null; throws 42704 otherwise.
const type_ops& get_type(oid id);
/// "character varying(20)", "numeric(10,2)", as PostgreSQL's format_type.
std::string format_type(type_ref type);

}  // namespace helios::sql
