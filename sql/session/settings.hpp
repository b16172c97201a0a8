#pragma once
// The parameters of SET and SHOW: their values, rules, and what a transaction's end does to them. One per session.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/functions/session_hooks.hpp"

namespace helios::sql {

enum class setting_kind : std::uint8_t { text, boolean, integer, milliseconds, kilobytes, real, choice, time_zone, date_style, fixed };

struct setting_definition {
  const char* name;
  setting_kind kind;
  const char* initial;
  bool reported = false;
  const char* choices = nullptr;  ///< separated by '|'
  const char* description = "";
};

class settings {
 public:
  settings();

  /// nullptr when there is none of that name; names are compared without case.
  const std::string* find(std::string_view name) const;
  bool known(std::string_view name) const;
  /// Checks and stores. Throws 42704, 22023, 55P02. `local`: until the end of the transaction.
  void set(std::string_view name, std::string_view value, bool local);
  /// From the start-up message: becomes the value that RESET restores.
  void set_initial(std::string_view name, std::string_view value);
  void reset(std::string_view name);
  void reset_all();
  void commit();
  void rollback();
  /// Changes with every set: what was planned under other settings must be planned anew.
  std::uint64_t generation() const { return generation_; }

  std::vector<std::pair<std::string, std::string>> changed() const;
  std::vector<std::pair<std::string, std::string>> reported() const;
  std::vector<session_hooks::setting_row> rows() const;
  static std::string proper_name(std::string_view name);

  /// Called with (name, value) after a change of a reported parameter.
  std::function<void(const std::string&, const std::string&)> on_report;
  /// Called after any change.
  std::function<void(const std::string&, const std::string&)> on_change;

 private:
  struct entry {
    const setting_definition* definition = nullptr;  ///< null: a custom one ("my.name")
    std::string name, value, initial;
  };
  entry* lookup(std::string_view name);
  void store(entry& e, std::string value);

  std::map<std::string, entry> entries_;  ///< by lower-case name
  std::map<std::string, std::string> before_transaction_, after_local_;
  std::uint64_t generation_ = 1;
};

/// "5s", "300ms", "2min", "100": milliseconds; nothing when malformed.
std::optional<std::int64_t> parse_milliseconds(std::string_view text);
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace helios::sql
