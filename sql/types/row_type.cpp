#include "sql/types/row_type.hpp"

#include "sql/types/array.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

namespace {

/// '(a,"b c",)': one value per column; nothing between commas is NULL.
class row_parser {
 public:
  row_parser(std::string_view text, const format_settings& settings, arena& mem) : text_(text), rest_(text), settings_(settings), mem_(mem) {}

  datum parse(const std::vector<row_attribute>& columns) {
    skip_spaces();
    if (!rest_.starts_with('(')) malformed("Missing left parenthesis.");
    rest_.remove_prefix(1);
    std::vector<record_field> fields;
    for (const auto& c : columns) {
      if (!fields.empty()) {
        if (!rest_.starts_with(',')) malformed("Too few columns.");
        rest_.remove_prefix(1);
      }
      fields.push_back({c.type.id, field(c.type)});
    }
    if (!rest_.starts_with(')')) malformed("Too many columns.");
    rest_.remove_prefix(1);
    skip_spaces();
    if (!rest_.empty()) malformed("Junk after right parenthesis.");
    return make_record(fields, mem_);
  }

 private:
  [[noreturn]] void malformed(const char* why) const {
    throw sql_error(sqlstate::invalid_text_representation, "malformed record literal: \"" + std::string(text_) + "\"").detail(why);
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }
  char take() {
    if (rest_.empty()) malformed("Unexpected end of input.");
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  datum field(type_ref type) {
    const type_ops& ops = get_type(type.id);
    if (rest_.starts_with(',') || rest_.starts_with(')')) {
      if (ops.kind == 'd') current_types()->check_domain(ops, datum::null());
      return datum::null();
    }
    std::string value;
    bool quoted = false;
    while (quoted || !(rest_.starts_with(',') || rest_.starts_with(')'))) {
      const char c = take();
      if (c == '\\') value.push_back(take());
      else if (c != '"') value.push_back(c);
      else if (!quoted) quoted = true;
      else if (rest_.starts_with('"')) value.push_back(take());
      else quoted = false;
    }
    return ops.parse_text(mem_.copy(value), type.modifier, settings_, mem_);
  }

  std::string_view text_, rest_;
  const format_settings& settings_;
  arena& mem_;
};

class row_type final : public defined_type {
 public:
  explicit row_type(oid id) : id_(id) {}

  datum parse_text(std::string_view text, std::int32_t, const format_settings& settings, arena& mem) const override {
    return row_parser(text, settings, mem).parse(attributes_of(get_type(id_)));
  }
  void write_text(datum v, const format_settings& settings, std::string& out) const override {
    arena scratch;
    record().write_text(whole(v, scratch), settings, out);
  }
  datum parse_binary(std::string_view bytes, std::int32_t, arena& mem) const override {
    const auto columns = attributes_of(get_type(id_));
    byte_reader in(bytes);
    const auto count = in.be<std::int32_t>();
    if (!in.ok()) short_message();
    if (count != static_cast<std::int32_t>(columns.size())) {
      throw sql_error(sqlstate::datatype_mismatch, "wrong number of columns: " + std::to_string(count) + ", expected " +
                                                       std::to_string(columns.size()));
    }
    std::vector<record_field> fields;
    for (const auto& c : columns) fields.push_back({c.type.id, binary_field(in, c.type, fields.size() + 1, mem)});
    if (!in.finished()) throw sql_error(sqlstate::invalid_binary_representation, "improper binary format in record");
    return make_record(fields, mem);
  }
  void write_binary(datum v, std::string& out) const override {
    arena scratch;
    record().write_binary(whole(v, scratch), out);
  }
  std::strong_ordering compare(datum a, datum b) const override {
    if (count_of(a) == count_of(b)) return record().compare(a, b);
    arena scratch;
    return record().compare(whole(a, scratch), whole(b, scratch));
  }
  std::uint64_t hash(datum v) const override {
    arena scratch;
    return record().hash(whole(v, scratch));
  }
  /// Per field 01 and its key, or 02 for NULL; 03. What is NULL up to the end is left out: a row that was stored before its type got
  /// more columns has the same key as one with NULL in them. NULLs sort last, and so does the end.
  void write_key(datum v, std::string& out) const override {
    const auto fields = read_record(v);
    std::size_t count = fields.size();
    while (count > 0 && fields[count - 1].value.is_null()) --count;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(fields[i].value.is_null() ? '\2' : '\1');
      if (!fields[i].value.is_null()) get_type(fields[i].type).write_key(fields[i].value, out);
    }
    out.push_back('\3');
  }

 private:
  static std::uint32_t count_of(datum v) { return byte_reader(v.as_bytes()).le<std::uint32_t>(); }
  /// A row that was stored before its type got more columns has NULL in them.
  datum whole(datum v, arena& mem) const {
    const auto columns = attributes_of(get_type(id_));
    if (count_of(v) >= columns.size()) return v;
    auto fields = read_record(v);
    for (std::size_t i = fields.size(); i < columns.size(); ++i) fields.push_back({columns[i].type.id, datum::null()});
    return make_record(fields, mem);
  }
  static const type_ops& record() { return get_type(type_oid::record); }
  [[noreturn]] static void short_message() {
    throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
  }
  static datum binary_field(byte_reader& in, type_ref type, std::size_t number, arena& mem) {
    const auto stated = in.be<std::uint32_t>();
    const auto size = in.be<std::int32_t>();
    const auto value = size > 0 ? in.bytes(static_cast<std::size_t>(size)) : std::string_view();
    if (!in.ok() || size < -1) short_message();
    if (stated != type.id) {
      throw sql_error(sqlstate::datatype_mismatch, "binary data has type " + std::to_string(stated) + " (" + format_type({stated, -1}) +
                                                       ") instead of expected " + std::to_string(type.id) + " (" +
                                                       format_type({type.id, -1}) + ") in record column " + std::to_string(number));
    }
    const type_ops& ops = get_type(type.id);
    if (size < 0) {
      if (ops.kind == 'd') current_types()->check_domain(ops, datum::null());
      return datum::null();
    }
    return ops.parse_binary(value, type.modifier, mem);
  }

  oid id_;
};

}  // namespace

std::unique_ptr<defined_type> make_row_type(oid id) { return std::make_unique<row_type>(id); }

bool is_row_type(oid type) {
  if (type < first_defined_oid) return false;
  const type_ops* ops = find_type(type);
  return ops && ops->storage().kind == 'c';
}

std::vector<row_attribute> attributes_of(const type_ops& type) {
  if (type.storage().kind != 'c') throw sql_error("42809", "type " + format_type({type.id, -1}) + " is not composite");
  return current_types()->attributes(type.storage());
}

}  // namespace helios::sql
