#pragma once
// Roots, powers and logarithms of numeric, rounded to the number of digits that PostgreSQL chooses. Computed with MPFR
// at a precision above the result's.

#include "sql/types/numeric.hpp"

namespace helios::sql {

/// Each throws PostgreSQL's error outside its domain.
decimal square_root(const decimal& v);
decimal square_root(const decimal& v, int scale);
decimal exponential(const decimal& v);
decimal natural_logarithm(const decimal& v);
decimal logarithm(const decimal& base, const decimal& v);
decimal power(const decimal& base, const decimal& exponent);
decimal factorial(std::int64_t n);

}  // namespace helios::sql
