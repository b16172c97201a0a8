#include "sql/types/jsonb.hpp"

#include <algorithm>

#include "sql/types/json_syntax.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

enum tag : char { tag_null, tag_string, tag_number, tag_false, tag_true, tag_array, tag_object };
constexpr std::size_t header_bytes = 5;

[[noreturn]] void damaged() { throw sql_error(sqlstate::data_corrupted, "a stored jsonb value is damaged"); }

bool key_less(std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

}  // namespace

jsonb_view::jsonb_view(std::string_view bytes) : bytes_(bytes), what_(kind::null) {
  if (bytes.empty()) damaged();
  switch (bytes[0]) {
    case tag_null: break;
    case tag_string: what_ = kind::string; break;
    case tag_number: what_ = kind::number; break;
    case tag_true: truth_ = true; [[fallthrough]];
    case tag_false: what_ = kind::boolean; break;
    case tag_array: what_ = kind::array; break;
    case tag_object: what_ = kind::object; break;
    default: damaged();
  }
  if (scalar()) return;
  if (bytes.size() < header_bytes) damaged();
  size_ = load_le<std::uint32_t>(bytes.data() + 1);
  const std::uint64_t table = std::uint64_t{size_} * (what_ == kind::object ? 8 : 4);
  if (table > bytes.size() - header_bytes) damaged();
}

/// Of an array its elements; of an object its keys, then its values.
std::string_view jsonb_view::part(std::uint32_t i) const {
  const std::size_t base = header_bytes + std::size_t{size_} * (what_ == kind::object ? 8 : 4);
  const auto end_of = [&](std::uint32_t n) { return load_le<std::uint32_t>(bytes_.data() + header_bytes + std::size_t{n} * 4); };
  const std::size_t from = i == 0 ? 0 : end_of(i - 1), to = end_of(i);
  if (from > to || to > bytes_.size() - base) damaged();
  return bytes_.substr(base + from, to - from);
}

jsonb_view jsonb_view::item(std::uint32_t i) const { return jsonb_view(part(what_ == kind::object ? size_ + i : i)); }
std::string_view jsonb_view::key(std::uint32_t i) const { return part(i); }

std::optional<jsonb_view> jsonb_view::find(std::string_view wanted) const {
  if (what_ != kind::object) return std::nullopt;
  std::uint32_t low = 0, high = size_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (key_less(key(middle), wanted)) low = middle + 1;
    else high = middle;
  }
  if (low == size_ || key(low) != wanted) return std::nullopt;
  return item(low);
}

std::optional<jsonb_view> jsonb_view::at(std::int64_t index) const {
  if (what_ != kind::array) return std::nullopt;
  if (index < 0) index += size_;
  if (index < 0 || index >= size_) return std::nullopt;
  return item(static_cast<std::uint32_t>(index));
}

void put_jsonb_null(std::string& out) { out.push_back(tag_null); }
void put_jsonb_bool(bool v, std::string& out) { out.push_back(v ? tag_true : tag_false); }
void put_jsonb_string(std::string_view v, std::string& out) { out.append(1, tag_string).append(v); }
void put_jsonb_number(datum numeric, std::string& out) { out.append(1, tag_number).append(numeric.as_bytes()); }

namespace {

/// The header with room for its ends; what is appended next is the first part.
class container {
 public:
  container(std::string& out, tag what, std::size_t count, std::size_t parts) : out_(out) {
    out.push_back(what);
    put_le(out, static_cast<std::uint32_t>(count));
    next_ = out.size();
    out.append(parts * 4, '\0');
    base_ = out.size();
  }
  void end_part() {
    store_le(out_.data() + next_, static_cast<std::uint32_t>(out_.size() - base_));
    next_ += 4;
  }

