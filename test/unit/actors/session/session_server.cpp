// Serves a fresh database for tests by real clients: prints the ports of the primary and the forwarding standby, and ends
// when its standard input does. Arguments, both or none: files of a TLS certificate and its key.

#include <cstdio>

#include "test/unit/actors/session/session_fixture.hpp"

int main(int count, char** arguments) {
  helios::actors::test::fixture_options options;
  options.with_standby = true;
  if (count == 3) options.tls = {arguments[1], arguments[2]};
  helios::actors::test::session_fixture serving(options);
  std::printf("%d %d\n", serving.port(), serving.standby_port());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  return 0;
}
