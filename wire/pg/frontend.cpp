#include "wire/pg/frontend.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace helios::wire::pg {

namespace {

using maybe_message = std::optional<frontend_message>;

constexpr std::uint32_t cancel_code = 80877102, ssl_code = 80877103, gssenc_code = 80877104;
constexpr std::size_t length_bytes = sizeof(std::uint32_t);

error malformed(const char* what) { return {errc::protocol, std::string("invalid message format: ") + what}; }

std::optional<frontend_kind> kind_of(char type) {
  switch (type) {
    case 'Q': return frontend_kind::query;
    case 'P': return frontend_kind::parse;
    case 'B': return frontend_kind::bind;
    case 'D': return frontend_kind::describe;
    case 'E': return frontend_kind::execute;
    case 'C': return frontend_kind::close;
    case 'H': return frontend_kind::flush;
    case 'S': return frontend_kind::sync;
    case 'F': return frontend_kind::function_call;
    case 'd': return frontend_kind::copy_data;
    case 'c': return frontend_kind::copy_done;
    case 'f': return frontend_kind::copy_fail;
    case 'p': return frontend_kind::password;
    case 'X': return frontend_kind::terminate;
    default: return std::nullopt;
  }
}

/// A count is a 16-bit number; each item takes at least `item_bytes`, so that a lie is seen before memory is reserved.
std::optional<std::size_t> read_count(byte_reader& in, std::size_t item_bytes) {
  const auto count = in.be<std::uint16_t>();
  if (!in.ok() || in.remaining() < count * item_bytes) return std::nullopt;
  return count;
}

bool read_formats(byte_reader& in, std::vector<std::int16_t>& out) {
  const auto count = read_count(in, sizeof(std::int16_t));
  if (!count) return false;
  out.clear();
  for (std::size_t i = 0; i < *count; ++i) out.push_back(in.be<std::int16_t>());
  return std::all_of(out.begin(), out.end(), [](std::int16_t f) { return f == 0 || f == 1; });
}

bool read_parameters(byte_reader& in, std::vector<std::optional<std::string_view>>& out) {
  const auto count = read_count(in, sizeof(std::int32_t));
  if (!count) return false;
  out.clear();
  for (std::size_t i = 0; i < *count; ++i) {
    const auto size = in.be<std::int32_t>();
    if (size < -1) return false;
    if (size == -1) out.emplace_back();
    else out.emplace_back(in.bytes(static_cast<std::size_t>(size)));
  }
  return in.ok();
}

}  // namespace

frontend_decoder::frontend_decoder(std::size_t message_bytes_max, phase first)
    : message_bytes_max_(std::min(message_bytes_max, message_bytes_limit)), phase_(first) {}

error frontend_decoder::fail(errc code, std::string why) {
  failed_ = error{code, std::move(why)};
  return *failed_;
}

result<std::optional<frontend_message>> frontend_decoder::next() {
  if (failed_) return *failed_;
  return phase_ == phase::startup ? next_startup() : next_typed();
}

result<std::optional<frontend_message>> frontend_decoder::next_startup() {
  const auto unread = buffer_.unread();
  if (unread.size() < length_bytes) return maybe_message{};
  const std::size_t size = load_be<std::uint32_t>(unread.data());
  if (size < 2 * length_bytes || size > startup_bytes_max) return fail(errc::protocol, "invalid length of startup packet");
  if (unread.size() < size) return maybe_message{};
  frontend_message out;
  out.raw = unread.substr(0, size);
  out.body = out.raw.substr(2 * length_bytes);
  switch (load_be<std::uint32_t>(unread.data() + length_bytes)) {
    case cancel_code: out.kind = frontend_kind::cancel_request; break;
    case ssl_code: out.kind = frontend_kind::ssl_request; break;
    case gssenc_code: out.kind = frontend_kind::gssenc_request; break;
    default:
      out.kind = frontend_kind::startup;
      out.body = out.raw.substr(length_bytes);  // the version is part of what parse_startup judges
      phase_ = phase::authentication;
  }
  buffer_.consume(size);
  return maybe_message{out};
}

