// Names of defined types in stored texts.
#include "sql/types/type_name.hpp"

#include <charconv>

namespace helios::sql {

std::string stored_type_name(type_ref type) {
  if (type.id < first_defined_oid) return format_type(type);
  return std::string(stored_type_schema) + ".\"" + std::to_string(type.id) + "\"";
}

namespace {
/// Calls `text` for what lies between type names, and `type` for each of them.
template <class Text, class Type>
void walk(std::string_view stored, Text text, Type type) {
  const std::string mark = std::string(stored_type_schema) + ".\"";
  bool literal = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i] == '\'') literal = !literal;
    if (literal || !stored.substr(i).starts_with(mark)) continue;
    const char* digits = stored.data() + i + mark.size();
    const char* end = stored.data() + stored.size();
    oid id = 0;
    const auto [after, error] = std::from_chars(digits, end, id);
    if (error != std::errc() || after == end || *after != '"') continue;
    text(stored.substr(from, i - from));
    type(id);
    from = static_cast<std::size_t>(after - stored.data()) + 1;
    i = from - 1;
  }
  text(stored.substr(from));
}
}  // namespace

std::string with_type_names(std::string_view stored) {
  std::string out;
  walk(stored, [&](std::string_view t) { out += t; }, [&](oid id) { out += format_type({id, -1}); });
  return out;
}

void for_each_stored_type(std::string_view stored, const std::function<void(oid)>& visit) {
  walk(stored, [](std::string_view) {}, visit);
}

}  // namespace helios::sql
