// jsonb_path_exists, jsonb_path_match, jsonb_path_query and its kin, and the operators @? and @@.
#include "sql/functions/jsonpath_run.hpp"
#include "sql/functions/registry.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

/// Target, path, variables and whether errors are kept silent.
class path_call {
 public:
  explicit path_call(args_t a) : path_(jsonpath_of(a[1].as_bytes())), target_(a[0]), silent_(a.size() > 3 && a[3].as_bool()) {
    if (a.size() < 3) return;
    vars_.emplace(a[2]);
    if (vars_->what() != json_node::kind::object)
      throw sql_error(sqlstate::invalid_parameter_value, "\"vars\" argument is not an object")
          .detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.");
  }
  path_call&& silent() && { return silent_ = true, std::move(*this); }
  bool is_silent() const { return silent_; }

  datum exists() const {
    try {
      return datum::of_bool(jsonpath_exists(*path_, target_, vars()));
    } catch (const path_error&) {
      if (!silent_) throw;
      return datum::null();
    }
  }
  path_result query() const {
    path_result out;
    try {
      run_jsonpath(*path_, target_, vars(), out);
    } catch (const path_error&) {
      if (!silent_) throw;
    }
    return out;
  }
  datum match() const {
    const path_result found = query();
    if (found.items.size() == 1) {
      const jsonb_view v(found.items[0]);
      if (v.what() == json_node::kind::boolean) return datum::of_bool(v.truth());
      if (v.what() == json_node::kind::null) return datum::null();
    }
    if (!silent_) throw sql_error("22038", "single boolean result is expected");
    return datum::null();
  }

 private:
  const jsonb_view* vars() const { return vars_ ? &*vars_ : nullptr; }

  std::shared_ptr<const json_path> path_;
  jsonb_view target_;
  std::optional<jsonb_view> vars_;
  bool silent_;
};

datum path_exists(call_context&, args_t a) { return path_call(a).exists(); }
datum path_match(call_context&, args_t a) { return path_call(a).match(); }
datum exists_operator(call_context&, args_t a) { return path_call(a).silent().exists(); }
datum match_operator(call_context&, args_t a) { return path_call(a).silent().match(); }
datum query_array(call_context& c, args_t a) {
  const path_result found = path_call(a).query();
  std::string out;
  put_jsonb_array(found.items, out);
  return checked_jsonb(out, *c.mem);
}
datum query_first(call_context& c, args_t a) {
  const path_result found = path_call(a).query();
  return found.items.empty() ? datum::null() : text_result(c, found.items[0]);
}
void query(call_context& c, args_t a, std::vector<datum>& rows) {
  for (std::string_view item : path_call(a).query().items) rows.push_back(text_result(c, item));
}

}  // namespace

void add_jsonpath_functions(registry& r) {
  using namespace sig;
  r.op("@?", {jb, jp}, b, exists_operator);
  r.op("@@", {jb, jp}, b, match_operator);
  for (const bool zoned : {false, true}) {
    const auto all = [&](const char* plain_name, const char* zoned_name, oid result, scalar_fn call) {
      const char* name = zoned ? zoned_name : plain_name;
      const unsigned flags = zoned ? stable : plain;
      r.add(name, {jb, jp}, result, call, flags);
      r.add(name, {jb, jp, jb}, result, call, flags);
      r.add(name, {jb, jp, jb, b}, result, call, flags);
    };
    all("jsonb_path_exists", "jsonb_path_exists_tz", b, path_exists);
    all("jsonb_path_match", "jsonb_path_match_tz", b, path_match);
    all("jsonb_path_query_array", "jsonb_path_query_array_tz", jb, query_array);
    all("jsonb_path_query_first", "jsonb_path_query_first_tz", jb, query_first);
    const char* name = zoned ? "jsonb_path_query_tz" : "jsonb_path_query";
    const unsigned flags = zoned ? stable : plain;
    r.add_set(name, {jb, jp}, jb, query, flags);
    r.add_set(name, {jb, jp, jb}, jb, query, flags);
    r.add_set(name, {jb, jp, jb, b}, jb, query, flags);
  }
}

}  // namespace helios::sql
