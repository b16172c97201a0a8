// How names are found for this session: search_path, the catalog of the running statement, and the text forms of reg*
// types.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/bind/binder.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/catalog/virtual_relation.hpp"
#include "sql/session/session_core.hpp"
#include "sql/types/type_name.hpp"
#include "sql/views/system_views.hpp"

namespace helios::sql {

catalog_ptr session_core::definitions() const {
  auto* self = const_cast<session_core*>(this);
  auto at = self->work_.snapshot() ? self->work_.snapshot() : self->db_.engine().take_snapshot();
  auto own = self->work_.definitions_changed();
  auto& temporary = self->work_.private_rows().rows;
  bool has_temporary = temporary.count(temporary_catalog_space) > 0;
  if (definitions_ && definitions_version_ == at->catalog_version() && own_definitions_ == own) {
    return definitions_;
  }
  if (definitions_) seen_definitions_.push_back(definitions_);
  definitions_ = own == 0 && !has_temporary ? self->db_.catalog_at(at) : catalog::load(at, &self->work_.writer(), ~std::uint64_t{0});
  definitions_version_ = at->catalog_version();
  own_definitions_ = own;
  return definitions_;
}

void session_core::definitions_changed() {
  work_.note_definition_change();
  if (definitions_) seen_definitions_.push_back(definitions_);
  definitions_.reset();
}

std::vector<oid> session_core::search_path(bool with_implicit) const {
  std::vector<oid> out;
  auto c = definitions();
  bool listed = false;
  std::string_view rest = *settings_.find("search_path");
  while (!rest.empty()) {
    // Names are separated by commas, and may be quoted.
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
    if (rest.empty()) break;
    std::string name;
    if (rest.front() == '"') {
      auto end = rest.find('"', 1);
      name = std::string(rest.substr(1, end == std::string_view::npos ? rest.size() : end - 1));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    } else {
      auto end = rest.find(',');
      name = std::string(rest.substr(0, end));
      while (!name.empty() && name.back() == ' ') name.pop_back();
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
      for (char& ch : name) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
    }
    if (name == "$user") name = current_user();
    if (name == "pg_catalog") {
      listed = true;
      out.push_back(pg_catalog_schema);
    } else if (auto* schema = c->find_schema(name); schema != nullptr) {
      // As if it were not there: what may not be used is not searched.
      if (may(*c, role_id(), protect(*schema), right::usage)) out.push_back(schema->id);
    }
  }
  if (with_implicit && !listed) out.insert(out.begin(), pg_catalog_schema);
  // The session's temporary schema comes first, unless the path gives it another place.
  auto* temporary = c->temporary_schema();
  if (with_implicit && temporary != nullptr && std::find(out.begin(), out.end(), temporary->id) == out.end()) {
    out.insert(out.begin(), temporary->id);
  }
  return out;
}

bind_environment session_core::environment() {
  return {definitions(), search_path(true), &formats_, this, this, false, role_id()};
}

call_context session_core::context(arena& memory) {
  call_context out;
  out.mem = &memory;
  out.format = &formats_;
  out.owner = this;
  out.hooks = this;
  return out;
}

oid session_core::schema_of(const ast::relation_name& name, const char* what) const {
  const bool creates = *what != '\0';
  const int position = std::string_view(what) == "table" ? name.position : 0;
  if (!name.catalog.empty() && name.catalog != options_.database) {
    throw sql_error(sqlstate::feature_not_supported, "cross-database references are not implemented: \"" + name.catalog + "." +
                                                         name.schema + "." + name.name + "\"").at(name.position);
  }
  if (name.schema.empty()) {
    for (oid id : search_path(false)) {
      if (id == pg_catalog_schema) continue;
      if (creates) require_right(*definitions(), role_id(), protect(*definitions()->find_schema(id)), right::create, position);
      return id;
    }
    throw sql_error(sqlstate::invalid_schema_name, "no schema has been selected to create in").at(name.position);
  }
  auto* schema = definitions()->find_schema(name.schema);
  if (schema == nullptr) {
    throw sql_error(sqlstate::invalid_schema_name, "schema \"" + name.schema + "\" does not exist").at(name.position);
  }
  if (schema->id == pg_catalog_schema || schema->id == information_schema_oid) {
    throw sql_error(sqlstate::insufficient_privilege, "permission denied to create \"" + name.schema + "." + name.name + "\"")
        .detail("System catalog modifications are currently disallowed.");
  }
  if (creates) require_right(*definitions(), role_id(), protect(*schema), right::create, position);
  return schema->id;
}

namespace {
std::string quote_name(const std::string& name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (char c : name) plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  if (plain) return name;
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

/// "a"."B" or a.b, folded; one or two parts.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out(1);
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      if (in_quotes && i + 1 < text.size() && text[i + 1] == '"') out.back() += text[i++];
      else in_quotes = !in_quotes;
    } else if (c == '.' && !in_quotes) {
      out.emplace_back();
    } else {
      out.back() += !in_quotes && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return out;
}

struct named_relation {
  std::string name;
  oid schema = 0;
};
std::optional<named_relation> relation_of(const catalog& c, oid id) {
  if (auto* t = c.find_table(id); t != nullptr) return named_relation{t->name, t->schema};
  if (auto* i = c.find_index(id); i != nullptr) return named_relation{i->name, i->schema};
  if (auto* s = c.find_sequence(id); s != nullptr) return named_relation{s->name, s->schema};
  return std::nullopt;
}

oid relation_in(const catalog& c, oid schema, const std::string& name) {
  if (auto* t = c.find_table(schema, name); t != nullptr) return t->id;
  if (auto* i = c.find_index(schema, name); i != nullptr) return i->id;
  if (auto* s = c.find_sequence(schema, name); s != nullptr) return s->id;
  return 0;
}
}  // namespace

std::string session_core::relation_name(oid id) const {
  auto c = definitions();
  auto found = relation_of(*c, id);
  if (auto* view = found ? nullptr : find_system_view(id); view != nullptr) {
    return (view->schema == pg_catalog_schema ? std::string() : view->relation.schema + ".") + quote_name(view->relation.name);
  }
  if (!found) return {};
  for (oid schema : search_path(true)) {
    if (relation_in(*c, schema, found->name) == 0) continue;
    if (schema == found->schema) return quote_name(found->name);
    break;
  }
  auto* schema = c->find_schema(found->schema);
  return (schema == nullptr ? std::string() : quote_name(schema->name) + ".") + quote_name(found->name);
}

std::string session_core::view_text(oid view, bool pretty) const {
  auto c = definitions();
  auto* table = c->find_table(view);
  if (table == nullptr || table->definition.empty()) return {};
  auto query = binder::view_query(*table);
  ast::query_style style;
  style.pretty = pretty;
  style.relation = [&](const ast::relation_name& name) {
    auto* schema = c->find_schema(name.schema);
    oid id = schema == nullptr ? 0 : relation_in(*c, schema->id, name.name);
    if (id != 0) return relation_name(id);
    bool system = name.schema == "pg_catalog";
    return system ? ast::quote_identifier(name.name) : std::string();
  };
  return with_type_names(ast::to_sql(*query, style)) + ";";
}

std::string session_core::pretty_expression(std::string_view text) const {
  ast::query_style style;
  style.pretty = true;
  try {
    auto parsed = parse("SELECT " + std::string(text));
    auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
    return ast::to_sql(*select.query->targets.at(0).value, style);
  } catch (const sql_error&) {
    return std::string(text);  // a list of expressions, or no expression at all
  }
}

std::string session_core::role_name(oid id) const {
  auto c = definitions();
  auto* role = c->find_role(id);
  return role == nullptr ? std::string() : quote_name(role->name);
}

std::string session_core::schema_name(oid id) const {
  auto c = definitions();
  auto* schema = c->find_schema(id);
  return schema == nullptr ? std::string() : quote_name(schema->name);
}

oid session_core::find_relation(std::string_view text) const {
  auto c = definitions();
  auto parts = parts_of(text);
  if (parts.size() > 1) {
    auto& schema_text = parts[parts.size() - 2];
    auto* schema = c->find_schema(schema_text);
    if (schema != nullptr) {
      if (oid id = relation_in(*c, schema->id, parts.back()); id != 0) return id;
    }
    auto* view = find_virtual_relation(*c, {}, schema_text, parts.back());
    return view == nullptr ? 0 : view->id;
  }
  auto path = search_path(true);
  if (auto* view = find_virtual_relation(*c, path, {}, parts[0]); view != nullptr) return view->id;
  for (oid schema : path) {
    if (oid id = relation_in(*c, schema, parts[0]); id != 0) return id;
  }
  return 0;
}

oid session_core::find_role(std::string_view text) const {
  auto* role = definitions()->find_role(parts_of(text)[0]);
  return role == nullptr ? 0 : role->id;
}

oid session_core::find_schema(std::string_view text) const {
  auto* schema = definitions()->find_schema(parts_of(text)[0]);
  return schema == nullptr ? 0 : schema->id;
}

}  // namespace helios::sql
