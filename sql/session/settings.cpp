#include "sql/session/settings.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/sql_error.hpp"
#include "sql/types/datetime.hpp"

namespace helios::sql {

namespace {

using kind = setting_kind;
constexpr setting_definition definitions[] = {
    {"allow_system_table_mods", kind::boolean, "off"},
    {"application_name", kind::text, "", true, nullptr, "Sets the application name to be reported in statistics and logs."},
    {"backslash_quote", kind::choice, "safe_encoding", false, "safe_encoding|on|off"},
    {"bytea_output", kind::choice, "hex", false, "escape|hex", "Sets the output format for bytea."},
    {"check_function_bodies", kind::boolean, "on"},
    {"client_encoding", kind::choice, "UTF8", true, "UTF8", "Sets the client's character set encoding."},
    {"client_min_messages", kind::choice, "notice", false, "debug5|debug4|debug3|debug2|debug1|log|notice|warning|error"},
    {"cursor_tuple_fraction", kind::real, "0.1"},
    {"DateStyle", kind::date_style, "ISO, MDY", true, nullptr, "Sets the display format for date and time values."},
    {"deadlock_timeout", kind::milliseconds, "1s"},
    {"default_table_access_method", kind::text, "heap"},
    {"default_tablespace", kind::text, ""},
    {"default_text_search_config", kind::text, "pg_catalog.simple"},
    {"default_transaction_deferrable", kind::boolean, "off"},
    {"default_transaction_isolation", kind::choice, "read committed", false, "serializable|repeatable read|read committed|read uncommitted"},
    {"default_transaction_read_only", kind::boolean, "off", true},
    {"enable_bitmapscan", kind::boolean, "on"},
    {"enable_hashjoin", kind::boolean, "on"},
    {"enable_indexscan", kind::boolean, "on"},
    {"enable_mergejoin", kind::boolean, "on"},
    {"enable_nestloop", kind::boolean, "on"},
    {"enable_seqscan", kind::boolean, "on"},
    {"escape_string_warning", kind::boolean, "on"},
    {"extra_float_digits", kind::integer, "1"},
    {"from_collapse_limit", kind::integer, "8"},
    {"geqo", kind::boolean, "on"},
    {"idle_in_transaction_session_timeout", kind::milliseconds, "0"},
    {"idle_session_timeout", kind::milliseconds, "0"},
    {"in_hot_standby", kind::fixed, "off", true},
    {"integer_datetimes", kind::fixed, "on", true},
    {"IntervalStyle", kind::choice, "postgres", true, "postgres|postgres_verbose|sql_standard|iso_8601"},
    {"is_superuser", kind::fixed, "on", true},
    {"jit", kind::boolean, "off"},
    {"join_collapse_limit", kind::integer, "8"},
    {"lc_collate", kind::fixed, "C"},
    {"lc_ctype", kind::fixed, "C.UTF-8"},
    {"lc_messages", kind::text, "C"},
    {"lc_monetary", kind::text, "C"},
    {"lc_numeric", kind::text, "C"},
    {"lc_time", kind::text, "C"},
    {"lock_timeout", kind::milliseconds, "0", false, nullptr, "Sets the maximum allowed duration of any wait for a lock."},
    {"log_min_duration_statement", kind::milliseconds, "-1"},
    {"log_statement", kind::choice, "none", false, "none|ddl|mod|all"},
    {"maintenance_work_mem", kind::kilobytes, "64MB"},
    {"max_connections", kind::fixed, "2000"},
    {"max_identifier_length", kind::fixed, "63"},
    {"max_index_keys", kind::fixed, "32"},
    {"max_parallel_workers_per_gather", kind::integer, "0"},
    {"plan_cache_mode", kind::choice, "auto", false, "auto|force_generic_plan|force_custom_plan"},
    {"quote_all_identifiers", kind::boolean, "off"},
    {"random_page_cost", kind::real, "4"},
    {"row_security", kind::boolean, "on"},
    {"search_path", kind::text, "\"$user\", public", false, nullptr, "Sets the schema search order for names that are not schema-qualified."},
    {"role", kind::text, "none"},
    {"server_encoding", kind::fixed, "UTF8", true},
    {"server_version", kind::fixed, "15.8 (HeliosDB-Lite 0.1.0)", true},
    {"server_version_num", kind::fixed, "150008"},
    {"session_authorization", kind::text, "", true},
    {"session_replication_role", kind::choice, "origin", false, "origin|replica|local"},
    {"standard_conforming_strings", kind::boolean, "on", true},
    {"statement_timeout", kind::milliseconds, "0", false, nullptr, "Sets the maximum allowed duration of any statement."},
    {"synchronize_seqscans", kind::boolean, "on"},
    {"synchronous_commit", kind::choice, "on", false, "local|remote_write|remote_apply|on|off"},
    {"temp_buffers", kind::kilobytes, "8MB"},
    {"TimeZone", kind::time_zone, "UTC", true, nullptr, "Sets the time zone for displaying and interpreting time stamps."},
    {"transaction_deferrable", kind::boolean, "off"},
    {"transaction_isolation", kind::choice, "read committed", false, "serializable|repeatable read|read committed|read uncommitted"},
    {"transaction_read_only", kind::boolean, "off"},
    {"vacuum_cost_delay", kind::real, "0"},
    {"work_mem", kind::kilobytes, "4MB"},
    {"xmloption", kind::choice, "content", false, "content|document"},
};

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

[[noreturn]] void invalid(std::string_view name, std::string_view value, std::string hint = {}) {
  throw sql_error(sqlstate::invalid_parameter_value, "invalid value for parameter \"" + std::string(name) + "\": \"" +
                                                         std::string(value) + "\"").hint(std::move(hint));
}

std::string show_milliseconds(std::int64_t ms) {
  if (ms <= 0) return std::to_string(ms);
  if (ms % 86400000 == 0) return std::to_string(ms / 86400000) + "d";
  if (ms % 3600000 == 0) return std::to_string(ms / 3600000) + "h";
  if (ms % 60000 == 0) return std::to_string(ms / 60000) + "min";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

std::string canonical_choice(const setting_definition& d, std::string_view value) {
  auto wanted = lower(trimmed(value));
  std::string_view rest = d.choices;
  // Names of encodings are written in many ways.
  if (std::string_view(d.name) == "client_encoding") {
    std::erase_if(wanted, [](char c) { return c == '-' || c == '_' || c == '\''; });
    if (wanted == "unicode") wanted = "utf8";
  }
  if (wanted == "true" || wanted == "yes" || wanted == "1") wanted = "on";
  if (wanted == "false" || wanted == "no" || wanted == "0") wanted = "off";
  std::string listed;
  while (!rest.empty()) {
    auto end = rest.find('|');
    auto one = rest.substr(0, end);
    if (lower(one) == wanted) return std::string(one);
    listed += (listed.empty() ? "" : ", ") + std::string(one);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  if (std::string_view(d.name) == "client_encoding") invalid(d.name, value);
  invalid(d.name, value, "Available values: " + listed + ".");
}

std::string canonical_date_style(std::string_view value, const std::string& before) {
  auto comma = before.find(", ");
  std::string style = before.substr(0, comma), order = comma == std::string::npos ? "MDY" : before.substr(comma + 2);
  std::string_view rest = value;
  while (!rest.empty()) {
    auto end = rest.find(',');
    auto word = lower(trimmed(rest.substr(0, end)));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (word == "iso") style = "ISO";
    else if (word == "sql") style = "SQL";
    else if (word.rfind("postgres", 0) == 0) style = "Postgres";
    else if (word == "german") style = "German", order = "DMY";
    else if (word == "ymd") order = "YMD";
    else if (word == "dmy" || word.rfind("euro", 0) == 0) order = "DMY";
    else if (word == "mdy" || word == "us" || word.rfind("noneuro", 0) == 0) order = "MDY";
    else if (word == "default") style = "ISO", order = "MDY";
    else {
      throw sql_error(sqlstate::invalid_parameter_value, "invalid value for parameter \"DateStyle\": \"" + std::string(value) + "\"")
          .detail("Unrecognized key word: \"" + word + "\".");
    }
  }
  return style + ", " + order;
}

std::string canonical_kilobytes(const setting_definition& d, std::string_view value) {
  auto v = trimmed(value);
  std::int64_t n = 0;
  auto [end, failed] = std::from_chars(v.data(), v.data() + v.size(), n);
  auto unit = trimmed(std::string_view(end, static_cast<std::size_t>(v.data() + v.size() - end)));
  if (failed != std::errc() || n < 0 || (!unit.empty() && unit != "kB" && unit != "MB" && unit != "GB")) {
    if (failed != std::errc()) invalid(d.name, value);
    invalid(d.name, value, "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".");
  }
  if (unit == "MB") n *= 1024;
  if (unit == "GB") n *= 1024 * 1024;
  if (n % (1024 * 1024) == 0 && n > 0) return std::to_string(n / (1024 * 1024)) + "GB";
  if (n % 1024 == 0 && n > 0) return std::to_string(n / 1024) + "MB";
  return std::to_string(n) + "kB";
}

std::string canonical(const setting_definition& d, std::string_view value, const std::string& before) {
  switch (d.kind) {
    case kind::fixed: {
      std::string_view n = d.name;
      bool by_restart = n == "max_connections" || n == "port" || n == "listen_addresses" || n == "shared_buffers" || n == "wal_level";
      throw sql_error("55P02", "parameter \"" + std::string(n) + "\" cannot be changed" + (by_restart ? " without restarting the server" : ""));
    }
    case kind::text: return std::string(value);
    case kind::choice: return canonical_choice(d, value);
    case kind::date_style: return canonical_date_style(value, before);
    case kind::kilobytes: return canonical_kilobytes(d, value);
    case kind::boolean: {
      auto b = parse_boolean(value);
      if (!b) throw sql_error(sqlstate::invalid_parameter_value, "parameter \"" + std::string(d.name) + "\" requires a Boolean value");
      return *b ? "on" : "off";
    }
    case kind::integer: {
      auto v = trimmed(value);
      std::int64_t n = 0;
      auto [end, failed] = std::from_chars(v.data(), v.data() + v.size(), n);
      if (failed != std::errc() || end != v.data() + v.size()) invalid(d.name, value);
      if (std::string_view(d.name) == "extra_float_digits" && (n < -15 || n > 3)) {
        throw sql_error(sqlstate::invalid_parameter_value, std::to_string(n) + " is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)");
      }
      return std::to_string(n);
    }
    case kind::real: {
      std::string text(trimmed(value));
      char* end = nullptr;
      (void)std::strtod(text.c_str(), &end);
      if (text.empty() || *end != '\0') invalid(d.name, value);
      return text;
    }
    case kind::milliseconds: {
      auto ms = parse_milliseconds(value);
      bool number = !value.empty() && (std::isdigit(static_cast<unsigned char>(value.front())) != 0 || value.front() == '-');
      if (!ms && !number) invalid(d.name, value);
      if (!ms) invalid(d.name, value, "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".");
      return show_milliseconds(*ms);
    }
    case kind::time_zone:
      if (!time_zone::find(value)) invalid(d.name, value);
      return std::string(value);
  }
  return std::string(value);
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view value) {
  auto v = lower(trimmed(value));
  if (v.empty()) return std::nullopt;
  auto prefix = [&v](std::string_view word, std::size_t least) { return v.size() >= least && word.substr(0, v.size()) == v; };
  if (prefix("true", 1) || prefix("yes", 1) || v == "on" || v == "1") return true;
  if (prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || v == "0") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_milliseconds(std::string_view value) {
  std::string text(trimmed(value));
  char* end = nullptr;
  double n = std::strtod(text.c_str(), &end);
  if (text.empty() || end == text.c_str()) return std::nullopt;
  auto unit = trimmed(end);
  double factor = unit.empty() || unit == "ms" ? 1 : unit == "us" ? 0.001 : unit == "s" ? 1000 : unit == "min" ? 60000 : unit == "h" ? 3600000 : unit == "d" ? 86400000 : 0;
  if (factor == 0 || n * factor > 2147483647.0 || n * factor < -1) return std::nullopt;
  return static_cast<std::int64_t>(n * factor + (n < 0 ? -0.5 : 0.5));
}

settings::settings() {
  for (auto& d : definitions) entries_[lower(d.name)] = {&d, d.name, d.initial, d.initial};
}

std::string settings::proper_name(std::string_view name) {
  auto wanted = lower(name);
  for (auto& d : definitions) {
    if (lower(d.name) == wanted) return d.name;
  }
  return std::string(name);
}

settings::entry* settings::lookup(std::string_view name) {
  auto found = entries_.find(lower(name));
  return found == entries_.end() ? nullptr : &found->second;
}

const std::string* settings::find(std::string_view name) const {
  auto found = entries_.find(lower(name));
  return found == entries_.end() ? nullptr : &found->second.value;
}
bool settings::known(std::string_view name) const { return find(name) != nullptr; }

void settings::store(entry& e, std::string value) {
  if (e.value == value) return;
  e.value = std::move(value);
  ++generation_;
  if (on_change) on_change(e.name, e.value);
  if (on_report && e.definition != nullptr && e.definition->reported) on_report(e.name, e.value);
}

void settings::set(std::string_view name, std::string_view value, bool local) {
  auto* e = lookup(name);
  if (e == nullptr) {
    if (name.find('.') == std::string_view::npos) {
      throw sql_error(sqlstate::undefined_object, "unrecognized configuration parameter \"" + std::string(name) + "\"");
    }
    e = &entries_[lower(name)];
    e->name = std::string(name);
  }
  auto checked = e->definition == nullptr ? std::string(value) : canonical(*e->definition, value, e->value);
  auto key = lower(name);
  before_transaction_.emplace(key, e->value);
  if (local) after_local_.emplace(key, e->value);
  else after_local_.erase(key);
  store(*e, std::move(checked));
}

void settings::set_initial(std::string_view name, std::string_view value) {
  auto* e = lookup(name);
  if (e == nullptr) {
    if (name.find('.') == std::string_view::npos) {
      throw sql_error(sqlstate::undefined_object, "unrecognized configuration parameter \"" + std::string(name) + "\"");
    }
    e = &entries_[lower(name)];
    e->name = std::string(name);
  }
  bool fixed = e->definition != nullptr && e->definition->kind == kind::fixed;
  auto checked = e->definition == nullptr || fixed ? std::string(value) : canonical(*e->definition, value, e->value);
  store(*e, std::move(checked));
  e->initial = e->value;
}

void settings::reset(std::string_view name) {
  auto* e = lookup(name);
  if (e == nullptr) throw sql_error(sqlstate::undefined_object, "unrecognized configuration parameter \"" + std::string(name) + "\"");
  before_transaction_.emplace(lower(name), e->value);
  after_local_.erase(lower(name));
  store(*e, e->initial);
}

void settings::reset_all() {
  for (auto& [key, e] : entries_) {
    if (e.value == e.initial || (e.definition != nullptr && e.definition->kind == kind::fixed)) continue;
    if (key.rfind("transaction_", 0) == 0 || key == "role" || key == "session_authorization") continue;
    before_transaction_.emplace(key, e.value);
    store(e, e.initial);
  }
}

void settings::commit() {
  for (auto& [key, value] : after_local_) store(entries_[key], value);
  after_local_.clear();
  before_transaction_.clear();
}

void settings::rollback() {
  for (auto& [key, value] : before_transaction_) store(entries_[key], value);
  after_local_.clear();
  before_transaction_.clear();
}

std::vector<std::pair<std::string, std::string>> settings::changed() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& [key, e] : entries_) {
    bool own = e.definition == nullptr || e.definition->kind != kind::fixed;
    bool of_transaction = key.rfind("transaction_", 0) == 0;
    bool own_name = key == "session_authorization" && e.value == e.initial;
    if (own && !own_name && !of_transaction && (e.definition == nullptr || e.value != e.definition->initial)) out.emplace_back(e.name, e.value);
  }
  // SET SESSION AUTHORIZATION ends a SET ROLE: whoever replays them needs this order.
  std::stable_partition(out.begin(), out.end(), [](auto& s) { return s.first != "role"; });
  return out;
}

std::vector<std::pair<std::string, std::string>> settings::reported() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& [key, e] : entries_) {
    if (e.definition != nullptr && e.definition->reported) out.emplace_back(e.name, e.value);
  }
  return out;
}

std::vector<session_hooks::setting_row> settings::rows() const {
  std::vector<session_hooks::setting_row> out;
  for (auto& [key, e] : entries_) {
    session_hooks::setting_row row;
    row.name = e.name;
    row.value = e.value;
    row.reset_value = e.initial;
    row.category = "Settings";
    row.context = "user";
    row.type = "string";
    if (e.definition != nullptr) {
      row.description = e.definition->description;
      row.boot_value = e.definition->initial;
      switch (e.definition->kind) {
        case kind::boolean: row.type = "bool"; break;
        case kind::integer: case kind::milliseconds: case kind::kilobytes: row.type = "integer"; break;
        case kind::real: row.type = "real"; break;
        case kind::choice: row.type = "enum"; break;
        case kind::fixed: row.context = "internal"; break;
        default: break;
      }
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace helios::sql
