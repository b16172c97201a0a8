// The grammar of jsonpath, by descent.
#include <list>

#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonpath.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using node_ptr = std::unique_ptr<path_node>;

enum class lexeme : std::uint8_t { end, symbol, name, string, variable, number };

[[noreturn]] void syntax(const std::string& what, std::string_view near) {
  throw sql_error(sqlstate::syntax_error, near.empty() ? what + " at end of jsonpath input"
                                                       : what + " at or near \"" + std::string(near) + "\" of jsonpath input");
}

/// Tokens; `text()` is a name's, string's or variable's characters, `source()` the token as written.
class path_lexer {
 public:
  explicit path_lexer(std::string_view text) : rest_(text) { next(); }

  lexeme current() const { return current_; }
  const std::string& text() const { return text_; }
  std::string_view source() const { return source_; }
  bool is(std::string_view symbol) const { return current_ == lexeme::symbol && source_ == symbol; }
  /// Keywords are written in lower case; true, false and null in any.
  bool is_word(std::string_view word) const { return current_ == lexeme::name && !escaped_ && text_ == word; }
  bool is_constant(std::string_view word) const { return current_ == lexeme::name && !escaped_ && lower_ascii(text_) == word; }
  /// A name that ends the input counts as its end, as PostgreSQL's scanner has it.
  [[noreturn]] void fail() const {
    const bool at_end = current_ == lexeme::end || (current_ == lexeme::name && rest_.empty());
    syntax("syntax error", at_end ? std::string_view() : source_);
  }

  void next() {
    skip_blanks();
    text_.clear();
    escaped_ = false;
    start_ = rest_;
    if (rest_.empty()) return set(lexeme::end, 0);
    const char c = rest_[0];
    if (c == '"') return quoted(lexeme::string, 0);
    if (c == '$') return variable();
    if (is_digit(c) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) return number();
    for (const char* two : {"&&", "||", "==", "!=", "<>", "<=", ">=", "**"})
      if (rest_.starts_with(two)) return set(lexeme::symbol, 2);
    if (std::string_view("?%.[]{}()|&!=<>@#,*:-+/").find(c) != std::string_view::npos) return set(lexeme::symbol, 1);
    name();
  }

 private:
  void set(lexeme what, std::size_t size) {
    current_ = what;
    source_ = start_.substr(0, size);
    rest_ = start_.substr(size);
  }
  void skip_blanks() {
    for (;;) {
      while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
      if (!rest_.starts_with("/*")) return;
      const auto end = rest_.find("*/", 2);
      if (end == std::string_view::npos) syntax("unexpected end of comment", {});
      rest_.remove_prefix(end + 2);
    }
  }
  static bool ends_name(char c) { return is_space(c) || std::string_view("?%$.[]{}()|&!=<>@#,*:-+/\"").find(c) != std::string_view::npos; }

  void name() {
    std::size_t i = 0;
    while (i < start_.size() && !ends_name(start_[i])) {
      if (start_[i] == '\\') i = escape(i);
      else text_.push_back(start_[i++]);
    }
    if (i == 0) fail();
    set(lexeme::name, i);
  }
  void variable() {
    if (start_.size() > 1 && start_[1] == '"') return quoted(lexeme::variable, 1);
    std::size_t i = 1;
    while (i < start_.size() && !ends_name(start_[i])) {
      if (start_[i] == '\\') i = escape(i);
      else text_.push_back(start_[i++]);
    }
    set(i == 1 ? lexeme::symbol : lexeme::variable, i);
  }
  void quoted(lexeme what, std::size_t prefix) {
    std::size_t i = prefix + 1;
    for (;;) {
      if (i >= start_.size()) syntax("unexpected end of quoted string", {});
      if (start_[i] == '"') break;
      if (start_[i] == '\\') i = escape(i);
      else text_.push_back(start_[i++]);
    }
    set(what, i + 1);
  }
  void number() {
    std::size_t i = 0;
    const auto digits = [&] {
      while (i < start_.size() && is_digit(start_[i])) ++i;
    };
    if (start_[0] == '0' && start_.size() > 1 && is_digit(start_[1])) junk(2);
    digits();
    if (i < start_.size() && start_[i] == '.') ++i, digits();
    if (i < start_.size() && (start_[i] == 'e' || start_[i] == 'E')) {
      const std::size_t before = i++;
      if (i < start_.size() && (start_[i] == '+' || start_[i] == '-')) ++i;
      const std::size_t from = i;
      digits();
      if (i == from) junk(before + 1);
    }
    if (i < start_.size() && !ends_name(start_[i])) junk(i + 1);
    text_ = start_.substr(0, i);
    set(lexeme::number, i);
  }
  [[noreturn]] void junk(std::size_t size) { syntax("trailing junk after numeric literal", start_.substr(0, size)); }

