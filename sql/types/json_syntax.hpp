#pragma once
// JSON text (RFC 8259) read token by token, with PostgreSQL's error texts. Pure; any thread. No recursion: hostile
// nesting costs memory, never the stack.

#include <string>
#include <string_view>

namespace helios::sql {

/// Nesting of type json, which is kept as text; deeper input throws 54001.
inline constexpr int json_depth_max = 6000;
/// Nesting of a json_tree and of jsonb, which are walked recursively on a fiber's stack; deeper input throws 54001.
inline constexpr int json_tree_depth_max = 1500;

/// What a reader of JSON text is told, in the text's order. Views point into the text, or end with the call where a
/// string had escapes.
class json_events {
 public:
  virtual ~json_events() = default;
  enum class scalar { null, true_, false_, number, string };
  /// `text` is the number as written, or the string's characters; `source` the token as written.
  virtual void on_scalar(scalar what, std::string_view text, std::string_view source) = 0;
  virtual void on_begin(bool object, const char* at) = 0;
  virtual void on_key(std::string_view key) = 0;
  /// `end` is behind the closing bracket.
  virtual void on_end(const char* end) = 0;
};

/// Throws 22P02 `invalid input syntax for type json`, 22P05 for \u0000, 54001 beyond `depth_max`.
void read_json(std::string_view text, json_events& events, int depth_max);
/// Throws unless `text` is JSON: what the input of type json checks. Escapes are checked for their form only.
void check_json(std::string_view text);

/// `text` as a JSON string with its quotes.
void write_json_string(std::string_view text, std::string& out);
[[noreturn]] void json_too_deep();

}  // namespace helios::sql
