#include "sql/exec/copy_format.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/sql_error.hpp"
#include "sql/session/settings.hpp"

namespace helios::sql {

namespace {
constexpr std::string_view binary_signature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t row_bytes_max = 1u << 30;

[[noreturn]] void bad_format(const std::string& message) { throw sql_error(sqlstate::bad_copy_file_format, message); }

bool truth(const std::string& name, const ast::expr_ptr& value) {
  if (!value) return true;
  if (value->kind == ast::expr_kind::boolean) return value->flag;
  auto b = parse_boolean(value->text);
  if (!b) throw sql_error(sqlstate::syntax_error, name + " requires a Boolean value");
  return *b;
}

char single(const char* name, const ast::expr_ptr& value) {
  if (!value || value->text.size() != 1) {
    throw sql_error(sqlstate::feature_not_supported, std::string("COPY ") + name + " must be a single one-byte character");
  }
  return value->text[0];
}

void check_options(const copy_options& o) {
  using kind = copy_options::format_kind;
  auto refuse = [](const std::string& message, const char* state = sqlstate::feature_not_supported) { throw sql_error(state, message); };
  if (o.delimiter == '\n' || o.delimiter == '\r') refuse("COPY delimiter cannot be newline or carriage return", sqlstate::invalid_parameter_value);
  if (o.null.find_first_of("\r\n") != std::string::npos) refuse("COPY null representation cannot use newline or carriage return", sqlstate::invalid_parameter_value);
  if (o.format == kind::binary) return;
  if (o.format == kind::text && std::string_view("\\.abcdefghijklmnopqrstuvwxyz0123456789").find(o.delimiter) != std::string_view::npos) {
    refuse(std::string("COPY delimiter cannot be \"") + o.delimiter + "\"", sqlstate::invalid_parameter_value);
  }
  if (o.format == kind::csv && o.delimiter == o.quote) refuse("COPY delimiter and quote must be different", sqlstate::invalid_parameter_value);
  if (o.null.find(o.delimiter) != std::string::npos) refuse("COPY delimiter must not appear in the NULL specification");
  if (o.format == kind::csv && o.null.find(o.quote) != std::string::npos) refuse("CSV quote character must not appear in the NULL specification");
}
}  // namespace

copy_options read_copy_options(const ast::options& given, bool from) {
  using kind = copy_options::format_kind;
  copy_options out;
  bool delimiter = false, null = false, quote = false, escape = false, freeze = false;
  for (auto& [name, value] : given) {
    if (name == "format") {
      auto text = value ? value->text : std::string();
      if (text == "csv") out.format = kind::csv;
      else if (text == "binary") out.format = kind::binary;
      else if (text != "text") throw sql_error(sqlstate::invalid_parameter_value, "COPY format \"" + text + "\" not recognized");
    } else if (name == "delimiter") {
      out.delimiter = single("delimiter", value);
      delimiter = true;
    } else if (name == "null") {
      out.null = value ? value->text : std::string();
      null = true;
    } else if (name == "header") {
      if (value && value->text == "match") throw sql_error(sqlstate::feature_not_supported, "COPY HEADER MATCH is not supported");
      out.header = truth(name, value);
    } else if (name == "quote") {
      out.quote = single("quote", value);
      quote = true;
    } else if (name == "escape") {
      out.escape = single("escape", value);
      escape = true;
    } else if (name == "freeze") {
      freeze = truth(name, value);
    } else if (name == "force_quote") {
      if (value && value->kind == ast::expr_kind::star) out.force_quote_all = true;
      else if (value) out.force_quote = value->names;
    } else if (name == "force_not_null") {
      if (value) out.force_not_null = value->names;
    } else if (name == "force_null") {
      if (value) out.force_null = value->names;
    } else if (name == "encoding") {
      auto text = value ? value->text : std::string();
      std::string bare;
      for (char c : text) {
        if (c != '-' && c != '_') bare += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      }
      if (bare != "UTF8" && bare != "UNICODE") throw sql_error(sqlstate::feature_not_supported, "COPY encoding \"" + text + "\" is not supported");
    } else {
      throw sql_error(sqlstate::syntax_error, "option \"" + name + "\" not recognized");
    }
  }
  bool csv = out.format == kind::csv;
  if (out.format == kind::binary && delimiter) throw sql_error(sqlstate::syntax_error, "cannot specify DELIMITER in BINARY mode");
  if (out.format == kind::binary && null) throw sql_error(sqlstate::syntax_error, "cannot specify NULL in BINARY mode");
  if (out.format == kind::binary && out.header) throw sql_error(sqlstate::feature_not_supported, "cannot specify HEADER in BINARY mode");
  if (!csv && quote) throw sql_error(sqlstate::feature_not_supported, "COPY quote available only in CSV mode");
  if (!csv && escape) throw sql_error(sqlstate::feature_not_supported, "COPY escape available only in CSV mode");
  if (!from && freeze) throw sql_error(sqlstate::syntax_error, "COPY force not null only available using COPY FROM");
  if (csv && !delimiter) out.delimiter = ',';
  if (csv && !null) out.null.clear();
  if (csv && quote && !escape) out.escape = out.quote;
  check_options(out);
  return out;
}

// --- reading ---

bool copy_reader::fill() {
  if (ended_) return false;
  buffer_.erase(0, at_);
  at_ = 0;
  if (buffer_.size() > row_bytes_max) throw sql_error(sqlstate::program_limit_exceeded, "a row of COPY data is too long");
  auto chunk = channel_.read();
  if (!chunk) {
    ended_ = true;
    return false;
  }
  buffer_.append(*chunk);
  return true;
}

/// Without its end. False at the end of the data.
bool copy_reader::read_line(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    auto end = buffer_.find('\n', at_ + searched);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      break;
    }
    searched = buffer_.size() - at_;
    if (fill()) continue;
    if (at_ == buffer_.size()) return false;
    line = std::string_view(buffer_).substr(at_);
    at_ = buffer_.size();
    break;
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++line_;
  return true;
}

