// Signatures of window functions, and of the aggregates with WITHIN GROUP. The executor computes them
// (sql/exec/window.cpp, sql/exec/ordered_set.cpp).
#include "sql/functions/registry.hpp"

namespace helios::sql {

void add_window_functions(registry& r) {
  using namespace sig;
  for (const char* name : {"row_number", "rank", "dense_rank"}) r.window(name, {}, i8);
  for (const char* name : {"percent_rank", "cume_dist"}) r.window(name, {}, f8);
  r.window("ntile", {i4}, i4);
  for (const char* name : {"lag", "lead"}) {
    r.window(name, {elem}, elem);
    r.window(name, {elem, i4}, elem);
    r.window(name, {elem, i4, elem}, elem);
  }
  r.window("first_value", {elem}, elem);
  r.window("last_value", {elem}, elem);
  r.window("nth_value", {elem, i4}, elem);

  constexpr oid f8s = type_oid::float8_array;
  r.ordered_aggregate("percentile_cont", {f8, f8}, f8, ordered_set::percentile_cont);
  r.ordered_aggregate("percentile_cont", {f8, iv}, iv, ordered_set::percentile_cont);
  r.ordered_aggregate("percentile_cont", {f8s, f8}, f8s, ordered_set::percentile_cont);
  r.ordered_aggregate("percentile_cont", {f8s, iv}, type_oid::interval_array, ordered_set::percentile_cont);
  r.ordered_aggregate("percentile_disc", {f8, elem}, elem, ordered_set::percentile_disc);
  r.ordered_aggregate("percentile_disc", {f8s, elem}, arr, ordered_set::percentile_disc);
  r.ordered_aggregate("mode", {elem}, elem, ordered_set::mode);
  r.ordered_aggregate("rank", {any}, i8, ordered_set::rank);
  r.ordered_aggregate("dense_rank", {any}, i8, ordered_set::dense_rank);
  r.ordered_aggregate("percent_rank", {any}, f8, ordered_set::percent_rank);
  r.ordered_aggregate("cume_dist", {any}, f8, ordered_set::cume_dist);
}

}  // namespace helios::sql
