#pragma once
// Runs a node as a child process: forwards signals to it, reaps it, and, when a data node under automatic failover did not end cleanly,
// tells its peers at once, so that nobody waits for the end of a dead process's lease. On main's thread, which must be the only one.
//
// I1 Every child gets an incarnation of its own, drawn here before it starts, and peers are told only after it was reaped: what they are
//    told is true for ever, and never means the node's next process.
// I2 The launcher's end does not end the node: it goes on without one.

#include <string>

namespace helios::launcher {

struct terms {
  std::string program;    ///< path of heliosdb
  std::string file;       ///< the node's YAML
  std::string pid_file;   ///< gets "PID START_TIME" (field 22 of /proc/PID/stat) of each child before its first line; empty: none
  bool restart = false;   ///< start it again, with back-off, when it did not end cleanly
};

/// Until the child has ended for good: its exit code, or 128 and the number of the signal that ended it.
int run(const terms& how);

}  // namespace helios::launcher
