#pragma once
// The client's half of protocol 3.0: decoding what a server sends, and encoding what a client sends. For the proxy, for
// forwarded writes, and for tests. Pure; one decoder per connection. Views are valid until the decoder's next feed().

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/sql_error.hpp"
#include "wire/pg/frontend.hpp"
#include "wire/stream_buffer.hpp"

namespace helios::wire::pg {

/// `type` is the message's byte: 'R', 'S', 'K', 'Z', 'T', 'D', 'C', 'E', ...
struct backend_message {
  char type = 0;
  std::string_view body;
  std::string_view raw;
};

class backend_decoder {
 public:
  explicit backend_decoder(std::size_t message_bytes_max = message_bytes_limit) : message_bytes_max_(message_bytes_max) {}

  void feed(std::string bytes) { buffer_.feed(std::move(bytes)); }
  /// The next message, nothing when more bytes are needed, or errc::protocol; then it stays failed.
  result<std::optional<backend_message>> next();
  std::size_t buffered_bytes() const { return buffer_.unread().size(); }

 private:
  stream_buffer buffer_;
  std::size_t message_bytes_max_;
  std::optional<error> failed_;
};

/// ErrorResponse and NoticeResponse; fields that are not known are skipped.
result<error_report> parse_error_report(std::string_view body);
/// 'I', 'T' or 'E'.
result<char> parse_ready_for_query(std::string_view body);
result<std::pair<std::string_view, std::string_view>> parse_parameter_status(std::string_view body);
result<cancel_key> parse_backend_key_data(std::string_view body);
/// The code (0 ok, 3 cleartext, 5 md5, 10 SASL, 11 continue, 12 final) and what follows it.
result<std::pair<std::uint32_t, std::string_view>> parse_authentication(std::string_view body);
result<std::vector<std::string_view>> parse_sasl_mechanisms(std::string_view data);
result<std::vector<std::optional<std::string_view>>> parse_data_row(std::string_view body);

/// What a client sends, appended to a string that the caller owns.
class frontend_encoder {
 public:
  explicit frontend_encoder(std::string& out) : out_(out) {}

  void ssl_request();
  void cancel_request(cancel_key key);
  void startup(std::span<const std::pair<std::string, std::string>> parameters);
  void sasl_initial(std::string_view mechanism, std::string_view data);
  /// PasswordMessage, and SASLResponse (whose data has no terminator).
  void password(std::string_view text);
  void sasl_response(std::string_view data);

  void query(std::string_view text);
  void parse(std::string_view statement, std::string_view query, std::span<const std::uint32_t> parameter_types);
  void bind(const bind_message& message);
  void describe(char what, std::string_view name);
  void execute(std::string_view portal, std::uint32_t rows_max);
  void close(char what, std::string_view name);
  void flush();
  void sync();
  void copy_data(std::string_view bytes);
  void copy_done();
  void copy_fail(std::string_view why);
  void terminate();

 private:
  void begin(char type);
  void begin_untyped();
  void end();
  void string(std::string_view text);
  void target(char type, char what, std::string_view name);

  std::string& out_;
  std::size_t message_ = 0;
};

}  // namespace helios::wire::pg
