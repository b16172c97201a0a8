#include "wire/pg/client.hpp"

#include "base/bytes.hpp"

namespace helios::wire::pg {

namespace {

constexpr std::size_t length_bytes = sizeof(std::uint32_t);

error malformed(const char* what) { return {errc::protocol, std::string("malformed message from the server: ") + what}; }

}  // namespace

result<std::optional<backend_message>> backend_decoder::next() {
  using nothing = std::optional<backend_message>;
  if (failed_) return *failed_;
  const auto unread = buffer_.unread();
  if (unread.size() < 1 + length_bytes) return nothing{};
  const std::size_t size = load_be<std::uint32_t>(unread.data() + 1);
  if (size < length_bytes || size > message_bytes_max_) {
    failed_ = error{errc::protocol, "message from the server with an invalid length"};
    return *failed_;
  }
  if (unread.size() < 1 + size) return nothing{};
  backend_message out;
  out.type = unread[0];
  out.raw = unread.substr(0, 1 + size);
  out.body = out.raw.substr(1 + length_bytes);
  buffer_.consume(1 + size);
  return nothing{out};
}

result<error_report> parse_error_report(std::string_view body) {
  byte_reader in(body);
  error_report out;
  for (;;) {
    const auto code = static_cast<char>(in.be<std::uint8_t>());
    if (!in.ok()) return malformed("ErrorResponse");
    if (code == '\0') break;
    const auto value = in.cstring();
    switch (code) {
      case 'V': out.severity = value; break;
      case 'C': out.sqlstate = value; break;
      case 'M': out.message = value; break;
      case 'D': out.detail = value; break;
      case 'H': out.hint = value; break;
      case 'P': out.position = std::atoi(std::string(value).c_str()); break;
      case 'W': out.where = value; break;
      case 's': out.schema = value; break;
      case 't': out.table = value; break;
      case 'c': out.column = value; break;
      case 'd': out.data_type = value; break;
      case 'n': out.constraint = value; break;
      default: break;
    }
  }
  if (!in.finished()) return malformed("ErrorResponse");
  return out;
}

result<char> parse_ready_for_query(std::string_view body) {
  if (body.size() != 1 || std::string_view("ITE").find(body[0]) == std::string_view::npos) return malformed("ReadyForQuery");
  return body[0];
}

result<std::pair<std::string_view, std::string_view>> parse_parameter_status(std::string_view body) {
  byte_reader in(body);
  const auto name = in.cstring();
  const auto value = in.cstring();
  if (!in.finished()) return malformed("ParameterStatus");
  return std::pair{name, value};
}

result<cancel_key> parse_backend_key_data(std::string_view body) {
  byte_reader in(body);
  cancel_key out;
  out.process_id = in.be<std::uint32_t>();
  out.secret = in.be<std::uint32_t>();
  if (!in.finished()) return malformed("BackendKeyData");
  return out;
}

result<std::pair<std::uint32_t, std::string_view>> parse_authentication(std::string_view body) {
  byte_reader in(body);
  const auto code = in.be<std::uint32_t>();
  if (!in.ok()) return malformed("Authentication");
  return std::pair{code, in.rest()};
}

result<std::vector<std::string_view>> parse_sasl_mechanisms(std::string_view data) {
  byte_reader in(data);
  std::vector<std::string_view> out;
  for (;;) {
    const auto name = in.cstring();
    if (!in.ok()) return malformed("AuthenticationSASL");
    if (name.empty()) return out;
    out.push_back(name);
  }
}

result<std::vector<std::optional<std::string_view>>> parse_data_row(std::string_view body) {
  byte_reader in(body);
  const auto count = in.be<std::uint16_t>();
  if (!in.ok() || in.remaining() < count * length_bytes) return malformed("DataRow");
  std::vector<std::optional<std::string_view>> out;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto size = in.be<std::int32_t>();
    if (size < -1) return malformed("DataRow");
    if (size == -1) out.emplace_back();
    else out.emplace_back(in.bytes(static_cast<std::size_t>(size)));
  }
  if (!in.finished()) return malformed("DataRow");
  return out;
}

