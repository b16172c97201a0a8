// Which function or operator a call means: PostgreSQL's rules ("Type Conversion", steps for operators and functions).
// An exact match wins; then the candidates whose arguments coerce implicitly are narrowed by exact matches, by preferred
// types, and by what unknown literals may be.
#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {
namespace {

bool polymorphic(oid type) {
  return type == type_oid::anyelement || type == type_oid::anyarray || type == type_oid::anynonarray || type == type_oid::any_enum;
}

char category_of(oid type) {
  if (const type_ops* ops = find_type(type)) return ops->category;
  return 'X';
}
bool preferred(oid type) {
  const type_ops* ops = find_type(type);
  return ops && ops->preferred;
}

bool coerces(oid from, oid to) {
  if (from == to || from == type_oid::unknown || to == type_oid::any) return true;
  if (to == type_oid::anyelement) return true;
  if (to == type_oid::anynonarray) return category_of(from) != 'A';
  if (to == type_oid::anyarray) return category_of(from) == 'A';
  if (to == type_oid::any_enum) return category_of(from) == 'E';
  if (to == type_oid::record && category_of(from) == 'C') return true;
  return find_cast(from, to, cast_context::implicit) != nullptr;
}

/// One way to read the call: the declared argument types, with a variadic tail repeated.
struct candidate {
  const function_def* function = nullptr;
  const aggregate_def* aggregate = nullptr;
  std::vector<oid> declared;
  oid result = 0;
};

/// anyelement and anyarray must agree. Unknown literals follow the others, or become text (an enum they cannot be).
bool settle_polymorphic(candidate& c, std::span<const oid> actual) {
  oid element = 0;
  bool of_enum = false;
  bool any_poly = polymorphic(c.result);
  for (std::size_t i = 0; i < c.declared.size(); ++i) {
    if (!polymorphic(c.declared[i])) continue;
    any_poly = true;
    of_enum = of_enum || c.declared[i] == type_oid::any_enum;
    if (actual[i] == type_oid::unknown) continue;
    if (c.declared[i] == type_oid::any_enum && (actual[i] < first_defined_oid || get_type(actual[i]).kind != 'e')) return false;
    const bool as_given = c.declared[i] == type_oid::anyelement || c.declared[i] == type_oid::anynonarray;
    oid here = as_given ? actual[i] : base_type(actual[i]);
    if (c.declared[i] == type_oid::anyarray) here = here == type_oid::int2vector ? type_oid::int2 : here == type_oid::oidvector ? oid{type_oid::oid} : element_type(here);
    if (here == 0 || (element != 0 && element != here)) return false;
    element = here;
  }
  if (!any_poly) return true;
  if (element == 0 && of_enum) return false;
  if (element == 0) element = type_oid::text;
  const auto settle = [&](oid& type) {
    if (type == type_oid::anyelement || type == type_oid::anynonarray || type == type_oid::any_enum) type = element;
    else if (type == type_oid::anyarray) type = find_type(element) ? get_type(element).array_type : 0;
    return type != 0;
  };
  for (std::size_t i = 0; i < c.declared.size(); ++i) {
    const bool vector = actual[i] == type_oid::int2vector || actual[i] == type_oid::oidvector;
    if (c.declared[i] == type_oid::anyarray && vector) c.declared[i] = actual[i];
    else if (!settle(c.declared[i])) return false;
  }
  return settle(c.result);
}

std::size_t exact_matches(const candidate& c, std::span<const oid> actual) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) n += actual[i] != type_oid::unknown && c.declared[i] == actual[i];
  return n;
}

std::size_t preferred_matches(const candidate& c, std::span<const oid> actual) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < actual.size(); ++i)
    n += actual[i] != type_oid::unknown &&
         (c.declared[i] == actual[i] || (category_of(c.declared[i]) == category_of(actual[i]) && preferred(c.declared[i])));
  return n;
}

template <class Score>
void keep_best(std::vector<candidate>& list, Score score) {
  std::size_t best = 0;
  for (const auto& c : list) best = std::max(best, score(c));
  std::erase_if(list, [&](const candidate& c) { return score(c) < best; });
}

