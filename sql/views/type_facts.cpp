#include "sql/views/type_facts.hpp"

#include <algorithm>
#include <iterator>

namespace helios::sql {
namespace {

/// In order of their ids.
constexpr type_facts facts[] = {
    {16, true, 'c', 'p', 0, 1242, 1243, 2436, 2437, 0, 0, 10003, 424},
    {17, false, 'i', 'x', 0, 1244, 31, 2412, 2413, 0, 0, 10006, 428},
    {18, true, 'c', 'p', 0, 1245, 33, 2434, 2435, 0, 0, 10007, 429},
    {19, false, 'c', 'p', 950, 34, 35, 2422, 2423, 0, 0, 10028, 1994},
    {20, true, 'd', 'p', 0, 460, 461, 2408, 2409, 0, 0, 3124, 1976},
    {21, true, 's', 'p', 0, 38, 39, 2404, 2405, 0, 0, 1979, 1976},
    {22, false, 'i', 'p', 0, 40, 41, 2410, 2411, 0, 0, 10000, 397},
    {23, true, 'i', 'p', 0, 42, 43, 2406, 2407, 0, 0, 1978, 1976},
    {24, true, 'i', 'p', 0, 44, 45, 2444, 2445, 0, 0, 1981, 1989},
    {25, false, 'i', 'x', 100, 46, 47, 2414, 2415, 0, 0, 3126, 1994},
    {26, true, 'i', 'p', 0, 1798, 1799, 2418, 2419, 0, 0, 1981, 1989},
    {27, false, 's', 'p', 0, 48, 49, 2438, 2439, 0, 0, 10050, 2789},
    {28, true, 'i', 'p', 0, 50, 51, 2440, 2441, 0, 0, 0, 0},
    {29, true, 'i', 'p', 0, 52, 53, 2442, 2443, 0, 0, 0, 0},
    {30, false, 'i', 'p', 0, 54, 55, 2420, 2421, 0, 0, 10032, 1991},
    {114, false, 'i', 'x', 0, 321, 322, 323, 324, 0, 0, 0, 0},
    {194, false, 'i', 'x', 100, 195, 196, 197, 198, 0, 0, 0, 0},
    {199, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {650, false, 'i', 'm', 0, 1267, 1427, 2498, 2499, 0, 0, 0, 0},
    {651, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {700, true, 'i', 'p', 0, 200, 201, 2424, 2425, 0, 0, 10012, 1970},
    {701, true, 'd', 'p', 0, 214, 215, 2426, 2427, 0, 0, 3123, 1970},
    {705, false, 'c', 'p', 0, 109, 110, 2416, 2417, 0, 0, 0, 0},
    {774, false, 'i', 'p', 0, 4110, 4111, 3446, 3447, 0, 0, 10026, 3371},
    {775, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {829, false, 'i', 'p', 0, 436, 437, 2494, 2495, 0, 0, 10024, 1984},
    {869, false, 'i', 'm', 0, 910, 911, 2496, 2497, 0, 0, 10015, 1974},
    {1000, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1001, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1002, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1003, false, 'i', 'x', 950, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1005, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1006, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1007, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1008, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1009, false, 'i', 'x', 100, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1010, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1011, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1012, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1013, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1014, false, 'i', 'x', 100, 750, 751, 2400, 2401, 2913, 2914, 10000, 397},
    {1015, false, 'i', 'x', 100, 750, 751, 2400, 2401, 2915, 2916, 10000, 397},
    {1016, false, 'd', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1021, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1022, false, 'd', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1028, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1033, false, 'i', 'p', 0, 1031, 1032, 0, 0, 0, 0, 0, 0},
    {1034, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1040, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1041, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1042, false, 'i', 'x', 100, 1044, 1045, 2430, 2431, 2913, 2914, 10004, 426},
    {1043, false, 'i', 'x', 100, 1046, 1047, 2432, 2433, 2915, 2916, 3126, 1994},
    {1082, true, 'i', 'p', 0, 1084, 1085, 2468, 2469, 0, 0, 3122, 434},
    {1083, true, 'd', 'p', 0, 1143, 1144, 2470, 2471, 2909, 2910, 10038, 1996},
    {1114, true, 'd', 'p', 0, 1312, 1313, 2474, 2475, 2905, 2906, 3128, 434},
    {1115, false, 'd', 'x', 0, 750, 751, 2400, 2401, 2905, 2906, 10000, 397},
    {1182, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1183, false, 'd', 'x', 0, 750, 751, 2400, 2401, 2909, 2910, 10000, 397},
    {1184, true, 'd', 'p', 0, 1150, 1151, 2476, 2477, 2907, 2908, 3127, 434},
    {1185, false, 'd', 'x', 0, 750, 751, 2400, 2401, 2907, 2908, 10000, 397},
    {1186, false, 'd', 'p', 0, 1160, 1161, 2478, 2479, 2903, 2904, 10022, 1982},
    {1187, false, 'd', 'x', 0, 750, 751, 2400, 2401, 2903, 2904, 10000, 397},
    {1231, false, 'i', 'x', 0, 750, 751, 2400, 2401, 2917, 2918, 10000, 397},
    {1263, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {1266, false, 'd', 'p', 0, 1350, 1351, 2472, 2473, 2911, 2912, 10041, 2000},
    {1270, false, 'd', 'x', 0, 750, 751, 2400, 2401, 2911, 2912, 10000, 397},
    {1560, false, 'i', 'x', 0, 1564, 1565, 2456, 2457, 2919, 2920, 10002, 423},
    {1561, false, 'i', 'x', 0, 750, 751, 2400, 2401, 2919, 2920, 10000, 397},
    {1562, false, 'i', 'x', 0, 1579, 1580, 2458, 2459, 2902, 2921, 10043, 2002},
    {1563, false, 'i', 'x', 0, 750, 751, 2400, 2401, 2902, 2921, 10000, 397},
    {1700, false, 'i', 'm', 0, 1701, 1702, 2460, 2461, 2917, 2918, 3125, 1988},
    {2202, true, 'i', 'p', 0, 2212, 2213, 2446, 2447, 0, 0, 1981, 1989},
    {2203, true, 'i', 'p', 0, 2214, 2215, 2448, 2449, 0, 0, 1981, 1989},
    {2204, true, 'i', 'p', 0, 2216, 2217, 2450, 2451, 0, 0, 1981, 1989},
    {2205, true, 'i', 'p', 0, 2218, 2219, 2452, 2453, 0, 0, 1981, 1989},
    {2206, true, 'i', 'p', 0, 2220, 2221, 2454, 2455, 0, 0, 1981, 1989},
    {2207, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {2208, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {2209, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {2210, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {2211, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {2249, false, 'd', 'x', 0, 2290, 2291, 2402, 2403, 0, 0, 10034, 2994},
    {2275, false, 'c', 'p', 0, 2292, 2293, 2500, 2501, 0, 0, 0, 0},
    {2276, true, 'i', 'p', 0, 2294, 2295, 0, 0, 0, 0, 0, 0},
    {2277, false, 'd', 'x', 0, 2296, 2297, 2502, 2503, 0, 0, 10000, 397},
    {2278, true, 'i', 'p', 0, 2298, 2299, 3120, 3121, 0, 0, 0, 0},
    {2283, true, 'i', 'p', 0, 2312, 2313, 0, 0, 0, 0, 0, 0},
    {2287, false, 'd', 'x', 0, 750, 751, 2400, 2401, 0, 0, 0, 0},
    {2776, true, 'i', 'p', 0, 2777, 2778, 0, 0, 0, 0, 0, 0},
    {2950, false, 'c', 'p', 0, 2952, 2953, 2961, 2962, 0, 0, 10065, 2968},
    {2951, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {3220, true, 'd', 'p', 0, 3229, 3230, 3238, 3239, 0, 0, 10067, 3253},
    {3221, false, 'd', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {3500, true, 'i', 'p', 0, 3504, 3505, 0, 0, 0, 0, 10069, 3522},
    {3802, false, 'i', 'x', 0, 3806, 3804, 3805, 3803, 0, 0, 10088, 4033},
    {3807, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {4072, false, 'i', 'x', 0, 4001, 4003, 4002, 4004, 0, 0, 0, 0},
    {4073, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {4089, true, 'i', 'p', 0, 4084, 4085, 4087, 4088, 0, 0, 1981, 1989},
    {4090, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
    {4096, true, 'i', 'p', 0, 4098, 4092, 4094, 4095, 0, 0, 1981, 1989},
    {4097, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397},
};

constexpr type_io_function functions[] = {
    {31, "byteaout"}, {33, "charout"}, {34, "namein"}, {35, "nameout"}, {38, "int2in"}, {39, "int2out"},
    {40, "int2vectorin"}, {41, "int2vectorout"}, {42, "int4in"}, {43, "int4out"}, {44, "regprocin"},
    {45, "regprocout"}, {46, "textin"}, {47, "textout"}, {48, "tidin"}, {49, "tidout"}, {50, "xidin"}, {51, "xidout"},
    {52, "cidin"}, {53, "cidout"}, {54, "oidvectorin"}, {55, "oidvectorout"}, {109, "unknownin"}, {110, "unknownout"},
    {195, "pg_node_tree_in"}, {196, "pg_node_tree_out"}, {197, "pg_node_tree_recv"}, {198, "pg_node_tree_send"},
    {200, "float4in"}, {201, "float4out"}, {214, "float8in"}, {215, "float8out"}, {321, "json_in"}, {322, "json_out"},
    {323, "json_recv"}, {324, "json_send"}, {460, "int8in"}, {461, "int8out"}, {750, "array_in"}, {751, "array_out"},
    {910, "inet_in"}, {911, "inet_out"}, {1031, "aclitemin"}, {1032, "aclitemout"}, {1044, "bpcharin"},
    {1045, "bpcharout"}, {1046, "varcharin"}, {1047, "varcharout"}, {1084, "date_in"}, {1085, "date_out"},
    {1143, "time_in"}, {1144, "time_out"}, {1150, "timestamptz_in"}, {1151, "timestamptz_out"}, {1160, "interval_in"},
    {1161, "interval_out"}, {1242, "boolin"}, {1243, "boolout"}, {1244, "byteain"}, {1245, "charin"},
    {1267, "cidr_in"}, {1312, "timestamp_in"}, {1313, "timestamp_out"}, {1427, "cidr_out"}, {1701, "numeric_in"},
    {1702, "numeric_out"}, {1798, "oidin"}, {1799, "oidout"}, {2212, "regprocedurein"}, {2213, "regprocedureout"},
    {2214, "regoperin"}, {2215, "regoperout"}, {2216, "regoperatorin"}, {2217, "regoperatorout"},
    {2218, "regclassin"}, {2219, "regclassout"}, {2220, "regtypein"}, {2221, "regtypeout"}, {2290, "record_in"},
    {2291, "record_out"}, {2292, "cstring_in"}, {2293, "cstring_out"}, {2294, "any_in"}, {2295, "any_out"},
    {2296, "anyarray_in"}, {2297, "anyarray_out"}, {2298, "void_in"}, {2299, "void_out"}, {2312, "anyelement_in"},
    {2313, "anyelement_out"}, {2400, "array_recv"}, {2401, "array_send"}, {2402, "record_recv"},
    {2403, "record_send"}, {2404, "int2recv"}, {2405, "int2send"}, {2406, "int4recv"}, {2407, "int4send"},
    {2408, "int8recv"}, {2409, "int8send"}, {2410, "int2vectorrecv"}, {2411, "int2vectorsend"}, {2412, "bytearecv"},
    {2413, "byteasend"}, {2414, "textrecv"}, {2415, "textsend"}, {2416, "unknownrecv"}, {2417, "unknownsend"},
    {2418, "oidrecv"}, {2419, "oidsend"}, {2420, "oidvectorrecv"}, {2421, "oidvectorsend"}, {2422, "namerecv"},
    {2423, "namesend"}, {2424, "float4recv"}, {2425, "float4send"}, {2426, "float8recv"}, {2427, "float8send"},
    {2430, "bpcharrecv"}, {2431, "bpcharsend"}, {2432, "varcharrecv"}, {2433, "varcharsend"}, {2434, "charrecv"},
    {2435, "charsend"}, {2436, "boolrecv"}, {2437, "boolsend"}, {2438, "tidrecv"}, {2439, "tidsend"},
    {2440, "xidrecv"}, {2441, "xidsend"}, {2442, "cidrecv"}, {2443, "cidsend"}, {2444, "regprocrecv"},
    {2445, "regprocsend"}, {2446, "regprocedurerecv"}, {2447, "regproceduresend"}, {2448, "regoperrecv"},
    {2449, "regopersend"}, {2450, "regoperatorrecv"}, {2451, "regoperatorsend"}, {2452, "regclassrecv"},
    {2453, "regclasssend"}, {2454, "regtyperecv"}, {2455, "regtypesend"}, {2460, "numeric_recv"},
    {2461, "numeric_send"}, {2468, "date_recv"}, {2469, "date_send"}, {2470, "time_recv"}, {2471, "time_send"},
    {2474, "timestamp_recv"}, {2475, "timestamp_send"}, {2476, "timestamptz_recv"}, {2477, "timestamptz_send"},
    {2478, "interval_recv"}, {2479, "interval_send"}, {2496, "inet_recv"}, {2497, "inet_send"}, {2498, "cidr_recv"},
    {2499, "cidr_send"}, {2500, "cstring_recv"}, {2501, "cstring_send"}, {2502, "anyarray_recv"},
    {2503, "anyarray_send"}, {2777, "anynonarray_in"}, {2778, "anynonarray_out"}, {2903, "intervaltypmodin"},
    {2904, "intervaltypmodout"}, {2905, "timestamptypmodin"}, {2906, "timestamptypmodout"},
    {2907, "timestamptztypmodin"}, {2908, "timestamptztypmodout"}, {2909, "timetypmodin"}, {2910, "timetypmodout"},
    {2913, "bpchartypmodin"}, {2914, "bpchartypmodout"}, {2915, "varchartypmodin"}, {2916, "varchartypmodout"},
    {2917, "numerictypmodin"}, {2918, "numerictypmodout"}, {2952, "uuid_in"}, {2953, "uuid_out"}, {2961, "uuid_recv"},
    {2962, "uuid_send"}, {3120, "void_recv"}, {3121, "void_send"}, {3229, "pg_lsn_in"}, {3230, "pg_lsn_out"},
    {3238, "pg_lsn_recv"}, {3239, "pg_lsn_send"}, {3504, "anyenum_in"}, {3505, "anyenum_out"},
    {436, "macaddr_in"}, {437, "macaddr_out"}, {1350, "timetz_in"}, {1351, "timetz_out"}, {1564, "bit_in"},
    {1565, "bit_out"}, {1579, "varbit_in"}, {1580, "varbit_out"}, {2456, "bit_recv"}, {2457, "bit_send"},
    {2458, "varbit_recv"}, {2459, "varbit_send"}, {2472, "timetz_recv"}, {2473, "timetz_send"}, {2494, "macaddr_recv"},
    {2495, "macaddr_send"}, {2902, "varbittypmodin"}, {2911, "timetztypmodin"}, {2912, "timetztypmodout"},
    {2919, "bittypmodin"}, {2920, "bittypmodout"}, {2921, "varbittypmodout"}, {3446, "macaddr8_recv"},
    {3447, "macaddr8_send"}, {3803, "jsonb_send"}, {3804, "jsonb_out"}, {3805, "jsonb_recv"}, {3806, "jsonb_in"},
    {4001, "jsonpath_in"}, {4002, "jsonpath_recv"}, {4003, "jsonpath_out"}, {4004, "jsonpath_send"},
    {4110, "macaddr8_in"}, {4111, "macaddr8_out"}, {4084, "regnamespacein"}, {4085, "regnamespaceout"}, {4087, "regnamespacerecv"}, {4088, "regnamespacesend"},
    {2597, "domain_in"}, {2598, "domain_recv"}, {3506, "enum_in"}, {3507, "enum_out"}, {3532, "enum_recv"}, {3533, "enum_send"},
    {4092, "regroleout"}, {4094, "regrolerecv"}, {4095, "regrolesend"}, {4098, "regrolein"},
};

}  // namespace

namespace {
constexpr type_facts enum_facts{0, true, 'i', 'p', 0, 3506, 3507, 3532, 3533, 0, 0, 10069, 3522};
constexpr type_facts row_facts{0, false, 'd', 'x', 0, 2290, 2291, 2402, 2403, 0, 0, 10034, 2994};
constexpr type_facts array_facts{0, false, 'i', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397};
constexpr type_facts wide_array_facts{0, false, 'd', 'x', 0, 750, 751, 2400, 2401, 0, 0, 10000, 397};

/// A domain has those of what it is over; what differs is its input.
const type_facts* defined_type_facts(oid id) {
  const type_ops* type = find_type(id);
  if (!type) return nullptr;
  if (type->stored) return find_type_facts(type->stored->id);
  if (type->kind == 'e') return &enum_facts;
  if (type->kind == 'c') return &row_facts;
  const type_facts* element = find_type_facts(type->element);
  return element && element->align == 'd' ? &wide_array_facts : &array_facts;
}
}  // namespace

const type_facts* find_type_facts(oid id) {
  if (id >= first_defined_oid) return defined_type_facts(id);
  const auto* found = std::lower_bound(std::begin(facts), std::end(facts), id, [](const type_facts& f, oid wanted) { return f.id < wanted; });
  return found != std::end(facts) && found->id == id ? found : nullptr;
}

std::span<const type_io_function> type_io_functions() { return functions; }

namespace {
/// Several types share a class (varchar has text's): each class once.
std::vector<operator_class> all_operator_classes() {
  std::vector<operator_class> out;
  for (const type_ops* t : all_types()) {
    const type_facts* of = find_type_facts(t->id);
    if (!of || of->btree_class == 0) continue;
    auto same = [of](const operator_class& c) { return c.id == of->btree_class; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back({of->btree_class, std::string(t->name) + "_ops", t->id, true});
  }
  // All text sorts by its bytes here, as the pattern classes want it.
  out.push_back({4217, "text_pattern_ops", type_oid::text, false});
  out.push_back({4218, "varchar_pattern_ops", type_oid::text, false});
  out.push_back({4219, "bpchar_pattern_ops", type_oid::bpchar, false});
  out.push_back({10009, "cidr_ops", type_oid::inet, false});
  out.push_back({10044, "varchar_ops", type_oid::text, false});
  return out;
}
}  // namespace

std::span<const operator_class> operator_classes() {
  static const std::vector<operator_class> all = all_operator_classes();
  return all;
}

const operator_class* find_operator_class(std::string_view name) {
  for (const auto& c : operator_classes())
    if (c.name == name) return &c;
  return nullptr;
}

oid named_operator_class(std::string_view name) {
  const operator_class* found = name.empty() ? nullptr : find_operator_class(name);
  return found ? found->id : 0;
}

}  // namespace helios::sql
