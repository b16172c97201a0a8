#include "actors/session/copy_stream.hpp"

namespace helios::actors {

using wire::pg::frontend_kind;

void copy_stream::begin_in(int format, int columns) {
  io_.out().copy_in_response(format, columns);
  io_.flush();
  input_open_ = true;
}

void copy_stream::begin_out(int format, int columns) { io_.out().copy_out_response(format, columns); }

std::optional<std::string_view> copy_stream::read() {
  for (;;) {
    const auto message = io_.next();
    switch (message.kind) {
      case frontend_kind::copy_data:
        return message.body;
      case frontend_kind::copy_done:
        input_open_ = false;
        return std::nullopt;
      case frontend_kind::copy_fail: {
        input_open_ = false;
        const auto why = wire::pg::parse_string(message.body);
        throw sql_error(sqlstate::query_canceled, "COPY from stdin failed: " + (why ? std::string(*why) : std::string()));
      }
      case frontend_kind::flush:
      case frontend_kind::sync:
        continue;  // the extended protocol allows both while data flows, and they mean nothing here
      case frontend_kind::terminate:
        throw to_error(interrupt::client_gone);
      default:
        input_open_ = false;
        throw sql_error(sqlstate::protocol_violation, "unexpected message type during COPY from stdin");
    }
  }
}

void copy_stream::write(std::string_view line) {
  io_.out().copy_data(line);
  io_.flush_if_full();
}

void copy_stream::end_out() { io_.out().copy_done(); }

bool copy_stream::skip_rest(bool extended) {
  while (input_open_) {
    const auto message = io_.next();
    if (message.kind == frontend_kind::copy_done || message.kind == frontend_kind::copy_fail) input_open_ = false;
    if (message.kind == frontend_kind::terminate) throw to_error(interrupt::client_gone);
    if (extended && message.kind == frontend_kind::sync) {
      input_open_ = false;
      return true;
    }
  }
  return false;
}

}  // namespace helios::actors
