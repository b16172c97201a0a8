#include "sql/exec/row_codec.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/sql_error.hpp"
#include "sql/functions/definition_text.hpp"

namespace helios::sql {

namespace {
constexpr char format_version = 1;

column_layout layout_of(const type_ops& type) {
  if (!type.inline_value) return column_layout::bytes;
  if (type.id == type_oid::float4) return column_layout::real4;
  if (type.id == type_oid::float8) return column_layout::real8;
  switch (type.length) {
    case 1: return column_layout::int1;
    case 2: return column_layout::int2;
    case 4: return column_layout::int4;
    default: return column_layout::int8;
  }
}

void put_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<char>(v));
}

[[noreturn]] void damaged() { throw sql_error(sqlstate::data_corrupted, "a stored row does not decode"); }

/// Reads forward; every step is checked, a damaged row must not become a wrong one.
class walker {
 public:
  explicit walker(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  const char* take(std::size_t n) {
    if (static_cast<std::size_t>(end_ - at_) < n) damaged();
    const char* out = at_;
    at_ += n;
    return out;
  }
  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto b = static_cast<unsigned char>(*take(1));
      out |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if ((b & 0x80) == 0) return out;
    }
    damaged();
  }
  datum value(column_layout layout) {
    switch (layout) {
      case column_layout::int1: return datum::of_int(static_cast<signed char>(*take(1)));
      case column_layout::int2: return datum::of_int(load_le<std::int16_t>(take(2)));
      case column_layout::int4: return datum::of_int(load_le<std::int32_t>(take(4)));
      case column_layout::int8: return datum::of_int(load_le<std::int64_t>(take(8)));
      case column_layout::real4: return datum::of_double(static_cast<double>(std::bit_cast<float>(load_le<std::uint32_t>(take(4)))));
      case column_layout::real8: return datum::of_double(std::bit_cast<double>(load_le<std::uint64_t>(take(8))));
      case column_layout::bytes: break;
    }
    auto size = varint();
    return datum::of_bytes({take(size), size});
  }

 private:
  const char* at_;
  const char* end_;
};
}  // namespace

row_codec::row_codec(const table_def& table) {
  for (auto& c : table.columns) {
    // A dropped column's type may be gone; its values are skipped by what they look like.
    layouts_.push_back(layout_of(get_type(c.type.id).storage()));
    dropped_.push_back(c.dropped);
  }
}

void row_codec::encode(std::span<const datum> values, std::string& out) const {
  out.push_back(format_version);
  put_varint(out, layouts_.size());
  auto bitmap = out.size();
  out.append((layouts_.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < layouts_.size(); ++i) {
    datum v = values[i];
    if (v.is_null() || dropped_[i]) {
      out[bitmap + i / 8] = static_cast<char>(static_cast<unsigned char>(out[bitmap + i / 8]) | (1u << (i % 8)));
      continue;
    }
    switch (layouts_[i]) {
      case column_layout::int1: out.push_back(static_cast<char>(v.as_int())); break;
      case column_layout::int2: put_le(out, static_cast<std::int16_t>(v.as_int())); break;
      case column_layout::int4: put_le(out, static_cast<std::int32_t>(v.as_int())); break;
      case column_layout::int8: put_le(out, v.as_int()); break;
      case column_layout::real4: put_le(out, std::bit_cast<std::uint32_t>(static_cast<float>(v.as_double()))); break;
      case column_layout::real8: put_le(out, std::bit_cast<std::uint64_t>(v.as_double())); break;
      case column_layout::bytes:
        put_varint(out, v.as_bytes().size());
        out.append(v.as_bytes());
        break;
    }
  }
}

void row_codec::decode(std::string_view row, std::span<const int> wanted, datum* values) const {
  if (wanted.empty()) return;
  walker in(row);
  if (*in.take(1) != format_version) damaged();
  auto count = in.varint();
  if (count > 65535) damaged();
  const char* bitmap = in.take((count + 7) / 8);
  auto is_null = [bitmap](std::size_t i) { return (static_cast<unsigned char>(bitmap[i / 8]) >> (i % 8) & 1) != 0; };
  std::size_t column = 0;
  for (int w : wanted) {
    auto target = static_cast<std::size_t>(w);
    // Columns added after the row was written are NULL in it.
    if (target >= count || is_null(target)) {
      values[target] = datum::null();
      continue;
    }
    for (; column < target; ++column) {
      if (!is_null(column)) (void)in.value(layouts_[column]);
    }
    values[target] = in.value(layouts_[column++]);
  }
}

std::string row_key(std::int64_t row_id) {
  std::string out;
  put_be(out, static_cast<std::uint64_t>(row_id));
  return out;
}

std::int64_t row_id_of(std::string_view row_key) {
  if (row_key.size() != 8) damaged();
  return static_cast<std::int64_t>(load_be<std::uint64_t>(row_key.data()));
}

index_codec::index_codec(const index_def& index, const table_def& table, std::size_t computed) : index_(&index) {
  auto next = static_cast<int>(computed);
  for (auto& k : index.keys) {
    columns_.push_back(k.column != 0 ? k.column - 1 : next++);
    types_.push_back(&get_type(k.column != 0 ? table.columns[static_cast<std::size_t>(k.column - 1)].type.id : k.type.id));
  }
  if (!index.predicate.empty()) predicate_ = next++;
  computed_ = static_cast<std::size_t>(next) - computed;
}

bool index_codec::has(std::span<const datum> row) const {
  if (predicate_ < 0) return true;
  datum holds = row[static_cast<std::size_t>(predicate_)];
  return !holds.is_null() && holds.as_bool();
}

void index_codec::append_part(std::size_t key, datum value, std::string& out) const {
  auto& k = index_->keys[key];
  if (value.is_null()) {
    out.push_back(k.nulls_first ? '\0' : '\2');
    return;
  }
  out.push_back('\1');
  auto from = out.size();
  types_[key]->write_key(value, out);
  if (k.descending) {
    for (auto i = from; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

std::string index_codec::prefix(std::span<const datum> row) const {
  std::string out;
  for (std::size_t i = 0; i < columns_.size(); ++i) append_part(i, row[static_cast<std::size_t>(columns_[i])], out);
  return out;
}

bool index_codec::differs_from_all(std::span<const datum> row) const {
  if (index_->nulls_not_distinct) return false;
  return std::any_of(columns_.begin(), columns_.end(), [&row](int c) { return row[static_cast<std::size_t>(c)].is_null(); });
}

std::pair<std::string, std::string> index_codec::entry(std::span<const datum> row, std::int64_t row_id) const {
  auto key = prefix(row);
  if (index_->keeps_keys_apart() && !differs_from_all(row)) return {std::move(key), row_key(row_id)};
  put_be(key, static_cast<std::uint64_t>(row_id));
  return {std::move(key), {}};
}

std::int64_t index_codec::row_id(std::string_view key, std::string_view value) {
  if (!value.empty()) return row_id_of(value);
  if (key.size() < 8) damaged();
  return row_id_of(key.substr(key.size() - 8));
}

std::string index_codec::describe(const table_def& table, std::span<const datum> row) const {
  std::string names, values;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names += (i == 0 ? "" : ", ") + index_key_text(table, index_->keys[i], [](std::string_view t) { return std::string(without_parentheses(t)); });
    values += i == 0 ? "" : ", ";
    datum value = row[static_cast<std::size_t>(columns_[i])];
    if (value.is_null()) values += "null";
    else types_[i]->write_text(value, format_settings{}, values);
  }
  return "(" + names + ")=(" + values + ")";
}

}  // namespace helios::sql
