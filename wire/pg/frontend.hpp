#pragma once
// What a PostgreSQL client sends, protocol 3.0: a streaming decoder, and parsers of each message's body. Pure; one decoder
// per connection, one thread at a time. Views point into the decoder's buffer: valid until its next feed().
//
// I1 Lengths are checked against the phase's maximum when the header is there; nothing is allocated for a claimed length.
// I2 Body parsers are strict: what is short, trailing or inconsistent is errc::protocol (SQLSTATE 08P01).
// I3 After an error the decoder stays failed: that connection, and only that one, ends.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "wire/stream_buffer.hpp"

namespace helios::wire::pg {

inline constexpr std::size_t startup_bytes_max = 10'000;
inline constexpr std::size_t authentication_bytes_max = 64u << 10;
inline constexpr std::size_t message_bytes_default_max = 256u << 20;
inline constexpr std::size_t message_bytes_limit = 1u << 30;

enum class frontend_kind : std::uint8_t {
  startup, ssl_request, gssenc_request, cancel_request,                   // without a type byte
  query, parse, bind, describe, execute, close, flush, sync, function_call,
  copy_data, copy_done, copy_fail, password, terminate
};

struct frontend_message {
  frontend_kind kind{};
  std::string_view body;  ///< after the length (and, for startup packets, after the code)
  std::string_view raw;   ///< the whole message, for relaying it
};

class frontend_decoder {
 public:
  /// startup: until StartupMessage or CancelRequest; authentication: until authenticated(); then session.
  enum class phase : std::uint8_t { startup, authentication, session };

  explicit frontend_decoder(std::size_t message_bytes_max = message_bytes_default_max, phase first = phase::startup);

  void feed(std::string bytes) { buffer_.feed(std::move(bytes)); }
  /// The next message, nothing when more bytes are needed, or errc::protocol / errc::refused (see report_of).
  result<std::optional<frontend_message>> next();
  void authenticated() { phase_ = phase::session; }
  phase current_phase() const { return phase_; }
  /// Bytes received and not consumed: must be 0 before TLS starts (else a man in the middle has injected them).
  std::size_t buffered_bytes() const { return buffer_.unread().size(); }

 private:
  result<std::optional<frontend_message>> next_startup();
  result<std::optional<frontend_message>> next_typed();
  error fail(errc code, std::string why);

  stream_buffer buffer_;
  std::size_t message_bytes_max_;
  phase phase_;
  std::optional<error> failed_;
};

struct startup_message {
  std::uint16_t minor = 0;                                         ///< above 0: answer NegotiateProtocolVersion
  std::vector<std::pair<std::string, std::string>> parameters;     ///< in order; user and database among them
  std::vector<std::string> unknown_options;                        ///< names that begin with "_pq_."
  /// Value of a parameter, empty if absent.
  std::string_view parameter(std::string_view name) const;
};
/// The body of kind startup; errc::refused for another major version.
result<startup_message> parse_startup(std::string_view body);

struct cancel_key {
  std::uint32_t process_id = 0, secret = 0;
};
result<cancel_key> parse_cancel_request(std::string_view body);

/// Query, CopyFail: one string.
result<std::string_view> parse_string(std::string_view body);

struct parse_message {
  std::string_view statement, query;
  std::vector<std::uint32_t> parameter_types;
};
struct bind_message {
  std::string_view portal, statement;
  std::vector<std::int16_t> parameter_formats;  ///< none, one for all, or one each
  std::vector<std::optional<std::string_view>> parameters;
  std::vector<std::int16_t> result_formats;
};
/// These fill `out`, so that its vectors are used again.
result<void> parse_parse(std::string_view body, parse_message& out);
result<void> parse_bind(std::string_view body, bind_message& out);

/// Describe and Close: 'S' statement or 'P' portal, and its name.
struct target_message {
  char what = 'S';
  std::string_view name;
};
result<target_message> parse_target(std::string_view body);

struct execute_message {
  std::string_view portal;
  std::uint32_t rows_max = 0;  ///< 0: all
};
result<execute_message> parse_execute(std::string_view body);

struct sasl_initial_response {
  std::string_view mechanism;
  std::optional<std::string_view> data;
};
/// The password message after AuthenticationSASL. (After AuthenticationSASLContinue the body is the data itself.)
result<sasl_initial_response> parse_sasl_initial(std::string_view body);

}  // namespace helios::wire::pg