 private:
  std::string& out_;
  std::size_t next_, base_;
};

/// The order of the members, of equal keys only the last one.
template <class KeyAt>
std::vector<std::uint32_t> ordered(std::size_t count, KeyAt key_at) {
  std::vector<std::uint32_t> order(count);
  for (std::uint32_t i = 0; i < count; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return key_less(key_at(a), key_at(b)); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (i + 1 == count || key_at(order[i]) != key_at(order[i + 1])) order[kept++] = order[i];
  order.resize(kept);
  return order;
}

void put_number(std::string_view text, std::string& out) {
  arena scratch;
  put_jsonb_number(decimal::parse(text).to_datum(scratch), out);
}

}  // namespace

void put_jsonb_array(std::span<const std::string_view> items, std::string& out) {
  container c(out, tag_array, items.size(), items.size());
  for (auto item : items) {
    out.append(item);
    c.end_part();
  }
}

void put_jsonb_object(std::vector<jsonb_member> members, std::string& out) {
  const auto order = ordered(members.size(), [&](std::size_t i) { return members[i].first; });
  container c(out, tag_object, order.size(), order.size() * 2);
  for (auto i : order) out.append(members[i].first), c.end_part();
  for (auto i : order) out.append(members[i].second), c.end_part();
}

void put_jsonb(const json_node& v, std::string& out) {
  switch (v.what) {
    case json_node::kind::null: return put_jsonb_null(out);
    case json_node::kind::boolean: return put_jsonb_bool(v.truth, out);
    case json_node::kind::string: return put_jsonb_string(v.text, out);
    case json_node::kind::number: return put_number(v.text, out);
    case json_node::kind::array: {
      container c(out, tag_array, v.items.size(), v.items.size());
      for (const auto& item : v.items) {
        put_jsonb(item, out);
        c.end_part();
      }
      return;
    }
    case json_node::kind::object: {
      const auto order = ordered(v.keys.size(), [&](std::size_t i) { return v.keys[i]; });
      container c(out, tag_object, order.size(), order.size() * 2);
      for (auto i : order) out.append(v.keys[i]), c.end_part();
      for (auto i : order) {
        put_jsonb(v.items[i], out);
        c.end_part();
      }
      return;
    }
  }
}

datum parse_jsonb(std::string_view text, arena& mem) {
  std::string out;
  arena scratch;
  put_jsonb(parse_json_tree(text, scratch), out);
  return datum::of_bytes(mem.copy(out));
}

namespace {
void check_depth(const jsonb_view& v, int left) {
  if (v.scalar()) return;
  if (left == 0) json_too_deep();
  for (std::uint32_t i = 0; i < v.size(); ++i) check_depth(v.item(i), left - 1);
}
}  // namespace

datum checked_jsonb(std::string_view bytes, arena& mem) {
  // Too short to be nested that deeply: not walked.
  if (bytes.size() > json_tree_depth_max * header_bytes) check_depth(jsonb_view(bytes), json_tree_depth_max);
  return datum::of_bytes(mem.copy(bytes));
}

void write_jsonb(const jsonb_view& v, std::string& out) {
  switch (v.what()) {
    case json_node::kind::null: out += "null"; return;
    case json_node::kind::boolean: out += v.truth() ? "true" : "false"; return;
    case json_node::kind::string: return write_json_string(v.text(), out);
    case json_node::kind::number: out += decimal::from(v.number()).to_text(); return;
    case json_node::kind::array:
    case json_node::kind::object: break;
  }
  const bool object = v.what() == json_node::kind::object;
  out.push_back(object ? '{' : '[');
  for (std::uint32_t i = 0; i < v.size(); ++i) {
    if (i > 0) out += ", ";
    if (object) {
      write_json_string(v.key(i), out);
      out += ": ";
    }
    write_jsonb(v.item(i), out);
  }
  out.push_back(object ? '}' : ']');
}

namespace {
void write_pretty(const jsonb_view& v, std::size_t level, std::string& out) {
  if (v.scalar()) return write_jsonb(v, out);
  const bool object = v.what() == json_node::kind::object;
  out.push_back(object ? '{' : '[');
  for (std::uint32_t i = 0; i < v.size(); ++i) {
    out += i > 0 ? ",\n" : "\n";
    out.append((level + 1) * 4, ' ');
    if (object) {
      write_json_string(v.key(i), out);
      out += ": ";
    }
    write_pretty(v.item(i), level + 1, out);
  }
  out.append("\n").append(level * 4, ' ');
  out.push_back(object ? '}' : ']');
}

std::strong_ordering compare_numbers(const jsonb_view& a, const jsonb_view& b) {
  return compare(decimal::from(a.number()), decimal::from(b.number()));
}

std::strong_ordering compare_inner(const jsonb_view& a, const jsonb_view& b) {
  if (a.what() != b.what()) return a.what() <=> b.what();
  switch (a.what()) {
    case json_node::kind::null: return std::strong_ordering::equal;
    case json_node::kind::boolean: return static_cast<int>(a.truth()) <=> static_cast<int>(b.truth());
    case json_node::kind::string: return compare_bytes(a.text(), b.text());
    case json_node::kind::number: return compare_numbers(a, b);
    case json_node::kind::array:
    case json_node::kind::object: break;
  }
  if (a.size() != b.size()) return a.size() <=> b.size();
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    if (a.what() == json_node::kind::object)
      if (const auto order = compare_bytes(a.key(i), b.key(i)); order != 0) return order;
    if (const auto order = compare_inner(a.item(i), b.item(i)); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

bool empty_array(const jsonb_view& v) { return v.what() == json_node::kind::array && v.size() == 0; }

}  // namespace

void write_jsonb_pretty(const jsonb_view& v, std::string& out) { write_pretty(v, 0, out); }

/// An empty array that is the whole value sorts below everything, as PostgreSQL has it.
std::strong_ordering compare_jsonb(const jsonb_view& a, const jsonb_view& b) {
  if (empty_array(a) != empty_array(b)) return empty_array(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  return compare_inner(a, b);
}

bool equal_scalars(const jsonb_view& a, const jsonb_view& b) { return a.what() == b.what() && compare_inner(a, b) == 0; }

namespace {
bool contains_inner(const jsonb_view& a, const jsonb_view& b);

bool array_has(const jsonb_view& a, const jsonb_view& wanted) {
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    const jsonb_view item = a.item(i);
    if (wanted.scalar() ? equal_scalars(item, wanted) : item.what() == wanted.what() && contains_inner(item, wanted)) return true;
  }
  return false;
}

/// Both are containers of one kind.
bool contains_inner(const jsonb_view& a, const jsonb_view& b) {
  for (std::uint32_t i = 0; i < b.size(); ++i) {
    const jsonb_view wanted = b.item(i);
    if (b.what() == json_node::kind::array) {
      if (!array_has(a, wanted)) return false;
      continue;
    }
    const auto found = a.find(b.key(i));
    if (!found || found->what() != wanted.what()) return false;
    if (wanted.scalar() ? !equal_scalars(*found, wanted) : !contains_inner(*found, wanted)) return false;
  }
  return true;
}
}  // namespace

/// An array contains a scalar that is one of its elements.
bool jsonb_contains(const jsonb_view& a, const jsonb_view& b) {
  if (b.scalar()) return a.scalar() ? equal_scalars(a, b) : a.what() == json_node::kind::array && array_has(a, b);
  return a.what() == b.what() && contains_inner(a, b);
}

namespace {
void write_inner_key(const jsonb_view& v, std::string& out) {
  out.push_back(static_cast<char>(2 + static_cast<int>(v.what())));
  switch (v.what()) {
    case json_node::kind::null: return;
    case json_node::kind::boolean: out.push_back(v.truth() ? '\1' : '\0'); return;
    case json_node::kind::string: return put_ordered_bytes(out, v.text());
    case json_node::kind::number: return get_type(type_oid::numeric).write_key(v.number(), out);
    case json_node::kind::array:
    case json_node::kind::object: break;
  }
  put_be(out, v.size());
  for (std::uint32_t i = 0; i < v.size(); ++i) {
    if (v.what() == json_node::kind::object) put_ordered_bytes(out, v.key(i));
    write_inner_key(v.item(i), out);
  }
}
}  // namespace

/// As compare_jsonb orders: 1 for the empty array; else per value its kind and its contents.
void write_jsonb_key(const jsonb_view& v, std::string& out) {
  if (empty_array(v)) out.push_back('\1');
  else write_inner_key(v, out);
}

}  // namespace helios::sql