void frontend_encoder::begin(char type) {
  out_.push_back(type);
  begin_untyped();
}

void frontend_encoder::begin_untyped() {
  message_ = out_.size();
  out_.append(length_bytes, '\0');
}

void frontend_encoder::end() {
  HELIOS_INVARIANT(out_.size() - message_ <= message_bytes_limit, "a client's message is within the protocol's limit");
  store_be(out_.data() + message_, static_cast<std::uint32_t>(out_.size() - message_));
}

void frontend_encoder::string(std::string_view text) {
  out_.append(text.substr(0, text.find('\0')));
  out_.push_back('\0');
}

void frontend_encoder::ssl_request() {
  begin_untyped();
  put_be<std::uint32_t>(out_, 80877103);
  end();
}

void frontend_encoder::cancel_request(cancel_key key) {
  begin_untyped();
  put_be<std::uint32_t>(out_, 80877102);
  put_be(out_, key.process_id);
  put_be(out_, key.secret);
  end();
}

void frontend_encoder::startup(std::span<const std::pair<std::string, std::string>> parameters) {
  begin_untyped();
  put_be<std::uint32_t>(out_, 3u << 16);
  for (const auto& [name, value] : parameters) {
    string(name);
    string(value);
  }
  out_.push_back('\0');
  end();
}

void frontend_encoder::sasl_initial(std::string_view mechanism, std::string_view data) {
  begin('p');
  string(mechanism);
  put_be(out_, static_cast<std::uint32_t>(data.size()));
  out_.append(data);
  end();
}

void frontend_encoder::password(std::string_view text) {
  begin('p');
  string(text);
  end();
}

void frontend_encoder::sasl_response(std::string_view data) {
  begin('p');
  out_.append(data);
  end();
}

void frontend_encoder::query(std::string_view text) {
  begin('Q');
  string(text);
  end();
}

void frontend_encoder::parse(std::string_view statement, std::string_view query,
                             std::span<const std::uint32_t> parameter_types) {
  begin('P');
  string(statement);
  string(query);
  put_be(out_, static_cast<std::uint16_t>(parameter_types.size()));
  for (auto t : parameter_types) put_be(out_, t);
  end();
}

void frontend_encoder::bind(const bind_message& message) {
  begin('B');
  string(message.portal);
  string(message.statement);
  put_be(out_, static_cast<std::uint16_t>(message.parameter_formats.size()));
  for (auto f : message.parameter_formats) put_be(out_, f);
  put_be(out_, static_cast<std::uint16_t>(message.parameters.size()));
  for (const auto& p : message.parameters) {
    put_be(out_, p ? static_cast<std::int32_t>(p->size()) : -1);
    if (p) out_.append(*p);
  }
  put_be(out_, static_cast<std::uint16_t>(message.result_formats.size()));
  for (auto f : message.result_formats) put_be(out_, f);
  end();
}

void frontend_encoder::target(char type, char what, std::string_view name) {
  begin(type);
  out_.push_back(what);
  string(name);
  end();
}

void frontend_encoder::describe(char what, std::string_view name) { target('D', what, name); }
void frontend_encoder::close(char what, std::string_view name) { target('C', what, name); }

void frontend_encoder::execute(std::string_view portal, std::uint32_t rows_max) {
  begin('E');
  string(portal);
  put_be(out_, rows_max);
  end();
}

void frontend_encoder::flush() {
  begin('H');
  end();
}

void frontend_encoder::sync() {
  begin('S');
  end();
}

void frontend_encoder::copy_data(std::string_view bytes) {
  begin('d');
  out_.append(bytes);
  end();
}

void frontend_encoder::copy_done() {
  begin('c');
  end();
}

void frontend_encoder::copy_fail(std::string_view why) {
  begin('f');
  string(why);
  end();
}

void frontend_encoder::terminate() {
  begin('X');
  end();
}

}  // namespace helios::wire::pg
