#pragma once
// What a row source works with: the catalog and the session as the running statement sees them, and the rows so far.
// A row begins with the defaults of its columns; set() fills one by name.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sql/catalog/catalog.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/views/system_views.hpp"

namespace helios::sql {

/// Fixed oids that rows of several views name.
inline constexpr oid heap_method = 2, btree_method = 403, default_tablespace = 1663, default_collation = 100,
                     c_collation = 950, class_of_relations = 1259, class_of_namespaces = 2615, class_of_types = 1247,
                     class_of_constraints = 2606, class_of_defaults = 2604, the_database = 5;

class view_rows {
 public:
  view_rows(const system_view& view, call_context& call, arena& mem, std::vector<datum>& out);

  call_context& call;
  session_hooks& hooks;
  const catalog_ptr definitions;
  const std::vector<oid> path;  ///< search_path with what it implies

  view_rows& row();
  view_rows& set(std::string_view column, datum value);
  view_rows& set(std::string_view column, std::string_view text);
  view_rows& set(std::string_view column, const std::string& text) { return set(column, std::string_view(text)); }
  view_rows& set(std::string_view column, const char* text) { return set(column, std::string_view(text)); }
  template <class T>
    requires std::is_arithmetic_v<T>
  view_rows& set(std::string_view column, T v) {
    if constexpr (std::is_same_v<T, bool>) return set(column, datum::of_bool(v));
    else if constexpr (std::is_floating_point_v<T>) return set(column, datum::of_double(v));
    else return set(column, datum::of_int(static_cast<std::int64_t>(v)));
  }
  /// Empty text is NULL.
  view_rows& set_if(std::string_view column, const std::string& text) { return text.empty() ? *this : set(column, text); }
  /// Microseconds since the Unix epoch; 0 is NULL.
  view_rows& set_time(std::string_view column, std::int64_t unix_us);
  view_rows& set_array(std::string_view column, oid element, std::vector<datum> values);
  /// int2vector and oidvector: they begin at 0.
  view_rows& set_vector(std::string_view column, oid element, std::vector<datum> values);
  arena& memory() { return mem_; }
  datum text(std::string_view bytes) { return datum::of_bytes(mem_.copy(bytes)); }

  /// An access list; nothing where the default holds.
  view_rows& set_access(std::string_view column, const std::optional<access_list>& list);

  std::string schema_name(oid id) const;
  std::string role_name(oid id) const;

 private:
  const system_view& view_;
  arena& mem_;
  std::vector<datum>& out_;
};

}  // namespace helios::sql
