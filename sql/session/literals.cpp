#include "sql/session/literals.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace helios::sql {

namespace {
constexpr std::size_t text_max = 2048;
constexpr std::size_t numbers_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; }

/// Words whose numbers are positions, lengths or parts of a type, not values.
bool stops(std::string_view word) {
  static constexpr std::array<std::string_view, 14> words = {"order", "group",    "distinct", "union",   "intersect", "except", "fetch",
                                                             "for",   "interval", "u",        "numeric", "varchar",   "char",   "e"};
  if (word.size() > 9) return false;
  std::string lower;
  for (char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return std::find(words.begin(), words.end(), lower) != words.end();
}

class lifter {
 public:
  explicit lifter(std::string_view text) : text_(text) { out_.text.reserve(text.size() + 16); }

  std::optional<lifted_text> run() {
    while (at_ < text_.size()) {
      if (!step()) return std::nullopt;
    }
    if (out_.numbers.empty()) return std::nullopt;
    return std::move(out_);
  }

 private:
  /// Copies one token, or puts a parameter in its place. False: the text is to be left alone.
  bool step() {
    char c = text_[at_];
    char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '$' || c == '\\' || (c == '-' && next == '-') || (c == '/' && next == '*')) return false;
    if (c == '\'' || c == '"') return quoted(c);
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(next))) return number();
    out_.text += c;
    ++at_;
    return true;
  }

  bool quoted(char quote) {
    auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return false;
    auto piece = text_.substr(at_, end + 1 - at_);
    if (piece.find('\\') != std::string_view::npos) return false;
    out_.text += piece;
    at_ = end + 1;  // a doubled quote begins another piece, to the same effect
    return true;
  }

  bool word() {
    auto end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '$')) ++end;
    auto w = text_.substr(at_, end - at_);
    if (stops(w)) return false;
    out_.text += w;
    at_ = end;
    return true;
  }

  bool number() {
    auto end = at_;
    while (end < text_.size() && (is_digit(text_[end]) || is_letter(text_[end]) || text_[end] == '.')) ++end;
    auto digits = text_.substr(at_, end - at_);
    at_ = end;
    std::int32_t value = 0;
    auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || stop != digits.data() + digits.size()) {
      out_.text += digits;
      return true;
    }
    if (out_.numbers.size() == numbers_max) return false;
    out_.numbers.push_back(value);
    out_.text += '$';
    out_.text += std::to_string(out_.numbers.size());
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  lifted_text out_;
};
}  // namespace

std::optional<lifted_text> lift_numbers(std::string_view text) {
  if (text.size() > text_max) return std::nullopt;
  return lifter(text).run();
}

}  // namespace helios::sql