/// A CSV record may hold newlines within quotes.
bool copy_reader::read_record(std::string_view& record) {
  bool quoted = false;
  std::size_t length = 0;
  for (;;) {
    while (at_ + length < buffer_.size()) {
      char c = buffer_[at_ + length];
      if (quoted && c == options_.escape && options_.escape != options_.quote) {
        if (at_ + length + 1 >= buffer_.size()) break;
        length += 2;
        continue;
      }
      if (c == options_.quote) quoted = !quoted;
      if (c == '\n' && !quoted) {
        record = std::string_view(buffer_).substr(at_, length);
        at_ += length + 1;
        if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
        ++line_;
        return true;
      }
      ++length;
    }
    if (fill()) continue;
    if (at_ == buffer_.size()) return false;
    if (quoted) bad_format("unterminated CSV quoted field");
    record = std::string_view(buffer_).substr(at_);
    at_ = buffer_.size();
    if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
    ++line_;
    return true;
  }
}

bool copy_reader::next(std::vector<copy_field>& fields) {
  fields.clear();
  if (options_.format == copy_options::format_kind::binary) return next_binary(fields);
  std::string_view line;
  bool csv = options_.format == copy_options::format_kind::csv;
  auto read = [&] { return csv ? read_record(line) : read_line(line); };
  if (!started_) {
    started_ = true;
    if (options_.header && !read()) return false;
  }
  if (!read()) return false;
  if (line == "\\.") {
    while (fill()) at_ = buffer_.size();  // what follows the end mark is not data
    at_ = buffer_.size();
    return false;
  }
  unescaped_.clear();
  if (csv) split_csv(line, fields);
  else split_text(line, fields);
  return true;
}

namespace {
int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

std::string unescape(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    char c = s[++i];
    switch (c) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'v': out += '\v'; break;
      case 'x': {
        int value = 0, digits = 0;
        while (digits < 2 && i + 1 < s.size() && hex(s[i + 1]) >= 0) {
          value = value * 16 + hex(s[++i]);
          ++digits;
        }
        out += digits == 0 ? 'x' : static_cast<char>(value);
        break;
      }
      default:
        if (c >= '0' && c <= '7') {
          int value = c - '0';
          for (int d = 0; d < 2 && i + 1 < s.size() && s[i + 1] >= '0' && s[i + 1] <= '7'; ++d) value = value * 8 + (s[++i] - '0');
          out += static_cast<char>(value & 0xFF);
        } else {
          out += c;
        }
    }
  }
  return out;
}
}  // namespace

void copy_reader::split_text(std::string_view line, std::vector<copy_field>& fields) {
  // Views into unescaped_ must stay: reserve for the worst case.
  unescaped_.reserve(static_cast<std::size_t>(std::count(line.begin(), line.end(), options_.delimiter)) + 1);
  std::size_t begin = 0;
  bool escaped = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '\\') {
      escaped = true;
      ++i;
      continue;
    }
    if (i < line.size() && line[i] != options_.delimiter) continue;
    auto raw = line.substr(begin, std::min(i, line.size()) - begin);
    if (raw == options_.null) {
      fields.emplace_back(std::nullopt);
    } else if (escaped) {
      unescaped_.push_back(unescape(raw));
      fields.emplace_back(unescaped_.back());
    } else {
      fields.emplace_back(raw);
    }
    begin = i + 1;
    escaped = false;
  }
  // A backslash as the very last character skips past the loop's last field.
  if (begin <= line.size() && escaped) {
    unescaped_.push_back(unescape(line.substr(begin)));
    fields.emplace_back(unescaped_.back());
  }
}

