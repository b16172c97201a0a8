#pragma once
// The types that one catalog defines, ready to use: enums, domains, row types of its relations, and the arrays of all of
// them. Owned by the catalog, built with it, immutable afterwards; any thread.
//
// I1 A domain's type_ops point to those of the type below it, in the same set or built in.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sql/types/type.hpp"

namespace helios::sql {

struct type_def;
struct table_def;

class type_set {
 public:
  /// Definitions outlive the set. Domains come after what they are over: by id, when all enums and relations are in.
  void add_enum(const type_def& definition);
  void add_relation(const table_def& relation);
  /// When all relations are in: their names come before those of arrays.
  void add_relation_array(const table_def& relation);
  void add_domain(const type_def& definition);

  const type_ops* find(oid id) const;
  const type_ops* find(oid schema, std::string_view name) const;
  const std::unordered_map<oid, std::unique_ptr<type_ops>>& all() const { return types_; }

 private:
  type_ops& add(oid id, oid schema, oid owner, std::string_view name, std::unique_ptr<defined_type> behaviour);
  void add_array(const type_ops& element, std::string_view name);

  std::unordered_map<oid, std::unique_ptr<type_ops>> types_;
  std::unordered_map<std::string, oid> by_name_;  ///< "schema oid/name"
  std::vector<std::unique_ptr<defined_type>> behaviours_;
  std::vector<std::unique_ptr<std::string>> names_;
};

/// The name that the array type of `element` gets where `taken` names are in use.
template <class Taken>
std::string array_type_name(std::string_view element, Taken taken) {
  std::string name = "_" + std::string(element.substr(0, 62));
  while (taken(name)) name = "_" + name.substr(0, 62);
  return name;
}

}  // namespace helios::sql
