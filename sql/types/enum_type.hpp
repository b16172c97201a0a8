#pragma once
// Enums. A stored value is the key of its label: bytes that order as the labels do. Keys never change, so an index needs no
// rebuild when labels are added between others; comparing needs no look at the catalog.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/types/type.hpp"

namespace helios::sql {

struct enum_label {
  oid id = 0;
  std::string name;
  std::string key;        ///< never empty, never the key of another label of the type, dropped ones included
  float sort_order = 0;   ///< as pg_enum shows it
};

/// Key of the label with this number (from 0) of a new enum.
std::string first_enum_key(std::size_t number);
/// A key between two others. Empty: before all, behind all.
std::string enum_key_between(std::string_view below, std::string_view above);

/// `labels` in order; they outlive what is made.
std::unique_ptr<defined_type> make_enum_type(oid id, const std::vector<enum_label>& labels);
/// The labels of an enum type, in order; 42704 for another type.
const std::vector<enum_label>& labels_of(const type_ops& type);
/// Throws 55P04 for a value that may not be used yet.
void check_usable_label(const type_ops& type, const enum_label& label);
datum enum_datum(const enum_label& label);

}  // namespace helios::sql
