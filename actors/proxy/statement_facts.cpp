#include "actors/proxy/statement_facts.hpp"

#include <algorithm>
#include <cctype>

#include "sql/parse/parsed_statement.hpp"

namespace helios::actors {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// What each kind of statement leaves behind. Most leave nothing.
struct effect_of {
  statement_facts& out;

  void operator()(const sql::ast::set_statement& s) const {
    using kind = sql::ast::set_statement::kind;
    if (s.local || s.what == kind::transaction) return;
    out.effect = s.what == kind::reset_all ? session_effect::reset_all : session_effect::setting;
    out.name = s.what == kind::session_characteristics ? "session characteristics" : lower(s.name);
  }
  void operator()(const sql::ast::discard_statement& s) const {
    if (s.what == sql::ast::discard_statement::kind::all) out.effect = session_effect::discard_all;
  }
  void operator()(const sql::ast::prepare_statement& s) const {
    out.effect = session_effect::prepare;
    out.name = s.name;
  }
  void operator()(const sql::ast::deallocate_statement& s) const {
    out.effect = session_effect::deallocate;
    out.name = s.name;
  }
  void operator()(const sql::ast::create_table_statement& s) const { temporary(s.persistence, s.table); }
  void operator()(const sql::ast::create_table_as_statement& s) const { temporary(s.persistence, s.table); }
  void operator()(const sql::ast::create_view_statement& s) const { temporary(s.persistence, s.view); }
  void operator()(const sql::ast::sequence_statement& s) const { temporary(s.persistence, s.name); }
  void operator()(const sql::ast::declare_cursor_statement& s) const {
    if (s.hold) out.effect = session_effect::local_object;
  }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  void temporary(char persistence, const sql::ast::relation_name& name) const {
    if (persistence == 't' || name.schema == "pg_temp") out.effect = session_effect::local_object;
  }

 public:
  explicit effect_of(statement_facts& to) : out(to) {}
};

}  // namespace

std::vector<statement_facts> inspect_statements(std::string_view text) {
  std::vector<statement_facts> out;
  for (const auto& parsed : sql::parse(text)) {
    statement_facts facts;
    facts.kind = sql::classify(*parsed);
    std::visit(effect_of(facts), parsed->tree().node);
    if (facts.effect == session_effect::none && sql::keeps_in_session(*parsed)) facts.effect = session_effect::local_object;
    if (facts.effect != session_effect::none) facts.text = sql::text_of(*parsed);
    out.push_back(std::move(facts));
  }
  return out;
}

}  // namespace helios::actors
