#pragma once
// Valid values of the types that columns have, as text; several per type, unequal and in no order.

#include <string_view>
#include <vector>

namespace helios::testing {

struct type_sample {
  const char* type;
  std::vector<std::string_view> values;
};

inline const std::vector<type_sample>& type_samples() {
  static const std::vector<type_sample> samples = {
      {"bool", {"t", "f"}},
      {"int2", {"-32768", "-1", "0", "7", "32767"}},
      {"int4", {"-2147483648", "-1", "0", "42", "2147483647"}},
      {"int8", {"-9223372036854775808", "-1", "0", "5000000000", "9223372036854775807"}},
      {"oid", {"0", "1", "4294967295"}},
      {"float4", {"-Infinity", "-1.5", "0", "1e-40", "1.1", "3e38", "Infinity", "NaN"}},
      {"float8", {"-Infinity", "-1e300", "-0.5", "0", "1e-310", "0.1", "1e300", "Infinity", "NaN"}},
      {"numeric", {"-Infinity", "-123456789012345678901234567890", "-10", "-9.99", "-0.001", "0", "0.0001", "0.17", "1", "9.5", "10",
                   "12345.678900", "1e40", "Infinity", "NaN"}},
      {"text", {"", "a", "a\001", "ab", "abc", "b", "ä", "日本語"}},
      {"varchar", {"", "x", "xy"}},
      {"bpchar", {"", "a", "b"}},
      {"name", {"", "pg_class", "t"}},
      {"bytea", {"\\x", "\\x00", "\\x0000", "\\x00ff", "\\x01", "\\xff"}},
      {"date", {"-infinity", "4714-11-24 BC", "0001-01-01", "1999-12-31", "2000-01-01", "2024-02-29", "infinity"}},
      {"time", {"00:00:00", "12:34:56.789", "23:59:59.999999", "24:00:00"}},
      {"timestamp", {"-infinity", "0044-03-15 12:00:00 BC", "1999-12-31 23:59:59.999999", "2024-02-29 00:00:00", "infinity"}},
      {"timestamptz", {"-infinity", "1900-01-01 00:00:00+00", "2024-02-29 12:34:56.789+00", "infinity"}},
      {"interval", {"-1 mons", "-00:00:01", "00:00:00", "1 day", "1 day 00:00:01", "1 mon", "1 year 2 mons 3 days 04:05:06.789"}},
      {"uuid", {"00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
      {"pg_lsn", {"0/0", "0/1", "16/B374D848", "FFFFFFFF/FFFFFFFF"}},
      {"jsonb", {"null", "\"\"", "\"a\"", "\"ab\"", "-1", "0", "1.5", "1e40", "false", "true", "[]", "[1]", "[1, 2]", "[[]]", "{}", "{\"a\": 1}",
                 "{\"b\": 0}", "{\"a\": 1, \"b\": [null]}"}},
      {"jsonpath", {"$", "$.\"a\"[*]?(@ > 1)", "strict $.\"a\""}},
      {"inet", {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/16", "192.168.1.1", "255.255.255.255", "::", "::1/64", "fe80::1"}},
      {"cidr", {"10.0.0.0/8", "10.0.0.0/16", "::/0"}},
      {"macaddr", {"00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"}},
      {"macaddr8", {"00:00:00:00:00:00:00:00", "08:00:2b:ff:fe:01:02:03"}},
      {"bit", {"0", "1", "10", "101010101"}},
      {"varbit", {"", "0", "1", "100", "100000000", "11"}},
      {"_int4", {"{}", "{1}", "{1,2}", "{1,NULL}", "{2}", "{{1,2},{3,4}}", "[0:1]={5,6}"}},
      {"_text", {"{}", "{\"\"}", "{a,b}", "{\"a b\",NULL,\"NULL\"}"}},
      {"_numeric", {"{}", "{0.17,1e40}", "{NaN}"}},
  };
  return samples;
}

}  // namespace helios::testing
