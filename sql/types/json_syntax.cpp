#include "sql/types/json_syntax.hpp"

#include <vector>

#include "sql/types/support.hpp"

namespace helios::sql {

void json_too_deep() {
  throw sql_error("54001", "stack depth limit exceeded")
      .hint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.");
}

namespace {

enum class token : std::uint8_t { object_start, object_end, array_start, array_end, comma, colon, string, number, true_, false_, null, end };

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

class json_lexer {
 public:
  /// Without `unescape`, strings are checked and their characters left as they are written.
  json_lexer(std::string_view text, bool unescape) : text_(text), at_(text.data()), end_(at_ + text.size()), line_start_(at_), unescape_(unescape) {}

  token current() const { return current_; }
  std::string_view source() const { return {start_, static_cast<std::size_t>(stop_ - start_)}; }
  /// Of a string: its characters.
  std::string_view string() const { return escaped_ ? std::string_view(value_) : std::string_view(start_ + 1, static_cast<std::size_t>(stop_ - start_ - 2)); }
  const char* begin() const { return start_; }
  const char* behind() const { return stop_; }

  void next() {
    skip_spaces();
    start_ = at_;
    if (at_ == end_) {
      stop_ = at_;
      current_ = token::end;
      return;
    }
    switch (*at_) {
      case '{': return single(token::object_start);
      case '}': return single(token::object_end);
      case '[': return single(token::array_start);
      case ']': return single(token::array_end);
      case ',': return single(token::comma);
      case ':': return single(token::colon);
      case '"': return take_string();
      default: break;
    }
    if (*at_ == '-' || is_digit(*at_)) return take_number();
    take_word();
  }

  /// What stands here is not what `wanted` says ("JSON value", "\",\" or \"]\"").
  [[noreturn]] void unexpected(const char* wanted) {
    if (current_ == token::end) fail("The input string ended unexpectedly.");
    fail("Expected " + std::string(wanted) + ", but found \"" + std::string(source()) + "\".");
  }

 private:
  void skip_spaces() {
    for (; at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'); ++at_) {
      if (*at_ != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
  }
  void single(token t) {
    stop_ = ++at_;
    current_ = t;
  }
  void take_word() {
    while (at_ != end_ && is_word(*at_)) ++at_;
    if (at_ == start_) ++at_;
    stop_ = at_;
    const auto word = source();
    if (word == "true") current_ = token::true_;
    else if (word == "false") current_ = token::false_;
    else if (word == "null") current_ = token::null;
    else invalid_token();
  }
  bool digits() {
    const char* from = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  }
  void take_number() {
    if (*at_ == '-') ++at_;
    bool good = true;
    if (at_ != end_ && *at_ == '0') ++at_;
    else good = digits();
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      good = digits() && good;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      good = digits() && good;
    }
    for (; at_ != end_ && is_word(*at_); ++at_) good = false;
    stop_ = at_;
    if (!good) invalid_token();
    current_ = token::number;
  }

  void take_string() {
    escaped_ = false;
    high_ = 0;
    ++at_;
    for (;; ++at_) {
      if (at_ == end_) stop_ = at_, invalid_token();
      if (*at_ == '"') break;
      if (*at_ == '\\') {
        take_escape();
        continue;
      }
      if (static_cast<unsigned char>(*at_) < 0x20) {
        static constexpr char hex[] = "0123456789abcdef";
        stop_ = at_;
        fail(std::string("Character with value 0x") + hex[*at_ >> 4 & 1] + hex[*at_ & 15] + " must be escaped.");
      }
      expect_no_high();
      if (escaped_) value_.push_back(*at_);
    }
    expect_no_high();
    stop_ = ++at_;
    current_ = token::string;
  }
  void expect_no_high() {
    if (high_ == 0) return;
    stop_ = at_;
    fail("Unicode low surrogate must follow a high surrogate.");
  }
  /// `at_` stays on the escape's last character.
  void take_escape() {
    if (unescape_ && !escaped_) {
      escaped_ = true;
      value_.assign(start_ + 1, at_);
    }
    if (++at_ == end_) stop_ = at_, invalid_token();
    if (*at_ == 'u') return take_unicode();
    static constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const auto which = letters.find(*at_);
    if (which == std::string_view::npos) {
      start_ = at_;
      stop_ = at_ + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(utf8_size(*at_)), end_ - at_);
      fail("Escape sequence \"\\" + std::string(source()) + "\" is invalid.");
    }
    expect_no_high();
    if (escaped_) value_.push_back(meanings[which]);
  }
  void take_unicode() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      if (++at_ == end_) stop_ = at_, invalid_token();
      const char c = to_lower_ascii(*at_);
      if (!is_digit(c) && !(c >= 'a' && c <= 'f')) {
        stop_ = at_ + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(utf8_size(*at_)), end_ - at_);
        fail("\"\\u\" must be followed by four hexadecimal digits.");
      }
      code = code * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    if (!unescape_) return;
    stop_ = at_ + 1;
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (high_ != 0) fail("Unicode high surrogate must not follow a high surrogate.");
      high_ = code;
      return;
    }
    if (code >= 0xDC00 && code <= 0xDFFF) {
      if (high_ == 0) fail("Unicode low surrogate must follow a high surrogate.");
      code = 0x10000 + ((high_ & 0x3FF) << 10) + (code & 0x3FF);
      high_ = 0;
    }
    if (high_ != 0) fail("Unicode low surrogate must follow a high surrogate.");
    if (code == 0) fail("\\u0000 cannot be converted to text.", "22P05", "unsupported Unicode escape sequence");
    append_utf8(code, value_);
  }

  [[noreturn]] void invalid_token() { fail("Token \"" + std::string(source()) + "\" is invalid."); }
  [[noreturn]] void fail(std::string detail, const char* state = sqlstate::invalid_text_representation,
                         const char* message = "invalid input syntax for type json") {
    auto error = sql_error(state, message).detail(std::move(detail));
    error.report().where = context();
    throw std::move(error);
  }
  /// The line up to the token, at most about fifty bytes of it.
  std::string context() const {
    const char* from = line_start_;
    while (stop_ - from >= 50) from += utf8_size(*from);
    if (from - line_start_ <= 3) from = line_start_;
    std::string out = "JSON data, line " + std::to_string(line_) + ": ";
    if (from > line_start_) out += "...";
    out.append(from, std::max(from, stop_));
    if (current_ != token::end && stop_ < end_ && *stop_ != '\n' && *stop_ != '\r') out += "...";
    return out;
  }

  std::string_view text_;
  const char *at_, *end_, *line_start_;
  bool unescape_;
  const char *start_ = nullptr, *stop_ = nullptr;
  token current_ = token::null;
  int line_ = 1;
  bool escaped_ = false;
  std::uint32_t high_ = 0;
  std::string value_;
};