  static int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char l = to_lower_ascii(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
  }
  std::uint32_t hex(std::size_t& i, std::size_t count, const char* what) {
    std::uint32_t v = 0;
    for (std::size_t k = 0; k < count; ++k, ++i) {
      const int digit = i < start_.size() ? hex_value(start_[i]) : -1;
      if (digit < 0) syntax(what, i < start_.size() ? start_.substr(0, i + 1) : std::string_view());
      v = v * 16 + static_cast<std::uint32_t>(digit);
    }
    return v;
  }
  std::uint32_t unicode(std::size_t& i) {
    constexpr const char* what = "invalid Unicode escape sequence";
    if (i < start_.size() && start_[i] == '{') {
      const auto end = start_.find('}', i);
      if (end == std::string_view::npos || end == i + 1 || end - i > 7) syntax(what, start_.substr(0, i + 1));
      ++i;
      const std::uint32_t v = hex(i, end - i, what);
      ++i;
      return v;
    }
    return hex(i, 4, what);
  }
  /// Behind the escape that begins at `i`.
  std::size_t escape(std::size_t i) {
    escaped_ = true;
    if (++i >= start_.size()) syntax("unexpected end after backslash", {});
    const char c = start_[i++];
    static constexpr std::string_view letters = "bfnrtv", meanings = "\b\f\n\r\t\v";
    if (const auto which = letters.find(c); which != std::string_view::npos) {
      text_.push_back(meanings[which]);
    } else if (c == 'x') {
      append(hex(i, 2, "invalid hexadecimal character sequence"));
    } else if (c == 'u') {
      std::uint32_t code = unicode(i);
      if (code >= 0xD800 && code <= 0xDBFF && start_.substr(i).starts_with("\\u")) {
        i += 2;
        const std::uint32_t low = unicode(i);
        if (low < 0xDC00 || low > 0xDFFF) bad_surrogate("Unicode low surrogate must follow a high surrogate.");
        code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
      } else if (code >= 0xD800 && code <= 0xDFFF) {
        bad_surrogate("Unicode low surrogate must follow a high surrogate.");
      }
      append(code);
    } else {
      text_.push_back(c);
    }
    return i;
  }
  [[noreturn]] static void bad_surrogate(const char* detail) {
    throw sql_error(sqlstate::invalid_text_representation, "invalid input syntax for type jsonpath").detail(detail);
  }
  void append(std::uint32_t code) {
    if (code == 0) throw sql_error("22P05", "unsupported Unicode escape sequence").detail("\\u0000 cannot be converted to text.");
    append_utf8(code, text_);
  }

  std::string_view rest_, start_, source_;
  lexeme current_ = lexeme::end;
  std::string text_;
  bool escaped_ = false;
};

node_ptr make(path_kind what, std::string text = {}) {
  auto out = std::make_unique<path_node>();
  out->what = what;
  out->text = std::move(text);
  return out;
}
/// Walks are recursive: 54001 for what would need too much stack.
int checked_depth(int depth) {
  constexpr int depth_max = 400;
  if (depth > depth_max) json_too_deep();
  return depth;
}
node_ptr make(path_kind what, node_ptr left, node_ptr right = nullptr) {
  auto out = make(what);
  out->depth = checked_depth(1 + std::max(left->depth, right ? right->depth : 0));
  out->arguments.push_back(std::move(left));
  if (right) out->arguments.push_back(std::move(right));
  return out;
}
node_ptr make_number(const std::string& digits) {
  arena scratch;
  auto out = make(path_kind::number, std::string(decimal::parse(digits).to_datum(scratch).as_bytes()));
  out->number = datum::of_bytes(out->text);
  return out;
}