/// Unknown literals: the category all candidates agree on, or string if any accepts it; then its preferred type.
void narrow_by_unknowns(std::vector<candidate>& list, std::span<const oid> actual) {
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] != type_oid::unknown) continue;
    char category = 0;
    bool has_preferred = false, conflict = false;
    for (const auto& c : list) {
      const char here = category_of(c.declared[i]);
      if (category == 0) category = here;
      else if (category != here) conflict = true;
      if (here == 'S') {
        category = 'S', conflict = false;
        break;
      }
    }
    if (conflict) return;
    for (const auto& c : list) has_preferred = has_preferred || (category_of(c.declared[i]) == category && preferred(c.declared[i]));
    std::erase_if(list, [&](const candidate& c) {
      return category_of(c.declared[i]) != category || (has_preferred && !preferred(c.declared[i]));
    });
  }
}

/// Pseudo types stay as declared here: candidates are weighed by them, and settled when one is chosen.
bool accepts(candidate c, std::span<const oid> actual, std::span<const oid> given) {
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (!coerces(actual[i], c.declared[i])) return false;
  return settle_polymorphic(c, given);
}

/// The last resort: all known arguments have one type; assume it for the unknown ones too.
void narrow_by_known(std::vector<candidate>& list, std::span<const oid> actual) {
  oid known = 0;
  bool any_unknown = false;
  for (oid t : actual) {
    if (t == type_oid::unknown) {
      any_unknown = true;
      continue;
    }
    if (known != 0 && known != t) return;
    known = t;
  }
  if (!any_unknown || known == 0) return;
  std::vector<candidate> fitting;
  const std::vector<oid> assumed(actual.size(), known);
  for (const auto& c : list)
    if (accepts(c, assumed, assumed)) fitting.push_back(c);
  if (fitting.size() == 1) list = std::move(fitting);
}

bool is_exact(const candidate& c, std::span<const oid> actual) {
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (c.declared[i] != actual[i]) return false;
  return true;
}

/// Domains count as what they are over, but where a signature takes any type.
std::vector<oid> without_domains(std::span<const oid> types) {
  std::vector<oid> out(types.begin(), types.end());
  for (oid& t : out) t = base_type(t);
  return out;
}

void select(std::vector<candidate>& list, std::span<const oid> actual) {
  std::erase_if(list, [&](const candidate& c) {
    for (std::size_t i = 0; i < actual.size(); ++i)
      if (!coerces(actual[i], c.declared[i])) return true;
    return false;
  });
  if (list.size() <= 1) return;
  keep_best(list, [&](const candidate& c) { return exact_matches(c, actual); });
  if (list.size() > 1) keep_best(list, [&](const candidate& c) { return preferred_matches(c, actual); });
  if (list.size() > 1) narrow_by_unknowns(list, actual);
  if (list.size() > 1) narrow_by_known(list, actual);
}

resolved_function finish(candidate&& c, std::span<const oid> actual) {
  (void)settle_polymorphic(c, actual);
  for (std::size_t i = 0; i < c.declared.size(); ++i)
    if (c.declared[i] == type_oid::any)
      c.declared[i] = actual[i] == type_oid::unknown ? oid{type_oid::text} : actual[i];
  return {c.function, c.aggregate, std::move(c.declared), c.result};
}

/// An aggregate that takes any type takes a domain as it is (array_agg), whatever it has for the type below.
void keep_domains(std::vector<candidate>& list, std::span<const oid> actual, std::span<const oid> given) {
  if (std::equal(actual.begin(), actual.end(), given.begin())) return;
  const auto any_type = [](const candidate& c) { return c.aggregate && std::any_of(c.declared.begin(), c.declared.end(), polymorphic); };
  if (std::any_of(list.begin(), list.end(), any_type)) std::erase_if(list, [&](const candidate& c) { return !any_type(c); });
}

std::string type_list_text(std::span<const oid> types) {
  std::string out;
  for (oid t : types) out.append(out.empty() ? "" : ", ").append(format_type({t, -1}));
  return out;
}

void add_candidate(std::vector<candidate>& list, const function_def* f, std::span<const oid> actual) {
  candidate c{f, nullptr, f->arguments, f->result};
  if (f->variadic_any && actual.size() >= c.declared.size()) c.declared.resize(actual.size(), f->arguments.back());
  if (c.declared.size() == actual.size()) list.push_back(std::move(c));
}

[[noreturn]] void no_function(std::string_view name, std::span<const oid> types, bool star, int position) {
  throw sql_error(sqlstate::undefined_function, "function " + std::string(name) + "(" +
                                                    (star ? "*" : type_list_text(types)) + ") does not exist")
      .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
      .at(position);
}

}  // namespace

