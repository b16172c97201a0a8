// Stored passwords.
#include <doctest/doctest.h>

#include "sql/catalog/scram_verifier.hpp"

using namespace helios::sql;

TEST_CASE("a verifier is what the formulas of RFC 5802 give") {
  // Computed apart from this program by RFC 5802's formulas with SHA-256.
  CHECK(make_scram_verifier("pencil", "0123456789abcdef", 4096) == 
        "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$nQpbZ77WudtqufPwikHXGRt6g2QJ4zns8bZLw273DRM=:jn2amWP1q1h+jgjy0YTO14S6/F02SV7taipOeB7ef20=");
}

TEST_CASE("a fresh salt makes each verifier another one") {
  const std::string a = make_scram_verifier("secret"), b = make_scram_verifier("secret");
  CHECK(a != b);
  CHECK(a.starts_with("SCRAM-SHA-256$4096:"));
}

TEST_CASE("passwords are prepared as SASLprep says, or left as they are") {
  CHECK(prepare_password("I\xc2\xadX") == "IX");      // a soft hyphen is mapped to nothing
  CHECK(prepare_password("\xe2\x85\xa8") == "IX");    // a Roman numeral is taken apart
  CHECK(prepare_password("\x07") == "\x07");          // not allowed: used as given
  CHECK(prepare_password("\xff\xfe") == "\xff\xfe");  // not UTF-8: used as given
}