/// A parsed part, and whether it is a predicate (which has no place among numbers) and stands in parentheses.
struct part {
  node_ptr node;
  bool predicate = false, delimited = false;
};

class path_parser {
 public:
  explicit path_parser(std::string_view text) : lexer_(text) {}

  json_path parse() {
    json_path out;
    if (word("strict")) out.lax = false;
    else word("lax");
    out.root = disjunction().node;
    if (lexer_.current() != lexeme::end) lexer_.fail();
    return out;
  }

 private:
  static constexpr int depth_max = 100;  ///< of parentheses and signs: each takes several frames
  struct deeper {
    explicit deeper(int& depth) : depth_(depth) {
      if (++depth_ > depth_max) json_too_deep();
    }
    ~deeper() { --depth_; }
    int& depth_;
  };

  bool word(std::string_view w) {
    if (!lexer_.is_word(w)) return false;
    lexer_.next();
    return true;
  }
  bool symbol(std::string_view s) {
    if (!lexer_.is(s)) return false;
    lexer_.next();
    return true;
  }
  void expect(std::string_view s) {
    if (!symbol(s)) lexer_.fail();
  }
  void expect_predicate(const part& p) const {
    if (!p.predicate) lexer_.fail();
  }
  void expect_value(const part& p) const {
    if (p.predicate) lexer_.fail();
  }

  part disjunction() {
    deeper level(depth_);
    part left = conjunction();
    while (lexer_.is("||")) {
      expect_predicate(left);
      lexer_.next();
      part right = conjunction();
      expect_predicate(right);
      left = {make(path_kind::or_, std::move(left.node), std::move(right.node)), true, false};
    }
    return left;
  }
  part conjunction() {
    part left = negation();
    while (lexer_.is("&&")) {
      expect_predicate(left);
      lexer_.next();
      part right = negation();
      expect_predicate(right);
      left = {make(path_kind::and_, std::move(left.node), std::move(right.node)), true, false};
    }
    return left;
  }
  part negation() {
    if (!lexer_.is("!")) return comparison();
    lexer_.next();
    if (!lexer_.is("(") && !lexer_.is_word("exists")) lexer_.fail();
    part inner = primary_part();
    if (!inner.predicate || !inner.delimited) lexer_.fail();
    return {make(path_kind::not_, std::move(inner.node)), true, false};
  }

  part comparison() {
    part left = sum();
    if (lexer_.current() == lexeme::symbol) {
      static constexpr std::pair<const char*, path_kind> operators[] = {
          {"==", path_kind::equal}, {"!=", path_kind::not_equal}, {"<>", path_kind::not_equal}, {"<", path_kind::less},
          {">", path_kind::greater}, {"<=", path_kind::less_equal}, {">=", path_kind::greater_equal}};
      for (const auto& [text, what] : operators) {
        if (!lexer_.is(text)) continue;
        expect_value(left);
        lexer_.next();
        part right = sum();
        expect_value(right);
        return {make(what, std::move(left.node), std::move(right.node)), true, false};
      }
      return left;
    }
    if (lexer_.is_word("starts")) return starts_with(std::move(left));
    if (lexer_.is_word("like_regex")) return like_regex(std::move(left));
    return left;
  }
  part starts_with(part left) {
    expect_value(left);
    lexer_.next();
    if (!word("with")) lexer_.fail();
    if (lexer_.current() != lexeme::string && lexer_.current() != lexeme::variable) lexer_.fail();
    auto right = make(lexer_.current() == lexeme::string ? path_kind::string : path_kind::variable, lexer_.text());
    lexer_.next();
    return {make(path_kind::starts_with, std::move(left.node), std::move(right)), true, false};
  }
  part like_regex(part left) {
    expect_value(left);
    lexer_.next();
    if (lexer_.current() != lexeme::string) lexer_.fail();
    auto out = make(path_kind::like_regex, std::move(left.node));
    out->text = lexer_.text();
    lexer_.next();
    if (word("flag")) {
      if (lexer_.current() != lexeme::string) lexer_.fail();
      check_flags(lexer_.text());
      for (char f : std::string_view("ismxq"))
        if (lexer_.text().find(f) != std::string::npos) out->flags.push_back(f);
      lexer_.next();
    }
    return {std::move(out), true, false};
  }
  static void check_flags(const std::string& flags) {
    const auto bad = flags.find_first_not_of("ismxq");
    if (bad != std::string::npos)
      throw sql_error(sqlstate::syntax_error, "invalid input syntax for type jsonpath")
          .detail("Unrecognized flag character \"" + flags.substr(bad, utf8_size(flags[bad])) + "\" in LIKE_REGEX predicate.");
    if (flags.find('x') != std::string::npos && flags.find('q') == std::string::npos)
      throw sql_error(sqlstate::feature_not_supported, "XQuery \"x\" flag (expanded regular expressions) is not implemented");
  }

