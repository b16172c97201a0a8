#pragma once
// Collects what the log writes to stderr while it lives. One at a time.

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "base/invariant.hpp"
#include "base/log.hpp"

namespace helios::storage::test {

class captured_log {
 public:
  captured_log() {
    log::flush();
    char name[] = "/tmp/helios-log-XXXXXX";
    file_ = ::mkstemp(name);
    HELIOS_INVARIANT(file_ >= 0, "a temporary file can be made");
    ::unlink(name);
    saved_ = ::dup(STDERR_FILENO);
    ::dup2(file_, STDERR_FILENO);
  }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;
  ~captured_log() {
    log::flush();
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    ::close(file_);
  }
  std::string text() const {
    log::flush();
    std::string out(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
    const auto got = ::pread(file_, out.data(), out.size(), 0);
    HELIOS_INVARIANT(got == static_cast<ssize_t>(out.size()), "the captured log is read back");
    return out;
  }

 private:
  int file_ = -1;
  int saved_ = -1;
};

}  // namespace helios::storage::test
