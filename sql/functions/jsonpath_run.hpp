#pragma once
// Evaluation of a jsonpath on a jsonb value.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/sql_error.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/jsonpath.hpp"

namespace helios::sql {

/// An error of the evaluation that `silent` suppresses and that makes a predicate unknown.
class path_error : public sql_error {
 public:
  path_error(std::string_view state, std::string message) : sql_error(state, std::move(message)) {}
};

/// Items found, as encoded values: views of the target, of the variables, or of `kept`.
struct path_result {
  std::vector<std::string_view> items;
  std::deque<std::string> kept;
};

/// `vars` is an object. Throws path_error; what was found before it stays in `out`.
void run_jsonpath(const json_path& path, const jsonb_view& target, const jsonb_view* vars, path_result& out);
/// Stops at the first item where the mode allows. Throws path_error.
bool jsonpath_exists(const json_path& path, const jsonb_view& target, const jsonb_view* vars);

}  // namespace helios::sql