  part sum() {
    part left = product();
    while (lexer_.is("+") || lexer_.is("-")) left = arithmetic(std::move(left), lexer_.is("+") ? path_kind::add : path_kind::subtract, &path_parser::product);
    return left;
  }
  part product() {
    part left = signed_part();
    while (lexer_.is("*") || lexer_.is("/") || lexer_.is("%")) {
      const auto what = lexer_.is("*") ? path_kind::multiply : lexer_.is("/") ? path_kind::divide : path_kind::modulo;
      left = arithmetic(std::move(left), what, &path_parser::signed_part);
    }
    return left;
  }
  part arithmetic(part left, path_kind what, part (path_parser::*operand)()) {
    expect_value(left);
    lexer_.next();
    part right = (this->*operand)();
    expect_value(right);
    return {make(what, std::move(left.node), std::move(right.node)), false, false};
  }
  part signed_part() {
    if (!lexer_.is("+") && !lexer_.is("-")) return primary_part();
    deeper level(depth_);
    const auto what = lexer_.is("+") ? path_kind::plus : path_kind::minus;
    lexer_.next();
    part inner = signed_part();
    expect_value(inner);
    if (inner.node->what == path_kind::number && !inner.node->next) return {with_sign(what, std::move(inner.node)), false, false};
    return {make(what, std::move(inner.node)), false, false};
  }
  static node_ptr with_sign(path_kind what, node_ptr n) {
    if (what == path_kind::plus) return n;
    return make_number(negate(decimal::from(n->number)).to_text());
  }

  part primary_part() {
    part out = primary();
    path_node* end = out.node.get();
    while (end->next) end = end->next.get();
    while (lexer_.is(".") || lexer_.is("[") || lexer_.is("?")) {
      end->next = accessor();
      end = end->next.get();
      out.node->depth = checked_depth(out.node->depth + end->depth);
      out.predicate = out.delimited = false;
    }
    return out;
  }
  part primary() {
    if (symbol("(")) {
      part inner = disjunction();
      expect(")");
      if (inner.predicate && lexer_.is_word("is")) {
        lexer_.next();
        if (!word("unknown")) lexer_.fail();
        return {make(path_kind::is_unknown, std::move(inner.node)), true, false};
      }
      inner.delimited = true;
      return inner;
    }
    if (word("exists")) {
      expect("(");
      part inner = disjunction();
      expect_value(inner);
      expect(")");
      return {make(path_kind::exists, std::move(inner.node)), true, true};
    }
    return {atom(), false, false};
  }
  node_ptr atom() {
    node_ptr out;
    switch (lexer_.current()) {
      case lexeme::string: out = make(path_kind::string, lexer_.text()); break;
      case lexeme::variable: out = make(path_kind::variable, lexer_.text()); break;
      case lexeme::number: out = make_number(lexer_.text()); break;
      case lexeme::symbol:
        if (lexer_.is("$")) {
          out = make(path_kind::root);
        } else if (lexer_.is("@")) {
          if (filters_ == 0) throw sql_error(sqlstate::syntax_error, "@ is not allowed in root expressions");
          out = make(path_kind::current);
        } else {
          lexer_.fail();
        }
        break;
      case lexeme::name: out = constant(); break;
      case lexeme::end: lexer_.fail();
    }
    lexer_.next();
    return out;
  }
  node_ptr constant() {
    if (lexer_.is_word("null")) return make(path_kind::null);
    if (lexer_.is_word("true") || lexer_.is_word("false")) {
      auto out = make(path_kind::boolean);
      out->truth = lexer_.is_word("true");
      return out;
    }
    if (!lexer_.is_word("last")) lexer_.fail();
    if (subscripts_ == 0) throw sql_error(sqlstate::syntax_error, "LAST is allowed only in array subscripts");
    return make(path_kind::last);
  }

