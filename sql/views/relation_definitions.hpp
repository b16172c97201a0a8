#pragma once
// Names, oids and columns of the relations that are computed when they are read. Columns stand in one text,
// "name:type name:type! ...": an exclamation mark means NOT NULL, whose default is 0, false or ''; all others default
// to NULL. A relation without a row source (system_views.cpp) is one that is truly empty here.

#include <span>

#include "sql/types/type.hpp"

namespace helios::sql {

struct relation_definition {
  oid id;
  char kind;  ///< pg_class.relkind: 'r' or 'v'
  const char* name;
  const char* columns;
};

std::span<const relation_definition> catalog_tables();
std::span<const relation_definition> catalog_views();
std::span<const relation_definition> replication_views();
std::span<const relation_definition> information_views();

}  // namespace helios::sql
