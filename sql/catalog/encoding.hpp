#pragma once
// Bytes of catalog entries (FORMAT.md). Decoders check every length and throw sql_error XX001 naming the entry: a
// damaged definition must never become a wrong one.

#include <string>
#include <string_view>

#include "sql/catalog/catalog.hpp"

namespace helios::sql {

inline constexpr std::uint8_t catalog_format_version = 3;

struct database_def {
  oid id = 0;
  std::string name;
};

std::string definition_key(definition_kind kind, oid id);
/// Throws XX001 when it is no key of the catalog space.
struct parsed_key {
  definition_kind kind;
  oid id;
};
parsed_key parse_definition_key(std::string_view key);

std::string encode(const database_def&);
std::string encode(const schema_def&);
std::string encode(const table_def&);
std::string encode(const index_def&);
std::string encode(const sequence_def&);
std::string encode(const role_def&);
std::string encode(const comment_def&);

database_def decode_database(oid id, std::string_view bytes);
schema_def decode_schema(oid id, std::string_view bytes);
table_def decode_table(oid id, std::string_view bytes);
index_def decode_index(oid id, std::string_view bytes);
sequence_def decode_sequence(oid id, std::string_view bytes);
role_def decode_role(oid id, std::string_view bytes);
comment_def decode_comment(oid id, std::string_view bytes);

}  // namespace helios::sql
