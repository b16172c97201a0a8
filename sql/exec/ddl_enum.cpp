// CREATE TYPE ... AS ENUM and ALTER TYPE ... ADD / RENAME VALUE.

#include <algorithm>
#include <set>

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

namespace {
constexpr std::size_t label_bytes_max = 63;

void check_label(const std::string& label) {
  if (label.size() > label_bytes_max)
    throw sql_error("42602", "invalid enum label \"" + label + "\"").detail("Labels must be 63 bytes or less.");
}

auto find_label(std::vector<enum_label>& labels, const std::string& name) {
  return std::find_if(labels.begin(), labels.end(), [&name](auto& l) { return l.name == name; });
}

[[noreturn]] void no_label(const std::string& name) {
  throw sql_error(sqlstate::invalid_parameter_value, "\"" + name + "\" is not an existing enum label");
}

/// Puts a label before the position, with a key and a number between its neighbours'.
void insert_label(std::vector<enum_label>& labels, std::size_t at, enum_label label) {
  bool first = at == 0, last = at == labels.size();
  label.key = enum_key_between(first ? std::string_view() : labels[at - 1].key, last ? std::string_view() : labels[at].key);
  if (labels.empty()) label.sort_order = 1;
  else if (last) label.sort_order = labels.back().sort_order + 1;
  else if (first) label.sort_order = labels.front().sort_order - 1;
  else label.sort_order = (labels[at - 1].sort_order + labels[at].sort_order) / 2;
  bool distinct = last || first || (label.sort_order > labels[at - 1].sort_order && label.sort_order < labels[at].sort_order);
  labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(at), std::move(label));
  // No number left between the two: they are numbered anew, as PostgreSQL does. The keys stay.
  for (std::size_t i = 0; !distinct && i < labels.size(); ++i) labels[i].sort_order = static_cast<float>(i + 1);
}
}  // namespace

std::string ddl::create_enum(const ast::create_enum_statement& s) {
  begin("CREATE TYPE");
  type_def type;
  type.kind = 'e';
  std::set<std::string_view> seen;
  for (auto& name : s.labels) {
    check_label(name);
    if (!seen.insert(name).second) {
      throw sql_error(sqlstate::unique_violation, "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
          .detail("The label \"" + name + "\" is there twice.");
    }
    auto number = type.labels.size();
    type.labels.push_back({owner_.next_oid(), name, first_enum_key(number), static_cast<float>(number + 1)});
  }
  put_new_type(std::move(type), s.name);
  return "CREATE TYPE";
}

std::string ddl::alter_enum(const ast::alter_enum_statement& s) {
  begin("ALTER TYPE");
  auto& found = type_for(s.name);
  if (found.kind != 'e') throw sql_error("42809", format_type({found.id, -1}) + " is not an enum");
  auto type = *owner_.definitions()->find_type_definition(found.id);
  auto& labels = type.labels;
  check_label(s.value);
  bool exists = find_label(labels, s.value) != labels.end();
  if (!s.from.empty()) {
    auto renamed = find_label(labels, s.from);
    if (renamed == labels.end()) no_label(s.from);
    if (exists) throw sql_error(sqlstate::duplicate_object, "enum label \"" + s.value + "\" already exists");
    renamed->name = s.value;
    put(type);
    return "ALTER TYPE";
  }
  if (exists) {
    auto message = "enum label \"" + s.value + "\" already exists";
    if (!s.if_not_exists) throw sql_error(sqlstate::duplicate_object, message);
    owner_.notice("NOTICE", sqlstate::duplicate_object, message + ", skipping");
    return "ALTER TYPE";
  }
  auto at = labels.size();
  if (!s.neighbour.empty()) {
    auto neighbour = find_label(labels, s.neighbour);
    if (neighbour == labels.end()) no_label(s.neighbour);
    at = static_cast<std::size_t>(neighbour - labels.begin()) + (s.after ? 1 : 0);
  }
  auto id = owner_.next_oid();
  insert_label(labels, at, {id, s.value, {}, 0});
  owner_.note_added_label(id);
  put(type);
  return "ALTER TYPE";
}

}  // namespace helios::sql
