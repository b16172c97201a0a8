#include "sql/parse/parsed_statement.hpp"
#include "sql/parse/transform.hpp"

#include "base/sql_error.hpp"

namespace helios::sql {

namespace {

constexpr std::size_t text_bytes_max = 256u << 20;
constexpr int bracket_depth_max = 400;

/// The grammar's own tables grow with nesting; a text that opens too many brackets is not worth starting on. Brackets
/// inside literals count too: a bound need not be exact, and closing ones take them back.
void check_nesting(std::string_view source) {
  int depth = 0;
  bool quoted = false;
  char quote = 0;
  for (char c : source) {
    if (quoted) {
      quoted = c != quote;
    } else if (c == '\'' || c == '"') {
      quoted = true;
      quote = c;
    } else if (c == '(' || c == '[') {
      if (++depth > bracket_depth_max) {
        throw sql_error(sqlstate::statement_too_complex, "stack depth limit exceeded")
            .hint("The statement is nested too deeply.");
      }
    } else if (c == ')' || c == ']') {
      --depth;
    }
  }
}

/// The parser's memory lives from construction to destruction; the tree points into it.
class raw_parse {
 public:
  explicit raw_parse(const std::string& source)
      : context_(pg_query_enter_memory_context()), result_(pg_query_raw_parse(source.c_str())) {}
  ~raw_parse() {
    if (result_.error != nullptr) pg_query_free_error(result_.error);
    std::free(result_.stderr_buffer);
    pg_query_exit_memory_context(context_);
  }
  raw_parse(const raw_parse&) = delete;
  raw_parse& operator=(const raw_parse&) = delete;

  const PgQueryError* failure() const { return result_.error; }
  const List* tree() const { return result_.tree; }

 private:
  MemoryContext context_;
  PgQueryInternalParsetreeAndError result_;
};

/// libpg_query keeps no SQLSTATE; the grammar's texts tell the few that are not syntax errors.
sql_error parse_error(const PgQueryError& e) {
  std::string message = e.message;
  const char* state = sqlstate::syntax_error;
  if (message.starts_with("role name \"") && message.ends_with("\" is reserved")) state = "42939";
  if (message.find("not supported") != std::string::npos || message.find("not implemented") != std::string::npos ||
      message.find(" cannot be marked ") != std::string::npos || message.find("is only supported for") != std::string::npos) {
    state = sqlstate::feature_not_supported;
  } else if (message.starts_with("frame start") || message.starts_with("frame end")) {
    state = "42P20";
  } else if (message.find("stack depth limit") != std::string::npos ||
             message.find("memory exhausted") != std::string::npos) {
    state = sqlstate::statement_too_complex;
  } else if (message.find("invalid byte sequence") != std::string::npos) {
    state = sqlstate::character_not_in_repertoire;
  } else if (message.find("invalid Unicode escape") != std::string::npos) {
    state = "22025";
  }
  std::string hint;
  if (message == "subquery in FROM must have an alias") hint = "For example, FROM (SELECT ...) [AS] foo.";
  if (message == "VALUES in FROM must have an alias") hint = "For example, FROM (VALUES ...) [AS] foo.";
  return sql_error(state, std::move(message)).hint(std::move(hint)).at(e.cursorpos);
}

std::pair<std::size_t, std::size_t> trimmed(std::string_view source, std::size_t begin, std::size_t length) {
  auto end = length == 0 ? source.size() : begin + length;
  auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; };
  while (begin < end && space(source[begin])) ++begin;
  while (end > begin && space(source[end - 1])) --end;
  return {begin, end - begin};
}

}  // namespace

std::vector<parsed_statement_ptr> parse(std::string_view source) {
  if (source.size() > text_bytes_max) {
    throw sql_error(sqlstate::program_limit_exceeded, "statement is too long")
        .detail("A query string may have at most 268435456 bytes.");
  }
  if (source.find('\0') != std::string_view::npos) {
    throw sql_error(sqlstate::character_not_in_repertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
  }
  check_nesting(source);
  auto whole = std::make_shared<const std::string>(source);
  raw_parse raw(*whole);
  if (raw.failure() != nullptr) throw parse_error(*raw.failure());
  parsing::transformer transform(*whole);
  std::vector<parsed_statement_ptr> out;
  parsing::each<RawStmt>(raw.tree(), [&](const RawStmt* s) {
    auto tree = std::make_shared<const ast::statement>(transform.statement(s->stmt));
    auto [begin, length] = trimmed(*whole, static_cast<std::size_t>(s->stmt_location), static_cast<std::size_t>(s->stmt_len));
    out.push_back(std::make_shared<const parsed_statement>(whole, begin, length, std::move(tree)));
  });
  return out;
}

std::string_view text_of(const parsed_statement& statement) { return statement.text(); }

}  // namespace helios::sql
