#pragma once
// The last step of analysis: parameters checked, slots settled, the plan made immutable.

#include "sql/bind/analysis.hpp"
#include "sql/exec/plan.hpp"

namespace helios::sql {

plan_ptr finish_plan(analysis& in, plan::kind what, bound_query q);

}  // namespace helios::sql