/// Open brackets stand on a stack of their own.
template <class Events>
class json_reader {
 public:
  json_reader(std::string_view text, Events* events, int depth_max) : lexer_(text, events != nullptr), events_(events), depth_max_(static_cast<std::size_t>(depth_max)) {}

  void read() {
    lexer_.next();
    value();
    while (!open_.empty()) after_value();
    if (lexer_.current() != token::end) lexer_.unexpected("end of input");
  }

 private:
  /// A scalar, or as many opening brackets as stand before one; empty arrays and objects are values too.
  void value() {
    for (;;) {
      switch (lexer_.current()) {
        case token::array_start:
          open('[');
          if (lexer_.current() == token::array_end) return close();
          continue;
        case token::object_start:
          open('{');
          if (lexer_.current() == token::object_end) return close();
          member_name("string or \"}\"");
          continue;
        case token::string: return scalar(json_events::scalar::string, lexer_.string());
        case token::number: return scalar(json_events::scalar::number, lexer_.source());
        case token::true_: return scalar(json_events::scalar::true_, {});
        case token::false_: return scalar(json_events::scalar::false_, {});
        case token::null: return scalar(json_events::scalar::null, {});
        default: lexer_.unexpected("JSON value");
      }
    }
  }
  void scalar(json_events::scalar what, std::string_view text) {
    if (events_) events_->on_scalar(what, text, lexer_.source());
    lexer_.next();
  }
  void open(char bracket) {
    if (open_.size() >= depth_max_) json_too_deep();
    open_.push_back(bracket);
    if (events_) events_->on_begin(bracket == '{', lexer_.begin());
    lexer_.next();
  }
  void close() {
    open_.pop_back();
    if (events_) events_->on_end(lexer_.behind());
    lexer_.next();
  }
  void member_name(const char* wanted) {
    if (lexer_.current() != token::string) lexer_.unexpected(wanted);
    if (events_) events_->on_key(lexer_.string());
    lexer_.next();
    if (lexer_.current() != token::colon) lexer_.unexpected("\":\"");
    lexer_.next();
  }
  void after_value() {
    const bool array = open_.back() == '[';
    if (lexer_.current() == token::comma) {
      lexer_.next();
      if (!array) member_name("string");
      return value();
    }
    if (lexer_.current() != (array ? token::array_end : token::object_end)) lexer_.unexpected(array ? "\",\" or \"]\"" : "\",\" or \"}\"");
    close();
  }

  json_lexer lexer_;
  Events* events_;
  std::size_t depth_max_;
  std::vector<char> open_;
};

}  // namespace

void read_json(std::string_view text, json_events& events, int depth_max) { json_reader(text, &events, depth_max).read(); }
void check_json(std::string_view text) { json_reader<json_events>(text, nullptr, json_depth_max).read(); }

void write_json_string(std::string_view text, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  out.push_back('"');
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out.push_back(c);
          break;
        }
        out += "\\u00";
        out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
        out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
  }
  out.push_back('"');
}

}  // namespace helios::sql