resolved_function resolve_function(std::string_view name, std::span<const oid> given, bool star, int position) {
  const std::vector<oid> actual = without_domains(given);
  std::vector<candidate> list;
  for (const aggregate_def* a : builtins().aggregates(name))
    if (a->arguments.size() == actual.size() && (star == (actual.empty() && name == "count")))
      list.push_back({nullptr, a, a->arguments, a->result});
  if (!star)
    for (const function_def* f : builtins().functions(name)) add_candidate(list, f, actual);
  if (star && list.empty()) {
    if (builtins().functions(name).empty() && builtins().aggregates(name).empty()) no_function(name, given, false, position);
    throw sql_error("42809", std::string(name) + "(*) specified, but " + std::string(name) + " is not an aggregate function")
        .at(position);
  }
  if (!star && actual.empty() && name == "count")
    throw sql_error("42809", "count(*) must be used to call a parameterless aggregate function").at(position);

  for (auto& c : list)
    if (is_exact(c, given)) return finish(std::move(c), given);
  std::erase_if(list, [&](const candidate& c) { return !accepts(c, actual, given); });
  keep_domains(list, actual, given);
  select(list, actual);
  if (list.empty()) no_function(name, given, false, position);
  if (list.size() > 1)
    throw sql_error(sqlstate::ambiguous_function,
                    "function " + std::string(name) + "(" + type_list_text(given) + ") is not unique")
        .hint("Could not choose a best candidate function. You might need to add explicit type casts.")
        .at(position);
  return finish(std::move(list.front()), given);
}

resolved_function resolve_operator(std::string_view name, oid left, oid right, int position) {
  if (name == "!=") name = "<>";
  std::vector<oid> given;
  if (left != 0) given.push_back(left);
  given.push_back(right);
  const std::vector<oid> actual = without_domains(given);
  std::vector<candidate> list;
  for (const function_def* f : builtins().operators(name))
    if (f->arguments.size() == actual.size()) list.push_back({f, nullptr, f->arguments, f->result});

  // A literal beside a known type is first taken to be of that type.
  std::vector<oid> assumed = actual;
  if (actual.size() == 2 && (left == type_oid::unknown) != (right == type_oid::unknown))
    assumed.assign(2, left == type_oid::unknown ? actual[1] : actual[0]);
  for (auto& c : list)
    if (is_exact(c, actual) || is_exact(c, assumed)) return finish(std::move(c), given);

  std::erase_if(list, [&](const candidate& c) { return !accepts(c, actual, given); });
  select(list, actual);
  const std::string shown = (left != 0 ? format_type({left, -1}) + " " : "") + std::string(name) + " " + format_type({right, -1});
  if (list.empty())
    throw sql_error(sqlstate::undefined_function, "operator does not exist: " + shown)
        .hint(left == 0 ? "No operator matches the given name and argument type. You might need to add an explicit type cast."
                        : "No operator matches the given name and argument types. You might need to add explicit type casts.")
        .at(position);
  if (list.size() > 1)
    throw sql_error(sqlstate::ambiguous_function, "operator is not unique: " + shown)
        .hint("Could not choose a best candidate operator. You might need to add explicit type casts.")
        .at(position);
  return finish(std::move(list.front()), given);
}

oid common_type(std::span<const oid> types, std::string_view construct, int position) {
  if (types.empty()) return type_oid::text;
  if (types[0] != type_oid::unknown && std::all_of(types.begin(), types.end(), [&](oid t) { return t == types[0]; })) return types[0];
  oid chosen = base_type(types[0]);
  for (oid given : types.subspan(1)) {
    const oid t = base_type(given);
    if (t == type_oid::unknown || t == chosen) continue;
    if (chosen == type_oid::unknown) {
      chosen = t;
    } else if (category_of(t) != category_of(chosen)) {
      throw sql_error(sqlstate::datatype_mismatch, std::string(construct) + " types " + format_type({chosen, -1}) + " and " +
                                                       format_type({t, -1}) + " cannot be matched")
          .at(position);
    } else if (!preferred(chosen) && find_cast(chosen, t, cast_context::implicit) &&
               !find_cast(t, chosen, cast_context::implicit)) {
      chosen = t;
    }
  }
  return chosen == type_oid::unknown ? oid{type_oid::text} : chosen;
}

}  // namespace helios::sql