  node_ptr accessor() {
    if (symbol("?")) {
      expect("(");
      ++filters_;
      part inner = disjunction();
      --filters_;
      expect_predicate(inner);
      expect(")");
      return make(path_kind::filter, std::move(inner.node));
    }
    if (symbol("[")) return subscripts();
    lexer_.next();  // the point
    if (symbol("*")) return make(path_kind::any_key);
    if (symbol("**")) return levels();
    if (lexer_.current() == lexeme::string) {
      auto out = make(path_kind::key, lexer_.text());
      lexer_.next();
      return out;
    }
    if (lexer_.current() != lexeme::name) lexer_.fail();
    const std::string name = lexer_.text();
    lexer_.next();
    return lexer_.is("(") ? method(name) : make(path_kind::key, name);
  }
  node_ptr method(const std::string& name) {
    static constexpr std::pair<const char*, path_kind> methods[] = {
        {"type", path_kind::type}, {"size", path_kind::size}, {"abs", path_kind::abs}, {"floor", path_kind::floor},
        {"ceiling", path_kind::ceiling}, {"double", path_kind::double_}, {"datetime", path_kind::datetime}, {"keyvalue", path_kind::keyvalue}};
    for (const auto& [text, what] : methods) {
      if (name != text) continue;
      lexer_.next();
      auto out = make(what);
      if (what == path_kind::datetime && lexer_.current() == lexeme::string) {
        out->text = lexer_.text();
        out->has_template = true;
        lexer_.next();
      }
      expect(")");
      return out;
    }
    lexer_.fail();
  }
  node_ptr subscripts() {
    if (symbol("*")) {
      expect("]");
      return make(path_kind::any_array);
    }
    auto out = make(path_kind::index_array);
    ++subscripts_;
    do {
      part from = sum();
      expect_value(from);
      out->depth = std::max(out->depth, 1 + from.node->depth);
      out->arguments.push_back(std::move(from.node));
      out->arguments.emplace_back();
      if (!word("to")) continue;
      part until = sum();
      expect_value(until);
      out->depth = std::max(out->depth, 1 + until.node->depth);
      out->arguments.back() = std::move(until.node);
    } while (symbol(","));
    --subscripts_;
    expect("]");
    return out;
  }
  std::uint32_t one_level() {
    if (word("last")) return path_level_last;
    if (lexer_.current() != lexeme::number || lexer_.text().find_first_not_of("0123456789") != std::string::npos) lexer_.fail();
    const auto out = lexer_.text().size() > 9 ? path_level_last - 1 : static_cast<std::uint32_t>(std::stoul(lexer_.text()));
    lexer_.next();
    return out;
  }
  node_ptr levels() {
    auto out = make(path_kind::any);
    out->until = path_level_last;
    if (!symbol("{")) return out;
    out->first = out->until = one_level();
    if (word("to")) out->until = one_level();
    expect("}");
    return out;
  }

  path_lexer lexer_;
  int filters_ = 0, subscripts_ = 0, depth_ = 0;
};

}  // namespace

json_path parse_jsonpath(std::string_view text) {
  if (trim(text).empty()) invalid_text("jsonpath", text);
  return path_parser(text).parse();
}

std::shared_ptr<const json_path> jsonpath_of(std::string_view text) {
  struct kept {
    std::string text;
    std::shared_ptr<const json_path> path;
  };
  constexpr std::size_t kept_max = 16;
  thread_local std::list<kept> cache;
  for (auto it = cache.begin(); it != cache.end(); ++it) {
    if (it->text != text) continue;
    cache.splice(cache.begin(), cache, it);
    return it->path;
  }
  cache.push_front({std::string(text), std::make_shared<const json_path>(parse_jsonpath(text))});
  if (cache.size() > kept_max) cache.pop_back();
  return cache.front().path;
}

}  // namespace helios::sql
