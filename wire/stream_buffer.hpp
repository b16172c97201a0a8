#pragma once
// Bytes received and not yet decoded. One owner (a decoder), one thread at a time.
//
// I1 A view from unread() stays valid until the next feed(); consume() does not move bytes.
// I2 Memory follows what was really received, never what a length field claims.

#include <string>
#include <string_view>
#include <utility>

namespace helios::wire {

class stream_buffer {
 public:
  void feed(std::string bytes) {
    if (unread().empty()) {
      bytes_ = std::move(bytes);
      head_ = 0;
      return;
    }
    if (head_ > 0) bytes_.erase(0, head_);
    head_ = 0;
    bytes_.append(bytes);
  }
  std::string_view unread() const { return std::string_view(bytes_).substr(head_); }
  void consume(std::size_t n) { head_ += n; }

 private:
  std::string bytes_;
  std::size_t head_ = 0;
};

}  // namespace helios::wire
