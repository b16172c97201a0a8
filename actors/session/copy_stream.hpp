#pragma once
// COPY's data between the client and the SQL session, as CopyData messages. On the session's fiber.

#include "actors/session/client_io.hpp"
#include "sql/session.hpp"

namespace helios::actors {

class copy_stream final : public sql::copy_channel {
 public:
  explicit copy_stream(client_io& io) : io_(io) {}

  void begin_in(int format, int columns) override;
  void begin_out(int format, int columns) override;
  std::optional<std::string_view> read() override;
  void write(std::string_view line) override;
  void end_out() override;

  /// After a failed COPY FROM: throws away what the client still sends, up to CopyDone or CopyFail. In the extended
  /// protocol the client's Sync ends it too; returns true when that was seen and must be answered.
  bool skip_rest(bool extended);
  bool input_open() const { return input_open_; }

 private:
  client_io& io_;
  bool input_open_ = false;
};

}  // namespace helios::actors
