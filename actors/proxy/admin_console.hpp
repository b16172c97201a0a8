#pragma once
// The pseudo-database "pgbouncer": SHOW commands and PAUSE, RESUME, RECONNECT, as PgBouncer's console answers them. Simple
// queries only, for the superuser. Owned by a conversation; runs on its fiber, never waits.

#include <string>
#include <string_view>
#include <vector>

#include "actors/proxy/proxy_services.hpp"
#include "wire/pg/backend_encoder.hpp"

namespace helios::actors {

inline constexpr std::string_view console_database = "pgbouncer";

class admin_console {
 public:
  explicit admin_console(proxy_services& services) : services_(services) {}

  /// Appends the answer without ReadyForQuery.
  void query(std::string_view text, wire::pg::backend_encoder& out);

 private:
  struct table {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
  };
  bool show(const std::string& what, wire::pg::backend_encoder& out);
  table pools() const;
  table clients() const;
  table servers() const;
  table stats() const;
  table databases() const;
  table settings() const;
  table lists() const;
  static table help();

  proxy_services& services_;
};

}  // namespace helios::actors