result<std::optional<frontend_message>> frontend_decoder::next_typed() {
  const auto unread = buffer_.unread();
  if (unread.empty()) return maybe_message{};
  const auto kind = kind_of(unread[0]);
  if (!kind) {
    return fail(errc::protocol, "invalid frontend message type " + std::to_string(static_cast<unsigned char>(unread[0])));
  }
  if (phase_ == phase::authentication && *kind != frontend_kind::password && *kind != frontend_kind::terminate) {
    return fail(errc::protocol, "expected password response, got message type " +
                                    std::to_string(static_cast<unsigned char>(unread[0])));
  }
  if (unread.size() < 1 + length_bytes) return maybe_message{};
  const std::size_t size = load_be<std::uint32_t>(unread.data() + 1);
  const std::size_t size_max = phase_ == phase::authentication ? authentication_bytes_max : message_bytes_max_;
  if (size < length_bytes || size > size_max) return fail(errc::protocol, "invalid message length");
  if (unread.size() < 1 + size) return maybe_message{};
  frontend_message out;
  out.kind = *kind;
  out.raw = unread.substr(0, 1 + size);
  out.body = out.raw.substr(1 + length_bytes);
  buffer_.consume(1 + size);
  return maybe_message{out};
}

std::string_view startup_message::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

result<startup_message> parse_startup(std::string_view body) {
  byte_reader in(body);
  const auto major = in.be<std::uint16_t>();
  startup_message out;
  out.minor = in.be<std::uint16_t>();
  if (major != 3) {
    return error{errc::refused, "unsupported frontend protocol " + std::to_string(major) + "." + std::to_string(out.minor) +
                                    ": server supports 3.0 to 3.0"};
  }
  for (;;) {
    const auto name = in.cstring();
    if (!in.ok()) return error{errc::protocol, "invalid startup packet layout: expected terminator as last byte"};
    if (name.empty()) break;
    const auto value = in.cstring();
    if (name.starts_with("_pq_.")) out.unknown_options.emplace_back(name);
    else out.parameters.emplace_back(name, value);
  }
  if (!in.finished()) return error{errc::protocol, "invalid startup packet layout: expected terminator as last byte"};
  return out;
}

result<cancel_key> parse_cancel_request(std::string_view body) {
  byte_reader in(body);
  cancel_key out;
  out.process_id = in.be<std::uint32_t>();
  out.secret = in.be<std::uint32_t>();
  if (!in.finished()) return error{errc::protocol, "invalid length of cancel request packet"};
  return out;
}

result<std::string_view> parse_string(std::string_view body) {
  byte_reader in(body);
  const auto out = in.cstring();
  if (!in.finished()) return malformed("one string expected");
  return out;
}

result<void> parse_parse(std::string_view body, parse_message& out) {
  byte_reader in(body);
  out.statement = in.cstring();
  out.query = in.cstring();
  out.parameter_types.clear();
  const auto count = read_count(in, sizeof(std::uint32_t));
  if (!count) return malformed("Parse");
  for (std::size_t i = 0; i < *count; ++i) out.parameter_types.push_back(in.be<std::uint32_t>());
  if (!in.finished()) return malformed("Parse");
  return {};
}

result<void> parse_bind(std::string_view body, bind_message& out) {
  byte_reader in(body);
  out.portal = in.cstring();
  out.statement = in.cstring();
  const bool read = read_formats(in, out.parameter_formats) && read_parameters(in, out.parameters) &&
                    read_formats(in, out.result_formats);
  if (!read || !in.finished()) return malformed("Bind");
  const auto formats = out.parameter_formats.size();
  if (formats > 1 && formats != out.parameters.size()) {
    return error{errc::protocol, "bind message has " + std::to_string(formats) + " parameter formats but " +
                                     std::to_string(out.parameters.size()) + " parameters"};
  }
  return {};
}

result<target_message> parse_target(std::string_view body) {
  byte_reader in(body);
  target_message out;
  out.what = static_cast<char>(in.be<std::uint8_t>());
  out.name = in.cstring();
  if (!in.finished() || (out.what != 'S' && out.what != 'P')) return malformed("Describe or Close");
  return out;
}

result<execute_message> parse_execute(std::string_view body) {
  byte_reader in(body);
  execute_message out;
  out.portal = in.cstring();
  const auto rows_max = in.be<std::int32_t>();
  out.rows_max = rows_max > 0 ? static_cast<std::uint32_t>(rows_max) : 0;
  if (!in.finished()) return malformed("Execute");
  return out;
}

result<sasl_initial_response> parse_sasl_initial(std::string_view body) {
  byte_reader in(body);
  sasl_initial_response out;
  out.mechanism = in.cstring();
  const auto size = in.be<std::int32_t>();
  if (size < -1) return malformed("SASLInitialResponse");
  if (size >= 0) out.data = in.bytes(static_cast<std::size_t>(size));
  if (!in.finished()) return malformed("SASLInitialResponse");
  return out;
}

}  // namespace helios::wire::pg
