#include "sql/types/json_syntax.hpp"

#include <vector>

#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

/// A machine without recursion: open brackets stand on a stack of their own.
class json_checker {
 public:
  explicit json_checker(std::string_view text) : rest_(text) {}

  bool check() {
    if (!value()) return false;
    while (!open_.empty())
      if (!after_value()) return false;
    skip_spaces();
    return rest_.empty();
  }

 private:
  void skip_spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r')) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  /// A scalar, or as many opening brackets as stand before one; empty arrays and objects are values too.
  bool value() {
    for (;;) {
      skip_spaces();
      if (rest_.empty() || open_.size() > static_cast<std::size_t>(json_depth_max)) return false;
      if (take("[")) {
        skip_spaces();
        if (take("]")) return true;
        open_.push_back('[');
      } else if (take("{")) {
        skip_spaces();
        if (take("}")) return true;
        open_.push_back('{');
        if (!member_name()) return false;
      } else {
        return scalar();
      }
    }
  }
  bool member_name() {
    skip_spaces();
    if (!string()) return false;
    skip_spaces();
    return take(":");
  }
  bool after_value() {
    skip_spaces();
    if (take(",")) return (open_.back() == '[' || member_name()) && value();
    if (!take(open_.back() == '[' ? "]" : "}")) return false;
    open_.pop_back();
    return true;
  }
  bool scalar() { return rest_[0] == '"' ? string() : take("true") || take("false") || take("null") || number(); }

  bool string() {
    if (!take("\"")) return false;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool escape() {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, rest_.remove_prefix(1)) {
      if (rest_.empty()) return false;
      const char h = to_lower_ascii(rest_[0]);
      if (!is_digit(h) && !(h >= 'a' && h <= 'f')) return false;
    }
    return true;
  }
  bool digits() {
    std::size_t n = 0;
    while (n < rest_.size() && is_digit(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n > 0;
  }
  bool number() {
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      return digits();
    }
    return true;
  }

  std::string_view rest_;
  std::vector<char> open_;
};

}  // namespace

bool is_json(std::string_view text) { return json_checker(text).check(); }

}  // namespace helios::sql
