#pragma once
// Who may begin to write now. A planned change of the primary holds new write transactions back, lets the running ones end, and then
// either resumes or ends the sessions that wait. Any thread.
//
// I1 A transaction that waits here has written nothing and holds no lock: its session may be told that nothing was executed.

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "base/fiber_host.hpp"

namespace helios::sql {

class write_admission {
 public:
  /// Counts the caller as a writer, after waiting while writes are held. When the session is ended meanwhile: 57P03 (FATAL), which
  /// says that nothing was executed; a cancel or timeout is passed on. Each return is matched by leave().
  void admit(fiber_host& host);
  void leave();

  /// From now on new writers wait. `drained` is called once, when the last one that was admitted has left: at once when there is none,
  /// else on its thread; not after resume(), unless it is under way already.
  void hold(std::function<void()> drained);
  void resume();
  /// Writers that were admitted and have not left.
  std::size_t writers() const;

 private:
  mutable std::mutex mutex_;  ///< guards the rest
  bool held_ = false;
  std::size_t writers_ = 0;
  std::function<void()> drained_;  ///< of hold(), until it is called
  std::vector<completion_ptr> waiting_;
};

}  // namespace helios::sql
