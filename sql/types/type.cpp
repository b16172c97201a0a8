#include "sql/types/type.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/fiber_local.hpp"
#include "base/invariant.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_hardware_address_types(type_list&);
void add_zoned_time_type(type_list&);

namespace {

/// Built once, on first use.
struct type_table {
  type_list list;
  std::array<const type_ops*, 4200> by_id{};
  std::unordered_map<std::string_view, const type_ops*> by_name;
  std::unordered_map<oid, oid> elements;

  type_table() {
    add_number_types(list);
    add_text_types(list);
    add_json_types(list);
    add_jsonpath_type(list);
    add_network_types(list);
    add_bit_types(list);
    add_hardware_address_types(list);
    add_numeric_type(list);
    add_date_types(list);
    add_zoned_time_type(list);
    add_interval_type(list);
    add_uuid_type(list);
    add_object_types(list);
    add_array_types(list);
    add_pseudo_types(list);
    std::sort(list.begin(), list.end(), [](auto a, auto b) { return a->id < b->id; });
    for (const type_ops* t : list) {
      HELIOS_INVARIANT(t->id < by_id.size() && !by_id[t->id], "a type is entered twice or its oid is out of bounds");
      by_id[t->id] = t;
      by_name.emplace(t->name, t);
      if (t->array_type != 0) elements.emplace(t->array_type, t->id);
    }
  }
};

const type_table& table() {
  static const type_table instance;
  return instance;
}

std::string character_modifier(const type_ref& type) {
  return type.modifier >= 4 ? "(" + std::to_string(type.modifier - 4) + ")" : std::string();
}

std::string numeric_modifier(const type_ref& type) {
  if (type.modifier < 4) return {};
  const std::int32_t packed = type.modifier - 4;
  const std::int32_t scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return "(" + std::to_string((packed >> 16) & 0xffff) + "," + std::to_string(scale) + ")";
}

/// "timestamp(3) without time zone": the precision stands inside the name.
std::string time_name(const type_ops& ops, std::int32_t modifier) {
  std::string name = ops.sql_name;
  if (modifier < 0) return name;
  const std::string precision = "(" + std::to_string(modifier) + ")";
  const auto space = name.find(' ');
  return space == std::string::npos ? name + precision : name.insert(space, precision);
}

}  // namespace

std::span<const type_ops* const> all_types() { return table().list; }

oid element_type(oid array) {
  if (array == type_oid::int2vector) return type_oid::int2;
  if (array == type_oid::oidvector) return type_oid::oid;
  if (array >= first_defined_oid) {
    const type_ops* ops = find_type(array);
    if (!ops) return 0;
    return ops->stored ? element_type(ops->stored->id) : ops->element;
  }
  auto it = table().elements.find(array);
  return it == table().elements.end() ? 0 : it->second;
}

const type_ops* find_type(oid id) {
  const auto& by_id = table().by_id;
  if (id < by_id.size()) return by_id[id];
  if (id < first_defined_oid) return nullptr;
  const type_directory* types = current_types();
  return types ? types->find_defined(id) : nullptr;
}

const type_ops* find_type(std::string_view name) {
  auto it = table().by_name.find(name);
  return it == table().by_name.end() ? nullptr : it->second;
}

const type_ops& get_type(oid id) {
  if (const type_ops* ops = find_type(id)) return *ops;
  throw sql_error(sqlstate::undefined_object, "type with OID " + std::to_string(id) + " does not exist");
}

const type_directory* current_types() { return static_cast<const type_directory*>(fiber_local()); }

type_scope::type_scope(const type_directory& types) : before_(fiber_local()) { set_fiber_local(&types); }
type_scope::~type_scope() { set_fiber_local(before_); }

type_ref base_type(type_ref type) {
  while (type.id >= first_defined_oid) {
    const type_ops* ops = find_type(type.id);
    if (!ops || ops->kind != 'd') break;
    type = {ops->base, ops->base_modifier};
  }
  return type;
}

std::string format_type(type_ref type) {
  if (type.id == 0) return "-";
  if (type.id >= first_defined_oid) {
    const type_ops* ops = find_type(type.id);
    if (!ops) return "???";
    return ops->element != 0 ? format_type({ops->element, type.modifier}) + "[]" : current_types()->shown_name(*ops);
  }
  const bool vector = type.id == type_oid::int2vector || type.id == type_oid::oidvector;
  if (const oid element = vector ? oid{0} : element_type(type.id)) return format_type({element, type.modifier}) + "[]";
  const type_ops* ops = find_type(type.id);
  if (!ops) return "???";
  switch (type.id) {
    case type_oid::varchar: return ops->sql_name + character_modifier(type);
    case type_oid::bpchar:
      // Without a length it is not char(1), which "character" would mean.
      return type.modifier >= 4 ? "character" + character_modifier(type) : type.modifier == -1 ? "bpchar" : "character";
    case type_oid::numeric: return ops->sql_name + numeric_modifier(type);
    case type_oid::bit:
    case type_oid::varbit: return type.modifier > 0 ? std::string(ops->sql_name) + "(" + std::to_string(type.modifier) + ")" : ops->sql_name;
    case type_oid::time:
    case type_oid::timetz:
    case type_oid::timestamp:
    case type_oid::timestamptz: return time_name(*ops, type.modifier);
    case type_oid::interval:
      return type.modifier >= 0 && (type.modifier & 0xffff) != 0xffff
                 ? std::string(ops->sql_name) + "(" + std::to_string(type.modifier & 0xffff) + ")"
                 : ops->sql_name;
    default: return ops->sql_name;
  }
}

}  // namespace helios::sql
