// json_agg, jsonb_agg, json_object_agg, jsonb_object_agg. Arguments come as records of one field, which say their types.
#include <deque>

#include "base/sql_error.hpp"
#include "sql/functions/json_values.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

record_field argument(datum v) { return read_record(v).at(0); }

class json_list final : public aggregate_state {
 public:
  void add(call_context& c, args_t a) override {
    const record_field f = argument(a[0]);
    if (text_.empty()) {
      text_ = "[";
    } else {
      text_ += ", ";
      if (!f.value.is_null() && (element_type(f.type) != 0 || f.type == type_oid::record || is_row_type(f.type))) text_ += "\n ";
    }
    json_writer(c, text_).write(f.value, f.type);
  }
  datum finish(call_context& c) override { return text_.empty() ? datum::null() : text_result(c, text_ + "]"); }

 private:
  std::string text_;
};

class json_members final : public aggregate_state {
 public:
  void add(call_context& c, args_t a) override {
    const record_field key = argument(a[0]), value = argument(a[1]);
    if (key.value.is_null()) throw sql_error(sqlstate::invalid_parameter_value, "field name must not be null");
    text_ += text_.empty() ? "{ " : ", ";
    write_json_string(key_text(c, key.value, key.type), text_);
    text_ += " : ";
    json_writer(c, text_).write(value.value, value.type);
  }
  datum finish(call_context& c) override { return text_.empty() ? datum::null() : text_result(c, text_ + " }"); }

 private:
  std::string text_;
};

class jsonb_list final : public aggregate_state {
 public:
  void add(call_context& c, args_t a) override {
    const record_field f = argument(a[0]);
    put_value(c, f.value, f.type, items_.emplace_back());
  }
  datum finish(call_context& c) override {
    if (items_.empty()) return datum::null();
    std::string out;
    put_jsonb_array(std::vector<std::string_view>(items_.begin(), items_.end()), out);
    return checked_jsonb(out, *c.mem);
  }

 private:
  std::deque<std::string> items_;
};

class jsonb_members final : public aggregate_state {
 public:
  void add(call_context& c, args_t a) override {
    const record_field key = argument(a[0]), value = argument(a[1]);
    if (key.value.is_null()) throw sql_error(sqlstate::invalid_parameter_value, "field name must not be null");
    auto& m = members_.emplace_back(key_text(c, key.value, key.type), std::string());
    put_value(c, value.value, value.type, m.second);
  }
  datum finish(call_context& c) override {
    if (members_.empty()) return datum::null();
    std::string out;
    put_jsonb_object({members_.begin(), members_.end()}, out);
    return checked_jsonb(out, *c.mem);
  }

 private:
  std::deque<std::pair<std::string, std::string>> members_;
};

}  // namespace

void add_json_aggregates(registry& r) {
  using namespace sig;
  r.aggregate("json_agg", {any}, js, start<json_list>, false, true);
  r.aggregate("jsonb_agg", {any}, jb, start<jsonb_list>, false, true);
  r.aggregate("json_object_agg", {any, any}, js, start<json_members>, false, true);
  r.aggregate("jsonb_object_agg", {any, any}, jb, start<jsonb_members>, false, true);
}

}  // namespace helios::sql
