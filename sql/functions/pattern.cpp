#include "sql/functions/pattern.hpp"

#include <re2/re2.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <list>
#include <unordered_map>

#include "base/sql_error.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

/// Drops `from`'s first character from both when they are equal.
bool take_character(std::string_view& text, std::string_view& pattern) {
  if (text.empty() || text[0] != pattern[0]) return false;
  text.remove_prefix(1);
  pattern.remove_prefix(1);
  return true;
}

std::string folded(std::string_view text) {
  auto wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  std::string out;
  wide.toLower(icu::Locale::getRoot()).toUTF8String(out);
  return out;
}

}  // namespace

bool like(std::string_view text, std::string_view pattern) {
  // On a mismatch only the last '%' need take one more character: earlier ones have matched as early as they can.
  std::string_view retry_text, retry_pattern;
  bool can_retry = false;
  for (;;) {
    bool matched = false;
    if (pattern.empty()) {
      if (text.empty()) return true;
    } else if (pattern[0] == '%') {
      while (!pattern.empty() && pattern[0] == '%') pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      retry_text = text, retry_pattern = pattern, can_retry = true;
      continue;
    } else if (pattern[0] == '_') {
      if (!text.empty()) {
        text.remove_prefix(std::min(text.size(), utf8_size(text[0])));
        pattern.remove_prefix(1);
        matched = true;
      }
    } else {
      if (pattern[0] == '\\') {
        pattern.remove_prefix(1);
        if (pattern.empty()) throw sql_error("22025", "LIKE pattern must not end with escape character");
      }
      matched = take_character(text, pattern);
    }
    if (matched) continue;
    if (!can_retry || retry_text.empty()) return false;
    retry_text.remove_prefix(std::min(retry_text.size(), utf8_size(retry_text[0])));
    text = retry_text, pattern = retry_pattern;
  }
}

bool like_ignoring_case(std::string_view text, std::string_view pattern) { return like(folded(text), folded(pattern)); }

bool has_flag(std::string_view flags, char flag) { return flags.find(flag) != std::string_view::npos; }

namespace {

/// PostgreSQL's escapes that RE2 spells otherwise.
std::string translated(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out.push_back(pattern[i]);
      continue;
    }
    const char next = pattern[++i];
    switch (next) {
      case 'y': case 'm': case 'M': out += "\\b"; break;
      case 'Y': out += "\\B"; break;
      case 'Z': out += "\\z"; break;
      default: out.push_back('\\'), out.push_back(next);
    }
  }
  return out;
}

bool has_lazy_quantifier(std::string_view pattern) {
  for (std::size_t i = 1; i < pattern.size(); ++i)
    if (pattern[i] == '?' && (pattern[i - 1] == '*' || pattern[i - 1] == '+' || pattern[i - 1] == '?' || pattern[i - 1] == '}') &&
        (i < 2 || pattern[i - 2] != '\\'))
      return true;
  return false;
}

/// PostgreSQL's words for what is wrong with a pattern.
std::string complaint(const re2::RE2& compiled) {
  switch (compiled.error_code()) {
    case re2::RE2::ErrorMissingParen: return "parentheses () not balanced";
    case re2::RE2::ErrorMissingBracket: return "brackets [] not balanced";
    case re2::RE2::ErrorBadCharClass:
    case re2::RE2::ErrorBadCharRange: return "invalid character range";
    case re2::RE2::ErrorRepeatArgument:
    case re2::RE2::ErrorRepeatOp: return "quantifier operand invalid";
    case re2::RE2::ErrorRepeatSize: return "invalid repetition count(s)";
    case re2::RE2::ErrorBadEscape:
    case re2::RE2::ErrorTrailingBackslash: return "invalid escape \\ sequence";
    case re2::RE2::ErrorPatternTooLarge: return "regular expression is too complex";
    default: return compiled.error();
  }
}

std::shared_ptr<const re2::RE2> compile(std::string_view pattern, std::string_view flags) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(64 << 20);
  options.set_case_sensitive(!has_flag(flags, 'i'));
  options.set_dot_nl(!has_flag(flags, 'n') && !has_flag(flags, 'm') && !has_flag(flags, 'p'));
  // POSIX's longest match, unless the pattern asks for shortest ones.
  options.set_longest_match(!has_lazy_quantifier(pattern));
  std::string text = has_flag(flags, 'q') ? re2::RE2::QuoteMeta(re2::StringPiece(pattern.data(), pattern.size())) : translated(pattern);
  if (has_flag(flags, 'n') || has_flag(flags, 'm') || has_flag(flags, 'w')) text = "(?m)" + text;
  auto compiled = std::make_shared<const re2::RE2>(text, options);
  if (!compiled->ok()) throw sql_error("2201B", std::string("invalid regular expression: ") + complaint(*compiled));
  return compiled;
}

}  // namespace

std::shared_ptr<const re2::RE2> regular_expression(std::string_view pattern, std::string_view flags) {
  constexpr std::size_t kept_max = 64;
  struct entry {
    std::string key;
    std::shared_ptr<const re2::RE2> compiled;
  };
  // Per thread; no suspension happens between look-up and return.
  thread_local std::list<entry> kept;
  std::string key = std::string(flags) + "/" + std::string(pattern);
  for (auto it = kept.begin(); it != kept.end(); ++it)
    if (it->key == key) {
      kept.splice(kept.begin(), kept, it);
      return it->compiled;
    }
  auto compiled = compile(pattern, flags);
  kept.push_front({std::move(key), compiled});
  if (kept.size() > kept_max) kept.pop_back();
  return compiled;
}

}  // namespace helios::sql
