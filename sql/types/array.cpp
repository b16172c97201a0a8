#include "sql/types/array.hpp"

#include "sql/types/support.hpp"

namespace helios::sql {

namespace {
constexpr int dimensions_max = 6;
constexpr std::uint32_t names_follow = 1u << 31;
[[noreturn]] void damaged() { throw sql_error(sqlstate::data_corrupted, "a stored array or record is damaged"); }

datum unpack_nullable(const type_ops& type, byte_reader& in) {
  const auto flag = in.le<std::uint8_t>();
  if (!in.ok() || flag > 1) damaged();
  return flag == 1 ? datum::null() : unpack(type, in);
}
void pack_nullable(const type_ops& type, datum v, std::string& out) {
  put_le<std::uint8_t>(out, v.is_null() ? 1 : 0);
  if (!v.is_null()) pack(type, v, out);
}
}  // namespace

array_value array_value::from(datum v) {
  byte_reader in(v.as_bytes());
  array_value out;
  out.element = in.le<std::uint32_t>();
  const auto count = in.le<std::uint8_t>();
  const type_ops* type = find_type(out.element);
  if (!in.ok() || count > dimensions_max || !type) damaged();
  std::uint64_t total = count == 0 ? 0 : 1;
  for (int i = 0; i < count; ++i) {
    dimension d;
    d.length = in.le<std::int32_t>();
    d.lower = in.le<std::int32_t>();
    if (!in.ok() || d.length <= 0) damaged();
    total *= static_cast<std::uint64_t>(d.length);
    if (total > in.remaining()) damaged();
    out.dimensions.push_back(d);
  }
  out.elements.reserve(total);
  for (; total > 0; --total) out.elements.push_back(unpack_nullable(*type, in));
  if (!in.finished()) damaged();
  return out;
}

datum array_value::to_datum(arena& mem) const {
  std::string bytes;
  put_le(bytes, element);
  put_le(bytes, static_cast<std::uint8_t>(dimensions.size()));
  for (const auto& d : dimensions) {
    put_le(bytes, d.length);
    put_le(bytes, d.lower);
  }
  const type_ops& type = get_type(element);
  for (datum v : elements) pack_nullable(type, v, bytes);
  return datum::of_bytes(mem.copy(bytes));
}

array_value array_value::of(oid element, std::vector<datum> values) {
  array_value out;
  out.element = element;
  if (!values.empty()) out.dimensions.push_back({static_cast<std::int32_t>(values.size()), 1});
  out.elements = std::move(values);
  return out;
}

oid array_type_of(oid element) {
  const type_ops& type = get_type(element);
  if (type.array_type == 0 || !find_type(type.array_type))
    throw sql_error(sqlstate::undefined_object, std::string("could not find array type for data type ") + type.sql_name);
  return type.array_type;
}

datum make_record(std::span<const record_field> fields, arena& mem) {
  std::string bytes;
  const bool named = !fields.empty() && !fields[0].name.empty();
  put_le(bytes, static_cast<std::uint32_t>(fields.size()) | (named ? names_follow : 0));
  for (const auto& f : fields) {
    put_le(bytes, f.type);
    pack_nullable(get_type(f.type), f.value, bytes);
    if (!named) continue;
    put_le(bytes, static_cast<std::uint32_t>(f.name.size()));
    bytes.append(f.name);
  }
  return datum::of_bytes(mem.copy(bytes));
}

std::vector<record_field> read_record(datum v) {
  byte_reader in(v.as_bytes());
  std::vector<record_field> out;
  const auto count = in.le<std::uint32_t>();
  for (auto n = count & ~names_follow; n > 0; --n) {
    record_field f;
    f.type = in.le<std::uint32_t>();
    const type_ops* type = find_type(f.type);
    if (!in.ok() || !type) damaged();
    f.value = unpack_nullable(*type, in);
    if ((count & names_follow) != 0) f.name = in.bytes(in.le<std::uint32_t>());
    out.push_back(f);
  }
  if (!in.finished()) damaged();
  return out;
}

}  // namespace helios::sql
