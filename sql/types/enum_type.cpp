#include "sql/types/enum_type.hpp"

#include <unordered_map>

#include "sql/types/support.hpp"

namespace helios::sql {

namespace {
constexpr std::size_t step_bytes = 3;
constexpr std::uint32_t steps = 1u << (8 * step_bytes);

std::string step_key(std::uint32_t number) {
  std::string out;
  for (int shift = 8 * (static_cast<int>(step_bytes) - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
  return out;
}
std::uint32_t step_of(std::string_view key) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < step_bytes; ++i) out = out << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  return out;
}
}  // namespace

std::string first_enum_key(std::size_t number) { return step_key(static_cast<std::uint32_t>(number + 1) << 4 | 8); }

std::string enum_key_between(std::string_view below, std::string_view above) {
  // Behind the last one: the next step, so that keys stay short however many are added.
  if (above.empty() && step_of(below) + 16 < steps) return step_key((step_of(below) & ~15u) + 16 + 8);
  std::string out;
  bool bounded = !above.empty();
  for (std::size_t i = 0;; ++i) {
    const int low = i < below.size() ? static_cast<unsigned char>(below[i]) : 0;
    const int high = !bounded ? 256 : i < above.size() ? static_cast<unsigned char>(above[i]) : 0;
    const int middle = (low + high) / 2;
    if (middle > low) {
      out.push_back(static_cast<char>(middle));
      return out;
    }
    out.push_back(static_cast<char>(low));
    if (high > low) bounded = false;  // below `above` from here on, whatever follows
  }
}

namespace {

class enum_type final : public defined_type {
 public:
  enum_type(oid id, const std::vector<enum_label>& labels) : id_(id), labels_(labels) {
    for (const auto& l : labels) {
      by_name_.emplace(l.name, &l);
      by_key_.emplace(l.key, &l);
    }
  }

  datum parse_text(std::string_view text, std::int32_t, const format_settings&, arena&) const override {
    auto found = by_name_.find(text);
    const type_ops& type = get_type(id_);
    if (found == by_name_.end()) {
      throw sql_error(sqlstate::invalid_text_representation,
                      "invalid input value for enum " + format_type({type.id, -1}) + ": \"" + std::string(text) + "\"");
    }
    check_usable_label(type, *found->second);
    return enum_datum(*found->second);
  }
  void write_text(datum v, const format_settings&, std::string& out) const override { out += label(v).name; }
  datum parse_binary(std::string_view bytes, std::int32_t modifier, arena& mem) const override {
    check_utf8(bytes);
    return parse_text(bytes, modifier, {}, mem);
  }
  void write_binary(datum v, std::string& out) const override { out += label(v).name; }
  std::strong_ordering compare(datum a, datum b) const override { return compare_bytes(a.as_bytes(), b.as_bytes()); }
  std::uint64_t hash(datum v) const override { return hash_bytes(v.as_bytes()); }
  void write_key(datum v, std::string& out) const override { put_ordered_bytes(out, v.as_bytes()); }

  const std::vector<enum_label>& labels() const { return labels_; }

 private:
  const enum_label& label(datum v) const {
    auto found = by_key_.find(v.as_bytes());
    if (found == by_key_.end()) throw sql_error(sqlstate::data_corrupted, "a stored value is none of its enum");
    return *found->second;
  }

  oid id_;
  const std::vector<enum_label>& labels_;
  std::unordered_map<std::string_view, const enum_label*> by_name_, by_key_;
};

}  // namespace

std::unique_ptr<defined_type> make_enum_type(oid id, const std::vector<enum_label>& labels) {
  return std::make_unique<enum_type>(id, labels);
}

const std::vector<enum_label>& labels_of(const type_ops& type) {
  auto* e = dynamic_cast<const enum_type*>(type.storage().defined);
  if (e == nullptr) throw sql_error("42809", format_type({type.id, -1}) + " is not an enum");
  return e->labels();
}

void check_usable_label(const type_ops& type, const enum_label& label) {
  if (current_types()->usable_label(type.id, label.id)) return;
  throw sql_error("55P04", "unsafe use of new value \"" + label.name + "\" of enum type " + format_type({type.id, -1}))
      .hint("New enum values must be committed before they can be used.");
}

datum enum_datum(const enum_label& label) { return datum::of_bytes(label.key); }

}  // namespace helios::sql
