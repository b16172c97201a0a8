#pragma once
// Bytes of the frames between nodes (FORMAT.md has the picture). Pure; one decoder per connection and direction.
//
// I1 A length outside the limit is an error as soon as the header is there: nothing is allocated for it.
// I2 Decoding is strict: unknown types and enum values, wrong checksums, short and trailing bytes are errc::protocol.
// I3 After an error the decoder stays failed; the connection is to be closed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/types.hpp"
#include "wire/repl/frames.hpp"
#include "wire/stream_buffer.hpp"

namespace helios::wire::repl {

inline constexpr std::size_t frame_header_bytes = 25;
/// Before the peer has proved the secret it may not make us hold more than this.
inline constexpr std::size_t handshake_frame_bytes_max = 4u << 10;

struct frame_header {
  std::uint64_t cluster_hash = 0;
  epoch number;  ///< the sender's highest
};

std::uint64_t cluster_hash(std::string_view cluster_id);

std::string encode(const frame& body, const frame_header& header);
/// Appends, so that several frames share one send.
void encode_to(std::string& out, const frame& body, const frame_header& header);

struct decoded_frame {
  frame_header header;
  frame body;
};

class frame_decoder {
 public:
  /// `bytes_max`: of a whole frame with its header.
  explicit frame_decoder(std::size_t bytes_max = frame_bytes_max) : bytes_max_(bytes_max) {}

  /// After the handshake: set_bytes_max(frame_bytes_max).
  void set_bytes_max(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  void feed(std::string bytes) { buffer_.feed(std::move(bytes)); }
  /// The next frame, nothing when more bytes are needed, or errc::protocol.
  result<std::optional<decoded_frame>> next();
  std::size_t buffered_bytes() const { return buffer_.unread().size(); }

 private:
  error fail(std::string why);

  stream_buffer buffer_;
  std::size_t bytes_max_;
  std::optional<error> failed_;
};

}  // namespace helios::wire::repl