void copy_reader::split_csv(std::string_view record, std::vector<copy_field>& fields) {
  unescaped_.reserve(static_cast<std::size_t>(std::count(record.begin(), record.end(), options_.delimiter)) + 1);
  std::size_t i = 0;
  for (;;) {
    std::string value;
    bool was_quoted = false, quoted = false;
    for (; i < record.size(); ++i) {
      char c = record[i];
      if (quoted) {
        if (c == options_.escape && i + 1 < record.size() && (record[i + 1] == options_.quote || record[i + 1] == options_.escape)) {
          value += record[++i];
        } else if (c == options_.quote) {
          quoted = false;
        } else {
          value += c;
        }
      } else if (c == options_.quote) {
        quoted = was_quoted = true;
      } else if (c == options_.delimiter) {
        break;
      } else {
        value += c;
      }
    }
    if (quoted) bad_format("unterminated CSV quoted field");
    if (!was_quoted && value == options_.null) {
      fields.emplace_back(std::nullopt);
    } else {
      unescaped_.push_back(std::move(value));
      fields.emplace_back(unescaped_.back());
    }
    if (i >= record.size()) return;
    ++i;
    if (i == record.size()) {  // the record ends with a delimiter: one more, empty field
      if (options_.null.empty()) fields.emplace_back(std::nullopt);
      else fields.emplace_back(std::string_view());
      return;
    }
  }
}

std::string_view copy_reader::take(std::size_t size) {
  while (buffer_.size() - at_ < size) {
    if (!fill()) bad_format("unexpected EOF in COPY data");
  }
  auto out = std::string_view(buffer_).substr(at_, size);
  at_ += size;
  return out;
}

bool copy_reader::next_binary(std::vector<copy_field>& fields) {
  if (!started_) {
    started_ = true;
    if (take(11) != binary_signature) bad_format("COPY file signature not recognized");
    auto flags = load_be<std::uint32_t>(take(4).data());
    if ((flags & 0xFFFF0000u) != 0) bad_format("unrecognized critical flags in COPY file header");
    auto extension = load_be<std::int32_t>(take(4).data());
    if (extension < 0) bad_format("invalid COPY file header (wrong length)");
    (void)take(static_cast<std::size_t>(extension));
  }
  if (at_ == buffer_.size() && !fill()) return false;
  auto count = load_be<std::int16_t>(take(2).data());
  ++line_;
  if (count == -1) {
    while (fill()) at_ = buffer_.size();
    at_ = buffer_.size();
    return false;
  }
  if (count < 0) bad_format("incorrect binary data format");
  // The buffer may move while the row is read: take it whole, then point into the copies.
  unescaped_.clear();
  unescaped_.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    auto size = load_be<std::int32_t>(take(4).data());
    if (size < -1) bad_format("invalid field size");
    if (size == -1) {
      fields.emplace_back(std::nullopt);
      continue;
    }
    unescaped_.emplace_back(take(static_cast<std::size_t>(size)));
    fields.emplace_back(unescaped_.back());
  }
  return true;
}

// --- writing ---

void copy_writer::begin(std::span<const std::string> names) {
  if (options_.format == copy_options::format_kind::binary) {
    std::string header(binary_signature);
    put_be(header, std::uint32_t{0});
    put_be(header, std::uint32_t{0});
    channel_.write(header);
    return;
  }
  if (!options_.header) return;
  for (auto& n : names) field(n, false, false);
  end_row(names.size());
}

void copy_writer::field(std::string_view value, bool is_null, bool force_quote) {
  if (options_.format == copy_options::format_kind::binary) {
    if (fields_++ == 0) put_be(line_, std::int16_t{0});
    put_be(line_, is_null ? std::int32_t{-1} : static_cast<std::int32_t>(value.size()));
    if (!is_null) line_.append(value);
    return;
  }
  if (fields_++ > 0) line_.push_back(options_.delimiter);
  if (is_null) line_ += options_.null;
  else if (options_.format == copy_options::format_kind::csv) csv(value, force_quote);
  else text(value);
}

void copy_writer::text(std::string_view value) {
  for (char c : value) {
    switch (c) {
      case '\b': line_ += "\\b"; break;
      case '\f': line_ += "\\f"; break;
      case '\n': line_ += "\\n"; break;
      case '\r': line_ += "\\r"; break;
      case '\t': line_ += "\\t"; break;
      case '\v': line_ += "\\v"; break;
      case '\\': line_ += "\\\\"; break;
      default:
        if (c == options_.delimiter) line_ += '\\';
        line_ += c;
    }
  }
}

void copy_writer::csv(std::string_view value, bool force_quote) {
  bool quote = force_quote || value == options_.null || value == "\\.";
  for (char c : value) quote = quote || c == options_.delimiter || c == options_.quote || c == '\n' || c == '\r';
  if (!quote) {
    line_ += value;
    return;
  }
  line_ += options_.quote;
  for (char c : value) {
    if (c == options_.quote || c == options_.escape) line_ += options_.escape;
    line_ += c;
  }
  line_ += options_.quote;
}

void copy_writer::end_row(std::size_t columns) {
  if (options_.format == copy_options::format_kind::binary) {
    if (line_.empty()) put_be(line_, std::int16_t{0});
    store_be(line_.data(), static_cast<std::int16_t>(columns));
  } else {
    line_ += '\n';
  }
  channel_.write(line_);
  line_.clear();
  fields_ = 0;
}

void copy_writer::end() {
  if (options_.format != copy_options::format_kind::binary) return;
  std::string trailer;
  put_be(trailer, std::int16_t{-1});
  channel_.write(trailer);
}

}  // namespace helios::sql
